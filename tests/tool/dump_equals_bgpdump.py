#!/usr/bin/env python3
"""Compares `isthmusctl dump` with Debian's `bgpdump` line by line on every real MRT file.

dump_equals_bgpdump.py ISTHMUSCTL SHARED_DATA DEVIATIONS.tsv [--write]

Equal, or exactly what the table of deviations says: the number of our lines, of bgpdump's, of lines
that only one of them has (theirs + ours), our exit status, and a digest of our lines, so that a
change in them is noticed. --write prints the table anew for people to review.
Exit status 77: the data or bgpdump is not there.
"""
import collections
import concurrent.futures
import csv
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

SHORT_FORM_TOO = ("bgpdump/test_data/bview.ipv6_unicast_add_path.gz", "bgpdump/test_data/updates.20100722.2015.gz",
                  "java-mrt/updates.20170103.0630", "lab/bird-v3.mrt", "mrtparse/quagga_bgp",
                  "bgpdump/test_data/bview.64k_stream_overflow.gz")


def lines(command):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300, check=False)
    return run.returncode, run.stdout.split(b"\n")[:-1]


def compare(isthmusctl, root, name, short):
    path = str(root / name)
    status, ours = lines([isthmusctl, "dump", "--quiet", path] + (["-M"] if short else []))
    _, theirs = lines(["bgpdump", "-M" if short else "-m", path])
    if ours == theirs:
        differing = "0+0"
    else:
        mine, other = collections.Counter(ours), collections.Counter(theirs)
        differing = f"{sum((other - mine).values())}+{sum((mine - other).values())}"
        if differing == "0+0":
            differing = "order"
    digest = hashlib.sha256(b"\n".join(ours)).hexdigest()[:12]
    return [name + (" -M" if short else ""), str(len(ours)), str(len(theirs)), differing, str(status), digest]


def main():
    isthmusctl, shared, table = sys.argv[1:4]
    root = pathlib.Path(shared) / "mrt"
    if not shared or not root.is_dir():
        print("skipped: no shared data")
        return 77
    if shutil.which("bgpdump") is None:
        print("skipped: bgpdump is not installed")
        return 77
    with open(table, encoding="utf-8") as file:
        rows = csv.reader((line for line in file if not line.startswith("#")), delimiter="\t")
        expected = {row[0]: row[1:] for row in rows}
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    names = [name for name in names if "test_expect" not in name and not name.endswith((".json", ".cap"))]
    work = [(name, False) for name in names] + [(name, True) for name in SHORT_FORM_TOO]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(lambda each: compare(isthmusctl, root, *each), work))
    if "--write" in sys.argv:
        for row in results:
            if row[3] != "0+0" or row[4] != "0":
                print("\t".join(row + expected.get(row[0], ["", "", "", "", "", "?"])[5:]))
        return 0
    wrong = 0
    for row in results:
        want = expected.pop(row[0], None)
        if want is None:
            good = row[3] == "0+0" and row[4] == "0"
            want = ["as many", "-", "0+0", "0"]
        else:
            good = row[1:] == want[:5]
        if not good:
            wrong += 1
            print(f"{row[0]}:\n  found    {row[1:]}\n  expected {want}")
    for name in expected:
        wrong += 1
        print(f"{name}: is in the table of deviations but not in the data")
    print(f"{len(results)} comparisons, {sum(int(row[1]) for row in results)} lines of ours, {wrong} wrong")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
