"""Namespaces, wires, addresses and filters: what a blueprint is made of. Needs root."""
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import time

PREFIX = "isthmus-"
SETTINGS = """net.ipv4.ip_forward=1
net.ipv6.conf.all.forwarding=1
net.ipv6.conf.default.forwarding=1
net.ipv4.icmp_ratelimit=0
net.ipv6.icmp.ratelimit=0
net.ipv4.icmp_msgs_per_sec=100000
net.ipv4.icmp_msgs_burst=100000
net.ipv4.icmp_errors_use_inbound_ifaddr=1
net.ipv4.fib_multipath_hash_policy=1
net.ipv6.fib_multipath_hash_policy=1
net.ipv4.conf.all.rp_filter=0
net.ipv4.conf.default.rp_filter=0
net.ipv6.conf.all.accept_dad=0
net.ipv6.conf.default.accept_dad=0
net.ipv6.conf.all.keep_addr_on_down=1
net.ipv6.conf.default.keep_addr_on_down=1
net.ipv4.ping_group_range=0 2147483647
"""


class LabError(Exception):
    """What could not be done; the text says what to do."""


def call(*command, text=None, check=True):
    result = subprocess.run([str(each) for each in command], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, check=False)
    if check and result.returncode != 0:
        raise LabError(f"{' '.join(str(each) for each in command)}: {result.stderr.strip() or result.stdout.strip()}")
    return result


def namespaces():
    """All namespaces of all labs."""
    listed = call("ip", "netns", "list", check=False).stdout.split("\n")
    return sorted(line.split()[0] for line in listed if line.startswith(PREFIX))


def labs():
    return sorted({name[len(PREFIX):].split("_", 1)[0] for name in namespaces()})


class Space:
    """The namespaces of one lab."""

    def __init__(self, lab):
        if not lab.isalnum() or len(lab) > 20:
            raise LabError(f"a lab's name has letters and digits only, at most 20: '{lab}'")
        self.lab = lab
        self.folder = pathlib.Path("/run/isthmus-lab") / lab

    def name(self, node):
        return f"{PREFIX}{self.lab}_{node}"

    def inside(self, node, *command, **options):
        return call("ip", "netns", "exec", self.name(node), *command, **options)

    def start(self, node, *command, log, environment=None):
        """A process in a node's namespace, in a session of its own; its output goes to a file."""
        with open(log, "ab") as file:
            # nsenter only changes the network: `ip netns exec` would also mount /sys anew for each process.
            return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name(node)}", "--", *[str(each) for each in command]],
                                    stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
                                    env={**os.environ, **(environment or {})})

    def pids(self, node):
        listed = call("ip", "netns", "pids", self.name(node), check=False).stdout
        return [int(each) for each in listed.split()]

    def exists(self):
        return any(name.startswith(f"{PREFIX}{self.lab}_") for name in namespaces())

    def remove(self):
        """Ends every process in the lab's namespaces, and removes them. Whatever runs there is the lab's own."""
        mine = [name for name in namespaces() if name.startswith(f"{PREFIX}{self.lab}_")]
        nodes = [name.split("_", 1)[1] for name in mine]
        for number in (signal.SIGTERM, signal.SIGKILL):
            alive = [pid for node in nodes for pid in self.pids(node)]
            for pid in alive:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + (5 if number == signal.SIGTERM else 2)
            while alive and time.monotonic() < deadline:
                time.sleep(0.05)
                alive = [pid for pid in alive if os.path.exists(f"/proc/{pid}") and not is_zombie(pid)]
            if not alive:
                break
        for name in mine:
            call("ip", "netns", "del", name, check=False)
        if self.folder.exists():
            call("rm", "-rf", self.folder)
        return len(mine)


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def add_nodes(space, nodes):
    call("ip", "-batch", "-", text="".join(f"netns add {space.name(node)}\n" for node in nodes))

    def prepare(node):
        # A kernel without one of the settings works with its default.
        space.inside(node, "sh", "-c", "sysctl -q -e -p - >/dev/null 2>&1; ip link set lo up", text=SETTINGS, check=False)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, nodes))


def add_wires(space, plan):
    call("ip", "-batch", "-", text="".join(
        f"link add {wire.left.device} netns {space.name(wire.left.node)} type veth peer name {wire.right.device} "
        f"netns {space.name(wire.right.node)}\n" for wire in plan.wires))
    todo = {node: [] for node in plan.nodes}
    for node, devices in plan.bridges.items():
        todo[node].append("link add name lan type bridge")
        todo[node].append("link set lan up")
        todo[node] += [f"link set {device} master lan" for device in devices]
    for node, addresses in plan.loopbacks.items():
        for address in addresses:
            todo[node].append(f"addr add {address}/{32 if address.version == 4 else 128} dev lo")
    for wire in plan.wires:
        for port, up in ((wire.left, wire.up), (wire.right, True)):
            for address in port.addresses:
                nodad = " nodad" if address.version == 6 else ""
                todo[port.node].append(f"addr add {address} dev {port.device}{nodad}")
            if up:
                todo[port.node].append(f"link set {port.device} up")
    devices = {node: [] for node in plan.nodes}
    for wire in plan.wires:
        for port in (wire.left, wire.right):
            devices[port.node].append(port.device)

    def apply(node):
        call("ip", "-n", space.name(node), "-batch", "-", text="\n".join(todo[node]) + "\n")
        # Else the kernel leaves checksums half-made, and routers quote them.
        script = "".join(f"ethtool -K {device} tx off >/dev/null 2>&1;" for device in devices[node])
        space.inside(node, "sh", "-c", script, check=False)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(apply, plan.nodes))


def route_command(route):
    family = "-6 " if route.prefix.version == 6 else ""
    if len(route.gateways) == 1:
        way = f"via {route.gateways[0]}"
    else:
        way = " ".join(f"nexthop via {gateway}" for gateway in route.gateways)
    return f"{family}route replace {route.prefix} {way}"


def add_routes(space, plan, nodes=None):
    """Static routes; what is behind a port that is down comes when it is plugged in."""
    for route in plan.routes:
        if nodes is None or route.node in nodes:
            call("ip", *f"-n {space.name(route.node)} {route_command(route)}".split(), check=False)


SILENT = """add table inet isthmus
add chain inet isthmus quiet { type filter hook output priority 0; }
add rule inet isthmus quiet icmp type { time-exceeded, destination-unreachable } drop
add rule inet isthmus quiet icmpv6 type { time-exceeded, destination-unreachable } drop
"""


def silence(space, node):
    space.inside(node, "nft", "-f", "-", text=SILENT)


def unsilence(space, node):
    space.inside(node, "nft", "delete", "table", "inet", "isthmus", check=False)


def masquerade(space, node, device):
    space.inside(node, "nft", "-f", "-", text=f"""add table ip nat
add chain ip nat post {{ type nat hook postrouting priority 100; }}
add rule ip nat post oifname "{device}" masquerade
""")


def build(space, plan):
    add_nodes(space, plan.nodes)
    add_wires(space, plan)
    add_routes(space, plan)
    for node in plan.silent:
        silence(space, node)
    for node, device in plan.nat.items():
        masquerade(space, node, device)
