#!/usr/bin/env python3
"""The rules for Prometheus and the examples for Alertmanager: prometheus_rules.py ROOT

promtool and amtool must accept them; each alert must say what it must say, have a place in the runbook, a case in which
it fires and one in which it does not; and no rule may ask for a metric or a label that the collector does not have.
"""
import pathlib
import re
import subprocess
import sys

import yaml



def run(report, *command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    report(done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def sent_by_the_collector(root):
    """The names of the alerts that collector/publish makes of events, in small letters as anchors are."""
    types = re.findall(r'"(\w+)"', re.search(r"kTypeNames\{([^}]*)\}", (root / "core/route/vocabulary.cpp").read_text(encoding="utf-8"))[1])
    none = re.search(r"kNone\{([^}]*)\}", (root / "collector/publish/alert.cpp").read_text(encoding="utf-8"))[1]
    silent = {name.lower() for name in re.findall(r"EventType::(\w+)", none)}
    return {f"isthmus{each}" for each in (name.replace("_", "") for name in types) if each not in silent}


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    folder = root / "dashboards/prometheus"
    wrong = []

    def report(good, message):
        if not good:
            wrong.append(message)

    rules = [folder / "isthmus-records.yaml", folder / "isthmus-alerts.yaml"]
    run(report, "promtool", "check", "rules", "--lint=all", *rules)
    cases = sorted((folder / "tests").glob("*.test.yaml"))
    run(report, "promtool", "test", "rules", *cases)
    run(report, "promtool", "check", "config", "--syntax-only", root / "deploy/prometheus/prometheus.yml")
    manager = root / "deploy/alertmanager/alertmanager.yml"
    run(report, "amtool", "check-config", manager)
    for severity, receiver in (("critical", "pager"), ("warning", "day"), ("notice", "log"), ("info", "log")):
        found = run(report, "amtool", "config", "routes", "test", f"--config.file={manager}", f"severity={severity}", "target=kp")
        report(found.strip() == receiver, f"an alert that is {severity} goes to {found}, not to {receiver}")

    reference = (root / "docs/reference/metrics.md").read_text(encoding="utf-8")
    known = dict(re.findall(r"^\| `(\w+)` \| \w+ \| ([^|]*) \|", reference, re.MULTILINE))
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", (root / "docs/how-to/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)}
    names = {test["name"] for path in cases for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]}
    alerts, records = set(), set()
    for path in rules:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                check_rule(rule, known, headings, names, alerts, records, report)
    report(len(alerts) > 20, f"only {len(alerts)} alerts were found")
    missing = sent_by_the_collector(root) - headings
    report(not missing, f"the runbook has no part for what the collector sends: {missing}")
    print("\n".join(wrong) or f"{len(alerts)} alerts and {len(records)} recording rules are right")
    return 1 if wrong else 0


def check_rule(rule, known, headings, names, alerts, records, report):
    name = rule.get("alert") or rule["record"]
    expression = rule["expr"]
    for metric, selector in re.findall(r"\b(isthmus_\w+)(\{[^}]*\})?", re.sub(r"\b\w+:[\w:]+", "", expression)):
        base = re.sub(r"_(bucket|sum|count)$", "", metric)
        entry = known.get(metric) or known.get(base)
        report(entry is not None, f"{name}: there is no metric {metric}")
        labels = set(re.findall(r"(\w+)(?:=|!=|=~|!~)\"", selector))
        missing = [label for label in labels if f"`{label}`" not in (entry or "")]
        report(not missing, f"{name}: {metric} has no label {missing}")
    for record in re.findall(r"\b(\w+:[\w:]+)", expression):
        report(record in records, f"{name}: there is no recording rule {record} before it")
    if "record" in rule:
        records.add(name)
        return
    alerts.add(name)
    notes = rule.get("annotations", {})
    report(rule.get("labels", {}).get("severity") in ("notice", "warning", "critical"), f"{name} has no severity")
    for key in ("summary", "description", "runbook_url"):
        report(notes.get(key), f"{name} has no {key}")
    anchor = notes.get("runbook_url", "").partition("#")[2]
    report(anchor == name.lower(), f"{name}: its runbook_url leads to #{anchor}")
    report(anchor in headings, f"{name}: the runbook has no part of that name")
    for case in (f"{name} fires", f"{name} is silent"):
        report(case in names, f"there is no case \"{case}\"")


if __name__ == "__main__":
    sys.exit(main())
