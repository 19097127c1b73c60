#!/usr/bin/env python3
"""links_test.py ISTHMUS_PROBE: links of other kinds than one Ethernet, and kernels that take or give less than is asked.

A tunnel that carries bare IP, VLANs where the kernel has them, two ways out of the host with a source address each; a
full queue (ENOBUFS), a refused packet (EPERM), a ring that is too small: what it drops is counted, and what is answered
and what is dropped make up what came. A terminal shows a table that is drawn again, with the names of networks.
"""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

import lab as lab_module

failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def trace(lab, node, program, *arguments):
    result = lab.inside(node, program, "trace", "--json", *arguments, check=False)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def addresses(one):
    return [hop["replies"][0]["from"] if hop["replies"] else None for hop in one["hops"]]


class Pair(lab_module.Lab):
    """a and b, joined by two links; b holds 10.9.0.0/16 and fd09::/64 and answers for one hop before them."""

    def build(self):
        for node in ("a", "b", "c"):
            self.add_node(node)
        first, second, last = self.connect("a", "b"), self.link_again("a", "b"), self.connect("b", "c")
        self.route("a", "10.9.0.0/16", "fd09::/64", [(first, 2)])
        self.route("a", "10.8.0.0/16", "fd08::/64", [(second, 2)])
        for prefix4, prefix6 in (("10.9.0.0/16", "fd09::/64"), ("10.8.0.0/16", "fd08::/64")):
            self.route("b", prefix4, prefix6, [(last, 2)])
            self.inside("c", "ip", "route", "add", "local", prefix4, "dev", "lo")
            self.inside("c", "ip", "-6", "route", "add", "local", prefix6, "dev", "lo")
        self.route("c", "default", "default", [(last, 1)])

    def link_again(self, left, right):
        """A second link between the same two, whose ends have other names."""
        self.links += 1
        number = self.links
        run = lab_module.run
        run("ip", "link", "add", "again", "netns", self.name(left), "type", "veth", "peer", "name", "again", "netns",
            self.name(right))
        for node, host in ((left, 1), (right, 2)):
            self.inside(node, "ethtool", "-K", "again", "tx", "off")
            self.inside(node, "ip", "addr", "add", f"10.0.{number}.{host}/24", "dev", "again")
            self.inside(node, "ip", "addr", "add", f"fd00:{number}::{host}/64", "dev", "again", "nodad")
            self.inside(node, "ip", "link", "set", "again", "up")
        return number


def check_two_ways(lab, program):
    for version, targets, first in ((4, ("10.9.0.1", "10.8.0.1"), ("10.0.1.2", "10.0.2.2")),
                                    (6, ("fd09::1", "fd08::1"), ("fd00:1::2", "fd00:2::2"))):
        _, traces = trace(lab, "a", program, *targets)
        way = {each["destination"]: (addresses(each), each["source"]) for each in traces}
        for target, router in zip(targets, first):
            # IPv6 lets the last router answer for its targets with an address of its own.
            expect(way[target][0] in ([router, target], [router, "fd00:3::2"]), f"two ways out, IPv{version}: {way}")
            expect(way[target][1].startswith(router[:router.rindex("2")]), f"two ways out: source {way[target]}")
    # The other link's address as source: the packets still leave by the route, the answers come back by the other link.
    _, (one,) = trace(lab, "a", program, "10.9.0.1", "--source", "10.0.2.1")
    expect(one["source"] == "10.0.2.1" and addresses(one)[-1] == "10.9.0.1", f"chosen source: {one}")
    # A capture on one link sees nothing of what the other one brings.
    result, (one,) = trace(lab, "a", program, "10.8.0.1", "--interface", "to-b", "-w", "0.2", "-g", "2")
    expect(one["stop"] == "gap_limit" and result.returncode == 0, f"capture elsewhere: {one}")


def check_vlan(lab, program):
    made = lab.inside("a", "ip", "link", "add", "link", "to-b", "name", "v7", "type", "vlan", "id", "7", check=False)
    if made.returncode != 0:
        print("  this kernel has no VLANs: only the parser's tests speak of them")
        return
    lab.inside("b", "ip", "link", "add", "link", "to-a", "name", "v7", "type", "vlan", "id", "7")
    for node, host in (("a", 1), ("b", 2)):
        lab.inside(node, "ip", "addr", "add", f"10.7.0.{host}/24", "dev", "v7")
        lab.inside(node, "ip", "link", "set", "v7", "up")
    lab.inside("a", "ip", "route", "add", "10.9.9.0/24", "via", "10.7.0.2")
    for interface in ("any", "v7", "to-b"):
        _, (one,) = trace(lab, "a", program, "10.9.9.1", "--interface", interface)
        expect(addresses(one) == ["10.7.0.2", "10.9.9.1"], f"VLAN, capture on {interface}: {one}")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff - total


def answer(packet):
    """Two routers and a host behind the tunnel."""
    ttl, source, target = packet[8], packet[12:16], packet[16:20]
    kind, sender = ((11, 0), bytes([10, 66, 0, ttl])) if ttl <= 2 else ((3, 3), target)
    icmp = struct.pack("!BBHI", *kind, 0, 0) + packet[:28]
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 1, 0, 60, 1, 0) + sender + source
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + icmp


def serve_tunnel(name, ready, stop):
    """The far end of a tunnel of bare IP packets, in the namespace of that name; run in a thread of its own."""
    with open(f"/run/netns/{name}", encoding="ascii") as namespace:
        os_setns(namespace.fileno())
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, 0x400454ca, struct.pack("16sH22x", b"tun7", 0x1001))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    ready.set()
    while not stop.is_set():
        try:
            packet = os.read(descriptor, 2048)
        except OSError:
            break  # the link was removed
        if packet[0] >> 4 == 4 and packet[9] in (1, 6, 17) and packet[16:18] == bytes([10, 77]):
            os.write(descriptor, answer(packet))
    os.close(descriptor)


def os_setns(descriptor):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def check_bare_ip(lab, program):
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=serve_tunnel, args=(lab.name("a"), ready, stop), daemon=True)
    thread.start()
    expect(ready.wait(10), "the tunnel does not open")
    lab.inside("a", "ip", "addr", "add", "10.66.0.9/24", "dev", "tun7")
    lab.inside("a", "ip", "link", "set", "tun7", "up")
    lab.inside("a", "ip", "route", "add", "10.77.0.0/16", "dev", "tun7")
    for interface in ("any", "tun7"):
        _, (one,) = trace(lab, "a", program, "10.77.1.2", "--interface", interface)
        expect(addresses(one) == ["10.66.0.1", "10.66.0.2", "10.77.1.2"], f"bare IP, capture on {interface}: {one}")
    # The captured interface goes away under a trace: it ends, and says what it could not see.
    process = subprocess.Popen(["ip", "netns", "exec", lab.name("a"), program, "trace", "--json", "10.77.1.2", "10.9.0.1",
                                "--interface", "tun7", "--rounds", "30", "-w", "0.2", "-g", "2"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    lab.inside("a", "ip", "link", "del", "tun7")
    before = os.times()
    output, error = process.communicate(timeout=60)
    used = os.times().children_user - before.children_user
    expect(len(output.splitlines()) == 59 and process.returncode == 1 and "went away" in error,
           f"captured link gone: {process.returncode} {len(output.splitlines())} {error}")
    expect(used < 5, f"captured link gone: {used} s of CPU")
    stop.set()


def check_full_queue(lab, program):
    lab.inside("a", "tc", "qdisc", "replace", "dev", "to-b", "root", "tbf", "rate", "400kbit", "burst", "1600", "limit", "3000")
    result, traces = trace(lab, "a", program, *[f"10.9.0.{i}" for i in range(1, 201)], "--rate", "20000",
                           "--destination-rate", "0", "-w", "3", "--statistics")
    whole = sum(addresses(each) == ["10.0.1.2", each["destination"]] for each in traces)
    expect(whole == 200 and result.returncode == 0, f"ENOBUFS: {whole} of 200 are whole; {result.stderr}")
    expect(all(hop["sent"] == 1 for each in traces for hop in each["hops"]), "ENOBUFS: refused packets count as sent")
    busy = int(re.search(r"(\d+) met a full queue", result.stderr).group(1))
    expect(busy > 100, f"ENOBUFS: the queue was full {busy} times only")
    lab.inside("a", "tc", "qdisc", "del", "dev", "to-b", "root")


def check_refusal(lab, program):
    lab.inside("a", "nft", "add table ip f; add chain ip f out { type filter hook output priority 0; }; "
               "add rule ip f out ip daddr 127.0.0.9 drop")
    result, traces = trace(lab, "a", program, "127.0.0.9", "127.0.0.1")
    stops = {each["destination"]: each["stop"] for each in traces}
    expect(stops == {"127.0.0.9": "error", "127.0.0.1": "completed"} and result.returncode == 1
           and "refused" in result.stderr, f"EPERM: {stops} {result.stderr}")
    lab.inside("a", "nft", "delete table ip f")


def time_exceeded(lab):
    text = lab.inside("a", "cat", "/proc/net/snmp").stdout.splitlines()
    names, values = [line.split() for line in text if line.startswith("Icmp:")]
    return int(values[names.index("InTimeExcds")])


def check_small_ring(lab, program):
    """Answers queue up at the router and go on coming in while the prober is stopped."""
    count = 20000
    lab.inside("b", "tc", "qdisc", "replace", "dev", "to-a", "root", "tbf", "rate", "20mbit", "burst", "10000", "limit", "4000000")
    with tempfile.NamedTemporaryFile("w") as file, tempfile.TemporaryFile("w+") as output:
        file.write("\n".join(f"10.9.{i // 250}.{i % 250 + 1}" for i in range(count)))
        file.flush()
        before = time_exceeded(lab)
        process = subprocess.Popen(["ip", "netns", "exec", lab.name("a"), program, "trace", "-t", file.name, "-m", "1", "-q", "1",
                                    "-w", "2", "--rate", "60000", "--capture-buffer", "128", "--json", "--statistics"],
                                   stdout=output, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while time.monotonic() < end and process.poll() is None and time_exceeded(lab) - before < 1000:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGCONT)
        _, error = process.communicate(timeout=60)
    lab.inside("b", "tc", "qdisc", "del", "dev", "to-a", "root")
    sent, answered, dropped, late = (int(re.search(pattern, error).group(1)) for pattern in (
        r"(\d+) probe packets", r"(\d+) answered", r"dropped (\d+)", r"(\d+) late"))
    came = time_exceeded(lab) - before
    expect(sent == count, f"small ring: {sent} sent")
    expect(dropped > 0 and process.returncode == 1 and "lost in the capture" in error, f"small ring: {error}")
    expect(answered + late + dropped == came, f"small ring: {answered} answered, {late} late, {dropped} dropped of {came}")
    print(f"  {sent} sent, {came} came back, {answered} answered, {dropped} dropped by a ring of 128 KiB")


def check_terminal(lab, program):
    with tempfile.TemporaryDirectory() as folder:
        table, names = os.path.join(folder, "origins"), os.path.join(folder, "names")
        with open(table, "w", encoding="ascii") as file:
            file.write("10.0.0.0\t16\t64500\n10.9.0.0\t16\t64501_64502\n")
        with open(names, "w", encoding="ascii") as file:
            file.write("64500 EXAMPLE Example Carrier, ZZ\n")
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 110, 0, 0))
        process = subprocess.Popen(["ip", "netns", "exec", lab.name("a"), program, "trace", "10.9.0.1", "--rounds", "4",
                                    "--origins", table, "--as-names", names], stdout=slave, stderr=slave)
        os.close(slave)
        screen = b""
        try:
            while chunk := os.read(master, 65536):
                screen += chunk
        except OSError:
            pass  # the terminal's other end is closed
        os.close(master)
        text = screen.decode()
        expect(process.wait(timeout=30) == 0, f"terminal: {text}")
        expect("completed, 4 rounds" in text and "\x1b[" in text, f"terminal: {text!r}")
        expect(re.search(r"1  10\.0\.1\.2 +0% .*AS64500 EXAMPLE Example Carrier", text), f"terminal: {text!r}")
        result, (one,) = trace(lab, "a", program, "10.9.0.1", "--origins", table)
        expect([hop["replies"][0]["origins"] for hop in one["hops"]] == [[64500], [64501, 64502]], f"origins: {one}")
        with open(table, "a", encoding="ascii") as file:
            file.write("no table\n")
        result, (one,) = trace(lab, "a", program, "10.9.0.1", "--origins", table)
        expect(result.returncode == 1 and "line 3" in result.stderr and one["stop"] == "completed", f"bad line: {result}")
        result, traces = trace(lab, "a", program, "10.9.0.1", "--origins", os.path.join(folder, "none"))
        expect(result.returncode == 2 and not traces and "cannot be read" in result.stderr, f"no file: {result}")


def main():
    program = sys.argv[1]
    lab_module.require("ip", "ethtool", "nft", "tc")
    with Pair() as lab:
        for check in (check_two_ways, check_vlan, check_full_queue, check_refusal, check_small_ring, check_terminal,
                      check_bare_ip):
            count = len(failures)
            check(lab, program)
            print(f"{check.__name__}: {'ok' if len(failures) == count else 'FAILED'}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
