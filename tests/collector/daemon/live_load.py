#!/usr/bin/env python3
"""How soon an event is told, idle and under load, and what hostile routers do to a collector: outside of CI.

live_load.py COLLECTOR UPDATES.gz [--rate N] [--seconds N] [--hostile SECONDS]

idle     100 events, one after the other: from the router's message to the line of the event stream
burst    50 seeded events within `--rate` messages a second of the real updates of UPDATES.gz
hostile  10,000 half-open sessions, garbage, a length of 4 GB, and a full table that is announced and withdrawn in a loop
         for so many seconds, while a good router goes on

Prints one line of figures for each, and exits with 1 if an event or a message was lost. The limits of issue 6 are told
beside the figures, not enforced: the machine may be busy.
"""
import argparse
import gzip
import json
import pathlib
import socket
import statistics
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tool"))
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "support"))
from bmp_speaker import Peer, announcement, connect, initiation, withdrawal  # noqa: E402
from live_feeds import PREFIXES, Fed, toml  # noqa: E402
from tool_run import Checks, scratch  # noqa: E402

FIRST = 1000  # ASes that become upstreams in turn


class Listener(threading.Thread):
    """Hears the event stream; when the candidate of each AS was told."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.told = {}
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.connection.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        self.start()

    def run(self):
        rest = b""
        while True:
            try:
                some = self.connection.recv(1 << 16)
            except OSError:
                return
            now = time.monotonic()
            if not some:
                return
            *lines, rest = (rest + some).split(b"\n")
            for line in lines:
                if line.startswith(b"data: ") and b"upstream_candidate" in line:
                    self.told.setdefault(json.loads(line[6:])["upstream"]["asn"], now)

    def wait_for(self, asns, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not all(each in self.told for each in asns):
            time.sleep(0.01)


def figures(name, sent, told, **more):
    took = sorted((told[asn] - sent[asn]) * 1000 for asn in sent if asn in told)
    quantile = statistics.quantiles(took, n=100) if len(took) > 1 else [0] * 99
    print(name, f"told={len(took)}/{len(sent)} p50_ms={quantile[49]:.2f} p99_ms={quantile[98]:.2f} max_ms={max(took, default=0):.2f}",
          *[f"{key}={value}" for key, value in more.items()], flush=True)
    return len(took) == len(sent)


def updates_of(path):
    """Real UPDATEs: the BGP messages of an archive, with the flag of their ASNs' width."""
    data = gzip.decompress(pathlib.Path(path).read_bytes())
    found, at = [], 0
    while at + 12 <= len(data):
        kind, subtype, length = struct.unpack_from("!4xHHI", data, at)
        body = data[at + 12:at + 12 + length]
        at += 12 + length
        if kind == 17:
            body = body[4:]
        if kind not in (16, 17) or subtype not in (1, 4):
            continue
        asn = struct.unpack_from("!I" if subtype == 4 else "!H", body)[0]
        head = (8 if subtype == 4 else 4) + 2
        family = struct.unpack_from("!H", body, head)[0]
        head += 2 + (8 if family == 1 else 32)
        if body[head + 18:head + 19] == b"\x02":
            found.append((asn, 0 if subtype == 4 else 0x20, body[head:]))
    return found


def seeded(peer, asn):
    """An upstream that nobody has seen before."""
    return peer.says(announcement(PREFIXES[:1], [peer.asn, asn, 131279]))


def resident(process):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


def cpu(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def start_router(collector, source="127.0.0.1"):
    router = connect(collector.bmp, source)
    peers = [Peer(asn, f"192.0.2.{index + 1}") for index, asn in enumerate((3356, 1299, 174))]
    router.sendall(initiation() + b"".join(each.up() + each.table([(PREFIXES, [each.asn, 4837, 131279])]) for each in peers))
    return router, peers


def measure_idle(checks, collector):
    router, peers = start_router(collector)
    collector.wait_for(lambda: 4837 in collector.upstreams())
    listener = Listener(collector.web)
    sent = {}
    for index in range(100):
        asn = FIRST + index
        sent[asn] = time.monotonic()
        router.sendall(seeded(peers[0], asn))
        listener.wait_for([asn], 30)
    checks.expect("every event of the idle collector is told", figures("idle", sent, listener.told))
    router.close()


def measure_burst(checks, collector, updates, rate, seconds):
    """The clock of the sender decides; a collector that is too slow holds it back, and is seen to."""
    router, peers = start_router(collector, "127.0.0.2")
    collector.wait_for(lambda: collector.feed("west")["state"] == "live")
    listener = Listener(collector.web)
    ours = {asn: Peer(asn, f"198.51.100.{index % 250 + 1}")
            for index, asn in enumerate(sorted({asn for asn, _, _ in updates}))}
    router.sendall(b"".join(each.up() for each in ours.values()))
    ready = [ours[asn].says(update, flags) for asn, flags, update in updates]
    tick = rate // 1000
    blocks = [b"".join(ready[at:at + tick]) for at in range(0, len(ready) - tick, tick)]
    spent = cpu(collector.process)
    sent, behind = {}, 0.0
    total = 1 + 3 * len(peers) + len(ours)  # what was said before: the Initiation, and what makes peers
    begun = time.monotonic()
    steps = seconds * 1000
    for step in range(steps):
        due = begun + step / 1000
        now = time.monotonic()
        if now < due:
            time.sleep(due - now)
        else:
            behind = max(behind, now - due)
        told = blocks[step % len(blocks)]
        total += tick
        if step % (steps // 50) == 0 and len(sent) < 50:
            asn = FIRST + 500 + len(sent)
            told += seeded(peers[len(sent) % 3], asn)
            total += 1
            sent[asn] = time.monotonic()
        router.sendall(told)
    took = time.monotonic() - begun
    listener.wait_for(sent, 60)
    good = figures("burst", sent, listener.told, messages_per_second=int(total / took), behind_ms=f"{behind * 1000:.0f}",
                   cpu_seconds=f"{cpu(collector.process) - spent:.2f}", resident_mb=f"{resident(collector.process):.0f}")
    checks.expect("every event of the burst is told", good)
    collector.wait_for(lambda: collector.feed("west")["messages"] >= total)
    checks.equal("every message is accounted for", collector.feed("west")["messages"], total)
    router.close()


def measure_hostile(checks, collector, updates, seconds):
    good, peers = start_router(collector)
    collector.wait_for(lambda: collector.feed("edge")["state"] == "live")
    listener = Listener(collector.web)
    at_first = resident(collector.process)
    idle = []
    for index in range(10_000):
        try:
            idle.append(connect(collector.bmp, f"127.0.1.{index % 250 + 1}"))
        except OSError as error:
            print("hostile: no more connections from here:", error)
            break
    half_open = resident(collector.process)
    for bytes_sent in (b"x" * 100_000, struct.pack("!BIB", 3, 0xffffffff, 0), b"\x03\0\0\0\0\0", initiation() + b"\0" * 1000):
        bad = connect(collector.bmp, "127.0.2.1")
        try:
            bad.sendall(bytes_sent)
            bad.shutdown(socket.SHUT_WR)
            while bad.recv(1 << 16):
                pass
        except OSError:
            pass
        bad.close()
    table = [Peer(asn, "198.51.100.1").says(update, flags) for asn, flags, update in updates]
    # A table that concerns the watched network: 256 prefixes that lie in it, 200 peers.
    inside = [f"175.45.{176 + index // 64}.{index % 64 * 4}/30" for index in range(256)]
    whole = b"".join(table)
    loud = [Peer(64512 + index, f"203.0.113.{index + 1}") for index in range(200)]
    looping = connect(collector.bmp, "127.0.2.2")
    looping.sendall(initiation() + b"".join(each.up() for each in loud))
    begun, rounds, peak, sent = time.monotonic(), 0, 0.0, {}
    while time.monotonic() - begun < seconds:
        looping.sendall(whole)
        for each in loud:
            looping.sendall(each.says(announcement(inside, [each.asn, 4837, 131279])))
        for each in loud:
            looping.sendall(each.says(withdrawal(inside)))
        rounds += 1
        peak = max(peak, resident(collector.process))
        asn = FIRST + 2000 + rounds
        if rounds <= 100:
            sent[asn] = time.monotonic()
            good.sendall(seeded(peers[0], asn))
    listener.wait_for(sent, 60)
    found = figures("hostile", sent, listener.told, half_open=len(idle), rounds=rounds, first_mb=f"{at_first:.0f}",
                    half_open_mb=f"{half_open:.0f}", peak_mb=f"{peak:.0f}")
    checks.expect("the good router is heard all the time", found)
    checks.equal("it has lost nothing", collector.feed("edge")["state"], "live")
    for each in (*idle, looping, good):
        each.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("collector")
    parser.add_argument("updates")
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--hostile", type=int, default=0)
    options = parser.parse_args()
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        config = folder / "collector.toml"
        routers = "".join(f'[[feeds.bmp.router]]\nname = "{router}"\nfrom = ["{place}"]\n' for router, place in
                          (("edge", "127.0.0.1/32"), ("west", "127.0.0.2/32"), ("idle", "127.0.1.0/24"), ("bad", "127.0.2.0/24")))
        config.write_text(toml(folder / "history", routers=routers))
        collector = Fed(str(pathlib.Path(options.collector).absolute()), config, folder / "log").await_routers()
        print(f"start resident_mb={resident(collector.process):.1f}", flush=True)
        updates = updates_of(options.updates)
        measure_idle(checks, collector)
        measure_burst(checks, collector, updates, options.rate, options.seconds)
        if options.hostile:
            measure_hostile(checks, collector, updates, options.hostile)
        checks.equal("ended as told", collector.stop()[0], 0)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
