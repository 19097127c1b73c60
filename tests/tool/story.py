#!/usr/bin/env python3
"""The founding event from its declared timeline to a verified export: the whole way through isthmusctl.

story.py ISTHMUSCTL

What must be told, and when, is detection.md a.1 and d.3 (R1). The export is read with Python's own json, csv,
sqlite3 and hashlib.
"""
import collections
import csv
import datetime
import hashlib
import json
import pathlib
import sqlite3

from tool_run import STORY, TARGET, Checks, main, scratch, simulate

TTK, UNICOM = 20485, 4837
MOVED = ["175.45.176.0/24", "175.45.178.0/24", "175.45.179.0/24"]
ALL = sorted(MOVED + ["175.45.177.0/24"])


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def between(time, first, last):
    return at(first) <= at(time) <= at(last)


def check_events(checks, events):
    by_type = collections.defaultdict(list)
    for event in events:
        by_type[event["type"]].append(event)
    of_ttk = [event["type"] for event in events if (event["upstream"] or {}).get("asn") == TTK]
    checks.equal("the life of AS20485", of_ttk, ["upstream_candidate", "upstream_probable", "upstream_new",
                                                 "upstream_withdrawn", "upstream_returned"])
    candidate = by_type["upstream_candidate"][0]
    checks.expect("the candidate comes within 40 s",
                  between(candidate["time"], "2017-10-01T09:07:51Z", "2017-10-01T09:08:31Z"), candidate["time"])
    checks.equal("how many upstreams are new", len(by_type["upstream_new"]), 1)
    new = by_type["upstream_new"][0]
    checks.expect("it is confirmed by 09:11:30", between(new["time"], "2017-10-01T09:08:00Z", "2017-10-01T09:11:30Z"),
                  new["time"])
    checks.equal("first seen", new["first_seen"][:19], "2017-10-01T09:07:51")
    checks.equal("its prefixes", sorted(each["prefix"] for each in new["prefixes"]), MOVED)
    checks.equal("who carried them before", [each["asn"] for each in new["previous_upstreams"]], [UNICOM])
    checks.expect("share 0.75", abs(new["share"] - 0.75) <= 0.03, new["share"])
    checks.expect("with an interval around it", new["share_lower"] < 0.75 < new["share_upper"], new)
    checks.equal("the score is the sum of its terms", sum(term["nats"] for term in new["score"]["terms"]),
                 new["score"]["total"])

    withdrawn = [event["time"] for event in by_type["upstream_withdrawn"]]
    checks.equal("how often one is withdrawn", len(withdrawn), 1)
    checks.expect("after 10:14:45", between(withdrawn[0], "2017-10-01T10:14:45Z", "2017-10-01T10:25:00Z"), withdrawn)
    checks.equal("how many are lost", len(by_type["upstream_lost"]), 0)
    returned = [event["time"] for event in by_type["upstream_returned"]]
    checks.equal("how often one returns", len(returned), 1)
    checks.expect("after 12:21:55", between(returned[0], "2017-10-01T12:21:55Z", "2017-10-01T12:26:00Z"), returned)
    dark = [event["type"] for event in events if event["type"].startswith("target_")]
    checks.equal("four blackouts", dark, ["target_unreachable", "target_reachable"] * 4)

    moves = [(event["first_seen"][:19], [each["prefix"] for each in event["prefixes"]], event["upstream"]["asn"])
             for event in by_type["prefix_moved"]]
    checks.equal("the prefixes that move back", moves, [("2017-10-02T07:56:39", ["175.45.176.0/24"], UNICOM),
                                                        ("2017-10-02T09:10:29", ["175.45.179.0/24"], UNICOM)])
    checks.equal("nothing else is told", sorted(type for type in by_type if by_type[type] and type not in {
        "upstream_candidate", "upstream_probable", "upstream_new", "upstream_withdrawn", "upstream_returned",
        "target_unreachable", "target_reachable", "prefix_moved", "dismissed"}), [])


def share(routes, upstream, moment):
    """The mean over the prefixes of the part of the vantage ASes that go by an upstream."""
    sums = []
    for prefix in ALL:
        having = [route for route in routes
                  if route["prefix"] == prefix and route["upstream"] and at(route["from"]) <= at(moment) and
                  (not route["until"] or at(moment) < at(route["until"]))]
        sums.append(sum(route["upstream"] == upstream for route in having) / len(having))
    return sum(sums) / len(sums)


def check_routes(checks, routes):
    for moment, wanted in (("2017-10-01T09:00:00Z", 0), ("2017-10-01T09:30:00Z", 0.75), ("2017-10-01T10:30:00Z", 0),
                           ("2017-10-01T12:40:00Z", 0.75), ("2017-10-02T08:10:00Z", 0.5),
                           ("2017-10-02T09:20:00Z", 0.25)):
        found = share(routes, TTK, moment)
        checks.expect(f"share {wanted} at {moment}", abs(found - wanted) <= 0.03, found)
    last = {}
    for route in routes:
        key = (route["prefix"], json.dumps(route["vantage"], sort_keys=True))
        checks.expect("intervals do not overlap", key not in last or (last[key] and last[key] <= route["from"]), route)
        last[key] = route["until"]
    checks.equal("a route of each prefix at each vantage point is open", list(last.values()), [None] * 96)


def check_table(checks, tool, history):
    """`routes` as people read it: who carried .178, in order."""
    run = tool.good("routes", "--history", history, "--prefix", "175.45.178.0/24")
    rows = [line.split() for line in run.lines()[1:]]
    over = [row[4] if row[4].startswith("AS") else "none" for row in rows if row[2] != "(still)"]
    dark = ["none", "AS4837"] * 4
    checks.equal("who carried .178", over, ["AS4837", "AS20485", "AS4837"] + dark)
    checks.equal("who carries it now", rows[-1][2:4], ["(still)", "AS20485"])
    asked = tool.good("routes", "--history", history, "--prefix", "175.45.178.0/24", "--upstream", "AS20485")
    checks.equal("--upstream picks lines and leaves the shares", asked.lines()[1:],
                 [line for line in run.lines() if "AS20485" in line])
    window = tool.good("routes", "--history", history, "--prefix", "175.45.178.0/24", "--from", "2017-10-01T10:00:00Z",
                       "--until", "2017-10-01T10:30:00Z").lines()[1:]
    checks.equal("a window cuts", [line.split()[1:3] + [line.split()[4]] for line in window],
                 [["2017-10-01T10:00:00Z", "2017-10-01T10:15:34Z", "AS20485"],
                  ["2017-10-01T10:15:34Z", "2017-10-01T10:30:00Z", "AS4837"]])


def check_explanations(checks, tool, history, events):
    for event in events:
        explained = json.loads(tool.good("explain", event["id"], "--history", history, "--json").out)
        again = explained.pop("recomputed")
        checks.equal(f"{event['type']} is explained as it was told", explained, event)
        checks.equal(f"{event['type']} is computed again", again, {"score": event["score"]["total"], "matches": True})
    text = tool.good("explain", "last", "--type", "upstream_new", "--history", history).out.decode()
    for words in ("computed again from the stored observations: the same", "24 witnesses", "6939 4837 131279",
                  "-> 6939 20485 131279", "rule broad_switch", "thresholds in force"):
        checks.expect(f"the explanation says '{words}'", words in text, text[:1000])


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_exports(checks, tool, history, folder):
    """Exports in all formats; returns the rows of the NDJSON one."""
    rows = {}
    for form in ("ndjson", "csv", "sqlite"):
        path = folder / form
        tool.good("export", "--history", history, "--format", form, "--output", path)
        manifest = json.loads((path / "manifest.json").read_text())
        checks.equal(f"{form}: format", manifest["format"], form)
        for file in manifest["files"]:
            content = (path / file["name"]).read_bytes()
            checks.equal(f"{form}: SHA-256 of {file['name']}", (len(content), hashlib.sha256(content).hexdigest()),
                         (file["bytes"], file["sha256"]))
        checks.equal(f"{form}: nothing else is in the folder", sorted(each.name for each in path.iterdir()),
                     sorted([file["name"] for file in manifest["files"]] + ["manifest.json"]))
        checks.equal(f"{form}: vantage points", len(manifest["vantage_points"]), 24)
        tool.good("verify", path)
        rows[form] = manifest["rows"]
        again = folder / f"{form}-again"
        tool.good("export", "--history", history, "--format", form, "--output", again)
        checks.expect(f"{form}: a second export is the same", all(
            each.read_bytes() == (again / each.name).read_bytes() for each in path.iterdir()))
    checks.expect("all formats have as many rows", rows["ndjson"] == rows["csv"] == rows["sqlite"], rows)
    kinds = ("events", "routes", "observations")
    lines = {kind: [json.loads(line) for line in (folder / "ndjson" / f"{kind}.ndjson").read_text().splitlines()]
             for kind in kinds}
    tables = {kind: read_csv(folder / "csv" / f"{kind}.csv") for kind in kinds}
    for kind in kinds:
        checks.equal(f"{kind} in the manifest", rows["ndjson"][kind], len(lines[kind]))
        checks.equal(f"{kind} in CSV", len(tables[kind]), len(lines[kind]))
    checks.equal("events in CSV", [(row["id"], row["type"], row["time"], json.loads(row["prefixes"]))
                                   for row in tables["events"]],
                 [(row["id"], row["type"], row["time"], row["prefixes"]) for row in lines["events"]])
    checks.equal("routes in CSV", [(row["prefix"], row["vantage_address"], row["path"], row["from"], row["until"])
                                   for row in tables["routes"]],
                 [(row["prefix"], row["vantage"]["address"], row["path"], row["from"], row["until"] or "")
                  for row in lines["routes"]])
    database = sqlite3.connect(f"file:{folder}/sqlite/history.sqlite?mode=ro", uri=True)
    checks.equal("SQLite's own check", database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    checks.equal("events in SQLite", [json.loads(body) for body, in database.execute(
        "SELECT body FROM event ORDER BY time_us, target, type_rank, upstream, id")], lines["events"])
    checks.equal("routes in SQLite", database.execute("SELECT count(*), count(until_utc) FROM route").fetchone(),
                 (len(lines["routes"]), len(lines["routes"]) - 96))
    checks.equal("observations in SQLite", sorted(json.loads(body)["evidence_id"] for body, in database.execute(
        "SELECT body FROM observation")), sorted(row["evidence_id"] for row in lines["observations"]))
    database.close()
    evidence = {row["evidence_id"] for row in lines["observations"]}
    checks.expect("all evidence is in the export", all(
        witness["evidence_id"] in evidence for event in lines["events"]
        for witness in event["witnesses"] + event["counter_evidence"]))
    return lines


def check_filters(checks, tool, history, lines, folder):
    """An export of a part stands alone, and `events` shows the same part."""
    path = folder / "part"
    part = ["--upstream", "AS20485", "--prefix", "175.45.178.0/24", "--from", "2017-10-01T09:00:00Z",
            "--until", "2017-10-01T10:00:00Z"]
    tool.good("export", "--history", history, *part, "--output", path)
    tool.good("verify", path)
    events = [json.loads(line) for line in (path / "events.ndjson").read_text().splitlines()]
    checks.equal("the part's events", [event["type"] for event in events],
                 ["upstream_candidate", "upstream_probable", "upstream_new"])
    checks.equal("events shows them too", tool.good("events", "--history", history, *part, "--json").json_lines(), events)
    one = tool.good("events", "--history", history, "--type", "upstream_new", "--limit", "1", "--json").json_lines()
    checks.equal("--limit counts what --type lets through", one,
                 [event for event in lines["events"] if event["type"] == "upstream_new"])
    evidence = {json.loads(line)["evidence_id"] for line in (path / "observations.ndjson").read_text().splitlines()}
    checks.expect("its evidence comes along", {witness["evidence_id"] for event in events
                                               for witness in event["witnesses"]} <= evidence)


def check_story(tool, _shared):
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        archives = simulate(tool, STORY, folder / "archives")
        checks.equal("archives", len(archives), 6)
        history = folder / "history"
        told = tool.good("replay", "--json", *TARGET, "--history", history, *archives)
        checks.expect("all bytes are accounted for", "skipped" not in told.err and "left over" not in told.err, told.err)
        check_events(checks, told.json_lines())
        listed = tool.good("events", "--history", history, "--format", "ndjson")
        checks.expect("events lists what replay told, byte for byte", listed.out == told.out)
        text = tool.good("events", "--history", history).lines()
        checks.equal("and for people, a line each", [line.split()[0] for line in text],
                     [event["id"] for event in told.json_lines()])
        lines = check_exports(checks, tool, history, folder)
        checks.equal("the export has the events that were told", lines["events"], told.json_lines())
        check_routes(checks, lines["routes"])
        checks.equal("routes lists the same intervals", tool.good("routes", "--history", history, "--json").json_lines(),
                     lines["routes"])
        check_table(checks, tool, history)
        check_explanations(checks, tool, history, lines["events"])
        check_filters(checks, tool, history, lines, folder)
        tool.good("verify", history)
        again = tool.good("replay", "--json", *TARGET, "--history", history, *archives)
        checks.expect("a second replay tells the same and adds nothing", again.out == told.out and
                      tool.good("routes", "--history", history, "--json").json_lines() == lines["routes"])
    return checks.finish()


if __name__ == "__main__":
    main(check_story)
