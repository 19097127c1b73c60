"""BIRD's configuration: a route server of an exchange point, or an AS at the edge."""


def head(router_id, name):
    return [f"log stderr all;", f"router id {router_id};", "protocol device { scan time 1; }"] if name else []


def route_server(asn, router_id, sessions):
    lines = head(router_id, "rs")
    for index, session in enumerate(sessions):
        family = session.neighbour.version
        lines += [f"protocol bgp client{index} {{", f"  local {session.address} as {asn};",
                  f"  neighbor {session.neighbour} as {session.neighbour_asn};", "  rs client;", "  connect retry time 1;",
                  "  connect delay time 1;", "  error wait time 1,2;", "  hold time 9; keepalive time 3;",
                  f"  ipv{family} {{ import all; export all; import table; }};", "}"]
    return "\n".join(lines) + "\n"


def edge(owner, router_id, sessions):
    lines = head(router_id, "edge")
    for family in owner.families:
        lines += [f"protocol kernel kernel{family} {{ ipv{family} {{ import none; export where source = RTS_BGP; }}; }}",
                  f"protocol static own{family} {{ ipv{family};"]
        lines += [f"  route {prefix} blackhole;" for prefix in owner.announced(family)]
        lines.append("}")
    for index, session in enumerate(sessions):
        family = session.neighbour.version
        lines += [f"protocol bgp up{index} {{", f"  local {session.address} as {owner.asn};",
                  f"  neighbor {session.neighbour} as {session.neighbour_asn};", "  connect retry time 1;",
                  "  connect delay time 1;", "  error wait time 1,2;", "  hold time 9; keepalive time 3;",
                  f"  ipv{family} {{ import all; export where source = RTS_STATIC; }};", "}"]
    return "\n".join(lines) + "\n"
