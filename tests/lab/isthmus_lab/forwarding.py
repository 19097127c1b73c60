"""What the kernels' forwarding tables say: the way of a packet from a node to an address."""
import json

from . import kernel


class Tables:
    def __init__(self, space, plan):
        self.space = space
        self.plan = plan
        self.owner_of = {}
        self.behind = {}  # what a link-local gateway means
        for wire in plan.wires:
            self.behind[wire.left.node, wire.left.device] = wire.right.node
            self.behind[wire.right.node, wire.right.device] = wire.left.node
        for wire in plan.wires:
            for port in (wire.left, wire.right):
                for address in port.addresses:
                    self.owner_of[str(address.ip)] = port.node
        for node, addresses in plan.loopbacks.items():
            for address in addresses:
                self.owner_of[str(address)] = node

    def next_nodes(self, node, destinations):
        """For each destination the node that gets the packet next: the node itself if it is there, None if none."""
        found = {}
        for version in (4, 6):
            asked = [each for each in destinations if (":" in each) == (version == 6)]
            if not asked:
                continue
            # One process for all of them; a destination without a route ends its line with an error, not the batch.
            result = kernel.call("ip", f"-{version}", "-n", self.space.name(node), "-j", "-force", "-batch", "-",
                                 text="".join(f"route get {each}\n" for each in asked), check=False)
            decoder = json.JSONDecoder()
            text, at = result.stdout, 0
            while (at := text.find("[", at)) >= 0:
                try:
                    (route, *_), at = decoder.raw_decode(text, at)
                except (json.JSONDecodeError, ValueError):
                    at += 1
                    continue
                found[route["dst"]] = self.meaning(node, route)
        return {each: found.get(each) for each in destinations}

    def meaning(self, node, route):
        if route.get("type") == "local":
            return node
        gateway = route.get("gateway") or route.get("via", {}).get("host") or route["dst"]
        return self.owner_of.get(gateway) or self.behind.get((node, route.get("dev")))

    def ways(self, pairs, limit=40):
        """For each (node, destination) all nodes from here to there; a way ends early where packets are dropped."""
        ways = {pair: [pair[0]] for pair in pairs}
        moving = set(ways)
        while moving:
            at = {}
            for pair in moving:
                at.setdefault(ways[pair][-1], set()).add(pair[1])
            following = {node: self.next_nodes(node, sorted(destinations)) for node, destinations in at.items()}
            for pair in list(moving):
                here = ways[pair][-1]
                there = following[here][pair[1]]
                if there is None or there == here or len(ways[pair]) >= limit:
                    moving.discard(pair)
                else:
                    ways[pair].append(there)
        return ways

    def probe_pairs(self, addresses, family=None):
        """Each probe with each of the addresses that it can reach by family."""
        return [(node, str(address)) for name, node in self.plan.probe_nodes.items() for address in addresses
                if address.version in self.plan.probe_addresses[name] and family in (None, address.version)]

    def upstream(self, way):
        """The AS that hands the packet to the target, or None if it does not arrive."""
        if way[-1] != "target-host":
            return None
        routers = {router: owner.asn for owner in self.plan.topology.ases.values() for router in owner.routers()}
        ases = [routers[each] for each in way if each in routers]
        return next((asn for asn in reversed(ases) if asn != self.plan.topology.target), None)

    def shares(self, family=4):
        """Part of (vantage AS, prefix) pairs by upstream: each AS with a probe counts once for each prefix."""
        hosts = self.plan.topology.ases[self.plan.topology.target].hosts
        named = [self.upstream(way) for way in self.ways(self.probe_pairs(hosts, family)).values()]
        arrived = [each for each in named if each is not None]
        return {asn: arrived.count(asn) / len(arrived) for asn in sorted(set(arrived))}
