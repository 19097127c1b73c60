#!/usr/bin/env python3
"""What is no history, no export, no configuration, no scenario, or a damaged one: every command that reads one says so.

damaged_input.py ISTHMUSCTL

`bad_input.py` does the same for archives.
"""
import os
import random
import shutil

from tool_run import FAILED, LOSS, OK, STORY, TARGET, USAGE, Checks, main, scratch, simulate

FLIPS = 60
SPARSE = 2 << 30
LIMIT_MB = 256
NOISE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 16


def clean(checks, tool, what, run, statuses):
    """One of these statuses, something said when it is not 0, no crash, bounded memory."""
    said = bool(run.err.strip()) or run.status == OK
    bounded = tool.sanitized or run.megabytes < LIMIT_MB
    return checks.expect(f"{what}: one of {statuses}, with a reason", run.status in statuses and said and bounded and not run.crashed(),
                         run)


def strange_files(folder):
    """Names and paths of what no command can use."""
    sparse = folder / "sparse"
    sparse.touch()
    os.truncate(sparse, SPARSE)
    for name, content in (("empty", b""), ("picture.png", NOISE), ("text", b"hello\n" * 1000)):
        (folder / name).write_bytes(content)
    (folder / "directory").mkdir()
    return [folder / name for name in ("empty", "picture.png", "text", "directory", "missing", "sparse")]


def check_configurations(checks, tool, folder, strange, archive):
    good = folder / "good.toml"
    good.write_text('[[target]]\nname = "t"\norigins = ["AS131279"]\n')
    checks.equal("a good configuration", tool.run("config", "check", good).status, OK)
    for path in strange:
        # An empty file is TOML, with no target in it.
        checks.refused(f"config check {path.name}", tool.run("config", "check", path), USAGE, path)
        clean(checks, tool, f"replay --config.file {path.name}", tool.run("replay", "--config.file", path, archive), [USAGE])
        clean(checks, tool, f"simulate {path.name}", tool.run("simulate", path, "--output", folder / "out"), [USAGE, FAILED])
    bad = folder / "bad.toml"
    bad.write_text('[[target]]\nname = "t"\norigins = ["AS131279"]\n[detector]\nlateness = 5\n')
    checks.refused("a number without a unit", tool.run("config", "check", bad), USAGE, f"{bad}:5:", "lateness")


def check_histories(checks, tool, folder, strange, history):
    for path in strange:
        for command in (["events"], ["routes"], ["explain", "last"], ["export", "--output", folder / "nowhere"]):
            run = tool.run(*command, "--history", path)
            checks.refused(f"{command[0]} --history {path.name}", run, FAILED, path)
        clean(checks, tool, f"verify {path.name}", tool.run("verify", path), [FAILED, LOSS])
    whole = (history / "catalog.db").read_bytes()
    dice = random.Random(1)
    copy = folder / "copy"
    for turn in range(FLIPS):
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        damaged = bytearray(whole)
        if turn % 4 == 0:
            damaged = damaged[:dice.randrange(len(damaged))]
        else:
            for _ in range(1 + dice.randrange(20)):
                damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        (copy / "catalog.db").write_bytes(damaged)
        command = (["verify", copy], ["events", "--history", copy], ["explain", "last", "--history", copy],
                   ["routes", "--history", copy])[turn // 4 % 4]
        clean(checks, tool, f"{command[0]} of damage {turn}", tool.run(*command), [OK, LOSS, FAILED])


def check_damaged(tool, _):
    checks = Checks()
    with scratch() as name:
        folder = type(STORY)(name)
        archives = simulate(tool, STORY, folder / "archives")
        tool.good("replay", "--quiet", *TARGET, "--history", folder / "history", *archives)
        strange = strange_files(folder)
        check_configurations(checks, tool, folder, strange, archives[0])
        check_histories(checks, tool, folder, strange, folder / "history")
        for path in strange:
            clean(checks, tool, f"replay {path.name}", tool.run("replay", *TARGET, path), [LOSS, FAILED])
        checks.refused("an event that is not there", tool.run("explain", "0" * 26, "--history", folder / "history"), USAGE,
                       "no such event")
        checks.expect("the undamaged history is whole", tool.run("verify", folder / "history").status == OK)
    return checks.finish()


if __name__ == "__main__":
    main(check_damaged)
