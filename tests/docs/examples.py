#!/usr/bin/env python3
"""Runs the examples of the documentation and compares what they print.

examples.py ISTHMUSCTL ROOT SHARED_DATA [--write] [DOCUMENT...]

An example is a block marked `console`: lines that begin with "$ " are commands (a line that ends in a
backslash goes on in the next one), what follows is what they print, on standard output and standard error.
"..." stands for any lines. A command must succeed, unless it prints its status itself. The blocks of one
document run one after the other in one folder, in which `tests`, `tools` and `docs` are those of the
repository. A block after `<!-- needs PATH as NAME, ... -->` is run where the shared data are, with links to
them. --write puts the real output in place, where no "..." stands.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import markdown

ELLIPSIS = "..."
FOREIGN = ("jq", "sqlite3")  # programs that examples may use and that need not be there


def commands(block):
    """The commands of a block, each as (offset of its first line, lines of the command, lines of its output)."""
    found, goes_on = [], False
    for offset, line in enumerate(block.lines):
        if line.startswith("$ "):
            found.append((offset, [line[2:]], []))
            goes_on = line.endswith("\\")
        elif goes_on:
            found[-1][1].append(line)
            goes_on = line.endswith("\\")
        elif found:
            found[-1][2].append(line)
        else:
            raise ValueError(f"line {block.first + offset}: output stands before the first command")
    return found


def matches(wanted, found):
    """Whether lines are those wanted, where an ellipsis stands for any."""
    if not wanted:
        return not found
    if wanted[0] == ELLIPSIS:
        return any(matches(wanted[1:], found[skipped:]) for skipped in range(len(found) + 1))
    return bool(found) and wanted[0] == found[0] and matches(wanted[1:], found[1:])


def run(command, folder, isthmusctl):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ISTHMUS_")}
    environment.update(LC_ALL="C.UTF-8", TZ="UTC", PATH=f"{pathlib.Path(isthmusctl).parent}:{os.environ['PATH']}")
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    return done.returncode, done.stdout.decode().splitlines()


def provide(comment, folder, shared):
    """Links what a block needs; false if it is not there."""
    needed = re.match(r"needs (.*)", comment)
    for each in needed[1].split(", ") if needed else []:
        path, name = each.split(" as ")
        source = pathlib.Path(shared) / path
        if not shared or not source.exists():
            return False
        if not (folder / name).exists():
            (folder / name).symlink_to(source)
    return True


def check(path, root, isthmusctl, shared, report, write):
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    skipped = 0
    with tempfile.TemporaryDirectory(prefix="isthmus-docs-") as name:
        folder = pathlib.Path(name)
        for each in ("tests", "tools", "docs"):
            (folder / each).symlink_to(root / each)
        changes = []
        for block in (each for each in markdown.split(text)[0] if each.language == "console"):
            if not provide(block.comment, folder, shared):
                skipped += 1
                continue
            for offset, command, wanted in commands(block):
                joined = "\n".join(command)
                if any(re.search(rf"\b{program}\b", joined) and not shutil.which(program) for program in FOREIGN):
                    skipped += 1
                    continue
                status, found = run(joined, folder, isthmusctl)
                where = f"{path.relative_to(root)}:{block.first + offset}"
                good = status == 0 and matches(wanted, found)
                if write and ELLIPSIS not in wanted and wanted != found:
                    first = block.first + offset + len(command) - 1
                    changes.append((first, first + len(wanted), found))
                    good = status == 0
                shown = "\n".join(found[:60])
                report.check(good, f"{where}: $ {joined}\n  status {status}, printed:\n{shown}")
    for first, last, found in reversed(changes):
        lines[first:last] = found
    if changes:
        path.write_text("\n".join(lines), encoding="utf-8")
    return skipped


def main():
    isthmusctl, root, shared = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    write = "--write" in sys.argv
    chosen = [pathlib.Path(name).resolve() for name in sys.argv[4:] if name != "--write"]
    report = markdown.Report()
    skipped = 0
    for path in chosen or markdown.documents(root):
        skipped += check(path, root, os.path.abspath(isthmusctl), shared, report, write)
    if skipped:
        print(f"{skipped} examples skipped: they need data or programs that are not here")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
