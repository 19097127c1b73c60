#!/usr/bin/env python3
"""Follows every link within the repository that the documentation has: links.py ROOT

Files and anchors of relative links; files that are named as code, as `tools/draw_history`. Links to other places are
looked at for their form alone: a test does not go to the network.
"""
import pathlib
import re
import sys

import markdown

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(https?://[^>]+)>")
FOLDERS = ("collector/", "core/", "deploy/", "docs/", "probe/", "tests/", "tool/", "tools/")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    report = markdown.Report()
    texts = {path: path.read_text(encoding="utf-8") for path in markdown.documents(root)}
    anchors = {path: markdown.anchors(text) | set(re.findall(r'<a id="([^"]+)">', text)) for path, text in texts.items()}
    for path, text in texts.items():
        _, prose = markdown.split(text)
        for number, line in enumerate(prose.split("\n"), 1):
            where = f"{path.relative_to(root)}:{number}"
            for found in LINK.finditer(re.sub(r"`[^`]*`", "``", line)):
                target = found[1] or found[2]
                if re.match(r"[a-z]+:", target):
                    report.check(target.startswith("https://"), f"{where}: {target} is not https")
                    continue
                file, _, anchor = target.partition("#")
                goal = (path.parent / file).resolve() if file else path
                report.check(goal.exists() and goal.is_relative_to(root), f"{where}: {target}: there is no such file")
                if anchor and goal in anchors:
                    report.check(anchor in anchors[goal], f"{where}: {target}: there is no such heading")
        for number, code in markdown.spans(text):
            name = code.split(" ")[0].rstrip("/")
            if code.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", name):
                report.check((root / name).exists(), f"{path.relative_to(root)}:{number}: {code}: there is no such file")
    names = {path.relative_to(root).as_posix() for path in texts}
    listed = {(path.parent / found[1].partition("#")[0]).resolve().relative_to(root).as_posix()
              for path in [root / "docs/README.md"] for found in LINK.finditer(texts[path])
              if found[1] and "://" not in found[1] and (path.parent / found[1].partition("#")[0]).exists()}
    for name in sorted(name for name in names if name.startswith("docs/") and name != "docs/README.md"):
        report.check(name in listed, f"docs/README.md: {name} is not in the index")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
