#!/usr/bin/env python3
"""service_test.py TRACE_SERVICE_CLIENT: the engine in an event loop, asked at any time, over the diamond of lab.py.

Different methods, families and options at once; one destination twice; requests from inside a callback and after a time
without work; cancelled before it began and under way; no route. Each request is answered exactly once.
"""
import sys

import lab as lab_module


def main():
    lab_module.require("ip", "ethtool")
    failures = []
    with lab_module.Lab() as lab:
        lab.inside("src", "ip", "route", "add", "unreachable", "198.51.100.0/24")
        # A neighbour that answers nobody: nothing comes back from there.
        lab.inside("r1", "ip", "route", "add", "blackhole", "203.0.113.0/24")
        lab.inside("src", "ip", "route", "add", "203.0.113.0/24", "via", "10.0.1.99")
        result = lab.inside("src", sys.argv[1], check=False)
    lines = dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line)
    print(result.stdout, result.stderr)
    wanted = {f"{target}-{method}": (f"completed 1 8 {target}",) for target in ("10.9.0.1", "10.9.0.2", "fd09::1")
              for method in ("udp", "icmp", "tcp_syn")}
    for name in list(wanted):
        if name.endswith("udp"):
            # The host behind the target's address may answer with its own.
            wanted[name] = ("completed 1 8",)
    wanted.update({"three-hops": ("hop_limit 1 3",), "multipath": ("completed",), "no-route": ("error 1 0 -",),
                   "cancelled-at-once": ("nothing 0 0 -",), "cancelled-under-way": ("cancelled 1",),
                   "from-a-callback-1": ("completed 1 8",), "from-a-callback-2": ("completed 1 8",),
                   "after-idling": ("completed 1 8",)})
    for name, (start,) in wanted.items():
        if not lines.get(name, "missing").startswith(start):
            failures.append(f"{name}: {lines.get(name, 'missing')}, not {start}")
    names = [line.split(": ", 1)[0] for line in result.stdout.splitlines() if ": " in line]
    if sorted(names) != sorted(wanted):
        failures.append(f"answered: {sorted(names)}")
    if int(lines.get("multipath", "completed 0").split()[1]) < 4:
        failures.append(f"multipath: {lines.get('multipath')}")
    if result.returncode != 0 or "cancelled=1 active=0 waiting=0" not in result.stdout or "dropped=0" not in result.stdout:
        failures.append(f"the end: {result.returncode}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
