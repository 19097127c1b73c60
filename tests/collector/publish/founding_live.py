#!/usr/bin/env python3
"""The founding event as if it happened now: founding_live.py FIXTURE ISTHMUSCTL ROOT

Real Prometheus with our rules scrapes what is published, and a real Alertmanager tells a receiver: the new upstream once, with
the right words, and that it is over when it was withdrawn. The scenario is moved in time, so that the second link was confirmed
minutes ago.
"""
import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from alerts import Alertmanager, Receiver, notifications
from fixture import PATIENCE, Checks, Fixture, Server, free_port, until

TOLD = datetime.datetime(2017, 10, 1, 9, 14, tzinfo=datetime.timezone.utc)  # behind the confirmation
OVER = datetime.datetime(2017, 10, 1, 10, 30, tzinfo=datetime.timezone.utc)  # behind the withdrawal
STAMP = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z")


def moved(root, folder, name, end, shift):
    """The scenario up to a time, moved; the paths of its archives."""
    head, *changes = re.split(r"(?m)^(?=\[\[change\]\])", (root / "tests/scenario/star-jv-2017.toml").read_text(encoding="utf-8"))
    head = re.sub(r"(?m)^end = .*$", f"end = {end:%Y-%m-%dT%H:%M:%SZ}", head)

    def time(text):
        return datetime.datetime.fromisoformat(text + "+00:00")
    kept = [change for change in changes if all(time(found) < end for found in STAMP.findall(change))]
    text = STAMP.sub(lambda found: f"{time(found[1]) + shift:%Y-%m-%dT%H:%M:%SZ}", head + "".join(kept))
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.argv[2], "simulate", path, "--output", folder / name], capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout.split()


class Prometheus:
    def __init__(self, root, folder, target, manager):
        self.folder = folder
        self.port = free_port()
        config = yaml.safe_load((root / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
        config["global"].update(scrape_interval="1s", evaluation_interval="1s")
        config["rule_files"] = [str(root / "dashboards/prometheus" / name) for name in ("isthmus-records.yaml", "isthmus-alerts.yaml")]
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{manager}"]}]}]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{target}"]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        with open(folder / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                                             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)

    def query(self, expression):
        try:
            answer = Server(self.port).get("/api/v1/query?query=" + "".join(f"%{byte:02x}" for byte in expression.encode()))
            return answer.json()["data"]["result"] if answer.status == 200 else []
        except OSError:
            return []

    def stop(self):
        self.process.kill()
        self.process.wait()


def main():
    root = pathlib.Path(sys.argv[3]).resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="isthmus-live-") as name:
        folder = pathlib.Path(name)
        shift = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - TOLD
        before = moved(root, folder, "before", TOLD, shift)
        after = moved(root, folder, "after", OVER, shift)
        receiver = Receiver()
        manager = Alertmanager(folder / "alertmanager", free_port(), receiver.port)
        prometheus = None
        try:
            checks.expect("Alertmanager starts", manager.start())
            with Fixture(*sys.argv[1:4], folder=folder, replay=False) as fixture:
                prometheus = Prometheus(root, folder, fixture.port, manager.port)
                checks.expect("the target is scraped", until(lambda: prometheus.query('up{job="isthmus"} == 1')))
                fixture.command("load " + " ".join(before))
                checks.expect("the rule fires", until(lambda: prometheus.query('ALERTS{alertname="IsthmusUpstreamNew",alertstate="firing"}')))
                checks.expect("it is told", until(lambda: notifications(receiver, "IsthmusUpstreamNew", "firing")))
                alert = notifications(receiver, "IsthmusUpstreamNew", "firing")[0]
                checks.equal("who", (alert["labels"]["target"], alert["labels"]["upstream_asn"], alert["labels"]["severity"]), ("AS131279", "20485", "critical"))
                checks.equal("in words", alert["annotations"]["summary"], "AS20485 is confirmed as an upstream of AS131279")
                checks.equal("what to do", alert["annotations"]["runbook_url"], "http://localhost:9740/docs/how-to/runbook#isthmusupstreamnew")
                shares = prometheus.query('isthmus_upstream_share_ratio{upstream_asn="20485",plane="control"}')
                checks.expect("three quarters", shares and abs(float(shares[0]["value"][1]) - 0.75) < 0.03, shares)
                exemplar = Server(prometheus.port).get("/api/v1/query_exemplars?query=isthmus_events_total&start=0&end=9999999999")
                checks.equal("exemplars can be asked for", exemplar.status, 200)
                fixture.command("load " + " ".join(path for path in after if ".updates." in path))
                checks.expect("it is over", until(lambda: notifications(receiver, "IsthmusUpstreamNew", "resolved")),
                              json.dumps(prometheus.query("isthmus_upstream_state == 1"))[:600])
                checks.expect("the withdrawal is told", until(lambda: notifications(receiver, "IsthmusUpstreamWithdrawn", "firing")))
                starts = {each["startsAt"] for each in notifications(receiver, "IsthmusUpstreamNew", "firing")}
                checks.equal("told once", len(starts), 1)
        finally:
            if prometheus:
                prometheus.stop()
            manager.stop()
            receiver.close()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
