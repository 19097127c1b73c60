#!/usr/bin/env python3
"""faults_test.py ISTHMUS_PROBE: each fault has a defined outcome.

Interface down and up, another link address of the gateway, NAT with and without a memory, a rate-limited and a silent
router, a path that changes its length, nothing answering at all, no route, a dead resolver, no capability, capabilities dropped after the start, SIGINT, a ring that is too small.
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


def marks(one):
    return [bool(hop["replies"] and hop["replies"][0].get("nat")) for hop in one["hops"]]


def check_nat(lab, program):
    # Rewriting without a memory: what routers quote behind r2 is not what was sent. r2 itself answers before it rewrites.
    for what in ("udp sport set 1234", "ip daddr set 10.9.0.77", "udp checksum set 0"):
        lab.inside("r2", "nft", "add table ip n; add chain ip n post { type filter hook postrouting priority 300; }; "
                   f"add rule ip n post ip daddr 10.9.0.1 ip protocol udp {what}")
        _, (one,) = trace(lab, program, "10.9.0.1")
        expect(one["stop"] == "completed" and len(one["hops"]) == 8 and not silent(one), f"NAT, {what}: {one}")
        expect(marks(one) == [False] * 2 + [True] * 6, f"NAT, {what}: marked {marks(one)}")
        lab.inside("r2", "nft", "delete table ip n")
    # With a memory, errors are translated back: every hop is kept, and belongs to the target that was asked for. (The
    # memory outlasts the rule, so each rule has a target of its own.) A router that translates the target's address says
    # "time exceeded" from that address: for whoever asks, it is the target.
    for target, hook, what, hops in (("10.9.0.2", "postrouting priority 100", "snat to 10.0.1.77", 8),
                                     ("10.9.0.3", "prerouting priority -100", "dnat to 10.9.0.77", 2)):
        lab.inside("r2", "nft", f"add table ip n; add chain ip n c {{ type nat hook {hook}; }}; "
                   f"add rule ip n c ip daddr {target} {what}")
        for protocol in ("udp", "icmp", "tcp"):
            _, (one,) = trace(lab, program, target, "-P", protocol, "-w", "0.5")
            expect(one["stop"] == "completed" and len(one["hops"]) == hops and not silent(one)
                   and one["hops"][-1]["replies"][0]["from"] == target, f"NAT, {what}, {protocol}: {one}")
        lab.inside("r2", "nft", "delete table ip n")


def check_rate_limit(lab, program):
    """A router that answers some only: silence in the others, never another path, and no end."""
    lab.inside("r2", "nft", "add table inet t; add chain inet t out { type filter hook output priority 0; }; "
               "add rule inet t out meta l4proto { icmp, ipv6-icmp } limit rate over 2/second burst 5 packets drop")
    targets = [f"10.9.1.{i}" for i in range(1, 41)]
    result, traces = trace(lab, program, *targets, "-q", "1", "-w", "0.3")
    seconds = {hop["replies"][0]["from"] for each in traces for hop in each["hops"] if hop["ttl"] == 2 and hop["replies"]}
    quiet = sum(silent(each) == [2] for each in traces)
    expect(len(seconds) == 1, f"rate limit: hop 2 is {seconds}")
    expect(20 <= quiet < 40 and all(silent(each) in ([], [2]) for each in traces), f"rate limit: {quiet} silent")
    expect(result.returncode == 0 and all(each["stop"] == "completed" for each in traces), "rate limit: traces end early")
    lab.inside("r2", "nft", "delete table inet t")


def check_change_of_length(lab, program):
    """The path is a hop shorter from one round to the next: each round shows its own."""
    _, (before,) = trace(lab, program, "10.9.2.1")
    lab.inside("r7", "ip", "route", "add", "local", "10.9.2.0/24", "dev", "lo")
    _, (after,) = trace(lab, program, "10.9.2.1")
    lab.inside("r7", "ip", "route", "del", "local", "10.9.2.0/24", "dev", "lo")
    lengths = [len(each["hops"]) for each in (before, after)]
    expect(lengths == [8, 7] and after["stop"] == before["stop"] == "completed", f"change of length: {lengths}")


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
        for check in (check_silence, check_nat, check_rate_limit, check_change_of_length, check_addresses, check_privileges,
                      check_interface):
            count = len(failures)
            check(lab, program)
            print(f"{check.__name__}: {'ok' if len(failures) == count else 'FAILED'}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
