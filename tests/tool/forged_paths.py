#!/usr/bin/env python3
"""Real archives in which the target stands where it is no origin, and one in which its upstream can be learned.

forged_paths.py ISTHMUSCTL SHARED_DATA

The path `... 22351 131279 51040` of 2013 and 2014 was forged (detection.md a.3): it names no upstream, and is told by itself.
"""
import pathlib

from tool_run import OK, SKIPPED, Checks, main

JINX = "mrt/libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2"
FEED = "mrt/bgpdump/test_data/updates.et-header.2015.gz"
FORGED = ("extracts/rv-updates-20131201.forged-path-subset.mrt", "mrt/libbgpstream/updates.example.bz2")


def replay(tool, *arguments):
    return tool.run("replay", "--json", "--quiet", "--target", "AS131279", *arguments)


def upstreams(run):
    """Of all events that name one: type and AS number."""
    named = [(event["type"], (event["upstream"] or {}).get("asn")) for event in run.json_lines()]
    return sorted({each for each in named if each[1]})


def check_forged(tool, shared):
    if not shared or not (shared / JINX).exists():
        print("skipped: no shared data")
        raise SystemExit(SKIPPED)
    checks = Checks()
    for name in FORGED:
        run = replay(tool, "--known-upstream", "AS4837", shared / name)
        checks.equal(f"{name}: status", run.status, OK)
        checks.equal(f"{name}: upstreams", upstreams(run), [])
        found = run.json_lines()
        checks.equal(f"{name}: what is told", {event["type"] for event in found}, {"suspected_leak"})
        checks.expect(f"{name}: AS51040 is named", all("AS51040" in event["summary"] for event in found), found)
    run = replay(tool, shared / JINX, shared / FEED)
    checks.equal("JINX and et-header: status", run.status, OK)
    checks.equal("JINX and et-header: upstreams", upstreams(run), [("upstream_discovered", 4837)])
    checks.equal("JINX and et-header: what is told", sorted(event["type"] for event in run.json_lines()),
                 ["suspected_leak", "upstream_discovered"])
    return checks.finish()


if __name__ == "__main__":
    main(check_forged)
