#!/usr/bin/env python3
"""faults_test.py ISTHMUS_PROBE: each fault has a defined outcome.

Interface down and up, another link address of the gateway, a rate-limited and a silent router, nothing answering at all,
no route, a dead resolver, no capability, capabilities dropped after the start, SIGINT, a ring that is too small.
"""
import json
import os
import signal
import subprocess
import sys
import time

import lab as lab_module

failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def start(lab, program, *arguments):
    return subprocess.Popen(["ip", "netns", "exec", lab.name("src"), program, "trace", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def trace(lab, program, *arguments):
    result = lab.inside("src", program, "trace", "--json", *arguments, check=False)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def silent(one):
    return [hop["ttl"] for hop in one["hops"] if not hop["replies"]]


def check_silence(lab, program):
    lab.inside("r2", "nft", "add table inet t; add chain inet t out { type filter hook output priority 0; }; "
               "add rule inet t out meta l4proto { icmp, ipv6-icmp } drop")
    for target in ("10.9.0.1", "fd09::1"):
        _, (one,) = trace(lab, program, target, "-w", "0.2", "-q", "3")
        expect(silent(one) == [2] and one["stop"] == "completed", f"silent router: {one}")
        expect(one["hops"][1]["sent"] == 3, f"silent router: {one['hops'][1]}")
    lab.inside("r2", "nft", "delete table inet t")
    started = time.monotonic()
    result, (one,) = trace(lab, program, "10.9.0.1", "-w", "0.2", "-P", "tcp", "-p", "81", "-f", "9", "-m", "12")
    expect(one["stop"] == "completed" and one["hops"][0]["ttl"] == 9, f"first TTL past the target: {one}")
    lab.inside("r1", "nft", "add table inet t; add chain inet t in { type filter hook prerouting priority -300; }; "
               "add rule inet t in ip daddr 10.9.0.0/16 drop")
    started = time.monotonic()
    result, (one,) = trace(lab, program, "10.9.0.1", "-w", "0.2", "-q", "2", "-g", "4")
    expect(silent(one) == [1, 2, 3, 4] and one["stop"] == "gap_limit" and result.returncode == 0,
           f"nothing answers: {one}")
    expect(time.monotonic() - started < 1.5, f"nothing answers: took {time.monotonic() - started} s")
    lab.inside("r1", "nft", "delete table inet t")


def check_nat(lab, program):
    lab.inside("r2", "nft", "add table ip n; add chain ip n post { type filter hook postrouting priority 300; }; "
               "add rule ip n post ip daddr 10.9.0.0/16 udp sport set 1234")
    _, (one,) = trace(lab, program, "10.9.0.1")
    marked = [bool(hop["replies"] and hop["replies"][0].get("nat")) for hop in one["hops"]]
    # r2 itself answers before it rewrites.
    expect(marked == [False] * 2 + [True] * 6, f"NAT: marked {marked}")
    lab.inside("r2", "nft", "delete table ip n")


def check_addresses(lab, program):
    result, (one,) = trace(lab, program, "192.0.2.1", "-w", "0.2", "-g", "2", "-m", "3")
    expect(one["stop"] in ("unreachable", "gap_limit", "hop_limit"), f"no such target: {one}")
    lab.inside("src", "ip", "route", "add", "unreachable", "198.51.100.0/24")
    result, (one,) = trace(lab, program, "198.51.100.1")
    expect(one["stop"] == "error" and result.returncode == 1 and "no route" in result.stderr, f"no route: {result}")
    lab.inside("src", "ip", "route", "add", "203.0.113.0/24", "via", "10.0.1.99")
    started = time.monotonic()
    result, (one,) = trace(lab, program, "203.0.113.1")
    took = time.monotonic() - started
    expect(one["stop"] == "error" and result.returncode == 1 and "gateway" in result.stderr, f"dead gateway: {result}")
    expect(2.5 < took < 5, f"dead gateway: given up after {took} s")
    result, traces = trace(lab, program, "no-such-name.invalid")
    expect(result.returncode == 2 and "no-such-name.invalid" in result.stderr and not traces, f"bad name: {result}")
    started = time.monotonic()
    result, _ = trace(lab, program, "10.9.0.1")
    expect(time.monotonic() - started < 1 and result.returncode == 0, "an address needs no resolver")


def check_interface(lab, program):
    process = start(lab, program, "--json", "-r", "100", "--rounds", "40", "--destination-rate", "100", "10.9.0.1")
    time.sleep(0.7)
    lab.inside("src", "ip", "link", "set", "to-r1", "down")
    time.sleep(0.7)
    lab.inside("src", "ip", "link", "set", "to-r1", "up")
    lab.inside("src", "ip", "route", "replace", "default", "via", "10.0.1.2")
    time.sleep(0.3)
    lab.inside("r1", "ip", "link", "set", "to-src", "address", "02:00:00:00:00:77")
    lab.inside("src", "ip", "neigh", "flush", "dev", "to-r1")
    output, error = process.communicate(timeout=60)
    traces = [json.loads(line) for line in output.splitlines()]
    whole = [each["stop"] == "completed" and not silent(each) for each in traces]
    expect(len(traces) == 40, f"interface down and up: {len(traces)} traces; {error}")
    expect(whole[0] and whole[-1] and sum(whole) >= 30, f"interface down and up: {whole}; {error}")


def check_privileges(lab, program):
    result = lab.inside("src", "setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", program, "trace",
                        "10.9.0.1", check=False)
    expect(result.returncode == 3 and "setcap cap_net_raw+ep" in result.stderr, f"no capability: {result}")
    process = start(lab, program, "-r", "1", "--destination-rate", "1", "10.9.0.1")
    time.sleep(0.5)
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        status = dict(line.split(":\t") for line in file if ":\t" in line)
    for each in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"):
        expect(int(status[each], 16) == 0, f"capabilities left: {each} {status[each]}")
    expect(status["NoNewPrivs"].strip() == "1", "no_new_privs is not set")
    before = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    expect(time.monotonic() - before < 0.1, f"SIGINT: stopped after {time.monotonic() - before} s")
    expect(process.returncode == 1 and "cancelled" in output, f"SIGINT: {process.returncode} {output}")


def main():
    program = sys.argv[1]
    lab_module.require("ip", "ethtool", "nft", "setpriv")
    with lab_module.Lab() as lab:
        for check in (check_silence, check_nat, check_addresses, check_privileges, check_interface):
            count = len(failures)
            check(lab, program)
            print(f"{check.__name__}: {'ok' if len(failures) == count else 'FAILED'}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
