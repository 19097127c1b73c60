#!/usr/bin/env python3
"""lab_test.py ISTHMUS_PROBE: the lab comes up, forwards as its topology says, changes as it is told, and leaves nothing.

Pure checks of topology files and blueprints first, then one lab of real kernels and daemons.
"""
import ipaddress
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from isthmus_lab import blueprint, frr, kernel, topology  # noqa: E402

failures = []


def expect(holds, message):
    if not holds:
        failures.append(message)


def founding():
    return topology.load(HERE / "topologies" / "founding.toml")


def check_mistakes():
    text = (HERE / "topologies" / "founding.toml").read_text()
    wrong = [("[as.174]", "[as.abc]", "as.abc"), ("silent = true", "silnt = true", "silnt"),
             ('daemon = "gobgp"', 'daemon = "quagga"', "quagga"), ('customer = "2907"', 'customer = "2908"', "2908"),
             ('network = "4.68.0.0/16"', 'network = "4.68.0.1/16"', "4.68.0.1"), ("target = 131279", "target = 5", "AS5"),
             ('core = "ecmp"', 'core = "ring"', "ring"), ("name = \"ttk\"", "name = \"unicom\"", "unicom")]
    for old, new, names in wrong:
        try:
            topology.parse(text.replace(old, new, 1))
            expect(False, f"'{new}' was accepted")
        except topology.TopologyError as error:
            expect(names in str(error), f"'{new}': the error does not name {names}: {error}")


def check_blueprint():
    plan = blueprint.draw(founding())
    seen = set()
    for wire in plan.wires:
        for port in (wire.left, wire.right):
            expect(len(port.device) <= 15, f"device name {port.device} is too long")
            expect((port.node, port.device) not in seen, f"{port.node} has two devices {port.device}")
            seen.add((port.node, port.device))
            expect(port.node in plan.nodes, f"a wire ends at {port.node}, which is no node")
    public = [each.ip for wire in plan.wires for port in (wire.left, wire.right) for each in port.addresses
              if each.ip.is_global]
    expect(len(public) == len(set(public)), "an address is given twice")
    pairs = {(each.address, each.neighbour) for each in plan.sessions}
    for session in plan.sessions:
        if session.relation == "internal" or (session.neighbour, session.address) in pairs:
            continue
        expect(False, f"{session.router}'s session with {session.neighbour} has no other end")
    ases = {each.asn for each in plan.topology.ases.values()}
    expect(len(ases) >= 14, f"only {len(ases)} ASes")
    transit = [each for each in plan.sessions if each.router == "3356"]
    maps = "\n".join(frr.route_maps(plan.topology.ases[3356], transit))
    peer = next(frr.session_name(each) for each in transit if each.relation == "peer")
    out = [block for block in maps.split("route-map ") if block.startswith(f"{peer}-out permit")]
    expect(all("match large-community" in block for block in out), "a peer would be told what other peers said")


def command(*arguments, check=True):
    result = subprocess.run([HERE / "lab", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if check:
        expect(result.returncode == 0, f"lab {' '.join(arguments)}: {result.stderr}{result.stdout}")
    return result


def shares(name, family=4):
    for line in command("ways", "--name", name).stdout.splitlines():
        if line.startswith(f"IPv{family} "):
            return {int(part.split()[0][2:]): float(part.split()[1]) for part in line[5:].split(", ") if part}
    return {}


def await_shares(name, wanted, seconds=60):
    deadline = time.monotonic() + seconds
    while (found := shares(name)) != wanted:
        if time.monotonic() > deadline:
            break
        time.sleep(0.3)
    expect(found == wanted, f"shares are {found}, not {wanted}, after {seconds} s")


def check_trace(name, probe):
    space = kernel.Space(name)
    result = space.inside("probe-2603", probe, "trace", "--json", "-w", "0.4", "175.45.176.71", check=False)
    trace = json.loads(result.stdout.splitlines()[0])
    silent = [not hop["replies"] for hop in trace["hops"]]
    expect(silent[-4:-1] == [True] * 3 and not silent[-1], f"three silent hops before the target: {silent}")
    expect(trace["stop"] == "completed", f"trace: {trace['stop']}")
    addresses = [reply["from"] for hop in trace["hops"] for reply in hop["replies"]]
    unicom = ipaddress.ip_network("219.158.0.0/16")
    run = [each for each in addresses if ipaddress.ip_address(each) in unicom]
    expect(len(run) >= 2, f"China Unicom's routers answer: {addresses}")


def check_killed(name):
    """The runner is killed while it builds: the next `up` removes what it left."""
    started = subprocess.Popen([HERE / "lab", "up", "--name", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    space = kernel.Space(name)
    deadline = time.monotonic() + 60
    while not space.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(signal.SIGKILL)
    started.wait()
    expect(space.exists(), "the killed runner left something to remove")


def check_lab(probe):
    name = f"t{os.getpid()}"
    other = f"o{os.getpid()}"
    try:
        kernel.call("ip", "netns", "add", kernel.Space(other).name("alone"))
        check_killed(name)
        up = command("up", "--name", name)
        print(up.stdout.strip())
        expect("removing what an earlier run left" in up.stderr, f"the killed run's leftovers were not seen: {up.stderr}")
        expect(shares(name) == {4837: 1.0}, f"before: {shares(name)}")
        check_trace(name, probe)
        command("act", "--name", name, "plug", "ttk")
        # Four of five vantage ASes prefer TransTeleCom on three of four prefixes.
        await_shares(name, {4837: 0.4, 20485: 0.6})
        expect(shares(name, 6) == {4837: 1.0}, f"IPv6 stays: {shares(name, 6)}")
        command("act", "--name", name, "export", "ttk", "175.45.178.0/24")
        await_shares(name, {4837: 0.8, 20485: 0.2})
        command("act", "--name", name, "unplug", "ttk")
        await_shares(name, {4837: 1.0})
        wrong = command("act", "--name", name, "plug", "nowhere", check=False)
        expect(wrong.returncode == 1 and "unicom" in wrong.stderr, f"a wrong link: {wrong.stderr}")
    finally:
        space = kernel.Space(name)
        pids = [pid for node in ("131279", "4837.west") for pid in space.pids(node)]
        command("down", "--name", name)
        expect(not space.exists() and not space.folder.exists(), "namespaces or files are left")
        expect(not any(os.path.exists(f"/proc/{pid}") and not kernel.is_zombie(pid) for pid in pids), "daemons are left")
        expect(kernel.Space(other).exists(), "another lab's namespace was removed")
        kernel.Space(other).remove()


def main():
    check_mistakes()
    check_blueprint()
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False).returncode != 0:
        print("skipped: making network namespaces needs root")
        return 1 if failures else 77
    check_lab(sys.argv[1])
    print("\n".join(failures) or "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
