#!/usr/bin/env python3
"""Holds the server to docs/reference/openapi.yaml: api.py FIXTURE ISTHMUSCTL ROOT

Every operation is called on the founding event and its answer compared with the schema; the paths and parameters are
those of the program; lists can be read to their end in pages and give the same as in one stream; hostile requests are
refused with a status 4xx that names the field.
"""
import csv
import io
import json
import re
import sys

import jsonschema
import yaml

from fixture import Fixture, Server, Checks

NEW = "upstream_new"


def schema_of(document, schema):
    """The schema with the definitions that it refers to."""
    text = json.dumps({**schema, "components": document["components"]})
    return json.loads(text)


class Api:
    def __init__(self, server, document, checks):
        self.server = server
        self.document = document
        self.checks = checks
        self.called = set()

    def get(self, path, operation, status=200, **options):
        """Calls, and compares the answer with what the document says of it."""
        answer = self.server.get(path, **options)
        self.checks.equal(f"status of {path}", answer.status, status)
        described = self.document["paths"][operation]["get"]["responses"]
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        response = described.get(str(status)) or described["default"]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        if not self.checks.expect(f"{path} gives {kind}", kind in response["content"], list(response["content"])):
            return answer
        if status == 200:
            self.called.add(operation)
        if kind in ("application/json", "application/problem+json"):
            try:
                jsonschema.validate(answer.json(), schema_of(self.document, response["content"][kind]["schema"]),
                                    cls=jsonschema.Draft202012Validator)
                self.checks.expect(f"{path} is as the document says", True)
            except jsonschema.ValidationError as error:
                self.checks.expect(f"{path} is as the document says", False, f"{list(error.absolute_path)}: {error.message[:300]}")
        return answer


def check_state(api, checks):
    index = api.get("/api/v1", "/api/v1").json()
    for path in index["links"].values():
        template = path if path in api.document["paths"] or path == "/" else None
        checks.expect(f"the index leads to {path}, which is documented", template is not None)
    target = api.get("/api/v1/targets", "/api/v1/targets").json()["targets"][0]
    checks.equal("the target", (target["target"], target["family"]), ("AS131279", "ipv4"))
    checks.expect("it has prefixes", len(target["prefixes"]) == 4, target["prefixes"])
    api.get("/api/v1/targets/AS131279", "/api/v1/targets/{target}")
    api.get("/api/v1/targets/nobody", "/api/v1/targets/{target}", 404)
    upstreams = api.get("/api/v1/upstreams?target=AS131279", "/api/v1/upstreams").json()["upstreams"]
    checks.equal("both upstreams", [each["asn"] for each in upstreams], [4837, 20485])
    api.get("/api/v1/upstreams?state=confirmed,established", "/api/v1/upstreams")
    for name in ("status", "config", "alerts", "probes", "feeds"):
        api.get(f"/api/v1/{name}", f"/api/v1/{name}")
    api.get("/metrics", "/metrics")
    open_metrics = api.get("/metrics", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    checks.expect("OpenMetrics has its end", open_metrics.text().endswith("# EOF\n"))
    checks.expect("and an exemplar", '# {event_id="' in open_metrics.text())
    packed = api.server.get("/metrics", headers={"Accept-Encoding": "gzip"})
    checks.equal("gzip", packed.headers.get("Content-Encoding"), "gzip")
    checks.expect("it reads back", "isthmus_build_info" in packed.text())


def check_lists(api, checks):
    events = api.get("/api/v1/events?limit=1000", "/api/v1/events").json()["items"]
    checks.expect("newest first", [each["time"] for each in events] == sorted((each["time"] for each in events), reverse=True))
    new = api.get(f"/api/v1/events?type={NEW}", "/api/v1/events").json()["items"]
    checks.equal("one is new", [each["upstream"]["asn"] for each in new], [20485])
    critical = api.get("/api/v1/events?severity=critical&order=asc", "/api/v1/events").json()["items"]
    checks.equal("only critical ones", {each["severity"] for each in critical}, {"critical"})
    checks.expect("oldest first", [each["time"] for each in critical] == sorted(each["time"] for each in critical))
    summary = api.get("/api/v1/events?fields=summary", "/api/v1/events").json()["items"][0]
    checks.expect("without the evidence", "witnesses" not in summary and "summary" in summary, list(summary))
    event = api.get(f"/api/v1/events/{new[0]['id']}", "/api/v1/events/{id}").json()
    checks.equal("the event alone is the same", event, new[0])
    told = api.get(f"/api/v1/events/{new[0]['id']}/explain", "/api/v1/events/{id}/explain").json()
    checks.equal("the score can be computed again", told["recomputed"]["matches"], True)
    for word in ("20485", "2017-10-01 09:07:51 UTC", "175.45.178.0/24", "vantage AS", "Before: AS4837", "How sure", "Why:"):
        checks.expect(f"the words say {word}", word in told["text"], told["text"])
    evidence = new[0]["witnesses"][0]["evidence_id"]
    api.get(f"/api/v1/observations/{evidence}", "/api/v1/observations/{evidence_id}")
    for table in ("events", "routes", "observations"):
        pages, cursor, rounds = [], "", 0
        while rounds < 2000:
            page = api.server.get(f"/api/v1/{table}?limit={5 if table == 'events' else 200}" + (f"&cursor={cursor}" if cursor else "")).json()
            pages += page["items"]
            rounds += 1
            cursor = page.get("next_cursor", "")
            if not cursor:
                break
        order = "&order=desc" if table != "routes" else ""
        stream = [json.loads(line) for line in api.get(f"/api/v1/{table}?format=ndjson{order}", f"/api/v1/{table}").text().splitlines()]
        checks.expect(f"{table}: more than one page", rounds > 1, rounds)
        checks.expect(f"{table}: pages and stream are the same", pages == stream, (len(pages), len(stream)))
        rows = list(csv.reader(io.StringIO(api.get(f"/api/v1/{table}?format=csv", f"/api/v1/{table}").text())))
        checks.equal(f"{table}: rows of the CSV", len(rows) - 1, len(stream))
        exported = api.get(f"/api/v1/export/{table}", "/api/v1/export/{table}")
        checks.equal(f"{table}: lines of the export", len(exported.text().splitlines()), len(stream))
        checks.expect("it is a file", "attachment" in exported.headers.get("Content-Disposition", ""))
        api.get(f"/api/v1/{table}?limit=1", f"/api/v1/{table}")


def check_pictures(api, checks):
    window = "from=2017-10-01T09:00:00Z&until=2017-10-01T12:00:00Z"
    shares = api.get(f"/api/v1/shares?target=AS131279&{window}", "/api/v1/shares").json()
    checks.equal("steps", len(shares["times"]), 12)
    ttk = next(each for each in shares["upstreams"] if each["asn"] == 20485)["share"]
    unicom = next(each for each in shares["upstreams"] if each["asn"] == 4837)["share"]
    checks.expect("three quarters at 09:30", abs(ttk[2] - 0.75) < 0.03, ttk)
    checks.expect("the rest at 09:30", abs(unicom[2] - 0.25) < 0.03, unicom)
    checks.expect("a part of the first quarter of an hour", 0.3 < ttk[0] < 0.45, ttk)
    rows = list(csv.DictReader(io.StringIO(api.get(f"/api/v1/shares?target=AS131279&{window}&format=csv", "/api/v1/shares").text())))
    checks.expect("the CSV says the same", abs(sum(float(row["share"]) for row in rows if row["time"] == "2017-10-01T09:30:00Z") - 1) < 1e-6)
    before = api.get("/api/v1/graph?target=AS131279&at=2017-10-01T09:00:00Z", "/api/v1/graph").json()
    after = api.get("/api/v1/graph?target=AS131279&at=2017-10-01T09:30:00Z", "/api/v1/graph").json()

    def upstreams(graph):
        return {link["from"]: round(link["share"], 2) for link in graph["links"] if link["to"] == "131279"}
    checks.equal("one link before", upstreams(before), {"4837": 1.0})
    checks.equal("two after", upstreams(after), {"20485": 0.75, "4837": 0.25})
    for graph in (before, after):
        layers = {node["id"]: node["layer"] for node in graph["nodes"]}
        checks.expect("links lead inwards", all(layers[link["from"]] > layers[link["to"]] for link in graph["links"]))
    few = api.get("/api/v1/graph?target=AS131279&at=2017-10-01T09:30:00Z&nodes=5&hops=3", "/api/v1/graph").json()
    checks.expect("few nodes, if wanted", len(few["nodes"]) <= 6 and any(node["role"] == "other" for node in few["nodes"]), few["nodes"])
    api.get("/api/v1/graph?target=nobody", "/api/v1/graph", 404)


def check_caching(api, checks):
    first = api.server.get("/api/v1/targets")
    again = api.server.get("/api/v1/targets", headers={"If-None-Match": first.headers["ETag"]})
    checks.equal("nothing new", (again.status, again.body), (304, b""))
    packed = api.server.get("/api/v1/events", headers={"Accept-Encoding": "gzip"})
    checks.equal("compressed", packed.headers.get("Content-Encoding"), "gzip")
    checks.expect("and readable", packed.json()["items"])
    head = api.server.request("HEAD", "/api/v1/targets")
    checks.equal("HEAD", (head.status, head.body), (200, b""))
    page = api.server.get("/")
    policy = page.headers.get("Content-Security-Policy", "")
    checks.expect("a strict policy", page.status == 200 and "default-src 'none'" in policy and "unsafe" not in policy, policy)
    checks.equal("no sniffing", page.headers.get("X-Content-Type-Options"), "nosniff")


def check_hostile(api, checks):
    refused = [
        ("/api/v1/events?limit=1001", "limit"), ("/api/v1/events?limit=0", "limit"), ("/api/v1/events?limit=-1", "limit"),
        ("/api/v1/events?limit=99999999999999999999999", "limit"), ("/api/v1/events?limit=1e3", "limit"),
        ("/api/v1/events?cursor=AAAA", "cursor"), ("/api/v1/events?cursor=%00", "query"), ("/api/v1/events?cursor=%zz", "query"), ("/api/v1/events?cursor=../../etc", "cursor"),
        ("/api/v1/events?cursor=" + "A" * 1500, "cursor"), ("/api/v1/routes?cursor=ZQ", "cursor"),
        ("/api/v1/events?type=upstream_nwe", "type"), ("/api/v1/events?severity=bad", "severity"), ("/api/v1/events?from=yesterday", "from"),
        ("/api/v1/events?from=2017-10-02T00:00:00Z&until=2017-10-01T00:00:00Z", "until"), ("/api/v1/events?prefix=175.45.176.1/24", "prefix"),
        ("/api/v1/events?upstream=AS99999999999", "upstream"), ("/api/v1/events?nonsense=1", "nonsense"), ("/api/v1/events?target=a&target=b", "target"),
        ("/api/v1/events?target=", "target"), ("/api/v1/targets?limit=1", "limit"), ("/api/v1/upstreams?state=dead", "state"),
        ("/api/v1/shares", "target"), ("/api/v1/shares?target=AS131279&step=1", "step"),
        ("/api/v1/shares?target=AS131279&from=1970-01-01T00:00:00Z", "step"), ("/api/v1/graph?target=AS131279&hops=17", "hops"),
        ("/api/v1/graph?target=AS131279&plane=astral", "plane"), ("/api/v1/events/short", "id"), ("/api/v1/events/short/explain", "id"),
        ("/api/v1/observations/xyz", "evidence_id"), ("/api/v1/export/passwd", "table"), ("/api/v1/export/events?format=exe", "format"),
        ("/api/v1/stream?type=x", "type"), ("/api/v1/events?" + "&".join(f"a{i}=1" for i in range(100)), None),
    ]
    for path, field in refused:
        answer = api.server.get(path)
        kind = answer.headers.get("Content-Type")
        good = answer.status == 400 and kind == "application/problem+json" and (field is None or answer.json().get("field") == field)
        checks.expect(f"{path[:80]} is refused for {field}", good, (answer.status, answer.body[:200]))
    for path in ("/api/v1/nothing", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/export/..%2f..%2fetc%2fpasswd", "/assets/../index.php",
                 "/%00", "/%zz", "/api/v1/targets/%2e%2e", "/api/v1/events/01BVBK24JR0000000000000000"):
        answer = api.server.get(path)
        checks.expect(f"{path} is refused", 400 <= answer.status < 500, answer.status)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = api.server.request(method, "/api/v1/events")
        checks.expect(f"{method} is refused", 400 <= answer.status < 500, answer.status)
    flood = api.server.get("/api/v1", headers={f"X-{number}": "x" * 1000 for number in range(40)})
    checks.expect("a flood of headers is refused", 400 <= flood.status < 500, flood.status)
    checks.equal("it still answers", api.server.get("/api/v1").status, 200)


def check_stream(api, checks, fixture):
    with api.server.stream("/api/v1/stream?severity=warning") as listener:
        checks.equal("the kind of the stream", listener.headers.get("Content-Type"), "text/event-stream")
        fixture.command("tell all")
        fixture.command("snapshot")
        frames = listener.frames(lambda seen: sum(frame.get("event") == "snapshot" for frame in seen) > 1)
    events = [json.loads(frame["data"]) for frame in frames if frame.get("event") == "event"]
    checks.expect("events come", any(event["type"] == NEW for event in events), len(events))
    checks.expect("only those that were asked for", all(event["severity"] in ("warning", "critical") for event in events))
    ids = [frame["id"] for frame in frames if frame.get("event") == "event"]
    with api.server.stream("/api/v1/stream?severity=warning", headers={"Last-Event-ID": ids[0]}) as listener:
        missed = listener.frames(lambda seen: sum(frame.get("event") == "event" for frame in seen) >= len(ids) - 1)
    checks.equal("what was missed comes first", [frame["id"] for frame in missed if frame.get("event") == "event"], ids[1:])
    api.called.add("/api/v1/stream")


def main():
    document = yaml.safe_load(open(f"{sys.argv[3]}/docs/reference/openapi.yaml", encoding="utf-8"))
    checks = Checks()
    with Fixture(*sys.argv[1:4], TELL_FIRST="1") as fixture:
        api = Api(Server(fixture.port), document, checks)
        check_state(api, checks)
        check_lists(api, checks)
        check_pictures(api, checks)
        check_caching(api, checks)
        check_hostile(api, checks)
        check_stream(api, checks, fixture)
    checks.equal("every operation was called", sorted(set(document["paths"]) - api.called), [])
    source = "".join(open(f"{sys.argv[3]}/collector/publish/{name}.cpp", encoding="utf-8").read() for name in ("api_state", "api_history", "api_operation"))
    served = set(re.findall(r'"(/(?:api/v1|metrics)[^"]*)"', source.partition("kLinks{{")[0] + source.rpartition("add_operation_routes(")[2]))
    served = {path for path in served if not path.endswith("/")}
    served |= {f"/api/v1/{table}" for table in ("events", "routes", "observations")}
    checks.equal("every path that is served is documented", sorted(path for path in served if path not in document["paths"]), [])
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
