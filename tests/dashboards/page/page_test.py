#!/usr/bin/env python3
"""The page in a real browser on the founding event: page_test.py FIXTURE ISTHMUSCTL ROOT PICTURES

Drives Debian's Chromium through every view (drive.mjs), and does to the collector what the
browser's side asks for: a new state, an event told, the end. Where the fixture was linked before the page was built, the page's
files come from dashboards/web/dist, with the headers that the collector gives.
"""
import os
import pathlib
import subprocess
import sys

FIXTURE, ISTHMUSCTL, ROOT, PICTURES = sys.argv[1:5]
sys.path.insert(0, f"{ROOT}/tests/collector/publish")

from fixture import Checks, Fixture  # noqa: E402


def build(web):
    """Builds the page where something that it is made from is newer."""
    built = web / "dist/index.html"
    sources = [web / "package-lock.json", web / "index.html", web / "vite.config.ts", *(web / "src").rglob("*"), *(web / "public").rglob("*"), *pathlib.Path(ROOT, "docs").rglob("*.md")]
    installed = web / "node_modules/.installed"
    if not built.exists() or not installed.exists() or installed.read_bytes() != (web / "package-lock.json").read_bytes() or max(each.stat().st_mtime for each in sources) > built.stat().st_mtime:
        subprocess.run([web / "build"], stdout=subprocess.DEVNULL, check=True)


def main():
    checks = Checks()
    here = pathlib.Path(__file__).parent
    web = pathlib.Path(ROOT, "dashboards/web")
    build(web)
    pathlib.Path(PICTURES).mkdir(parents=True, exist_ok=True)
    with Fixture(FIXTURE, ISTHMUSCTL, ROOT) as fixture:
        browser = subprocess.Popen(["node", here / "drive.mjs", f"http://127.0.0.1:{fixture.port}", web, PICTURES], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env={**os.environ, "TZ": "America/St_Johns"})
        try:
            for line in browser.stdout:
                word, _, rest = line.rstrip("\n").partition(" ")
                if word == "right":
                    checks.expect(rest, True)
                elif word == "wrong":
                    checks.expect(rest, False, "see above")
                elif word == "do":
                    if rest == "kill":
                        fixture.kill()
                    else:
                        fixture.command(rest)
                    browser.stdin.write("done\n")
                    browser.stdin.flush()
                else:
                    print(line, end="")
            checks.equal("the browser's side ended well", browser.wait(60), 0)
        finally:
            if browser.poll() is None:
                browser.terminate()
                browser.wait()
    return checks.finish()


sys.exit(main())
