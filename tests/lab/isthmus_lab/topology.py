"""What a topology file says: ASes, the links between them, exchange points, probes, the collector."""
import dataclasses
import ipaddress
import tomllib

DAEMONS = ("frr", "gobgp", "bird")
CORES = ("single", "ecmp")


class TopologyError(Exception):
    """A mistake in a topology file; the text names the place."""


@dataclasses.dataclass
class As:
    asn: int
    name: str
    network: ipaddress.IPv4Network
    network6: ipaddress.IPv6Network
    country: str = ""
    daemon: str = "frr"
    core: str = "single"
    announce: list = dataclasses.field(default_factory=list)
    hosts: list = dataclasses.field(default_factory=list)
    silent: bool = False
    bmp: bool = False
    families: tuple = (4, 6)

    def routers(self):
        """Names of its routers; border routers first."""
        if self.core == "ecmp":
            return [f"{self.asn}.west", f"{self.asn}.east", f"{self.asn}.core1", f"{self.asn}.core2"]
        return [str(self.asn)]

    def announced(self, family):
        own = [self.network] if family == 4 else [self.network6]
        given = [each for each in self.announce if each.version == family]
        return given or ([] if self.announce else own)


@dataclasses.dataclass
class Link:
    """`left` provides transit to `right`, or both peer."""
    name: str
    left: str
    right: str
    relation: str
    silent_hops: int = 0
    up: bool = True
    export: list | None = None  # what right may announce to left; None: what the relation permits


@dataclasses.dataclass
class Exchange:
    name: str
    lan: ipaddress.IPv4Network
    lan6: ipaddress.IPv6Network
    route_server: int
    members: list


@dataclasses.dataclass
class Probe:
    name: str
    asn: int
    nat: bool = False


@dataclasses.dataclass
class Topology:
    name: str
    target: int
    ases: dict
    links: list
    exchanges: list
    probes: list
    collector: int

    def owner(self, router):
        return self.ases[int(router.split(".")[0])]


def take(table, where, known):
    for key in table:
        if key not in known:
            raise TopologyError(f"{where}: unknown key '{key}'; there are {', '.join(sorted(known))}")
    return table


def network(text, where):
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise TopologyError(f"{where}: {error}") from error


def read_as(asn, table):
    where = f"as.{asn}"
    take(table, where, {"name", "country", "network", "network6", "daemon", "core", "announce", "hosts", "silent", "bmp",
                        "families"})
    if not asn.isdigit() or "network" not in table:
        raise TopologyError(f"{where}: the key is the number of the AS, and 'network' has to be given")
    number = int(asn)
    default6 = f"2a10:{number >> 16:x}:{number & 0xffff:x}::/48"
    made = As(asn=number, name=table.get("name", f"AS{asn}"), country=table.get("country", ""),
              network=network(table["network"], where), network6=network(table.get("network6", default6), where),
              daemon=table.get("daemon", "frr"), core=table.get("core", "single"),
              announce=[network(each, where) for each in table.get("announce", [])],
              hosts=[ipaddress.ip_address(each) for each in table.get("hosts", [])],
              silent=table.get("silent", False), bmp=table.get("bmp", False),
              families=tuple(table.get("families", (4, 6))))
    if made.daemon not in DAEMONS:
        raise TopologyError(f"{where}: daemon '{made.daemon}' is none of {', '.join(DAEMONS)}")
    if made.core not in CORES:
        raise TopologyError(f"{where}: core '{made.core}' is none of {', '.join(CORES)}")
    if made.core == "ecmp" and made.daemon != "frr":
        raise TopologyError(f"{where}: only FRR runs a core of several routers")
    return made


def read_link(table, index):
    where = f"link {index + 1}"
    take(table, where, {"name", "provider", "customer", "peers", "silent_hops", "up", "export"})
    if "peers" in table:
        if not (isinstance(table["peers"], list) and len(table["peers"]) == 2):
            raise TopologyError(f"{where}: 'peers' names two routers")
        left, right = table["peers"]
        relation = "peer"
    else:
        try:
            left, right = table["provider"], table["customer"]
        except KeyError as error:
            raise TopologyError(f"{where}: 'provider' and 'customer', or 'peers'") from error
        relation = "transit"
    export = table.get("export")
    return Link(name=table.get("name", f"{left}-{right}"), left=left, right=right, relation=relation,
                silent_hops=table.get("silent_hops", 0), up=table.get("up", True),
                export=None if export is None else [network(each, where) for each in export])


def check(topology):
    routers = {router for each in topology.ases.values() for router in each.routers()}
    names = [each.name for each in topology.links]
    for link in topology.links:
        for end in (link.left, link.right):
            if end not in routers:
                raise TopologyError(f"link {link.name}: there is no router '{end}'; a single one is called like its AS, "
                                    "those of an ecmp core 'ASN.west' and 'ASN.east'")
        if names.count(link.name) > 1:
            raise TopologyError(f"link {link.name}: two links have this name")
    for exchange in topology.exchanges:
        for member in exchange.members:
            if member not in routers:
                raise TopologyError(f"ixp {exchange.name}: there is no router '{member}'")
    known = set(topology.ases)
    for exchange in topology.exchanges:
        if exchange.route_server in known:
            raise TopologyError(f"ixp {exchange.name}: the route server has an AS of its own, not AS{exchange.route_server}")
    for asn in [topology.target, topology.collector, *(each.asn for each in topology.probes)]:
        if asn not in topology.ases:
            raise TopologyError(f"AS{asn} is named, but not declared")


def parse(text):
    """The topology; raises TopologyError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TopologyError(str(error)) from error
    take(table, "topology", {"name", "target", "as", "link", "ixp", "probe", "collector"})
    for key in ("name", "target", "as", "link", "collector"):
        if key not in table:
            raise TopologyError(f"'{key}' is missing")
    exchanges = []
    for each in table.get("ixp", []):
        take(each, "ixp", {"name", "lan", "lan6", "route_server", "members"})
        exchanges.append(Exchange(each["name"], network(each["lan"], "ixp"), network(each["lan6"], "ixp"),
                                  each["route_server"], each["members"]))
    probes = []
    for each in table.get("probe", []):
        take(each, "probe", {"as", "name", "nat"})
        probes.append(Probe(each.get("name", f"probe-{each['as']}"), each["as"], each.get("nat", False)))
    topology = Topology(table["name"], table["target"], {made.asn: made for made in (read_as(asn, each) for asn, each in table["as"].items())},
                        [read_link(each, index) for index, each in enumerate(table["link"])], exchanges, probes,
                        table["collector"]["as"])
    check(topology)
    return topology


def load(path):
    with open(path, encoding="utf-8") as file:
        try:
            return parse(file.read())
        except TopologyError as error:
            raise TopologyError(f"{path}: {error}") from error
