"""Runs isthmusctl for the scripts beside it, and reads and writes MRT as far as they need it."""
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile

TARGET = ["--target", "AS131279", "--known-upstream", "AS4837"]
STORY = pathlib.Path(__file__).parents[1] / "scenario" / "star-jv-2017.toml"
SKIPPED = 77
OK, LOSS, USAGE, FAILED = 0, 1, 2, 3  # exit statuses, as `isthmusctl --help` tells them
# What no input and no circumstance may bring about.
CRASHES = ("terminate called", "a bug, please report", "AddressSanitizer", "LeakSanitizer", "runtime error:",
           "Segmentation fault", "Assertion")


class Run:
    """One finished run: status (negative: a signal), what it wrote, its peak of memory and its time."""

    def __init__(self, status, out, err, usage):
        self.status = status
        self.out = out
        self.err = err
        self.megabytes = usage.ru_maxrss / 1024
        self.seconds = usage.ru_utime + usage.ru_stime

    def lines(self):
        return self.out.decode().splitlines()

    def json_lines(self):
        return [json.loads(line) for line in self.lines()]

    def crashed(self):
        return any(sign in self.err for sign in CRASHES) or (self.status < 0 and self.status != -signal.SIGPIPE)

    def __str__(self):
        return f"status {self.status}, {self.megabytes:.0f} MB, {self.seconds:.2f} CPU s; it said:\n{self.err[-2000:]}"


class Tool:
    """The program under test."""

    def __init__(self, path):
        self.path = str(pathlib.Path(path).absolute())
        content = pathlib.Path(path).read_bytes()
        self.sanitized = b"__asan_init" in content or b"__tsan_init" in content
        # A sanitizer's own status must not look like one of ours.
        self.environment = dict(os.environ, ASAN_OPTIONS="exitcode=99", TSAN_OPTIONS="exitcode=99")
        self.environment.pop("ISTHMUS_HISTORY", None)

    def start(self, *arguments, **options):
        options.setdefault("env", self.environment)
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([self.path, *map(str, arguments)], **options)

    def run(self, *arguments, stdin=None, stdout=None, **options):
        """Runs to the end. `stdin` is the bytes to be read; `stdout` a file in place of `Run.out`."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin or b"")
            given.seek(0)
            process = self.start(*arguments, stdin=given, stdout=stdout or out, stderr=err, **options)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            return Run(process.returncode, out.read(), err.read().decode(errors="replace"), usage)

    def good(self, *arguments, **options):
        """Runs what must succeed."""
        run = self.run(*arguments, **options)
        if run.status != 0 or run.crashed():
            raise SystemExit(f"{' '.join(map(str, arguments))}: {run}")
        return run


class Checks:
    """Counts what is right and tells what is not."""

    def __init__(self):
        self.right = 0
        self.wrong = 0

    def expect(self, what, good, found=""):
        if good:
            self.right += 1
        else:
            self.wrong += 1
            print(f"WRONG {what}\n      found: {found}")
        return bool(good)

    def equal(self, what, found, wanted):
        return self.expect(f"{what}: wanted {str(wanted)[:300]}", found == wanted, str(found)[:300])

    def refused(self, what, run, status, *messages):
        """A clean failure: this status, no crash, and every message on standard error."""
        missing = [str(each) for each in messages if str(each) not in run.err]
        return self.expect(f"{what}: status {status} and {list(map(str, messages))}",
                           run.status == status and not missing and not run.crashed(), run)

    def finish(self):
        print(f"{self.right} right, {self.wrong} wrong")
        return 1 if self.wrong or not self.right else 0


def scratch():
    """A folder that others may enter (some checks run as another user), gone at the end."""
    folder = tempfile.TemporaryDirectory(prefix="isthmus-tool-")
    os.chmod(folder.name, 0o755)
    return folder


def simulate(tool, scenario, folder):
    """The paths of the archives that a scenario gives."""
    return [pathlib.Path(line) for line in tool.good("simulate", scenario, "--output", folder).lines()]


def records(content):
    """The MRT records of an archive."""
    found = []
    offset = 0
    while offset < len(content):
        end = offset + 12 + struct.unpack_from(">I", content, offset + 8)[0]
        found.append(content[offset:end])
        offset = end
    return found


def record_time(record):
    """In microseconds since 1970."""
    seconds, kind = struct.unpack_from(">IH", record)
    fraction = struct.unpack_from(">I", record, 12)[0] if kind == 17 else 0
    return seconds * 1_000_000 + fraction


def is_peer_table(record):
    """TABLE_DUMP_V2's PEER_INDEX_TABLE, without which the records behind it cannot be read."""
    return record[4:8] == b"\x00\x0d\x00\x01"


def shuffled(all_records, seconds, seed):
    """The records in an order in which none comes more than so many seconds late. Records of one instant stay
    together: their order in the file is all that is known of it."""
    delays = random.Random(seed)
    arrival = {time: time + delays.randrange(seconds * 1_000_000) for time in sorted(set(map(record_time, all_records)))}
    return sorted(all_records, key=lambda each: (not is_peer_table(each), arrival[record_time(each)]))


def main(check):
    """Runs check(tool, shared data or None, arguments) of a script: SCRIPT ISTHMUSCTL [SHARED_DATA] [...]."""
    shared = sys.argv[2] if len(sys.argv) > 2 and sys.argv[2] else None
    sys.exit(check(Tool(sys.argv[1]), pathlib.Path(shared) if shared else None))
