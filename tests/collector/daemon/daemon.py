#!/usr/bin/env python3
"""The collector as a program: its life from the first line of its configuration to its end, and its probes' keys.

daemon.py ISTHMUSCTL COLLECTOR PROBE
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tool"))
from tool_run import STORY, TARGET, Checks, Tool, scratch, simulate  # noqa: E402

PATIENCE = 90  # seconds: the machine may be busy


class Collector:
    """One running isthmus-collector, its log, and its ports."""

    def __init__(self, program, config, log, environment=None):
        self.log_path = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen([program, "--config.file", config, "--web.listen-address", "127.0.0.1:0"],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=dict(os.environ, **(environment or {})))
        self.offset = log.stat().st_size

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, what):
        """Waits until something is true, while the program runs."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            if self.process.poll() is not None:
                raise SystemExit(f"the collector ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        raise SystemExit(f"waited in vain; the log:\n{self.log()[-3000:]}")

    def port(self, message):
        found = self.wait_for(lambda: re.findall(rf'msg="{message}" port=(\d+)', self.log()[self.offset:]))
        return int(found[-1])

    def get(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.web}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def await_web(self):
        self.web = self.port("serving the web")
        return self

    def await_ready(self):
        self.await_web()
        self.wait_for(lambda: self.get("/-/ready")[0] == 200)
        return self

    def stop(self):
        """Ends it by SIGTERM; the status and how long it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE)
        return status, time.monotonic() - begun

    def kill(self):
        self.process.kill()
        self.process.wait()


def toml(archives, history, extra=""):
    names = ", ".join(f'"{each}"' for each in archives)
    return f"""
[[target]]
name = "AS131279"
origins = [131279]
known_upstreams = [4837]

[history]
folder = "{history}"

[feeds]
archives = [{names}]
{extra}"""


def events_of(tool, history):
    return [(each["id"], each["type"]) for each in tool.good("events", "--history", history, "--json").json_lines()]


def check_configuration(checks, program, folder):
    good = folder / "good.toml"
    good.write_text(toml([], folder / "h0"))
    run = subprocess.run([program, "--config.file", good, "--config.check"], capture_output=True, text=True, check=False)
    checks.equal("--config.check of a good file", run.returncode, 0)
    bad = folder / "bad.toml"
    bad.write_text(toml([], folder / "h0", "[gateway]\nlisten = [\":x\"]\nfolders = \"a\"\n"))
    run = subprocess.run([program, "--config.file", bad, "--config.check"], capture_output=True, text=True, check=False)
    checks.equal("--config.check of a bad file", run.returncode, 2)
    for word in ("listen", "folder", f"{bad}:"):
        checks.expect(f"the mistake is told: {word}", word in run.stderr, run.stderr)
    run = subprocess.run([program], capture_output=True, text=True, check=False)
    checks.equal("without a configuration", run.returncode, 2)


def check_life(checks, tool, program, folder, archives):
    wanted = folder / "replayed"
    tool.good("replay", *TARGET, "--history", wanted, *archives)
    events = events_of(tool, wanted)
    history = folder / "history"
    config = folder / "collector.toml"
    config.write_text(toml(archives, history))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(PATIENCE)
        environment = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "2000000"}
        collector = Collector(program, config, folder / "log", environment).await_ready()
        checks.equal("the service manager hears that it is ready", manager.recv(100), b"READY=1")
        checks.equal("healthy", collector.get("/-/healthy")[0], 200)
        checks.equal("the metrics are served", collector.get("/metrics")[0], 200)
        collector.wait_for(lambda: events_of(tool, history) == events)
        checks.equal("the events of a replay", events_of(tool, history), events)
        checks.equal("the watchdog is fed", manager.recv(100), b"WATCHDOG=1")

        config.write_text(toml(archives, history) + "nonsense = 1\n")
        status, said = collector.get("/-/reload", "POST")
        checks.equal("a bad configuration is refused", status, 500)
        checks.expect("and the mistake is told", "nonsense" in said, said)
        config.write_text(toml(archives, history))
        checks.equal("a good one is taken", collector.get("/-/reload", "POST")[0], 200)
        before = collector.log().count("was read again")
        collector.process.send_signal(signal.SIGHUP)
        collector.wait_for(lambda: collector.log().count("was read again") > before)
        status, took = collector.stop()
        checks.equal("ended as told", status, 0)
        checks.expect("within 5 seconds, of a busy machine 15", took < 15, took)

    collector = Collector(program, config, folder / "log").await_ready()
    checks.expect("the next one goes on where it stopped", "goes on where it stopped" in collector.log(), collector.log())
    checks.equal("ended again", collector.stop()[0], 0)
    checks.equal("nothing is told twice", events_of(tool, history), events)


def check_killed(checks, tool, program, folder, archives):
    """kill -9 while archives are read, again and again: in the end the same events are there."""
    wanted = events_of(tool, folder / "replayed")
    history = folder / "killed"
    config = folder / "killed.toml"
    config.write_text(toml(archives, history))
    for pause in (0.1, 0.4, 0.8):
        collector = Collector(program, config, folder / "log-killed")
        time.sleep(pause)
        collector.kill()
    collector = Collector(program, config, folder / "log-killed").await_ready()
    collector.wait_for(lambda: events_of(tool, history) == wanted)
    checks.equal("ended", collector.stop()[0], 0)
    checks.equal("the same events after three kills", events_of(tool, history), wanted)


def check_probes(checks, tool, program, folder):
    """isthmusctl speaks with the running collector."""
    config = folder / "gateway.toml"
    config.write_text(toml([], folder / "gateway-history", f"""
[gateway]
listen = ["127.0.0.1:0"]
admin_listen = "127.0.0.1:0"
folder = "{folder / 'authority'}"
names = ["127.0.0.1"]
"""))
    collector = Collector(program, config, folder / "log-gateway").await_ready()
    admin = ["--collector", f"http://127.0.0.1:{collector.port('isthmusctl is awaited')}", "--config.file", config]
    checks.equal("no probes yet", tool.good("probe", "list", "--json", *admin).json_lines(), [])
    token = tool.good("probe", "add", "tokyo-1", "--asn", "AS2497", *admin).lines()[0]
    checks.expect("a token names the probe", token.startswith("isthmus1.tokyo-1."), token)
    kept = (folder / "authority" / "probes.json").read_text()
    checks.expect("only its hash is kept", token.rsplit(".", 1)[1] not in kept, kept)
    probes = tool.good("probe", "list", "--json", *admin).json_lines()
    checks.equal("the probe is listed", [(each["name"], each["state"]) for each in probes], [("tokyo-1", "token_open")])
    checks.expect("and shown", "tokyo-1" in tool.good("probe", "show", "tokyo-1", *admin).out.decode())
    tool.good("probe", "revoke", "tokyo-1", *admin)
    probes = tool.good("probe", "list", "--json", *admin).json_lines()
    checks.equal("it is revoked", [each["state"] for each in probes], ["revoked"])
    checks.refused("an unknown probe", tool.run("probe", "revoke", "nobody", *admin), 3, "nobody")
    checks.refused("a bad name", tool.run("probe", "add", "To/kyo", *admin), 3, "no probe's name")
    checks.refused("a trace from nobody", tool.run("trace", "--from", "nobody", "192.0.2.1", *admin), 3, "nobody")
    other = folder / "wrong.token"
    other.write_text("0" * 48 + "\n")
    checks.refused("a wrong token", tool.run("probe", "list", *admin[:2], "--token-file", other), 3, "admin.token")
    checks.equal("ended", collector.stop()[0], 0)


def check_joined(checks, tool, program, probe, folder):
    """A probe joins, traces its own host as it is told, and what it measures is kept and listed."""
    config = folder / "joined.toml"
    config.write_text(f"""
[[target]]
name = "loopback"
origins = [131279]
prefixes = ["127.0.0.0/24"]

[history]
folder = "{folder / 'joined-history'}"

[gateway]
listen = ["127.0.0.1:0"]
admin_listen = "127.0.0.1:0"
folder = "{folder / 'joined-authority'}"
names = ["127.0.0.1"]
""")
    collector = Collector(program, config, folder / "log-joined").await_ready()
    admin = ["--collector", f"http://127.0.0.1:{collector.port('isthmusctl is awaited')}", "--config.file", config]
    token = tool.good("probe", "add", "here-1", *admin).lines()[0]
    settings = folder / "probe.toml"
    settings.write_text(f"""
state_folder = "{folder / 'probe'}"
[[collector]]
url = "https://127.0.0.1:{collector.port('probes are awaited')}"
[destinations]
allow_special = true
[web]
listen = "127.0.0.1:0"
""")
    (folder / "probe").mkdir(mode=0o700)
    joined = subprocess.run([probe, "enroll", "--config.file", settings, "--token", token], capture_output=True, text=True,
                            timeout=PATIENCE, check=False)
    checks.equal(f"the probe joins: {joined.stderr}", joined.returncode, 0)
    again = subprocess.run([probe, "enroll", "--config.file", settings, "--token", token], capture_output=True, text=True,
                           timeout=PATIENCE, check=False)
    checks.expect("a token joins once", again.returncode != 0, again.stdout)
    with open(folder / "log-probe", "wb") as log:
        running = subprocess.Popen([probe, "run", "--config.file", settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        def listed():
            return tool.good("probe", "list", "--json", *admin).json_lines()[0]

        collector.wait_for(lambda: listed()["up"] or running.poll() is not None)
        checks.equal("the probe is up", listed()["state"], "up")
        said = tool.good("trace", "--from", "here-1", "127.0.0.1", *admin).out.decode()
        checks.expect("it traces what it is told to", "ended: completed" in said, said)
        collector.wait_for(lambda: listed()["results"].get("completed", 0) > 0)
        checks.equal("what it did not say is not told for it", listed()["declared_address"], None)
    finally:
        running.terminate()
        running.wait(timeout=PATIENCE)
    checks.equal("ended", collector.stop()[0], 0)
    segments = list((folder / "joined-history" / "traces").glob("*.seg"))
    checks.expect("its traceroutes are kept", sum(each.stat().st_size for each in segments) > 0, segments)


def main():
    tool, program = Tool(sys.argv[1]), str(pathlib.Path(sys.argv[2]).absolute())
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        archives = simulate(tool, STORY, folder / "archives")
        check_configuration(checks, program, folder)
        check_life(checks, tool, program, folder, archives)
        check_killed(checks, tool, program, folder, archives)
        check_probes(checks, tool, program, folder)
        check_joined(checks, tool, program, str(pathlib.Path(sys.argv[3]).absolute()), folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
