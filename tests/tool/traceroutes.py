#!/usr/bin/env python3
"""Files of traceroutes, alone, go through label, extraction and detection, and find a new upstream.

traceroutes.py ISTHMUSCTL SHARED_DATA
"""
import gzip
import json
import pathlib

from tool_run import LOSS, OK, Checks, main, scratch

START = 1506848400  # 2017-10-01 09:00:00 UTC
CHANGE = 471        # 09:07:51
LABELS = """start,end,asn
188.43.0.0,188.43.255.255,20485
219.158.0.0,219.158.255.255,4837
175.45.176.0,175.45.179.255,131279
"""
CONFIG = """
[[target]]
name = "star-jv"
origins = ["AS131279"]
prefixes = ["175.45.176.0/24"]
known_upstreams = ["AS4837"]

[labels]
csv = ["labels.csv"]
"""
VANTAGES = 8


def hops(vantage, seconds):
    """Two routers of the upstream, three silent hops, the target: the shape of the real paths."""
    net = "188.43" if seconds >= CHANGE and vantage % 4 != 3 else "219.158"
    return [f"{net}.{vantage}.1", f"{net}.{vantage}.2", None, None, None, "175.45.176.71"]


def atlas(vantage, seconds):
    result = [{"hop": ttl, "result": [{"from": address, "rtt": 10.0 * ttl, "ttl": 64 - ttl, "size": 28} if address else {"x": "*"}]}
              for ttl, address in enumerate(hops(vantage, seconds), 1)]
    return {"fw": 5020, "type": "traceroute", "msm_id": 1, "prb_id": vantage, "dst_addr": "175.45.176.71", "proto": "ICMP",
            "src_addr": "10.0.0.1", "from": f"8.{vantage}.0.1", "timestamp": START + seconds - 2, "endtime": START + seconds,
            "af": 4, "paris_id": 1, "size": 48, "result": result}


def text(vantage, seconds):
    lines = [f"# time: {START + seconds}", f"# vantage: v{vantage} 8.{vantage}.0.1 AS{3300 + vantage}",
             "traceroute to 175.45.176.71 (175.45.176.71), 30 hops max, 60 byte packets"]
    for ttl, address in enumerate(hops(vantage, seconds), 1):
        lines.append(f" {ttl}  {address}  {10.0 * ttl} ms" if address else f" {ttl}  *")
    return "\n".join(lines) + "\n"


def news(run):
    return [(event["type"], event["upstream"]["asn"]) for event in run.json_lines() if event["type"] == "upstream_new"]


def check_traceroutes(tool, _):
    checks = Checks()
    with scratch() as name:
        check_files(tool, checks, pathlib.Path(name))
    return checks.finish()


def check_files(tool, checks, folder):
    times = [(vantage, seconds + vantage) for seconds in range(0, 1800, 60) for vantage in range(VANTAGES)]
    groups = "".join(f"8.{vantage}.0.0,8.{vantage}.255.255,{3300 + vantage}\n" for vantage in range(VANTAGES))
    (folder / "labels.csv").write_text(LABELS + groups, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "traces.txt").write_text("".join(text(*each) for each in times), encoding="utf-8")
    with gzip.open(folder / "atlas.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(atlas(*each)) + "\n" for each in reversed(times))
    (folder / "atlas.json").write_text(json.dumps([atlas(*each) for each in times]), encoding="utf-8")
    for name in ("traces.txt", "atlas.jsonl.gz", "atlas.json"):
        run = tool.run("replay", "--json", "--quiet", "--config.file", folder / "config.toml", folder / name)
        checks.equal(f"{name}: status", run.status, OK)
        checks.equal(f"{name}: news", news(run), [("upstream_new", 20485)])
        found = [event for event in run.json_lines() if event["type"] == "upstream_new"]
        checks.expect(f"{name}: seen by traceroutes", all(event["planes"] == ["data"] for event in found), found)
        versions = {version["name"] for event in found for version in event["dataset_versions"]}
        checks.expect(f"{name}: versions", "csv" in versions, versions)

    whole = (folder / "atlas.json").read_text(encoding="utf-8")
    (folder / "torn.json").write_text(whole[:-300], encoding="utf-8")
    run = tool.run("replay", "--json", "--config.file", folder / "config.toml", folder / "torn.json")
    checks.equal("torn: status", run.status, LOSS)
    checks.equal("torn: news", news(run), [("upstream_new", 20485)])
    untimed = text(0, 0).partition("\n")[2]
    (folder / "untimed.txt").write_text(untimed, encoding="utf-8")
    run = tool.run("replay", "--config.file", folder / "config.toml", folder / "untimed.txt")
    checks.equal("untimed: status", run.status, LOSS)
    checks.expect("untimed: says what to do", "# time:" in run.err, run.err)


if __name__ == "__main__":
    main(check_traceroutes)
