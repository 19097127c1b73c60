"""What can happen in a lab: each act is a function of the running lab and its arguments."""
import ipaddress
import signal
import os

from . import frr, kernel


class Stage:
    """A running lab: its namespaces, its plan, its routers, and what is measured there."""

    def __init__(self, space, plan, routers, services=None):
        self.space = space
        self.plan = plan
        self.routers = routers
        self.services = services

    def owner(self, router):
        return self.plan.topology.owner(router)

    def sessions_of(self, link, router=None):
        found = [each for each in self.plan.sessions
                 if each.link == link and (router is None or each.router == router)]
        if not found:
            raise kernel.LabError(f"there is no BGP session over a link '{link}'")
        return found

    def link(self, name):
        for each in self.plan.topology.links:
            if each.name == name:
                return each
        raise kernel.LabError(f"there is no link '{name}'; there are "
                              f"{', '.join(each.name for each in self.plan.topology.links)}")


def plug(stage, link):
    """The link comes up."""
    port = stage.plan.link_ports[stage.link(link).name]
    kernel.call("ip", "-n", stage.space.name(port.node), "link", "set", port.device, "up")
    kernel.add_routes(stage.space, stage.plan, {port.node, f"{link}-1"})
    for session in stage.sessions_of(link):
        # bgpd would wait for its next attempt, which comes later each time.
        stage.routers.vtysh(session.router, f"clear bgp {session.neighbour}")


def unplug(stage, link):
    """The link goes down."""
    port = stage.plan.link_ports[stage.link(link).name]
    kernel.call("ip", "-n", stage.space.name(port.node), "link", "set", port.device, "down")


def export(stage, link, prefixes):
    """The customer of the link announces these prefixes over it, and no others."""
    session = next(each for each in stage.sessions_of(link, stage.link(link).right) if each.neighbour.version == 4)
    name = frr.session_name(session)
    stage.routers.configure(session.router, f"no ip prefix-list {name}-only",
                            *[f"ip prefix-list {name}-only permit {each}" for each in prefixes],
                            *[line for number in (10, 20) for line in
                              (f"route-map {name}-out permit {number}", f"match ip address prefix-list {name}-only", "exit")])
    stage.routers.vtysh(session.router, f"clear bgp ipv4 unicast {session.neighbour} soft out")


def leak(stage, link):
    """The customer of the link announces to its provider all that it knows."""
    for session in stage.sessions_of(link, stage.link(link).right):
        family = session.neighbour.version
        stage.routers.configure(session.router, f"router bgp {stage.owner(session.router).asn}",
                                f"address-family ipv{family} unicast",
                                f"no neighbor {session.neighbour} route-map {frr.session_name(session)}-out out")
        stage.routers.vtysh(session.router, f"clear bgp ipv{family} unicast {session.neighbour} soft out")


def stop_leak(stage, link):
    """The export policy is back."""
    for session in stage.sessions_of(link, stage.link(link).right):
        family = session.neighbour.version
        stage.routers.configure(session.router, f"router bgp {stage.owner(session.router).asn}",
                                f"address-family ipv{family} unicast",
                                f"neighbor {session.neighbour} route-map {frr.session_name(session)}-out out")
        stage.routers.vtysh(session.router, f"clear bgp ipv{family} unicast {session.neighbour} soft out")


def forge(stage, router, prefix):
    """The router announces the target's prefix as if it were next to the target, and drops what then comes."""
    owner = stage.owner(router)
    stage.routers.configure(router, "route-map forge permit 10", f"set as-path prepend {stage.plan.topology.target}",
                            f"set large-community {frr.tag(owner, 'own')}", "exit", f"router bgp {owner.asn}",
                            "address-family ipv4 unicast", f"network {prefix} route-map forge")
    kernel.call("ip", "-n", stage.space.name(router), "route", "replace", "blackhole", prefix)


def stop_forging(stage, router, prefix):
    owner = stage.owner(router)
    stage.routers.configure(router, f"router bgp {owner.asn}", "address-family ipv4 unicast", f"no network {prefix}")
    kernel.call("ip", "-n", stage.space.name(router), "route", "del", "blackhole", prefix, check=False)


def prepend(stage, link, times):
    """The customer of the link prepends its own AS."""
    for session in stage.sessions_of(link, stage.link(link).right):
        name = frr.session_name(session)
        asn = stage.owner(session.router).asn
        text = " ".join([str(asn)] * times)
        stage.routers.configure(session.router, *[line for number in (10, 20) for line in
                                                  (f"route-map {name}-out permit {number}", f"set as-path prepend {text}",
                                                   "exit")])
        stage.routers.vtysh(session.router, f"clear bgp ipv{session.neighbour.version} unicast {session.neighbour} soft out")


def withdraw(stage, router, prefix):
    """The router does not originate the prefix any more."""
    version = ipaddress.ip_network(prefix).version
    stage.routers.configure(router, f"router bgp {stage.owner(router).asn}", f"address-family ipv{version} unicast",
                            f"no network {prefix}")


def originate(stage, router, prefix):
    version = ipaddress.ip_network(prefix).version
    stage.routers.configure(router, f"router bgp {stage.owner(router).asn}", f"address-family ipv{version} unicast",
                            f"network {prefix} route-map originate")


def silence(stage, node):
    """The router sends no ICMP errors any more."""
    kernel.silence(stage.space, node)


def speak(stage, node):
    kernel.unsilence(stage.space, node)


def blackhole(stage, node, prefix):
    """The router drops what it should forward to the prefix; its routes stay."""
    version = ipaddress.ip_network(prefix).version
    stage.space.inside(node, "nft", "-f", "-", text=f"""add table inet hole
add chain inet hole drop {{ type filter hook prerouting priority -300; }}
add rule inet hole drop {'ip' if version == 4 else 'ip6'} daddr {prefix} drop
""")


def fill(stage, node):
    """The end of `blackhole`."""
    stage.space.inside(node, "nft", "delete", "table", "inet", "hole", check=False)


def restart(stage, router):
    """The router's BGP daemon is killed and started again."""
    pid = int((stage.routers.folder(router) / "bgpd.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    stage.routers.start_bgpd(stage.owner(router), router)


ACTS = {each.__name__: each for each in (plug, unplug, export, leak, stop_leak, forge, stop_forging, prepend, withdraw,
                                         originate, silence, speak, blackhole, fill, restart)}
