#!/usr/bin/env python3
"""Holds `isthmusctl dump` to the counts of the odd files on which MRT parsers disagree.

dump_counts.py ISTHMUSCTL SHARED_DATA COUNTS.tsv

The files and what other parsers make of them: design/control-plane.md C.5. Also checks that the account
adds up and that --json has as many lines. Exit status 77: the data is not there.
"""
import csv
import json
import pathlib
import re
import subprocess
import sys

ACCOUNT = re.compile(r": (\d+) elements in (\d+) records; (\d+) bytes: (\d+) decoded(.*)")


def check(isthmusctl, path, row):
    run = subprocess.run([isthmusctl, "dump", path], capture_output=True, timeout=300, check=False)
    found = ACCOUNT.search(run.stderr.decode().split("\n")[0])
    if not found:
        return f"no account: {run.stderr[:200]}"
    elements, records, total, decoded = (int(found[i]) for i in range(1, 5))
    rest = sum(int(each) for each in re.findall(r", (\d+) (?:skipped|left over)", found[5]))
    if total != decoded + rest:
        return f"{total} bytes are not {decoded} decoded and {rest} others"
    if [elements, records, run.returncode] != [int(each) for each in row[1:4]]:
        return f"found {elements} elements, {records} records, exit status {run.returncode}"
    if run.stdout.count(b"\n") != elements:
        return "the account does not count the lines"
    if row[4] and row[4].encode() in run.stdout:
        return f"prints {row[4]}"
    if elements < 10000:
        listed = subprocess.run([isthmusctl, "dump", "--json", "-q", path], capture_output=True, timeout=300, check=False)
        if len([json.loads(line) for line in listed.stdout.decode().splitlines()]) != elements:
            return "--json has another number of lines"
    return None


def main():
    isthmusctl, shared, table = sys.argv[1:4]
    root = pathlib.Path(shared) / "mrt"
    if not shared or not root.is_dir():
        print("skipped: no shared data")
        return 77
    with open(table, encoding="utf-8") as file:
        rows = list(csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"))
    wrong = 0
    for row in rows:
        trouble = check(isthmusctl, str(root / row[0]), row)
        if trouble:
            wrong += 1
            print(f"{row[0]}: {trouble}, expected {row[1:]}")
    print(f"{len(rows)} files, {wrong} wrong")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
