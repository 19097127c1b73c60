#!/usr/bin/env python3
"""The collector as a program, fed over BMP: what routers say becomes events, and what they do not say does not.

live_feeds.py ISTHMUSCTL COLLECTOR
"""
import concurrent.futures
import json
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tool"))
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "support"))
from bmp_speaker import Peer, announcement, connect, initiation, withdrawal  # noqa: E402
from daemon import Collector  # noqa: E402
from tool_run import STORY, Checks, Tool, scratch, simulate  # noqa: E402

PREFIXES = [f"175.45.{third}.0/24" for third in range(176, 180)]
MOVED = [PREFIXES[0], PREFIXES[2], PREFIXES[3]]
# Two routers in two places: what only one says, the detector does not believe from BGP alone.
TRANSIT = {"edge": [3356, 1299, 174, 3216, 2914], "west": [6939, 3491, 6453, 6762, 12956]}
PLACES = {"edge": "127.0.0.1", "west": "127.0.0.2"}
ROUTERS = "".join(f'[[feeds.bmp.router]]\nname = "{name}"\nfrom = ["{place}/32"]\n' for name, place in PLACES.items())


def toml(folder, port=0, feeds="", routers=ROUTERS, listen=True, detector=""):
    listening = f'[feeds.bmp]\nlisten = ["127.0.0.1:{port}"]\n{routers}' if listen else ""
    return f"""
[[target]]
name = "AS131279"
origins = [131279]
prefixes = ["175.45.176.0/22"]
known_upstreams = [4837]

[detector]
lateness = "0s"
persistence = "1s"
return_persistence = "1s"
peer_standing = "0s"
{detector}

[history]
folder = "{folder}"

[feeds]
hold = "3s"
{feeds}
{listening}"""


class Router:
    """A router that has its transit from five networks, and a session with TransTeleCom."""

    def __init__(self, name, add_path=False):
        self.name = name
        self.peers = {asn: Peer(asn, f"192.0.2.{index + 1}", add_path=add_path)
                      for index, asn in enumerate([*TRANSIT[name], 20485])}

    def call(self, collector):
        self.connection = connect(collector.bmp, PLACES[self.name])
        return self

    def says(self, told):
        self.connection.sendall(told)

    def close(self):
        self.connection.close()

    def tables(self):
        """What everybody says before: all prefixes through China Unicom."""
        told = b"".join(each.up() for each in self.peers.values())
        for asn in TRANSIT[self.name]:
            told += self.peers[asn].table([(PREFIXES, [asn, 4837, 131279])])
        return told + self.peers[20485].table([(PREFIXES, [20485, 3356, 4837, 131279])])

    def event(self):
        """TransTeleCom has a route of its own to three of the four prefixes, and the others follow."""
        told = self.peers[20485].says(announcement(MOVED, [20485, 131279]))
        for asn in TRANSIT[self.name]:
            told += self.peers[asn].says(announcement(MOVED, [asn, 20485, 131279]))
        return told

    def down(self):
        return b"".join(each.down() for each in self.peers.values())


class Fed(Collector):
    """A collector that routers can reach."""

    def await_routers(self):
        self.await_ready()
        self.bmp = self.port("routers are awaited")
        return self

    def json(self, path):
        return json.loads(self.get(path)[1])

    def events(self):
        found = [(each["type"], (each["upstream"] or {}).get("asn")) for each in self.json("/api/v1/events")["items"]]
        return [each for each in found if each[0] != "upstream_candidate"]

    def feed(self, name="edge"):
        return next((each for each in self.json("/api/v1/feeds")["feeds"] if each["name"] == name), {"state": None})

    def upstreams(self):
        return {each["asn"]: each for target in self.json("/api/v1/targets/AS131279").get("families", [])
                for each in target["upstreams"]}

    def await_feeds(self, state):
        self.wait_for(lambda: all(self.feed(name)["state"] == state for name in TRANSIT))

    def await_event(self, kind, upstream):
        self.wait_for(lambda: (kind, upstream) in self.events())

    def await_judgement(self, seconds=3):
        """Waits until the detector has gone on for some time of its own, whatever the machine does."""
        begun = self.json("/api/v1/status")["time"]
        self.wait_for(lambda: seconds_between(begun, self.json("/api/v1/status")["time"]) > seconds)


def seconds_between(one, other):
    parse = [time.mktime(time.strptime(each[:19], "%Y-%m-%dT%H:%M:%S")) for each in (one, other)]
    return parse[1] - parse[0]


def check_founding(checks, program, folder):
    config = folder / "founding.toml"
    config.write_text(toml(folder / "history"))
    collector = Fed(program, config, folder / "log").await_routers()
    checks.equal("a router is awaited", collector.wait_for(lambda: collector.feed()["state"]), "waiting")
    routers = [Router(name).call(collector) for name in TRANSIT]
    for router in routers:
        router.says(initiation() + router.tables())
    collector.await_feeds("live")
    collector.await_judgement()
    checks.equal("a table is no event", collector.events(), [])
    checks.equal("its routes are kept", [each["routes"] for each in collector.feed()["peers"]], [4] * 6)

    begun = time.monotonic()
    for router in routers:
        router.says(router.event())
    collector.await_event("upstream_new", 20485)
    took = time.monotonic() - begun
    print(f"upstream_new {took:.2f} s after the routers said so, with a persistence of 1 s")
    checks.expect("the new upstream is told within seconds, of a busy machine 30", took < 30, took)

    # The same tables in new sessions: routers were restarted, or the connection was lost.
    collector.await_judgement()
    told = collector.events()
    for _ in range(2):
        gaps = collector.feed()["gaps"]
        for router in routers:
            router.close()
        collector.await_feeds("lost")
        for router in routers:
            router.call(collector).says(initiation() + router.tables() + router.event())
        collector.await_feeds("live")
        checks.expect("a gap is counted", collector.feed()["gaps"] > gaps, collector.feed())
        for router in routers:
            router.says(router.down() + router.tables() + router.event())
    collector.await_judgement()
    checks.equal("a session that is reset is no event", collector.events(), told)

    # Another life of the collector itself.
    checks.equal("ended as told", collector.stop()[0], 0)
    collector = Fed(program, config, folder / "log").await_routers()
    collector.wait_for(lambda: 20485 in collector.upstreams())
    checks.expect("routes are held over a restart", "routes from before are held" in collector.log(), collector.log())
    for router in routers:
        router.call(collector).says(initiation() + router.tables() + router.event())
    collector.await_feeds("live")
    collector.await_judgement()
    checks.equal("a restart is no event", collector.events(), told)

    # One of two is blind: half is seen, and nothing has changed.
    routers[1].close()
    collector.wait_for(lambda: collector.feed("west")["blind"])
    low = collector.wait_for(lambda: next((each for each in [collector.upstreams()[4837]["confidence"]] if each < 1), None))
    checks.expect("a blind feed lowers confidence", 0.4 < low < 0.6, low)
    routers[1].call(collector).says(initiation() + routers[1].tables() + routers[1].event())
    collector.await_feeds("live")
    collector.wait_for(lambda: collector.upstreams()[4837]["confidence"] == 1)

    # Blind: the routers go away and do not come back. The hold is three seconds.
    for router in routers:
        router.close()
    collector.await_feeds("lost")
    collector.await_judgement(6)
    checks.equal("to be blind is to see less, and no more than that", set(collector.events()) - set(told), {("coverage_low", None)})
    checks.expect("and it says so", collector.feed()["blind"], collector.feed())
    metrics = collector.get("/metrics")[1]
    checks.expect("so do the metrics", 'isthmus_bgp_feed_up{collector="edge",kind="bmp"} 0' in metrics,
                  [line for line in metrics.split("\n") if "bgp_feed" in line])
    checks.equal("ended as told", collector.stop()[0], 0)


def check_add_path(checks, program, folder):
    """The second path of an ADD-PATH session is seen; the first one stays."""
    config = folder / "addpath.toml"
    config.write_text(toml(folder / "addpath"))
    collector = Fed(program, config, folder / "log-addpath").await_routers()
    router = Router("edge", add_path=True).call(collector)

    def routes():
        return sum(each["routes"] for each in collector.feed().get("peers", []))

    def says(path_id, path):
        return b"".join(router.peers[asn].says(announcement(MOVED, [asn, *path], path_id)) for asn in TRANSIT["edge"])

    router.says(initiation() + b"".join(each.up() for each in router.peers.values()) + says(1, [4837, 131279]))
    collector.wait_for(lambda: routes() == 15)
    router.says(says(2, [20485, 131279]))
    collector.wait_for(lambda: 20485 in collector.upstreams())
    checks.equal("both paths are kept", routes(), 30)
    shares = {asn: each["planes"][0]["share"] for asn, each in collector.upstreams().items()}
    print(f"shares of two paths to each prefix: {shares}")
    router.says(b"".join(router.peers[asn].says(withdrawal(MOVED, path_id=2)) for asn in TRANSIT["edge"]))
    collector.wait_for(lambda: routes() == 15)
    collector.await_judgement()
    checks.equal("the first one was never lost", collector.events(), [])
    router.close()
    checks.equal("ended as told", collector.stop()[0], 0)


def check_reload(checks, program, folder):
    """Routers are let in as the configuration says it, and that can change while it runs."""
    config = folder / "reload.toml"
    config.write_text(toml(folder / "reload"))
    collector = Fed(program, config, folder / "log-reload").await_routers()
    stranger = connect(collector.bmp, "127.0.0.9")
    checks.equal("who is not named gets nothing read", stranger.recv(1), b"")
    collector.wait_for(lambda: collector.feed("bmp-listener")["state"])
    checks.equal("and is counted", collector.feed("bmp-listener")["skipped"].get("access_list"), 1)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config.write_text(toml(folder / "reload", port=taken.getsockname()[1]))
        status, said = collector.get("/-/reload", "POST")
        checks.equal("an address in use is refused", status, 500)
        checks.expect("and named", "feeds.bmp.listen" in said, said)
    collector.bmp = collector.port("routers are awaited")
    router = Router("edge").call(collector)
    router.says(initiation() + router.tables())
    collector.wait_for(lambda: collector.feed()["state"] == "live")

    late = ROUTERS + '[[feeds.bmp.router]]\nname = "late"\nfrom = ["127.0.0.9/32"]\n'
    config.write_text(toml(folder / "reload", port=collector.bmp, routers=late))
    collector.process.send_signal(signal.SIGHUP)
    collector.wait_for(lambda: collector.feed("late")["state"])
    checks.equal("the other router has to call again", router.connection.recv(1), b"")
    newcomer = connect(collector.bmp, "127.0.0.9")
    newcomer.sendall(initiation() + router.tables())
    collector.wait_for(lambda: collector.feed("late")["state"] == "live")
    checks.equal("nothing has happened", collector.events(), [])
    status, took = collector.stop()
    checks.equal("ended as told", status, 0)
    checks.expect("within 5 seconds, of a busy machine 15", took < 15, took)


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)


def make_certificates(folder):
    """An authority, and certificates of the collector and of a router."""
    folder.mkdir()
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
            "ca.pem", "-subj", "/CN=routers", "-days", "2")
    for name in ("collector", "router"):
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.csr", "-subj", f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                f"{name}.pem", "-days", "2")


def check_tls(checks, program, folder):
    """With certificates only those routers are heard that have a good one."""
    keys = folder / "keys"
    make_certificates(keys)
    files = f'certificate_file = "{keys}/collector.pem"\nkey_file = "{keys}/collector.key"\nclient_ca_file = "{keys}/ca.pem"\n'
    config = folder / "tls.toml"
    config.write_text(toml(folder / "tls", routers=files + ROUTERS))
    collector = Fed(program, config, folder / "log-tls").await_routers()
    trust = ssl.create_default_context(cafile=keys / "ca.pem")
    trust.check_hostname = False

    def refused(context, told=b""):
        with connect(collector.bmp) as plain:
            plain.settimeout(60)
            try:
                router = context.wrap_socket(plain) if context else plain
                router.sendall(told)
                return router.recv(1) == b""
            except (ssl.SSLError, ConnectionError):
                return True

    router = Router("edge")
    everything = initiation() + router.tables()
    checks.expect("a router without TLS is not heard", refused(None, everything))
    checks.expect("nor is one without a certificate", refused(trust, everything))
    collector.wait_for(lambda: collector.feed("bmp-listener").get("skipped", {}).get("handshake", 0) == 2)
    checks.equal("nothing of it was read", collector.feed()["state"], "waiting")
    trust.load_cert_chain(keys / "router.pem", keys / "router.key")
    router.connection = trust.wrap_socket(connect(collector.bmp))
    router.says(everything)
    collector.wait_for(lambda: collector.feed()["state"] == "live")
    checks.equal("one with a good certificate is heard", [each["routes"] for each in collector.feed()["peers"]], [4] * 6)
    router.close()
    checks.equal("ended as told", collector.stop()[0], 0)


class Cache(threading.Thread):
    """An RPKI cache (RFC 8210) that answers every query with one VRP, and ends each connection after two."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.queries = []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                for _ in range(2):
                    head = connection.recv(8, socket.MSG_WAITALL)
                    if len(head) < 8:
                        break
                    self.queries.append(head[1])
                    connection.recv(struct.unpack("!I", head[4:])[0] - 8)
                    vrp = struct.pack("!BBHI4B4sI", 1, 4, 0, 20, 1, 22, 24, 0, bytes([175, 45, 176, 0]), 131279)
                    connection.sendall(struct.pack("!BBHI", 1, 3, 7, 8) + (vrp if head[1] == 2 else b"")
                                       + struct.pack("!BBHIIIII", 1, 7, 7, 24, len(self.queries), 1, 1, 600))


def check_others(checks, tool, program, folder):
    """Archives that appear in a folder are followed, an RPKI cache is kept up with, and RIS Live is tried for ever."""
    cache = Cache()
    archives = simulate(tool, STORY, folder / "story")
    place = folder / "published"
    place.mkdir()
    feeds = f'rtr = ["tcp://127.0.0.1:{cache.port}"]\n'
    tables = (f'[feeds.ris_live]\nurl = "ws://127.0.0.1:1/"\n[[feeds.follow]]\nlocation = "{place}"\ninterval = "1s"\n'
              'collector = "story"\nlook_back = "87600h"\n')
    config = folder / "others.toml"
    config.write_text(toml(folder / "others", feeds=feeds + tables, listen=False))
    collector = Fed(program, config, folder / "log-others").await_ready()
    cached = f"rtr-127.0.0.1:{cache.port}"
    collector.wait_for(lambda: collector.feed(cached)["state"] == "live" and 1 in cache.queries)
    checks.equal("the cache is asked for all, then for what is new", cache.queries[:2], [2, 1])
    collector.wait_for(lambda: collector.feed(cached)["messages"] >= 9)
    collector.wait_for(lambda: collector.feed("ris-live")["blind"] and collector.feed("ris-live")["detail"])
    first = sorted(archives)[0]
    hidden = place / f".{first.name}"
    shutil.copy(first, hidden)
    hidden.rename(place / first.name)
    collector.wait_for(lambda: collector.feed("story").get("elements", 0) > 0)
    checks.expect("its ledger is kept", (folder / "others" / "feeds" / "archives" / "ledger").exists())
    cache.listener.close()
    status, took = collector.stop()
    checks.equal("ended as told", status, 0)
    checks.expect("within 5 seconds, of a busy machine 15", took < 15, took)


def main():
    tool, program = Tool(sys.argv[1]), str(pathlib.Path(sys.argv[2]).absolute())
    checks = Checks()
    with scratch() as name:
        folder = pathlib.Path(name)
        # They wait most of the time: for the persistence that no machine makes shorter.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            running = [pool.submit(check, checks, program, folder) for check in (check_founding, check_add_path, check_reload, check_tls)]
            running.append(pool.submit(check_others, checks, tool, program, folder))
            for each in running:
                each.result()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
