#!/usr/bin/env python3
"""Runs tools/check_coawait.py on statements that crash with GCC 12, and on statements that do not."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_coawait.py"
CRASHES = [
    "co_await f(Agg{.a = x});",
    "co_await f({x, y});",
    "co_await f([p] { return p; });",
    "co_await [p]() -> Task<> { co_return; }();",
    "auto n = co_await g(1,\n    Agg{2});",
]
HARMLESS = [
    "Agg a{1}; co_await f(std::move(a));",
    "co_return Agg{1};",
    "auto [ec, n] = co_await f(kAsTuple);",
    'co_await f("{x}");',
    "if (co_await f(x)) { g(); }",
    "// co_await f({x});",
]


def refused(statement):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "a.cpp"
        source.write_text(statement + "\n")
        return subprocess.run([sys.executable, CHECK, source], capture_output=True, check=False).returncode != 0


wrong = [s for s in CRASHES if not refused(s)] + [s for s in HARMLESS if refused(s)]
for each in wrong:
    print("judged wrongly:", each)
sys.exit(1 if wrong else 0)
