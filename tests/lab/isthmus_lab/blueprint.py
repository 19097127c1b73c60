"""From a topology to what has to be made: nodes, wires with their addresses, static routes, BGP sessions. Pure."""
import dataclasses
import ipaddress

from . import topology as topologies


@dataclasses.dataclass
class Port:
    """One end of a wire."""
    node: str
    device: str
    addresses: list  # ip_interface


@dataclasses.dataclass
class Wire:
    left: Port
    right: Port
    up: bool = True


@dataclasses.dataclass
class Route:
    node: str
    prefix: object
    gateways: list


@dataclasses.dataclass
class Session:
    """A BGP session as one router sees it. `relation` is what the neighbour is to us."""
    router: str
    address: object
    neighbour: object
    neighbour_asn: int
    relation: str  # customer, provider, peer, internal, client (of a route server)
    multihop: bool = False
    export: list | None = None
    link: str = ""


@dataclasses.dataclass
class Blueprint:
    topology: object
    nodes: list = dataclasses.field(default_factory=list)
    wires: list = dataclasses.field(default_factory=list)
    bridges: dict = dataclasses.field(default_factory=dict)   # node -> devices
    routes: list = dataclasses.field(default_factory=list)
    sessions: list = dataclasses.field(default_factory=list)
    loopbacks: dict = dataclasses.field(default_factory=dict)  # node -> addresses
    local: dict = dataclasses.field(default_factory=dict)      # node -> prefixes that it answers for whole
    silent: list = dataclasses.field(default_factory=list)
    nat: dict = dataclasses.field(default_factory=dict)        # node -> device to masquerade at
    link_ports: dict = dataclasses.field(default_factory=dict)  # link name -> the port that plugs it
    probe_nodes: dict = dataclasses.field(default_factory=dict)
    probe_addresses: dict = dataclasses.field(default_factory=dict)
    collector_node: str = "collector"
    collector_addresses: dict = dataclasses.field(default_factory=dict)  # family -> address


class Numbering:
    """Hands out an AS's addresses: loopbacks from the front of its network, wires from the second half."""

    def __init__(self, autonomous_system):
        self.owner = autonomous_system
        self.loops = 0
        self.wires = 0
        four = autonomous_system.network
        # A target of a /22 has its hosts at known places: wires of it go to the very end.
        self.base4 = int(four.network_address) + four.num_addresses // 2
        self.base6 = int(autonomous_system.network6.network_address) + (1 << 79)

    def loopback(self):
        self.loops += 1
        return {4: self.owner.network[self.loops], 6: self.owner.network6[self.loops]}

    def wire(self):
        """Two ends for both families."""
        index = self.wires
        self.wires += 1
        pairs = {4: [], 6: []}
        for host in (1, 2):
            address = ipaddress.ip_address(self.base4 + 4 * index + host)
            pairs[4].append(ipaddress.ip_interface(f"{address}/30"))
            address = ipaddress.ip_address(self.base6 + (index << 64) + host)
            pairs[6].append(ipaddress.ip_interface(f"{address}/64"))
        return pairs


class Draft:
    """Makes a blueprint step by step."""

    def __init__(self, topology):
        self.topology = topology
        self.plan = Blueprint(topology)
        self.numbers = {asn: Numbering(each) for asn, each in topology.ases.items()}
        self.devices = {}

    def node(self, name):
        self.plan.nodes.append(name)
        return name

    def device(self, node, peer):
        """A device name of at most 15 characters, once per node."""
        base = f"to-{peer}"[:13]
        taken = self.devices.setdefault(node, set())
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base[:12]}-{count}"
        taken.add(name)
        return name

    def wire(self, left, right, pairs, families, up=True):
        """Connects two nodes; returns their addresses by family."""
        ends = {4: None, 6: None}
        ports = []
        for side, (node, peer) in enumerate(((left, right), (right, left))):
            addresses = [pairs[family][side] for family in families]
            ports.append(Port(node, self.device(node, peer), addresses))
        for family in families:
            ends[family] = (pairs[family][0].ip, pairs[family][1].ip)
        self.plan.wires.append(Wire(ports[0], ports[1], up))
        return ends, ports

    def route(self, node, prefix, *gateways):
        self.plan.routes.append(Route(node, prefix, list(gateways)))

    def routers(self):
        for each in self.topology.ases.values():
            for router in each.routers():
                self.node(router)
                self.plan.loopbacks[router] = list(self.numbers[each.asn].loopback().values())
            if each.silent:
                self.plan.silent += each.routers()
            if each.core == "ecmp":
                self.core(each)

    def core(self, owner):
        west, east, *middle = owner.routers()
        numbers = self.numbers[owner.asn]
        loop = {router: dict(zip((4, 6), self.plan.loopbacks[router])) for router in owner.routers()}
        over = {west: {4: [], 6: []}, east: {4: [], 6: []}}
        for router in middle:
            for border in (west, east):
                ends, _ = self.wire(border, router, numbers.wire(), owner.families)
                for family in owner.families:
                    width = 32 if family == 4 else 128
                    self.route(border, ipaddress.ip_network(f"{loop[router][family]}/{width}"), ends[family][1])
                    self.route(router, ipaddress.ip_network(f"{loop[border][family]}/{width}"), ends[family][0])
                    over[border][family].append(ends[family][1])
        for family in owner.families:
            width = 32 if family == 4 else 128
            for border, other in ((west, east), (east, west)):
                self.route(border, ipaddress.ip_network(f"{loop[other][family]}/{width}"), *over[border][family])
            # The two core routers see each other over the west.
            for router, other in (middle, middle[::-1]):
                gateway = [each for each in self.plan.routes
                           if each.node == router and each.prefix == ipaddress.ip_network(f"{loop[west][family]}/{width}")]
                self.route(router, ipaddress.ip_network(f"{loop[other][family]}/{width}"), *gateway[0].gateways)
            for router in owner.routers():
                for other in owner.routers():
                    if other != router:
                        self.plan.sessions.append(Session(router, loop[router][family], loop[other][family], owner.asn,
                                                          "internal"))

    def link(self, link):
        left, right = self.topology.owner(link.left), self.topology.owner(link.right)
        families = [each for each in (4, 6) if each in left.families and each in right.families]
        numbers = self.numbers[left.asn]
        chain = [link.left]
        for index in range(link.silent_hops):
            name = self.node(f"{link.name}-{index + 1}")
            self.plan.silent.append(name)
            chain.append(name)
        chain.append(link.right)
        segments = []
        for index, (near, far) in enumerate(zip(chain, chain[1:])):
            ends, ports = self.wire(near, far, numbers.wire(), families, up=link.up or index > 0)
            segments.append(ends)
            if index == 0:
                self.plan.link_ports[link.name] = ports[0]
        for family in families:
            self.chain_routes(link, chain, segments, family)
            left_address, right_address = segments[0][family][0], segments[-1][family][1]
            if link.export is not None and not any(each.version == family for each in link.export):
                continue
            roles = ("customer", "provider") if link.relation == "transit" else ("peer", "peer")
            multihop = link.silent_hops > 0
            self.plan.sessions.append(Session(link.left, left_address, right_address, right.asn, roles[0], multihop,
                                              link=link.name))
            self.plan.sessions.append(Session(link.right, right_address, left_address, left.asn, roles[1], multihop,
                                              link.export, link.name))

    def chain_routes(self, link, chain, segments, family):
        """Routers between the two ends know only: the customer's networks are ahead, all else is behind."""
        customer = self.topology.owner(link.right)
        everything = ipaddress.ip_network("0.0.0.0/0" if family == 4 else "::/0")
        width = 32 if family == 4 else 128
        last = segments[-1][family][1]
        first = segments[0][family][0]
        for index, node in enumerate(chain[1:-1]):
            behind, ahead = segments[index][family][0], segments[index + 1][family][1]
            self.route(node, everything, behind)
            for prefix in customer.announced(family):
                self.route(node, prefix, ahead)
            if ahead != last:
                self.route(node, ipaddress.ip_network(f"{last}/{width}"), ahead)
        if len(chain) > 2:
            self.route(chain[0], ipaddress.ip_network(f"{last}/{width}"), segments[0][family][1])
            self.route(chain[-1], ipaddress.ip_network(f"{first}/{width}"), segments[-1][family][0])

    def exchange(self, exchange):
        switch = self.node(f"ixp-{exchange.name}")
        server = self.node(f"rs-{exchange.name}")
        self.plan.bridges[switch] = []
        lans = {4: exchange.lan, 6: exchange.lan6}
        members = [server, *exchange.members]
        addresses = {}
        for index, member in enumerate(members):
            mine = {family: ipaddress.ip_interface(f"{lan[index + 1]}/{lan.prefixlen}") for family, lan in lans.items()}
            addresses[member] = mine
            port = Port(member, self.device(member, switch), list(mine.values()))
            plug = Port(switch, self.device(switch, member), [])
            self.plan.wires.append(Wire(port, plug))
            self.plan.bridges[switch].append(plug.device)
        for member in exchange.members:
            owner = self.topology.owner(member)
            for family in owner.families:
                self.plan.sessions.append(Session(member, addresses[member][family].ip, addresses[server][family].ip,
                                                  exchange.route_server, "peer", link=f"ixp-{exchange.name}"))
                self.plan.sessions.append(Session(server, addresses[server][family].ip, addresses[member][family].ip,
                                                  owner.asn, "client", link=f"ixp-{exchange.name}"))

    def host(self, name, router, families):
        """A host with a wire to its router; returns its addresses by family."""
        owner = self.topology.owner(router)
        self.node(name)
        ends, _ = self.wire(router, name, self.numbers[owner.asn].wire(), families)
        for family in families:
            self.route(name, ipaddress.ip_network("0.0.0.0/0" if family == 4 else "::/0"), ends[family][0])
        return {family: ends[family][1] for family in families}

    def target(self):
        owner = self.topology.ases[self.topology.target]
        border = owner.routers()[0]
        node = self.node("target-host")
        private = {4: [ipaddress.ip_interface("10.255.255.1/30"), ipaddress.ip_interface("10.255.255.2/30")],
                   6: [ipaddress.ip_interface("fd00:ffff::1/64"), ipaddress.ip_interface("fd00:ffff::2/64")]}
        ends, _ = self.wire(border, node, private, (4, 6))
        for family in (4, 6):
            for prefix in owner.announced(family):
                self.route(border, prefix, ends[family][1])
            self.route(node, ipaddress.ip_network("0.0.0.0/0" if family == 4 else "::/0"), ends[family][0])
        self.plan.loopbacks[node] = list(owner.hosts)

    def probes(self):
        for probe in self.topology.probes:
            owner = self.topology.ases[probe.asn]
            router = owner.routers()[0]
            if not probe.nat:
                addresses = self.host(probe.name, router, owner.families)
                self.plan.probe_nodes[probe.name] = probe.name
            else:
                gateway = f"{probe.name}-nat"
                addresses = self.host(gateway, router, [4])
                self.plan.nat[gateway] = self.plan.wires[-1].right.device
                self.node(probe.name)
                private = {4: [ipaddress.ip_interface("192.168.1.1/24"), ipaddress.ip_interface("192.168.1.2/24")]}
                ends, _ = self.wire(gateway, probe.name, private, [4])
                self.route(probe.name, ipaddress.ip_network("0.0.0.0/0"), ends[4][0])
                self.plan.probe_nodes[probe.name] = probe.name
            self.plan.probe_addresses[probe.name] = addresses

    def collector(self):
        owner = self.topology.ases[self.topology.collector]
        self.plan.collector_addresses = self.host(self.plan.collector_node, owner.routers()[0], owner.families)


def draw(topology: topologies.Topology) -> Blueprint:
    draft = Draft(topology)
    draft.routers()
    for link in topology.links:
        draft.link(link)
    for exchange in topology.exchanges:
        draft.exchange(exchange)
    draft.target()
    draft.probes()
    draft.collector()
    return draft.plan
