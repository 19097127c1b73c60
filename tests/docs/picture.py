#!/usr/bin/env python3
"""Draws the picture of the founding event anew and compares it byte for byte: picture.py ISTHMUSCTL ROOT

Also that the same bytes come of every order in which Python keeps sets, that it is well-formed, that screen readers have a
title and a description, and that nothing is outside of it.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import markdown

SVG = "{http://www.w3.org/2000/svg}"
PICTURE = "docs/images/star-jv-2017.svg"


def draw(isthmusctl, root, folder):
    def run(*arguments):
        subprocess.run([isthmusctl, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120,
                       check=True)
    run("simulate", root / "tests/scenario/star-jv-2017.toml", "--output", folder / "archives")
    run("replay", "--quiet", "--target", "AS131279", "--known-upstream", "AS4837", "--history", folder / "history",
        *sorted((folder / "archives").iterdir()))
    run("export", "--history", folder / "history", "--output", folder / "export")
    return [subprocess.run([root / "tests/docs/draw_picture", folder / "export"], stdout=subprocess.PIPE, timeout=120, check=True,
                           env={**os.environ, "PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")]


def main():
    isthmusctl, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    report = markdown.Report()
    with tempfile.TemporaryDirectory(prefix="isthmus-docs-") as name:
        drawn, again = draw(isthmusctl, root, pathlib.Path(name))
    report.check(drawn == again, "the picture depends on the order of a set")
    report.check(drawn == (root / PICTURE).read_bytes(),
                 f"{PICTURE} is not what is drawn now; if that is right, draw it anew as docs/README.md says, and look at it")
    svg = xml.etree.ElementTree.fromstring(drawn)
    report.check(svg.get("role") == "img", "the picture has no role")
    for each in ("title", "desc"):
        found = svg.find(SVG + each)
        report.check(found is not None and found.text and found.get("id") in svg.get("aria-labelledby", "").split(),
                     f"the picture has no {each}")
    width, height = float(svg.get("width")), float(svg.get("height"))
    texts = 0
    for text in svg.iter(SVG + "text"):
        if text.get("transform"):
            continue
        texts += 1
        # What DejaVu Sans, the widest that is asked for, has for each letter in sentences.
        length = (0.7 if text.get("font-weight") else 0.62) * float(text.get("font-size")) * len(text.text)
        x = float(text.get("x")) - {"middle": length / 2, "end": length}.get(text.get("text-anchor"), 0)
        report.check(x >= 0 and x + length <= width and 0 < float(text.get("y")) < height, f"'{text.text}' is outside of the picture")
    report.check(texts > 50, f"the picture has only {texts} texts")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
