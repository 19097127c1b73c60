#!/usr/bin/env python3
"""rate_test.py ISTHMUS_PROBE [RUNS]: 65,536 probe packets and more at 20,000 a second through eight hops with ECMP.

In each of UDP, ICMP and TCP: every hop of 8,192 targets found, none wrong, no packet dropped by the capture. Prints rate and
CPU. The machine must be able to forward 20,000 packets a second through eight namespaces beside the prober.
"""
import json
import re
import resource
import subprocess
import sys
import tempfile
import time

import lab as lab_module

TARGETS = 8192
failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def measure(lab, program, protocol, number):
    targets = "\n".join(f"10.9.{i // 256}.{i % 256}" for i in range(TARGETS))
    with tempfile.NamedTemporaryFile("w", suffix=".targets") as file, tempfile.TemporaryFile("w+") as output:
        file.write(targets)
        file.flush()
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        result = subprocess.run(
            ["ip", "netns", "exec", lab.name("src"), program, "trace", "-t", file.name, "-P", protocol, "--rate", "20000",
             "--json", "--statistics", "-g", "8"], stdout=output, stderr=subprocess.PIPE, text=True, check=False)
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        traces = [json.loads(line) for line in output]
    sent, answered, timed_out, dropped = parse(result.stderr)
    whole = wrong = 0
    for trace in traces:
        path = [hop["replies"][0]["from"] if hop["replies"] else None for hop in trace["hops"]]
        whole += len(path) == 8 and None not in path and path[7] in (trace["destination"], "10.0.5.2")
        wrong += lab.false_link([each for each in path if each]) is True
    user = after.ru_utime - before.ru_utime
    print(f"{protocol} run {number}: {whole} of {TARGETS} whole, {wrong} wrong, {dropped} dropped; {sent} packets in "
          f"{wall:.2f} s = {sent / wall:.0f}/s, user CPU {1e6 * user / sent:.2f} s/M, system "
          f"{1e6 * (after.ru_stime - before.ru_stime) / sent:.2f} s/M, "
          f"{timed_out} timed out")
    expect(dropped == 0, f"{protocol}: the capture dropped {dropped}")
    expect(wrong == 0, f"{protocol}: {wrong} wrong paths")
    expect(whole == TARGETS, f"{protocol}: {TARGETS - whole} paths are not whole")
    expect(answered >= 8 * TARGETS, f"{protocol}: {answered} answers, expected {8 * TARGETS} at least")


def parse(text):
    sent = int(re.search(r"(\d+) probe packets", text).group(1))
    answered = int(re.search(r"(\d+) answered", text).group(1))
    timed_out = int(re.search(r"(\d+) timed out", text).group(1))
    dropped = int(re.search(r"dropped (\d+)", text).group(1))
    return sent, answered, timed_out, dropped


def main():
    lab_module.require("ip", "ethtool")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with lab_module.Lab() as lab:
        for protocol in ("udp", "icmp", "tcp"):
            for number in range(1, runs + 1):
                measure(lab, sys.argv[1], protocol, number)
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
