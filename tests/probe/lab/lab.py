"""A network of namespaces with a diamond: src - r1 - r2 - r3 =4 branches, two hops long= r6 - r7 - r8.

r8 holds the targets (10.9.0.0/16, fd09::/64), so that a target is hop 8. Routers r41..r44 and r51..r54 are the
branches; r3 balances by layer 4. IPv4 10.0.N.0/24 and IPv6 fd00:N::/64 number the links. Needs root; every name
carries the test's process id, and close() removes all of them.
"""
import os
import subprocess
import sys

BRANCHES = 4
SKIP = 77


def run(*command, check=True, **options):
    return subprocess.run([str(each) for each in command], check=check, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options)


def require(*programs):
    """Ends the test as skipped where namespaces or programs are missing."""
    for program in programs:
        if subprocess.run(["which", program], stdout=subprocess.DEVNULL, check=False).returncode != 0:
            print(f"skipped: no {program}")
            sys.exit(SKIP)
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False).returncode != 0:
        print("skipped: making network namespaces needs root")
        sys.exit(SKIP)


class Lab:
    def __init__(self):
        self.names = []
        self.links = 0

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for name in self.names:
            run("ip", "netns", "del", name, check=False)
        self.names = []

    def name(self, node):
        return f"lab{os.getpid()}-{node}"

    def inside(self, node, *command, **options):
        return run("ip", "netns", "exec", self.name(node), *command, **options)

    def add_node(self, node):
        run("ip", "netns", "add", self.name(node))
        self.names.append(self.name(node))
        settings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratelimit=0",
                    "net.ipv6.icmp.ratelimit=0", "net.ipv4.icmp_msgs_per_sec=1000000",
                    "net.ipv4.icmp_msgs_burst=1000000", "net.ipv4.fib_multipath_hash_policy=1",
                    "net.ipv6.fib_multipath_hash_policy=1", "net.ipv4.conf.all.rp_filter=0",
                    "net.ipv4.conf.default.rp_filter=0", "net.ipv6.conf.all.accept_dad=0",
                    "net.ipv6.conf.default.accept_dad=0"]
        for each in settings:
            # A kernel without one of them works with its default.
            self.inside(node, "sysctl", "-qw", each, check=False)
        self.inside(node, "ip", "link", "set", "lo", "up")

    def connect(self, left, right):
        """Returns the number of the new link; .1 is left, .2 right."""
        self.links += 1
        number = self.links
        ends = [(left, right, 1), (right, left, 2)]
        run("ip", "link", "add", f"to-{right}", "netns", self.name(left), "type", "veth", "peer", "name",
            f"to-{left}", "netns", self.name(right))
        for node, peer, host in ends:
            device = f"to-{peer}"
            # Else the kernel leaves checksums half-made, and routers quote them.
            self.inside(node, "ethtool", "-K", device, "tx", "off")
            self.inside(node, "ip", "addr", "add", f"10.0.{number}.{host}/24", "dev", device)
            self.inside(node, "ip", "addr", "add", f"fd00:{number}::{host}/64", "dev", device, "nodad")
            self.inside(node, "ip", "link", "set", device, "up")
        return number

    def route(self, node, prefix4, prefix6, hops):
        """hops: list of (link number, host part)."""
        for family, prefix, address in ((4, prefix4, "10.0.{}.{}"), (6, prefix6, "fd00:{}::{}")):
            command = ["ip", f"-{family}", "route", "replace", prefix]
            if len(hops) == 1:
                command += ["via", address.format(*hops[0])]
            else:
                for hop in hops:
                    command += ["nexthop", "via", address.format(*hop)]
            self.inside(node, *command)

    def build(self):
        first = [f"r4{i}" for i in range(1, BRANCHES + 1)]
        second = [f"r5{i}" for i in range(1, BRANCHES + 1)]
        for node in ["src", "r1", "r2", "r3", *first, *second, "r6", "r7", "r8"]:
            self.add_node(node)
        everywhere = ("default", "default")
        chain = {}
        for left, right in (("src", "r1"), ("r1", "r2"), ("r2", "r3"), ("r6", "r7"), ("r7", "r8")):
            chain[left] = self.connect(left, right)
        fan = []
        for i in range(BRANCHES):
            fan.append((self.connect("r3", first[i]), self.connect(first[i], second[i]),
                        self.connect(second[i], "r6")))
        for node in ("src", "r1", "r2", "r6", "r7"):
            self.route(node, *everywhere, [(chain[node], 2)])
        self.route("r3", *everywhere, [(link[0], 2) for link in fan])
        for i in range(BRANCHES):
            self.route(first[i], *everywhere, [(fan[i][1], 2)])
            self.route(second[i], *everywhere, [(fan[i][2], 2)])
        source = (f"10.0.{chain['src']}.0/24", f"fd00:{chain['src']}::/64")
        back = {"r2": ("r1",), "r3": ("r2",), "r7": ("r6",), "r8": ("r7",)}
        for node, (before,) in back.items():
            self.route(node, *source, [(chain[before], 1)])
        for i in range(BRANCHES):
            self.route(first[i], *source, [(fan[i][0], 1)])
            self.route(second[i], *source, [(fan[i][1], 1)])
        self.route("r6", *source, [(fan[0][2], 1)])
        self.inside("r8", "ip", "route", "add", "local", "10.9.0.0/16", "dev", "lo")
        self.inside("r8", "ip", "-6", "route", "add", "local", "fd09::/64", "dev", "lo")
        self.branch_of = {}
        for i in range(BRANCHES):
            self.branch_of[f"10.0.{fan[i][0]}.2"] = self.branch_of[f"fd00:{fan[i][0]}::2"] = (4, i)
            self.branch_of[f"10.0.{fan[i][1]}.2"] = self.branch_of[f"fd00:{fan[i][1]}::2"] = (5, i)
        # Neighbours are learned once, as in a network that has been up for a while.
        self.inside("src", "ping", "-c1", "-W1", "10.9.0.1", check=False)
        self.inside("src", "ping", "-6", "-c1", "-W2", "fd09::1", check=False)

    def false_link(self, addresses):
        """Whether a path (addresses by TTL) goes from one branch to another; None if it does not tell."""
        branches = {level: index for level, index in (self.branch_of[each] for each in addresses
                                                      if each in self.branch_of)}
        return branches[4] != branches[5] if len(branches) == 2 else None
