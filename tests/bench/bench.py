"""What the rows of tests/bench measure with: programs, their cost, inputs."""
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import time

from inputs import Inputs


class Unmeasurable(Exception):
    """Why a row cannot be measured."""


@dataclasses.dataclass
class Cost:
    """The least of several runs."""
    cpu: float = float("inf")  # seconds of all threads
    wall: float = float("inf")  # seconds
    megabytes: float = float("inf")  # peak of resident memory

    def take(self, other):
        self.cpu = min(self.cpu, other.cpu)
        self.wall = min(self.wall, other.wall)
        self.megabytes = min(self.megabytes, other.megabytes)


def build(root, targets):
    """Builds the release preset; ends the program if that fails."""
    print(f"building build/release: {' '.join(targets)}", flush=True)
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--parallel", str(os.cpu_count()), "--target", *targets]):
        run = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if run.returncode != 0:
            raise SystemExit(run.stdout.decode()[-4000:] + f"\ntests/bench/run: {' '.join(command)} failed")


def machine(root, only_load=False):
    """One line on what the figures were measured on."""
    load = "load of the machine " + "/".join(f"{each:.1f}" for each in os.getloadavg())
    if only_load:
        return load
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "?")
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, check=False)
    return f"{model}, {os.cpu_count()} cores; {load}; commit {commit.stdout.decode().strip() or '?'}"


class Bench:
    """What is handed to a file of rows."""

    def __init__(self, root, runs, use_shared):
        self.root = root
        self.bin = root / "build" / "release" / "bin"
        self.runs = runs
        self.input = Inputs(root, self.bin, use_shared)

    def inputs(self):
        return self.input.used()

    def ours(self, name):
        """The path of a program of the release build."""
        path = self.bin / name
        if not path.exists():
            raise Unmeasurable(f"{path} is not there: run without --no-build")
        return str(path)

    @staticmethod
    def peer(name, package=None):
        """The path of a peer's program."""
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if path is None:
            raise Unmeasurable(f"{name} is not there: apt-get install {package or name}")
        return path

    @staticmethod
    def once(command, expect=0, stdout=None):
        """Runs a program with its output thrown away, or into a file."""
        with open(os.devnull, "r+b") as null:
            start = time.monotonic()
            process = subprocess.Popen([str(word) for word in command], stdin=null, stdout=stdout or null,
                                       stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expect:
            raise Unmeasurable(f"{' '.join(map(str, command))} ended with status {process.returncode}")
        return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)

    def duel(self, *commands, runs=None):
        """The cost of each command, run by turns."""
        costs = [Cost() for _ in commands]
        for _ in range(runs or self.runs):
            for cost, command in zip(costs, commands):
                cost.take(self.once(command))
        return costs

    @staticmethod
    def digest(command):
        """(SHA-256, number of lines) of what a program prints."""
        digest, lines = hashlib.sha256(), 0
        with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            while chunk := process.stdout.read(1 << 20):
                digest.update(chunk)
                lines += chunk.count(b"\n")
        return digest.hexdigest(), lines

    def figures(self, name, *arguments):
        """What a program of tests/bench says: its lines that are JSON objects, by their key "name"."""
        command = [self.ours(name), *map(str, arguments)]
        run = subprocess.run(command, capture_output=True, check=False)
        if run.returncode != 0:
            raise Unmeasurable(f"{' '.join(command)} ended with status {run.returncode}: {run.stderr.decode()[-500:]}")
        objects = [json.loads(line) for line in run.stdout.decode().splitlines() if line.startswith("{")]
        return {each.pop("name"): each for each in objects}

    def google(self, name, regex):
        """The results of a Google Benchmark program by name: the best of the repetitions."""
        command = [self.ours(name), f"--benchmark_filter={regex}", "--benchmark_format=json",
                   f"--benchmark_repetitions={self.runs}"]
        run = subprocess.run(command, capture_output=True, check=False)
        if run.returncode != 0 or not run.stdout:
            raise Unmeasurable(f"{' '.join(command)} ended with status {run.returncode}: {run.stderr.decode()[-500:]}")
        best = {}
        for each in json.loads(run.stdout)["benchmarks"]:
            if each.get("run_type") == "iteration" and not each.get("error_occurred"):
                known = best.get(each["run_name"])
                if known is None or each["cpu_time"] < known["cpu_time"]:
                    best[each["run_name"]] = each
        if not best:
            raise Unmeasurable(f"{' '.join(command)} measured nothing")
        return best


def folder(path):
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    return path
