#!/usr/bin/env python3
"""packet_equals_tshark.py PACKET_TEXT SHARED_DATA

Built packets: tshark finds every checksum good. Real captures: what parse_reply says of each ICMP error is what tshark
says, and of caracal's 5,000 replies what caracal's own CSV says. Without the captures only the first is tested.
"""
import ipaddress
import pathlib
import subprocess
import sys
import tempfile

CHECKS = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
FIELDS = """frame.number ip.src ip.dst ip.ttl ip.id ip.dsfield ip.len ip.proto icmp.type icmp.code ipv6.src ipv6.dst
ipv6.hlim ipv6.plen icmpv6.type icmpv6.code udp.srcport udp.dstport tcp.srcport icmp.mpls.label icmp.mpls.exp
icmp.mpls.s icmp.mpls.ttl icmp.ext.class icmp.ext.checksum.status""".split()
failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def tshark(path, fields):
    # tshark would guess at RTCP in UDP payloads.
    command = ["tshark", "-r", str(path), *CHECKS, "--disable-protocol", "rtcp", "-T", "fields", "-E", "occurrence=a"]
    command += [part for field in fields for part in ("-e", field)]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return [dict(zip(fields, line.split("\t"))) for line in out.splitlines()]


def check_built(tool):
    statuses = {"ip.checksum.status": 2000, "udp.checksum.status": 1000, "icmp.checksum.status": 500,
                "icmpv6.checksum.status": 500, "tcp.checksum.status": 2000}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "probes.pcap"
        subprocess.run([tool, "probes", path], check=True)
        rows = tshark(path, [*statuses, "_ws.malformed", "frame.len", "ip.version", "ipv6.version"])
    expect(len(rows) == 4000, f"{len(rows)} packets built, not 4000")
    for field, count in statuses.items():
        good = sum(row[field] == "1" for row in rows)
        expect(good == count, f"{field}: {good} good, expected {count}")
        expect(all(row[field] in ("", "1") for row in rows), f"{field}: some are bad")
    expect(not any(row["_ws.malformed"] for row in rows), "tshark calls some malformed")
    expect({row["frame.len"] for row in rows} == {"44", "64", "40", "60"}, "sizes are not constant")


def replies(tool, path):
    out = subprocess.run([tool, "replies", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {int(line.split("\t")[0]): line.split("\t")[1:] for line in out.splitlines()}


def number(text):
    return int(text, 0) if text else None


def check_capture(tool, path):
    """Returns how many ICMP errors were compared."""
    ours = replies(tool, path)
    compared = 0
    for row in tshark(path, FIELDS):
        mine = ours[int(row["frame.number"])]
        values = {key: value.split(",") if value else [] for key, value in row.items()}
        if len(values["ip.src"]) == 2 and len(values["icmp.type"]) >= 1 and len(values["ipv6.src"]) == 0:
            family = [values["ip.src"], values["ip.dst"], values["ip.ttl"]]
            kind = int(values["icmp.type"][0]), int(values["icmp.code"][0])
            errors = (3, 11, 12)
        elif len(values["ipv6.src"]) == 2 and values["icmpv6.type"] and not values["ip.src"]:
            family = [values["ipv6.src"], values["ipv6.dst"], values["ipv6.hlim"]]
            kind = int(values["icmpv6.type"][0]), int((values["icmpv6.code"] or ["0"])[0])
            errors = (1, 2, 3, 4)
        else:
            continue
        if kind[0] not in errors or len(mine) < 14:
            if kind[0] in errors and mine[0] not in ("bad_checksum", "no_quote", "fragment"):
                failures.append(f"{path.name} frame {row['frame.number']}: tshark reads it, we say {mine}")
            continue
        compared += 1
        where = f"{path.name} frame {row['frame.number']}"
        theirs = [family[0][0], family[1][0], family[2][0], str(kind[0]), str(kind[1]),
                  family[0][1], family[1][1], family[2][1]]
        expect([*mine[0:3], *mine[6:8], *mine[8:11]] == theirs, f"{where}: {mine} is not {theirs}")
        if values["ip.id"]:
            expect([int(mine[3]), int(mine[11])] == [number(each) for each in values["ip.id"]], f"{where}: IP-ID")
            expect([int(mine[4])] == [number(values["ip.dsfield"][0])], f"{where}: TOS")
            expect(mine[5] == values["ip.len"][0], f"{where}: length")
        ports = values["udp.srcport"] or values["tcp.srcport"]
        if ports:
            expect(mine[13] == ports[0], f"{where}: source port {mine[13]}, tshark {ports[0]}")
        if values["icmp.ext.checksum.status"] in (["1"], []):
            labels = [f"{int(a)}:{int(b)}:{int(c)}:{int(d)}" for a, b, c, d in
                      zip(*(values[f"icmp.mpls.{each}"] for each in ("label", "exp", "s", "ttl")))]
            expect(mine[15].split() == labels, f"{where}: labels {mine[15]}, tshark {labels}")
    return compared


def check_caracal(tool, folder):
    ours = replies(tool, folder / "sample_results.pcap")
    rows = [line.split(",") for line in (folder / "sample_results.b2f3bd3.csv").read_text().split()]
    expect(len(rows) == len(ours) == 5000, f"caracal: {len(ours)} packets, {len(rows)} rows")
    kinds = {"11": 0, "3": 0}
    for frame, row in enumerate(rows, 1):
        mine = ours[frame]
        (_, _, quoted, source, protocol, sport, dport, _, _, kind, code, _, ttl, size) = row
        address = [str(ipaddress.ip_address(int(each))) for each in (source, quoted)]
        theirs = [address[0], address[1], ttl, size, kind, code, protocol, sport, dport]
        said = [mine[0], mine[9], mine[2], mine[5], mine[6], mine[7], mine[12], mine[13], mine[14]]
        expect(said == theirs, f"caracal frame {frame}: {said} is not {theirs}")
        kinds[kind] += 1
    expect(kinds == {"11": 4897, "3": 103}, f"caracal: {kinds}")


def main():
    tool, data = sys.argv[1], pathlib.Path(sys.argv[2] or "/nonexistent")
    check_built(tool)
    compared = 0
    captures = sorted([*data.glob("pcap/**/*.pcap*"), *data.glob("traceroute/caracal/**/*.pcap")])
    for path in captures:
        compared += check_capture(tool, path)
    if captures:
        check_caracal(tool, data / "traceroute/caracal")
        expect(compared > 5000, f"only {compared} ICMP errors compared")
    print("\n".join(failures[:20]))
    print(f"{len(captures)} captures, {compared} ICMP errors compared with tshark, {len(failures)} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
