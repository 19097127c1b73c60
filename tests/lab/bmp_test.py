#!/usr/bin/env python3
"""bmp_test.py COLLECTOR: real FRR and GoBGP tell a real collector over BMP what happens among six ASes.

AS3356 hears of the second way as soon as it is there, and its customer AS2603 never does: what a best path hides. All views
of a router are one witness. Restarted daemons and sessions are no event; a leak is one, and no new upstream.
"""
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "tool", HERE.parent / "collector" / "daemon", HERE.parent / "support"):
    sys.path.insert(0, str(folder))

from isthmus_lab import acts, blueprint, daemons, kernel, topology  # noqa: E402
from live_feeds import Fed, toml  # noqa: E402
from tool_run import Checks, scratch  # noqa: E402

BMP_ROUTERS = ("4837", "20485", "3356", "2603", "7660")
PREFIX = "175.45.176.0/24"


class InLab(Fed):
    """A collector in a namespace, and how it is asked from outside."""

    def get(self, path, method="GET"):
        inside = ["nsenter", f"--net=/run/netns/{self.space.name('collector')}", "--"]
        done = subprocess.run([*inside, "curl", "-s", "-m", "60", "-X", method, "-w", "\n%{http_code}", f"http://127.0.0.1:{self.web}{path}"],
                              capture_output=True, text=True, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def observations(self, upstream):
        return self.json(f"/api/v1/observations?upstream={upstream}&limit=1000")["items"]

    def named_by(self, upstream):
        return {(each["vantage"]["source"], each["vantage"]["asn"]) for each in self.observations(upstream)}

    def candidate(self):
        return next((each for each in self.json("/api/v1/events")["items"] if each["type"] == "upstream_candidate"
                     and each["upstream"]["asn"] == 20485), None)


def in_namespace(space, program):
    """A program that runs another one in the collector's namespace: where a path is wanted, not a command."""
    script = space.folder / "collector.sh"
    script.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{space.name("collector")} -- {program} "$@"\n')
    script.chmod(0o755)
    return str(script)


def addresses(plan, router):
    mine = [each.ip for wire in plan.wires for port in (wire.left, wire.right) if port.node == router for each in port.addresses]
    return [str(each) for each in (*mine, *plan.loopbacks.get(router, [])) if each.version == 4]


def configuration(plan, history):
    routers = "".join(f'[[feeds.bmp.router]]\nname = "r{router}"\nfrom = {json.dumps([f"{each}/32" for each in addresses(plan, router)])}\n'
                      for router in BMP_ROUTERS)
    return toml(history, routers=routers).replace('"127.0.0.1:0"', f'":{daemons.BMP_PORT}"').replace('hold = "3s"', 'hold = "5m"')


def await_route(routers, router, upstream, seconds=60):
    """When the router has a route over this upstream in its table, best or not."""
    end = time.time() + seconds
    while time.time() < end:
        try:
            table = json.loads(routers.vtysh(router, f"show bgp ipv4 unicast {PREFIX} json"))
        except json.JSONDecodeError:
            table = {}
        if any(f"{upstream} 131279" in each.get("aspath", {}).get("string", "") for each in table.get("paths", [])):
            return time.time()
        time.sleep(0.02)
    return None


def seconds_of(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0" + text[19:-1] if "." in text else 0)


def check_second_way(checks, collector, stage):
    routers = stage.routers
    begun = time.time()
    acts.plug(stage, "ttk")
    there = await_route(routers, "3356", 20485)
    checks.expect("AS3356 has the route", there, there)
    event = collector.wait_for(collector.candidate)
    took = time.time() - begun
    seen = {each["vantage"]["source"]: seconds_of(each["time"]) for each in event["witnesses"]}
    print(f"link up; {there - begun:.2f} s later the route is in AS3356's table; witnesses (s after that): "
          f"{({name: round(when - there, 3) for name, when in seen.items()})}; event in the API after {took:.2f} s")
    checks.expect("it was seen within seconds", min(seen.values()) - there < 10, seen)
    # Their group is one, AS20485; its members are kept apart all the same.
    collector.wait_for(lambda: {"r3356", "r7660"} <= {source for source, _ in collector.named_by(20485)})
    vantages = collector.named_by(20485)
    observed = collector.observations(20485)
    print(f"who named AS20485: {sorted(vantages)}")
    checks.expect("AS3356 hears it from TransTeleCom before policy", ("r3356", 20485) in vantages, vantages)
    checks.expect("the best path hides it from AS2603", not any(source == "r2603" for source, _ in vantages), vantages)
    checks.expect("GoBGP behind TransTeleCom sees it", any(source == "r7660" for source, _ in vantages), vantages)
    own = [each["path"] for each in observed if each["vantage"]["source"] == "r20485"]
    checks.expect("TransTeleCom's own router is a witness of itself", [20485, 131279] in own, own)
    # Pre-policy, post-policy and Loc-RIB of one router: one vote for each of its peers.
    votes = {}
    for each in observed:
        votes.setdefault((each["vantage"]["source"], each["vantage"]["address"], each["prefix"]), []).append(each)
    checks.expect("all views of a router are one witness", all("/" not in source for source, _, _ in votes), list(votes))


def check_restarts(checks, collector, stage):
    """Daemons are killed and started again, and sessions are reset: nothing new is told."""
    told, gaps = collector.events(), collector.feed("r3356")["gaps"]
    acts.restart(stage, "3356")
    stage.routers.await_sessions()
    collector.wait_for(lambda: collector.feed("r3356")["gaps"] > gaps and collector.feed("r3356")["state"] == "live")
    collector.await_judgement()
    new = set(collector.events()) - set(told)
    checks.expect("a router that is restarted is no change of upstreams",
                  not any(kind.startswith("upstream") for kind, _ in new), new)


def check_leak(checks, collector, stage):
    """The target tells TransTeleCom what it hears from China Unicom: a leak, and nobody's new upstream."""
    acts.leak(stage, "ttk")
    collector.wait_for(lambda: any(kind == "suspected_leak" for kind, _ in collector.events()))
    collector.await_judgement()
    candidates = {each["upstream"]["asn"] for each in collector.json("/api/v1/events")["items"]
                  if each["type"].startswith("upstream_") and each["upstream"]}
    checks.expect("a leak makes no upstream", candidates <= {20485}, candidates)
    acts.stop_leak(stage, "ttk")


def run(checks, program, space, folder):
    plan = blueprint.draw(topology.load(HERE / "topologies" / "six.toml"))
    kernel.build(space, plan)
    routers = daemons.Routers(space, plan)
    routers.start_all()
    routers.await_sessions(down=2)
    # What FRR shows after policy comes on top of what is there before.
    routers.configure("3356", "router bgp 3356", "bmp targets collector", "bmp monitor ipv4 unicast post-policy")
    config = folder / "collector.toml"
    config.write_text(configuration(plan, folder / "history"))
    InLab.space = space
    collector = InLab(in_namespace(space, program), config, folder / "log").await_routers()
    for router in BMP_ROUTERS:
        collector.wait_for(lambda name=f"r{router}": collector.feed(name)["state"] == "live")
    collector.await_judgement()
    checks.equal("tables are no event", collector.events(), [])
    checks.equal("one upstream", set(collector.upstreams()), {4837})
    stage = acts.Stage(space, plan, routers)
    check_second_way(checks, collector, stage)
    check_restarts(checks, collector, stage)
    check_leak(checks, collector, stage)
    for router in BMP_ROUTERS:
        feed = collector.feed(f"r{router}")
        print(f"{feed['name']}: {feed['messages']} messages, skipped {feed['skipped']}, "
              f"peers {[(each['asn'], each['view'], each['routes']) for each in feed['peers']]}")
        checks.expect("no message was malformed", "malformed" not in feed["skipped"], feed["skipped"])
    checks.equal("ended as told", collector.stop()[0], 0)


def main():
    checks = Checks()
    space = kernel.Space(f"bmp{os.getpid()}")
    with scratch() as name:
        try:
            space.folder.mkdir(parents=True, exist_ok=True)
            run(checks, pathlib.Path(sys.argv[1]).absolute(), space, pathlib.Path(name))
        finally:
            space.remove()
    checks.expect("nothing is left", not space.exists())
    return checks.finish()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, to make network namespaces")
        sys.exit(77)
    sys.exit(main())
