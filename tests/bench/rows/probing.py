"""The tracing engine beside scamper, mtr, zmap and masscan, in network namespaces; needs root."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from bench import Unmeasurable
from table import Row, at_least, at_most

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "probe" / "lab"))
import lab as lab_module  # noqa: E402

TARGETS = ["isthmus-probe"]
TRACED = 8192


class Sink(lab_module.Lab):
    """src sends to sink, which drops everything as it arrives."""

    def build(self):
        for node in ("src", "sink"):
            self.add_node(node)
        self.connect("src", "sink")
        self.route("src", "default", "default", [(1, 2)])
        self.inside("src", "ping", "-c1", "-W1", "10.0.1.2", check=False)
        self.gateway = self.inside("sink", "cat", "/sys/class/net/to-src/address").stdout.strip()
        self.inside("sink", "nft", "add table netdev d; add chain netdev d in { type filter hook ingress device to-src "
                    "priority 0; policy drop; }")

    def received(self):
        return int(self.inside("sink", "cat", "/sys/class/net/to-src/statistics/rx_packets").stdout)


def peak_rate(sink, command):
    """Packets a second while most of them leave: the middle of what a program sends, without its start and end."""
    marks = [(time.monotonic(), sink.received())]
    with subprocess.Popen(["ip", "netns", "exec", sink.name("src"), *command], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            time.sleep(0.05)
            marks.append((time.monotonic(), sink.received()))
    sent = marks[-1][1] - marks[0][1]
    middle = [each for each in marks if marks[0][1] + sent * 0.1 <= each[1] <= marks[0][1] + sent * 0.9]
    if len(middle) < 3 or sent < 100_000:
        raise Unmeasurable(f"{command[0]} sent {sent} packets only")
    return (middle[-1][1] - middle[0][1]) / (middle[-1][0] - middle[0][0])


def send_ceiling(bench, folder):
    targets = folder / "many"
    targets.write_text("".join(f"11.{i >> 16}.{i >> 8 & 255}.{i & 255}\n" for i in range(131072)))
    ours = [bench.ours("isthmus-probe"), "trace", "-t", str(targets), "-m", "8", "-g", "8", "-q", "1", "-w", "0.3", "--rate",
            "10000000", "--destination-rate", "0", "--json"]
    with Sink() as sink:
        zmap = [bench.peer("zmap"), "-q", "-i", "to-sink", "-G", sink.gateway, "-S", "10.0.1.1", "-p", "80", "-r", "10000000",
                "-n", "1048576", "-c", "0", "-T", "1", "-o", "/dev/null", "-b", "/dev/null", "11.0.0.0/8"]
        masscan = [bench.peer("masscan"), "11.0.0.0/12", "-p80", "--rate", "10000000", "--interface", "to-sink", "--router-mac",
                   sink.gateway, "--adapter-ip", "10.0.1.1", "--wait", "0", "-oX", "/dev/null"]
        best = [0, 0, 0]
        for _ in range(bench.runs):
            for i, command in enumerate((ours, zmap, masscan)):
                best[i] = max(best[i], peak_rate(sink, command))
    yield Row("send ceiling, one core", "packets/s", best[0], at_least(1.2 * best[1], "≥ 1.2 × zmap"), "zmap", best[1])
    yield Row("send ceiling, one core", "packets/s", best[0], at_least(best[2], "≥ masscan"), "masscan", best[2])


def measured(lab, command):
    """(user seconds, wall seconds, MiB of memory, standard error) of a program in the prober's namespace."""
    with tempfile.TemporaryFile() as error, tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(["ip", "netns", "exec", lab.name("src"), *command], stdout=output, stderr=error)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        error.seek(0)
        output.seek(0)
        if process.returncode != 0:
            raise Unmeasurable(f"{' '.join(command)} ended with status {process.returncode}: {error.read().decode()[-300:]}")
        return usage.ru_utime, wall, usage.ru_maxrss / 1024, error.read().decode(), output.read().decode()


def many_targets(bench, lab, folder):
    targets = folder / "targets"
    targets.write_text("".join(f"10.9.{i // 256}.{i % 256}\n" for i in range(TRACED)))
    ours = [bench.ours("isthmus-probe"), "trace", "-t", str(targets), "--rate", "20000", "-g", "8", "--json", "--statistics"]
    scamper = [bench.peer("scamper"), "-O", "json", "-p", "10000", "-c", "trace -P udp-paris -q 1 -w 1", "-f", str(targets)]
    cpu, memory, whole, peer_cpu, peer_memory = float("inf"), float("inf"), 0, float("inf"), float("inf")
    for _ in range(bench.runs):
        user, _, mebibytes, error, _ = measured(lab, ours)
        sent, answered = (int(re.search(rf"(\d+) {word}", error).group(1)) for word in ("probe packets", "answered"))
        cpu, memory, whole = min(cpu, user / sent * 1e6), min(memory, mebibytes), max(whole, answered / sent * 100)
        user, _, mebibytes, _, _ = measured(lab, scamper)
        peer_cpu, peer_memory = min(peer_cpu, user / (8 * TRACED) * 1e6), min(peer_memory, mebibytes)
    yield Row("user CPU for a million probe packets", "s", cpu, at_most(1.5), "scamper", peer_cpu,
              f"{TRACED:,} targets over eight hops at 20,000/s (scamper at its 10,000/s); {whole:.2f} % answered")
    yield Row(f"memory for {TRACED:,} targets", "MiB", memory, at_most(16), "scamper", peer_memory,
              "ours with a capture ring of 8 MiB")


def one_target(bench, lab):
    ours = [bench.ours("isthmus-probe"), "trace", "10.9.0.1"]
    mtr = [bench.peer("mtr", "mtr-tiny"), "-r", "-n", "-c", "1", "-u", "10.9.0.1"]
    scamper = [bench.peer("scamper"), "-c", "trace -P udp-paris", "-i", "10.9.0.1"]
    walls = [min(measured(lab, command)[1] for _ in range(max(3, bench.runs))) for command in (ours, mtr, scamper)]
    yield Row("one target over eight hops, start to end", "s", walls[0], at_most(0.25), "mtr", walls[1])
    yield Row("one target over eight hops, start to end", "s", walls[0], None, "scamper", walls[2])


def multipath(bench, lab):
    ours = [bench.ours("isthmus-probe"), "trace", "10.9.0.1", "-M", "--statistics", "--json"]
    scamper = [bench.peer("scamper"), "-O", "json", "-c", "tracelb -P udp-sport -W 15", "-i", "10.9.0.1"]
    sent, walls = [], []
    for _ in range(max(5, bench.runs)):
        _, wall, _, error, output = measured(lab, ours)
        if sum(each in output for each in lab.branch_of if ":" not in each) == 8:
            sent.append(int(re.search(r"(\d+) probe packets", error).group(1)))
            walls.append(wall)
    if not sent:
        raise Unmeasurable("no run found all branches")
    _, peer_wall, _, _, output = measured(lab, scamper)
    probes = re.search(r'"probec":(\d+)', output)
    sent.sort()
    yield Row("multipath, 4x4 diamond: packets", "packets", sent[len(sent) // 2], at_most(140), "scamper",
              float(probes.group(1)) if probes else None, f"median of {len(sent)} runs that found all 8 routers, at 95 %")
    yield Row("multipath, 4x4 diamond: time", "s", min(walls), at_most(0.5), "scamper", peer_wall)


def rows(bench):
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise Unmeasurable("making network namespaces needs root and iproute2")
    with tempfile.TemporaryDirectory() as folder:
        yield from send_ceiling(bench, pathlib.Path(folder))
        with lab_module.Lab() as lab:
            yield from many_targets(bench, lab, pathlib.Path(folder))
            yield from one_target(bench, lab)
            yield from multipath(bench, lab)
