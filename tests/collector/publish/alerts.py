#!/usr/bin/env python3
"""Alerts at a real Alertmanager and at a webhook: alerts.py FIXTURE ISTHMUSCTL ROOT

From the founding event: the new upstream is told once, with the right words, signed, and resolved when it is withdrawn; while
receivers are away, and the collector itself is killed, nothing is lost and nothing told twice. Times are compressed.
"""
import hashlib
import hmac
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

from fixture import PATIENCE, Checks, Fixture, Server, free_port, until

KEY = b"a secret of the test"
WORDS = ("AS20485", "first seen 2017-10-01 09:07:51 UTC", "175.45.176.0/24 (0 % before", "175.45.178.0/24", "175.45.179.0/24",
         "Seen from:", "vantage ASes in BGP", "Before: AS4837 100 %", "After: AS20485", "How sure:", "nats", "Why:")


class Receiver:
    """A webhook. While it is away it answers 503; what it takes it keeps."""

    def __init__(self, port=0):
        taken = self.taken = []
        self.away = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not outer.away:
                    taken.append((dict(self.headers), body))
                self.send_response(503 if outer.away else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self):
        return [json.loads(body) for _, body in list(self.taken)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Alertmanager:
    def __init__(self, folder, port, receiver):
        self.folder, self.port = pathlib.Path(folder), port
        self.folder.mkdir(exist_ok=True)
        (self.folder / "alertmanager.yml").write_text(json.dumps({
            "route": {"receiver": "test", "group_by": ["alertname", "target", "upstream_asn"], "group_wait": "1s", "group_interval": "1s",
                      "repeat_interval": "1h"},
            "receivers": [{"name": "test", "webhook_configs": [{"url": f"http://127.0.0.1:{receiver}/", "send_resolved": True}]}]}), encoding="utf-8")
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={self.folder}/alertmanager.yml", f"--storage.path={self.folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="], stdout=log, stderr=log)
        server = Server(self.port)

        def ready():
            try:
                return server.get("/-/ready").status == 200
            except OSError:
                return False
        return until(ready)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def of(deliveries, name, status):
    return [each for each in deliveries if each["alert"]["name"] == name and each["status"] == status]


def notifications(receiver, name, status):
    return [alert for body in receiver.bodies() for alert in body["alerts"] if alert["labels"]["alertname"] == name and alert["status"] == status]


def check_signatures(checks, hook):
    for headers, body in hook.taken:
        wanted = "v1=" + hmac.new(KEY, headers["X-Isthmus-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
        if not checks.expect("the signature", hmac.compare_digest(headers["X-Isthmus-Signature"], wanted), headers):
            return
        checks.equal("the delivery", headers["X-Isthmus-Delivery"], json.loads(body)["id"])


def check_quiet_story(checks, fixture, hook, downstream):
    """Everybody is there."""
    fixture.command("tell upstream_new")
    checks.expect("the webhook hears of it", until(lambda: of(hook.bodies(), "IsthmusUpstreamNew", "firing")))
    checks.expect("Alertmanager tells of it", until(lambda: notifications(downstream, "IsthmusUpstreamNew", "firing")))
    alert = of(hook.bodies(), "IsthmusUpstreamNew", "firing")[0]["alert"]
    told = notifications(downstream, "IsthmusUpstreamNew", "firing")[0]
    for word in WORDS:
        checks.expect(f"the webhook says {word}", word in alert["description"], alert["description"])
        checks.expect(f"Alertmanager says {word}", word in told["annotations"]["description"], told["annotations"])
    checks.equal("labels", (told["labels"]["target"], told["labels"]["upstream_asn"], told["labels"]["severity"]), ("AS131279", "20485", "critical"))
    checks.equal("the runbook", told["annotations"]["runbook_url"], "https://isthmus.example/docs/how-to/runbook#isthmusupstreamnew")
    standing = Server(fixture.port).get("/api/v1/alerts").json()
    checks.equal("it stands", [each["name"] for each in standing["firing"]], ["IsthmusUpstreamNew"])
    fixture.command("tell upstream_new")  # handed over again, as after a crash
    fixture.command("tell upstream_withdrawn")
    checks.expect("the webhook hears of the end", until(lambda: of(hook.bodies(), "IsthmusUpstreamNew", "resolved")))
    checks.expect("Alertmanager tells of the end", until(lambda: notifications(downstream, "IsthmusUpstreamNew", "resolved")))
    end = of(hook.bodies(), "IsthmusUpstreamNew", "resolved")[0]
    checks.equal("what ended it", end["ended_by"]["type"], "upstream_withdrawn")
    checks.expect("in words", "Ended by upstream_withdrawn at 2017-10-01 10:" in end["alert"]["description"], end["alert"]["description"])
    checks.equal("told once", len(of(hook.bodies(), "IsthmusUpstreamNew", "firing")), 1)
    checks.equal("Alertmanager was told once", len({alert["startsAt"] for alert in notifications(downstream, "IsthmusUpstreamNew", "firing")}), 1)


def check_outage(checks, arguments, folder, hook, manager, downstream):
    """Both receivers are away, and the collector dies: all is told afterwards, once and in order."""
    hook.away = True
    manager.stop()
    environment = {"QUICK": "1", "WEBHOOK": f"http://127.0.0.1:{hook.port}/", "ALERTMANAGER": f"http://127.0.0.1:{manager.port}", "SECRET": f"{folder}/key"}
    with Fixture(*arguments, folder=folder, replay=False, **environment) as fixture:
        fixture.command("tell all")
        metrics = Server(fixture.port)
        checks.expect("they are tried again and again", until(lambda: any(
            line.startswith('isthmus_alert_deliveries_total{receiver="webhook",result="failed"}') and float(line.split()[1]) >= 5
            for line in metrics.get("/metrics").text().splitlines())))
        checks.equal("nothing got through", len([body for body in hook.bodies() if body["alert"]["name"] == "IsthmusUpstreamReturned"]), 0)
        fixture.kill()
    with Fixture(*arguments, folder=folder, replay=False, **environment) as fixture:
        fixture.command("tell all")  # the history is read again after a crash
        hook.away = False
        checks.expect("Alertmanager is back", manager.start())
        server = Server(fixture.port)

        def delivered():
            receivers = server.get("/api/v1/alerts").json()["receivers"]
            return all(each["waiting"] == 0 and each["delivered"] > 0 for each in receivers)
        checks.expect("all is delivered", until(delivered), server.get("/api/v1/alerts").text())
        checks.expect("nothing was refused", all(each["refused"] == 0 for each in server.get("/api/v1/alerts").json()["receivers"]))
        told = server.get("/api/v1/events?limit=1000&severity=notice&order=asc").json()["items"]
    silent = {"upstream_candidate", "upstream_probable", "upstream_discovered", "upstream_established", "target_reachable", "coverage_ok", "dismissed"}
    wanted = [event["id"] + ":firing" for event in told if event["type"] not in silent]
    firing = [body["id"] for body in hook.bodies() if body["status"] == "firing"]
    checks.expect("there is something to lose", len(wanted) >= 8, len(wanted))
    checks.equal("every one is told once", sorted(firing), sorted(wanted))
    ids = [body["id"] for body in hook.bodies()]
    checks.equal("no end before its beginning", [each for each in ids if each.endswith(":resolved") and
                                                 ids.index(each) < ids.index(each.replace(":resolved", ":firing"))], [])
    checks.expect("four blackouts end", len(of(hook.bodies(), "IsthmusTargetUnreachable", "resolved")) == 4)
    checks.expect("Alertmanager tells of blackouts", until(lambda: notifications(downstream, "IsthmusTargetUnreachable", "firing")))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="isthmus-alerts-") as folder:
        pathlib.Path(folder, "key").write_bytes(KEY + b"\n")
        hook, downstream = Receiver(), Receiver()
        manager = Alertmanager(f"{folder}/alertmanager", free_port(), downstream.port)
        try:
            checks.expect("Alertmanager starts", manager.start())
            with Fixture(*sys.argv[1:4], folder=folder, QUICK="1", WEBHOOK=f"http://127.0.0.1:{hook.port}/", SECRET=f"{folder}/key",
                         ALERTMANAGER=f"http://127.0.0.1:{manager.port}") as fixture:
                check_quiet_story(checks, fixture, hook, downstream)
            check_outage(checks, sys.argv[1:4], folder, hook, manager, downstream)
            check_signatures(checks, hook)
        finally:
            manager.stop()
            hook.close()
            downstream.close()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
