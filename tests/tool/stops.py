#!/usr/bin/env python3
"""A replay that is told to stop, that nobody reads, that may not write, or that has company.

stops.py ISTHMUSCTL
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from history_state import Undisturbed
from tool_run import FAILED, OK, TARGET, Checks, Run, main, scratch

NOBODY = 65534


def outcome(process, deadline=60):
    """What a started process left, whose standard error is a pipe."""
    try:
        _, err = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        _, err = process.communicate()
        err += b"\n(did not end)"

    class Usage:
        ru_maxrss = ru_utime = ru_stime = 0
    return Run(process.returncode, b"", (err or b"").decode(errors="replace"), Usage)


def check_signals(checks, undisturbed, folder):
    for number, name, status in ((signal.SIGTERM, "SIGTERM", 143), (signal.SIGINT, "SIGINT", 130)):
        history = folder / name
        process = undisturbed.tool.start(*undisturbed.command(history), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        undisturbed.wait_for(process, 0.5)
        process.send_signal(number)
        run = outcome(process)
        checks.refused(name, run, status, f"stopped by {name} at 2017-10-01T", f"is kept in {history}")
        rows = undisturbed.check_state(checks, name, history)
        told = re.search(r"at (\S+) of the archives", run.err)
        kept = rows.progress and time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(rows.progress // 1_000_000))
        checks.equal(f"{name}: up to where", told and told[1], kept)
        checks.expect(f"{name}: something was kept", rows.counts()[1] > 0, rows.counts())
        undisturbed.check_completion(checks, name, history)
    process = undisturbed.tool.start("replay", *TARGET, *undisturbed.archives, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE)
    undisturbed.wait_for(process, 0.2)
    process.terminate()
    checks.refused("SIGTERM without a history", outcome(process), 143, "stopped by SIGTERM at", "nothing was kept")


def check_waiting(checks, tool, folder):
    """A pipe that says nothing keeps no signal waiting."""
    process = tool.start("replay", *TARGET, "--history", folder / "waiting", "-", stdin=subprocess.PIPE,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(0.5)
    begin = time.monotonic()
    process.terminate()
    process.wait(timeout=30)
    checks.expect("it ends within seconds", time.monotonic() - begin < 15, time.monotonic() - begin)
    process.stdin.close()
    process.stdin = None
    checks.refused("SIGTERM while it waits for a pipe", outcome(process), 143, "stopped by a signal while it waited")


def check_readers(checks, undisturbed, history, folder):
    """`| head -1` is no error, whoever writes."""
    tool = undisturbed.tool
    for what, command in (("dump", ["dump", *undisturbed.archives]), ("dump --json", ["dump", "--json", *undisturbed.archives]),
                          ("replay", ["replay", "-q", "--json", *TARGET, *undisturbed.archives]),
                          ("events", ["events", "--history", history, "--json"]),
                          ("routes", ["routes", "--history", history, "--json"]),
                          ("explain", ["explain", "--history", history])):
        process = tool.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        checks.expect(f"{what}: there is a first line", process.stdout.readline().endswith(b"\n"))
        process.stdout.close()
        process.stdout = None
        run = outcome(process)
        checks.expect(f"{what} | head -1", run.status == OK and not run.crashed() and not run.err, run)
        with open("/dev/full", "wb") as full:
            checks.refused(f"{what} >/dev/full", tool.run(*command, stdout=full), FAILED, "standard output: No space left")
    unread = folder / "unread"
    process = tool.start(*undisturbed.command(unread), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    process.stdout = None
    run = outcome(process)
    checks.expect("a replay whose events nobody reads", run.status == OK and not run.crashed(), run)
    checks.expect("keeps them nevertheless", undisturbed.check_state(checks, "unread", unread).counts() ==
                  undisturbed.rows.counts())
    closed = subprocess.run(["sh", "-c", '"$0" "$@" >&-', tool.path, "events", "--history", str(history)],
                            stderr=subprocess.PIPE, env=tool.environment, check=False)
    checks.equal("standard output is closed", closed.returncode, FAILED)


def check_permissions(checks, undisturbed, history, folder):
    """A history of somebody else can be read and not written; what is asked for is refused, and nothing is harmed."""
    tool = undisturbed.tool
    foreign = folder / "foreign"
    shutil.copytree(history, foreign)
    for leftover in ("catalog.db-wal", "catalog.db-shm"):
        (foreign / leftover).unlink(missing_ok=True)
    before = (foreign / "catalog.db").read_bytes()
    as_other = {}
    if os.geteuid() == 0:
        as_other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        if subprocess.run([tool.path, "--version"], stdout=subprocess.DEVNULL, check=False, **as_other).returncode != 0:
            shutil.copy(tool.path, folder / "isthmusctl")
            tool.path = str(folder / "isthmusctl")
    (foreign / "catalog.db").chmod(0o444)
    foreign.chmod(0o555)
    for command in (["events", "--json"], ["routes", "--json"], ["explain"]):
        run = tool.run(*command, "--history", foreign, **as_other)
        checks.expect(f"{command[0]} of a foreign history", run.status == OK and
                      run.out == tool.run(*command, "--history", history).out, run)
    run = tool.run("verify", foreign, **as_other)
    checks.expect("verify of a foreign history", run.status == OK, run)
    checks.refused("replay into a foreign history", tool.run(*undisturbed.command(foreign), **as_other), FAILED,
                   foreign / "catalog.db", "readonly")
    checks.refused("a history in a foreign folder", tool.run(*undisturbed.command(foreign / "new"), **as_other), FAILED,
                   foreign / "new", "Permission denied")
    checks.refused("an export in a foreign folder", tool.run("export", "--history", foreign, "-o", foreign / "out",
                                                             **as_other), FAILED, foreign / "out", "Permission denied")
    checks.expect("the foreign history is as it was", (foreign / "catalog.db").read_bytes() == before and
                  [path.name for path in foreign.iterdir()] == ["catalog.db"], list(foreign.iterdir()))
    foreign.chmod(0o755)


def check_company(checks, undisturbed, folder):
    """Two replays into one history take turns, and readers look on."""
    history = folder / "shared"
    both = [undisturbed.tool.start(*undisturbed.command(history), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for _ in range(2)]
    while not (history / "catalog.db").exists() and any(each.poll() is None for each in both):
        time.sleep(0.01)
    looks = 0
    while looks < 3 and any(each.poll() is None for each in both):
        run = undisturbed.tool.run("events", "--history", history, "--json")
        if "schema version is 0" not in run.err:  # both are still about to make it
            checks.expect("a reader beside two writers", run.status == OK and
                          all(line in undisturbed.told for line in run.out.splitlines()), run)
            looks += 1
    for process in both:
        run = outcome(process)
        checks.expect("two at once", run.status == OK and not run.crashed() or
                      run.status == FAILED and str(history) in run.err, run)
    undisturbed.check_state(checks, "two at once", history)
    undisturbed.check_completion(checks, "two at once", history)


def check_stops(tool, _shared):
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        undisturbed = Undisturbed(tool, folder)
        history = folder / "undisturbed"
        check_signals(checks, undisturbed, folder)
        check_waiting(checks, tool, folder)
        check_readers(checks, undisturbed, history, folder)
        check_company(checks, undisturbed, folder)
        check_permissions(checks, undisturbed, history, folder)
    return checks.finish()


if __name__ == "__main__":
    main(check_stops)
