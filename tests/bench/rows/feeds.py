"""Live feeds: a router's full table over BMP beside pmbmpd, messages of RIS Live."""
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

from bench import Unmeasurable
from table import Row, at_least, at_most

TARGETS = ["live_feed_bench", "isthmus-collector"]

COLLECTOR = """
[[target]]
name = "star-jv"
origins = [131279]
prefixes = ["175.45.176.0/22"]
known_upstreams = [4837]
[feeds]
keep_all = true
[feeds.bmp]
listen = ["127.0.0.1:0"]
[[feeds.bmp.router]]
name = "full"
from = ["127.0.0.1/32"]
"""
PMBMPD = """
daemonize: false
bmp_daemon_ip: 127.0.0.1
bmp_daemon_port: {port}
bmp_daemon_max_peers: 10
bmp_dump_file: {folder}/dump.json
bmp_dump_refresh_time: 86400
"""


def full_table(bench):
    path = bench.input.real("a router's full table", "bmp/fulltable-frr-pre.bmp.gz")
    if path is None:
        raise Unmeasurable("a router's full table over BMP is among the developers' shared data only")
    return path


class Station:
    """A program that routers call: what a whole table costs it."""

    def __init__(self, command, log):
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def take(self, port, stream):
        """CPU seconds, and megabytes that came on top, when it has done with the stream."""
        cpu, before = self.cpu(), self.megabytes()
        with socket.create_connection(("127.0.0.1", port)) as router:
            router.sendall(stream)
            spent = -1.0
            while self.cpu() > spent + 0.02:  # an idle second of ours takes less
                spent = self.cpu()
                time.sleep(1)
            return self.cpu() - cpu, self.megabytes() - before

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def await_text(log, pattern):
    for _ in range(600):
        found = re.search(pattern, pathlib.Path(log).read_text(errors="replace"))
        if found:
            return found
        time.sleep(0.1)
    raise Unmeasurable(f"{log}: waited in vain for {pattern}")


def of_ours(bench, folder, stream):
    (folder / "collector.toml").write_text(COLLECTOR)
    station = Station([bench.ours("isthmus-collector"), "--config.file", folder / "collector.toml", "--web.listen-address",
                       "127.0.0.1:0"], folder / "ours.log")
    try:
        port = int(await_text(folder / "ours.log", r'msg="routers are awaited" port=(\d+)')[1])
        idle = station.megabytes()
        return (*station.take(port, stream), idle)
    finally:
        station.end()


def of_peer(bench, folder, stream):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "pmbmpd.conf").write_text(PMBMPD.format(port=port, folder=folder))
    station = Station([bench.peer("pmbmpd", "pmacct"), "-f", folder / "pmbmpd.conf"], folder / "peer.log")
    try:
        await_text(folder / "peer.log", "waiting for BMP data")
        return station.take(port, stream)
    finally:
        station.end()


def rows(bench):
    path = full_table(bench)
    figures = bench.figures("live_feed_bench", bench.runs, path, bench.input.updates)
    found, ris = figures["bmp"], figures["ris_live"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        stream = subprocess.run([bench.peer("zcat", "gzip"), path], capture_output=True, check=True).stdout
        cpu, added, idle = of_ours(bench, folder, stream)
        peer_cpu, peer_added = of_peer(bench, folder, stream)
    routes = f"{found['routes']:,.0f} routes, the whole collector; decoding and state alone {found['cpu_seconds']:.2f} CPU s"
    yield Row("full table over BMP into queryable state", "CPU s", cpu, at_most(0.40), "pmbmpd", peer_cpu, routes)
    yield Row("memory that it adds", "MB", added, at_most(64), "pmbmpd", peer_added)
    yield Row("state of live feeds", "B/(peer, prefix)", found["bytes_per_route"], at_most(90))
    yield Row("messages of RIS Live into state", "M messages/s", ris["messages_per_second"] / 1e6, at_least(0.15), "", None,
              f"{ris['messages']:,.0f} messages of one element, {ris['bytes_per_second'] / 1e6:.0f} MB/s")
    yield Row("idle collector without a table", "MB", idle, at_most(25))
