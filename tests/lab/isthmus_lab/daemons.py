"""Starts the routing daemons of a lab, and asks them how they are."""
import ipaddress
import json
import pathlib
import shutil
import time

from . import bird, frr, gobgp, kernel

FRR = pathlib.Path("/usr/lib/frr")
BMP_PORT = 1790


class Routers:
    def __init__(self, space, plan, bmp=True):
        self.space = space
        self.plan = plan
        self.topology = plan.topology
        self.bmp = bmp

    def folder(self, router):
        made = self.space.folder / router
        made.mkdir(parents=True, exist_ok=True)
        return made

    def sessions(self, router):
        return [each for each in self.plan.sessions if each.router == router]

    def router_id(self, router):
        addresses = self.plan.loopbacks.get(router)
        if addresses:
            return addresses[0]
        return next(each.address for each in self.sessions(router) if each.address.version == 4)

    def station(self, owner, router):
        """Where the router sends BMP, if it does: border routers of ASes with `bmp = true`."""
        if not (self.bmp and owner.bmp and router in owner.routers()[:2]):
            return None
        return self.plan.collector_addresses[4], BMP_PORT

    def all_routers(self):
        mine = [(owner, router) for owner in self.topology.ases.values() for router in owner.routers()]
        return mine

    def start_all(self):
        by_frr = [(owner, router) for owner, router in self.all_routers() if owner.daemon == "frr"]
        for owner, router in by_frr:
            self.start_zebra(owner, router)
        for owner, router in by_frr:
            self.await_path(self.folder(router) / "zserv.api")
            self.start_bgpd(owner, router)
        for owner, router in self.all_routers():
            if owner.daemon == "gobgp":
                self.start_gobgp(owner, router)
            elif owner.daemon == "bird":
                self.start_bird(router, bird.edge(owner, self.router_id(router), self.sessions(router)))
        for exchange in self.topology.exchanges:
            name = f"rs-{exchange.name}"
            self.start_bird(name, bird.route_server(exchange.route_server, self.router_id(name), self.sessions(name)))

    @staticmethod
    def await_path(path, seconds=20):
        deadline = time.monotonic() + seconds
        while not path.exists():
            if time.monotonic() > deadline:
                raise kernel.LabError(f"{path} did not appear within {seconds} s; the daemon's log is beside it")
            time.sleep(0.01)

    def start_frr(self, router, daemon, config, *more):
        folder = self.folder(router)
        shutil.chown(folder, "frr", "frr")  # FRR drops its rights to this user, who is in the group of vtysh
        path = folder / f"{daemon}.conf"
        path.write_text(config)
        self.space.start(router, FRR / daemon, "-u", "frr", "-g", "frr", "-f", path, "-i", folder / f"{daemon}.pid",
                         "-z", folder / "zserv.api", "--vty_socket", folder, "--vty_port", "0", *more,
                         log=folder / f"{daemon}.log")

    def start_zebra(self, _, router):
        self.start_frr(router, "zebra", frr.zebra(router))

    def start_bgpd(self, owner, router):
        station = self.station(owner, router)
        config = frr.bgpd(owner, router, self.router_id(router), self.sessions(router), station)
        self.start_frr(router, "bgpd", config, *(["-M", "bmp"] if station else []))

    def start_gobgp(self, owner, router):
        folder = self.folder(router)
        sessions = self.sessions(router)
        (folder / "gobgpd.toml").write_text(gobgp.config(owner, self.router_id(router), sessions, self.station(owner, router)))
        self.space.start(router, "gobgpd", "-f", folder / "gobgpd.toml", "--api-hosts", "127.0.0.1:50051", "--pprof-disable",
                         log=folder / "gobgpd.log")
        deadline = time.monotonic() + 20
        for arguments in gobgp.announcements(owner, sessions):
            while self.space.inside(router, "gobgp", "global", "rib", "add", *arguments, check=False).returncode != 0:
                if time.monotonic() > deadline:
                    raise kernel.LabError(f"gobgpd of {router} does not answer; see {folder}/gobgpd.log")
                time.sleep(0.1)
        # GoBGP does not fill the kernel's table: an AS at the edge forwards by its default route.
        for session in sessions:
            everything = ipaddress.ip_network("0.0.0.0/0" if session.neighbour.version == 4 else "::/0")
            self.space.inside(router, "ip", f"-{session.neighbour.version}", "route", "replace", str(everything), "via",
                              str(session.neighbour))

    def start_bird(self, router, config):
        folder = self.folder(router)
        (folder / "bird.conf").write_text(config)
        self.space.start(router, "bird", "-f", "-c", folder / "bird.conf", "-s", folder / "bird.ctl", "-P", folder / "bird.pid",
                         log=folder / "bird.log")

    def vtysh(self, router, *commands):
        arguments = [each for command in commands for each in ("-c", command)]
        return self.space.inside(router, "vtysh", "--vty_socket", self.folder(router), *arguments, check=False).stdout

    def configure(self, router, *lines):
        self.vtysh(router, "configure terminal", *lines)

    def established(self):
        """Sessions of FRR's routers that are up, and all of them."""
        up = total = 0
        for owner, router in self.all_routers():
            if owner.daemon != "frr":
                continue
            try:
                summary = json.loads(self.vtysh(router, "show bgp summary json"))
            except json.JSONDecodeError:
                total += len(self.sessions(router))
                continue
            for family in summary.values():
                for peer in family.get("peers", {}).values():
                    total += 1
                    up += peer["state"] == "Established"
        return up, total

    def await_sessions(self, down=0, seconds=60):
        """Waits until all sessions but `down` are up."""
        deadline = time.monotonic() + seconds
        while True:
            up, total = self.established()
            if total > 0 and up >= total - down:
                return up, total
            if time.monotonic() > deadline:
                raise kernel.LabError(f"only {up} of {total} BGP sessions came up within {seconds} s; see {self.space.folder}")
            time.sleep(0.2)
