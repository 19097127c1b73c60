#!/usr/bin/env python3
"""The real `isthmus-probe run`, on loopback, with a plan from its last life and a collector that cannot be reached.

It must tell systemd that it is ready, give up all rights, measure, spool, answer on its port, take a good reload and
refuse a bad one, keep its spool through kill -9, and stop in time. Usage: daemon.py ISTHMUS_PROBE
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

PATIENCE = 120  # seconds: the machine may be busy
RSS_MOST = 25 * 1024  # kB, with 100 destinations


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def plan(destinations):
    """core/wire/probe.proto: a Plan with one target, every 2 s, by UDP."""
    prefix = data(1, bytes([127, 0, 0, 0])) + number(2, 8)
    prefix += data(3, b"".join(bytes([127, 0, 1, each]) for each in range(destinations)))
    target = data(1, b"lab") + data(2, prefix) + number(3, 2_000_000) + data(4, b"\0") + number(5, 4)
    return number(1, 1) + data(2, b"1") + data(3, target)


class Probe:
    def __init__(self, program, folder):
        self.folder = folder
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = str(folder / "notify")
        pathlib.Path(self.address).unlink(missing_ok=True)
        self.notify.bind(self.address)
        self.notify.settimeout(PATIENCE)
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            [program, "run", "--config.file", str(folder / "probe.toml")],
            stderr=self.log, env={**os.environ, "NOTIFY_SOCKET": self.address, "WATCHDOG_USEC": "2000000"})
        self.wait_for("READY=1")
        self.port = int(self.wait_for_log(r"web_port=(\d+)"))

    def wait_for(self, state):
        while state not in self.notify.recv(4096).decode():
            pass

    def wait_for_log(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.findall(pattern, (self.folder / "log").read_text())
            if found:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError(f"no line with {pattern}")

    def get(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        return float(re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics")[1], re.M).group(1))

    def wait_for_metric(self, name, least):
        end = time.monotonic() + PATIENCE
        while self.metric(name) < least:
            assert time.monotonic() < end, f"{name} stays at {self.metric(name)}"
            time.sleep(0.2)

    def status(self, key):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return re.search(rf"^{key}:\s*(\S+)", text, re.M).group(1)

    def end(self, number):
        self.process.send_signal(number)
        start = time.monotonic()
        code = self.process.wait(PATIENCE)
        self.log.close()
        self.notify.close()
        return code, time.monotonic() - start


def configure(folder, extra=""):
    (folder / "probe.toml").write_text(
        f'state_folder = "{folder}/state"\n[[collector]]\nurl = "https://127.0.0.1:1"\n'
        '[limits]\nrate = 400\ndestination_rate = 100\nmin_interval = "2s"\n'
        '[destinations]\nallow_special = true\n[web]\nlisten = "127.0.0.1:0"\n' + extra)


def story(program, folder):
    (folder / "state" / "main").mkdir(parents=True)
    (folder / "state" / "main" / "plan").write_bytes(plan(100))
    configure(folder)
    probe = Probe(program, folder)
    try:
        assert probe.get("/-/healthy") == (200, "healthy\n")
        assert probe.get("/-/ready")[0] == 200
        assert probe.get("/nowhere")[0] == 404
        assert int(probe.status("CapEff"), 16) == 0, "capabilities are left"
        assert int(probe.status("CapPrm"), 16) == 0, "capabilities are left"
        assert probe.status("NoNewPrivs") == "1"
        assert probe.status("Seccomp") == "2"
        probe.wait_for_metric("isthmus_probe_traceroutes_total", 100)
        probe.wait_for_metric('isthmus_probe_collector_owed_batches{collector="main"}', 2)
        probe.wait_for("WATCHDOG=1")
        rss = int(probe.status("VmRSS"))
        print(f"{rss} kB resident with {int(probe.metric('isthmus_probe_destinations'))} destinations")
        assert rss <= RSS_MOST

        configure(folder, "[trace]\nmax_tll = 3\n")
        code, text = probe.get("/-/reload", "POST")
        assert code == 500 and "max_ttl" in text, text
        assert probe.get("/-/ready")[0] == 200
        configure(folder, '[trace]\nmax_ttl = 3\n[log]\nlevel = "debug"\n')
        probe.process.send_signal(signal.SIGHUP)
        probe.wait_for_log("configuration reloaded")
        owed = probe.metric('isthmus_probe_collector_owed_batches{collector="main"}')
    except BaseException:
        probe.process.kill()
        raise
    code, _ = probe.end(signal.SIGKILL)
    assert code == -signal.SIGKILL

    probe = Probe(program, folder)
    try:
        assert probe.metric('isthmus_probe_collector_owed_batches{collector="main"}') >= owed, "the spool lost something"
        probe.wait_for_metric("isthmus_probe_traceroutes_total", 1)
    except BaseException:
        probe.process.kill()
        raise
    code, seconds = probe.end(signal.SIGTERM)
    print(f"stopped after {seconds:.1f} s")
    assert code == 0, code
    assert seconds <= 15, seconds  # 5 s on a machine with nothing else to do


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="isthmus-test-") as name:
        folder = pathlib.Path(name)
        try:
            story(program, folder)
        except BaseException:
            print((folder / "log").read_text()[-4000:], file=sys.stderr)
            raise

        configure(folder, "[limits]\n")
        wrong = subprocess.run([program, "run", "--config.file", str(folder / "probe.toml")], capture_output=True)
        assert wrong.returncode == 2 and wrong.stderr, wrong
        (folder / "probe.toml").write_text('[[collector]]\nurl = "https://127.0.0.1:1"\n')
        good = subprocess.run([program, "run", "--config.check", "--config.file", str(folder / "probe.toml")])
        assert good.returncode == 0, good
        lost = subprocess.run([program, "enroll", "--token", "nonsense", "--url", "https://127.0.0.1:1"],
                              capture_output=True, text=True)
        assert lost.returncode == 1 and "no join token" in lost.stderr, lost


if __name__ == "__main__":
    main()
