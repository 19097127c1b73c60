#!/usr/bin/env python3
"""paths_test.py ISTHMUS_PROBE: what it shows of a diamond that balances by layer 4, on real kernels.

200 targets in each of six modes: every hop of every target found, no false link; a classic traceroute beside it, which
must show more than half false, or the lab would prove nothing. MDA finds all branches in both families. The warts it
writes reads back in sc_warts2json with the same hops, scamper itself finds the same routers, and the Atlas JSON has its
fields.
"""
import json
import subprocess
import sys

import lab as lab_module

MODES = [(protocol, version) for protocol in ("udp", "icmp", "tcp") for version in (4, 6)]
TARGETS = 200
failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def targets(version):
    return [f"10.9.{i // 250}.{i % 250 + 1}" if version == 4 else f"fd09::{i + 1:x}" for i in range(TARGETS)]


def addresses(trace):
    return [hop["replies"][0]["from"] if hop["replies"] else None for hop in trace["hops"]]


def check_modes(lab, program):
    for protocol, version in MODES:
        where = f"{protocol} IPv{version}"
        result = lab.inside("src", program, "trace", "-t", "-", "-P", protocol, "--json", "--rate", "2000",
                            "--statistics", input="\n".join(targets(version)))
        traces = [json.loads(line) for line in result.stdout.splitlines()]
        expect({trace["destination"] for trace in traces} == set(targets(version)), f"{where}: targets are missing")
        links = [lab.false_link(addresses(trace)) for trace in traces]
        whole = sum(trace["stop"] == "completed" and len(trace["hops"]) == 8 and None not in addresses(trace)
                    for trace in traces)
        expect(whole == TARGETS, f"{where}: {whole} of {TARGETS} traces are whole")
        expect(links.count(False) == TARGETS, f"{where}: {links.count(True)} false links, {links.count(None)} unknown")
        expect(not any(reply.get("nat") for trace in traces for hop in trace["hops"] for reply in hop["replies"]),
               f"{where}: NAT seen where there is none")
        print(f"{where}: {whole} whole, {links.count(True)} false links; {result.stderr.strip()}")


def check_control(lab):
    false = told = 0
    for target in targets(4)[:60]:
        result = lab.inside("src", "traceroute", "-n", "-q1", "-N8", "-w1", target, check=False)
        path = [line.split()[1] for line in result.stdout.splitlines()[1:] if len(line.split()) > 1]
        link = lab.false_link(path)
        told += link is not None
        false += link is True
    print(f"control: classic traceroute shows {false} false links of {told}")
    expect(told >= 30 and false > told / 2, f"the lab does not balance: {false} false links of {told}")


def check_multipath(lab, program):
    for protocol, version in MODES:
        if protocol == "icmp":
            continue  # Linux balances ICMP by addresses alone
        result = lab.inside("src", program, "trace", targets(version)[0], "-M", "--confidence", "99", "-P", protocol,
                            "--json", "--statistics")
        traces = [json.loads(line) for line in result.stdout.splitlines()]
        seen = {each for trace in traces for each in addresses(trace)}
        branches = sum(each in lab.branch_of for each in seen)
        expect(branches == 8, f"{protocol} IPv{version}: MDA found {branches} of 8 branch routers")
        crossed = [lab.false_link([each for each in addresses(trace) if each]) for trace in traces]
        expect(True not in crossed, f"{protocol} IPv{version}: MDA drew a false link")
        print(f"MDA {protocol} IPv{version}: {branches} branch routers; {result.stderr.strip()}")


def check_formats(lab, program):
    target = targets(4)[0]
    warts = subprocess.run(["ip", "netns", "exec", lab.name("src"), program, "trace", target, "--format", "warts"],
                           stdout=subprocess.PIPE, check=True).stdout
    read = subprocess.run(["sc_warts2json"], input=warts, stdout=subprocess.PIPE, check=True).stdout
    records = [json.loads(line) for line in read.splitlines()]
    expect([each["type"] for each in records] == ["cycle-start", "trace", "cycle-stop"], f"warts: {records}")
    theirs = lab.inside("src", "scamper", "-O", "json", "-c", "trace -P udp-paris", "-i", target).stdout
    scamper = [json.loads(line) for line in theirs.splitlines() if '"trace"' in line][0]
    same = [0, 1, 2, 5, 6, 7]
    for trace in [each for each in records if each["type"] == "trace"]:
        hops = [hop["addr"] for hop in trace["hops"]]
        expect(trace["stop_reason"] == "COMPLETED" and trace["dst"] == target, f"warts: {trace}")
        expect(len(hops) == 8 and [hops[i] for i in same] == [scamper["hops"][i]["addr"] for i in same],
               f"warts: hops {hops} are not scamper's")
        expect(lab.false_link(hops) is False, "warts: a false link")
        known = set(trace["hops"][0]) - {"tx"}
        expect(known >= set(scamper["hops"][0]) - {"tx"}, f"warts lacks {set(scamper['hops'][0]) - known - {'tx'}}")
    own = json.loads(lab.inside("src", program, "trace", target, "--format", "scamper").stdout)
    expect(set(own) >= set(scamper) - {"list_name", "cycle_id", "id", "hostname"}, f"scamper JSON lacks {set(scamper) - set(own)}")
    atlas = json.loads(lab.inside("src", program, "trace", target, "--format", "atlas").stdout)
    wanted = """af dst_addr dst_name endtime from fw lts msm_id msm_name paris_id prb_id proto result size src_addr
        timestamp type""".split()
    expect(set(atlas) >= set(wanted), f"Atlas JSON lacks {set(wanted) - set(atlas)}")
    expect([hop["hop"] for hop in atlas["result"]] == list(range(1, 9)), f"Atlas: {atlas['result']}")
    expect(all({"from", "rtt", "size", "ttl"} <= set(hop["result"][0]) for hop in atlas["result"]), "Atlas: fields")


def main():
    program = sys.argv[1]
    lab_module.require("ip", "ethtool", "traceroute", "scamper", "sc_warts2json")
    with lab_module.Lab() as lab:
        check_modes(lab, program)
        check_control(lab)
        check_multipath(lab, program)
        check_formats(lab, program)
    print("\n".join(failures))
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
