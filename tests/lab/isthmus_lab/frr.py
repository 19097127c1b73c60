"""FRR's configuration. Policy after Gao and Rexford: customers' routes go to all, others' to customers only."""

PREFERENCE = {"customer": 300, "peer": 200, "provider": 100}
#: Large communities of the own AS that say where a route came from.
ORIGIN_TAG = {"own": 1, "customer": 2, "peer": 3, "provider": 4, "inside": 5}


def session_name(session):
    return f"{session.relation}-{session.neighbour_asn}-{str(session.neighbour).replace(':', '-').replace('.', '-')}"


def zebra(hostname):
    return f"hostname {hostname}\nip nht resolve-via-default\nipv6 nht resolve-via-default\n"


def tag(owner, kind):
    return f"{owner.asn}:0:{ORIGIN_TAG[kind]}"


def route_maps(owner, sessions):
    """The route maps in and out of each session."""
    lines = []
    for kind in ("own", "customer"):
        lines.append(f"bgp large-community-list standard {kind} permit {tag(owner, kind)}")
    lines += ["route-map originate permit 10", f" set large-community {tag(owner, 'own')}",
              "route-map inside permit 10", f" set large-community {tag(owner, 'inside')}"]
    for session in sessions:
        name = session_name(session)
        if session.relation == "internal":
            continue
        lines += [f"route-map {name}-in permit 10", f" set local-preference {PREFERENCE[session.relation]}",
                  f" set large-community {tag(owner, session.relation)}"]
        family = session.neighbour.version
        word, match = ("ip", "ip address") if family == 4 else ("ipv6", "ipv6 address")
        if session.export is not None:
            for prefix in session.export:
                if prefix.version == family:
                    lines.append(f"{word} prefix-list {name}-only permit {prefix}")
            only = [f" match {match} prefix-list {name}-only"]
        else:
            only = []
        lines += [f"route-map {name}-out permit 10", " match large-community own", *only]
        if session.relation == "customer":
            # Everything but the wires inside.
            lines += [f"bgp large-community-list standard inside permit {tag(owner, 'inside')}",
                      f"route-map {name}-out deny 15", " match large-community inside", f"route-map {name}-out permit 20"]
        else:
            lines += [f"route-map {name}-out permit 20", " match large-community customer", *only]
    return lines


def neighbours(sessions):
    lines = []
    for session in sessions:
        who = session.neighbour
        lines += [f" neighbor {who} remote-as {session.neighbour_asn}", f" neighbor {who} timers 1 4",
                  f" neighbor {who} timers connect 1", f" neighbor {who} advertisement-interval 0"]
        if session.relation == "internal":
            lines.append(f" neighbor {who} update-source {session.address}")
        elif session.multihop:
            lines += [f" neighbor {who} ebgp-multihop 8", f" neighbor {who} update-source {session.address}"]
        if session.link.startswith("ixp-"):
            # A route server does not put its own AS into the path.
            lines.append(f" no neighbor {who} enforce-first-as")
    return lines


def family_block(owner, sessions, family):
    lines = [f" address-family ipv{family} unicast"]
    for prefix in owner.announced(family):
        lines.append(f"  network {prefix} route-map originate")
    lines += ["  redistribute connected route-map inside", "  maximum-paths 1"]
    for session in sessions:
        if session.neighbour.version != family:
            continue
        who = session.neighbour
        lines += [f"  neighbor {who} activate", f"  neighbor {who} soft-reconfiguration inbound"]
        if session.relation == "internal":
            lines.append(f"  neighbor {who} next-hop-self")
        else:
            lines += [f"  neighbor {who} route-map {session_name(session)}-in in",
                      f"  neighbor {who} route-map {session_name(session)}-out out"]
    lines.append(" exit-address-family")
    return lines


def bgpd(owner, router, router_id, sessions, bmp=None):
    """`bmp`: address and port of a BMP station, or nothing."""
    lines = [f"hostname {router}", f"router bgp {owner.asn}", f" bgp router-id {router_id}",
             " bgp log-neighbor-changes", " no bgp ebgp-requires-policy", " no bgp default ipv4-unicast",
             " no bgp network import-check",
             # The same best path whatever came first: shares can be told from the topology.
             " bgp bestpath compare-routerid", *neighbours(sessions)]
    for family in owner.families:
        lines += family_block(owner, sessions, family)
    if bmp:
        lines += [" bmp targets collector", f"  bmp connect {bmp[0]} port {bmp[1]} min-retry 500 max-retry 2000",
                  "  bmp stats interval 5000"]
        lines += [f"  bmp monitor ipv{family} unicast pre-policy" for family in owner.families]
        lines.append(" exit")
    lines += route_maps(owner, sessions)
    return "\n".join(lines) + "\n"
