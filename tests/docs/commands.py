#!/usr/bin/env python3
"""Compares the command lines in the documentation with what the program says of itself: commands.py ISTHMUSCTL ROOT

Every command and option that stands after `isthmusctl` is one that --help has; every option that is named alone belongs to
some command; docs/reference/isthmusctl.md is what tools/write_command_reference writes now.
"""
import pathlib
import re
import subprocess
import sys

import markdown

# Options of other programs that our pages name.
FOREIGN = {"--preset", "--build", "--target", "--test", "--help", "--output", "--no-install", "--fuzz-seconds", "--title",
           "--name", "--subtitle", "--runs"}
BESIDE = ("isthmus-probe", "isthmus-collector")  # the programs beside isthmusctl


class Commands:
    """The commands of the program with their options, asked for as they are met."""

    def __init__(self, isthmusctl):
        self.isthmusctl = isthmusctl
        self.known = {}
        self.visit([])

    def visit(self, command):
        text = subprocess.run([self.isthmusctl, *command, "--help"], capture_output=True, text=True, timeout=60,
                              check=True).stdout
        options = text.partition("\nOptions:\n")[2].partition("\n\n")[0]
        names = set()
        for line in options.split("\n"):
            if re.match(r"  -", line):
                names.update(line.split()[0].split(","))
        self.known[tuple(command)] = names
        for name in re.findall(r"^  (\w+) ", text.partition("\nSubcommands:\n")[2].partition("\n\n")[0], re.MULTILINE):
            self.visit([*command, name])

    def all_options(self):
        return set().union(*self.known.values())


def words(line):
    """The words of a command up to the end of it."""
    line = re.split(r"\s[|;>&]|\s2>|\$\(|`", line + " ")[0]
    return line.split()


def check_line(commands, line, where, report):
    for start in re.finditer(r"(?:^|[\s/\"(])isthmusctl\s+(?=[a-z-])", line):
        rest = words(line[start.end():])
        command = ()
        while rest and (*command, rest[0]) in commands.known:
            command = (*command, rest.pop(0))
        if not command:
            # A name in a sentence, as in "--target isthmusctl collector_feed_test", is no command.
            report.check(not rest or not re.fullmatch(r"[a-z]+", rest[0]), f"{where}: isthmusctl {rest[0]}: no such command")
            continue
        parts = {each[len(command)] for each in commands.known if len(each) > len(command) and each[:len(command)] == command}
        report.check(not (parts and rest) or rest[0][0] in "-[",
                     f"{where}: {' '.join(command)} needs one of {', '.join(sorted(parts))}, not {' '.join(rest[:1])}")
        for word in rest:
            if re.match(r"--?[A-Za-z]", word):
                option = word.split("=")[0].rstrip(".,:)`")
                report.check(option in commands.known[command], f"{where}: {' '.join(command)} has no option {option}")


def lines_of(text):
    """Lines that may hold commands: of blocks, of indented code, of code within lines."""
    blocks, _ = markdown.split(text)
    for block in blocks:
        joined = ""
        for offset, line in enumerate(block.lines):
            joined += line.removeprefix("$ ")
            if line.endswith("\\"):
                joined = joined[:-1] + " "
                continue
            yield block.first + offset, joined
            joined = ""
    yield from markdown.indented(text)
    yield from markdown.spans(text)


def main():
    isthmusctl, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    report = markdown.Report()
    commands = Commands(isthmusctl)
    options = commands.all_options()
    for name in BESIDE:
        options |= Commands(pathlib.Path(isthmusctl).with_name(name)).all_options()
    for path in markdown.documents(root):
        text = path.read_text(encoding="utf-8")
        for number, line in lines_of(text):
            check_line(commands, line, f"{path.relative_to(root)}:{number}", report)
        for number, code in markdown.spans(text):
            option = re.match(r"--[a-z][a-z.-]*", code)
            if option:
                report.check(option[0] in options | FOREIGN, f"{path.relative_to(root)}:{number}: no command has {option[0]}")
    made = subprocess.run([root / "tools/write_command_reference", isthmusctl], capture_output=True, text=True, timeout=60,
                          check=True).stdout
    page = root / "docs/reference/isthmusctl.md"
    report.check(page.read_text(encoding="utf-8") == made,
                 f"{page.relative_to(root)} is not what --help says; make it anew: tools/write_command_reference "
                 f"{isthmusctl} >{page.relative_to(root)}")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
