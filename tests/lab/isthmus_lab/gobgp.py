"""GoBGP's configuration: an AS at the edge. It speaks BGP; its router forwards by a default route."""
import json


def config(owner, router_id, sessions, bmp=None):
    lines = ["[global.config]", f"  as = {owner.asn}", f"  router-id = {json.dumps(str(router_id))}",
             '[global.apply-policy.config]', '  default-export-policy = "reject-route"',
             '  export-policy-list = ["own"]', '  default-import-policy = "accept-route"']
    for session in sessions:
        family = session.neighbour.version
        lines += ["[[neighbors]]", "  [neighbors.config]", f"    neighbor-address = {json.dumps(str(session.neighbour))}",
                  f"    peer-as = {session.neighbour_asn}", "  [neighbors.transport.config]",
                  f"    local-address = {json.dumps(str(session.address))}",
                  "  [neighbors.timers.config]", "    connect-retry = 2", "    hold-time = 9", "    keepalive-interval = 3",
                  "  [[neighbors.afi-safis]]", "    [neighbors.afi-safis.config]",
                  f'      afi-safi-name = "ipv{family}-unicast"']
    lines += ["[[defined-sets.prefix-sets]]", '  prefix-set-name = "own4"']
    for prefix in owner.announced(4):
        lines += ["  [[defined-sets.prefix-sets.prefix-list]]", f'    ip-prefix = "{prefix}"']
    lines += ["[[defined-sets.prefix-sets]]", '  prefix-set-name = "own6"']
    for prefix in owner.announced(6):
        lines += ["  [[defined-sets.prefix-sets.prefix-list]]", f'    ip-prefix = "{prefix}"']
    lines += ["[[policy-definitions]]", '  name = "own"']
    for family in (4, 6):
        lines += ["  [[policy-definitions.statements]]", "    [policy-definitions.statements.conditions.match-prefix-set]",
                  f'      prefix-set = "own{family}"', "    [policy-definitions.statements.actions]",
                  '      route-disposition = "accept-route"']
    if bmp:
        lines += ["[[bmp-servers]]", "  [bmp-servers.config]", f"    address = {json.dumps(str(bmp[0]))}",
                  f"    port = {bmp[1]}", '    route-monitoring-policy = "all"']
    return "\n".join(lines) + "\n"


def announcements(owner, sessions):
    """Arguments of `gobgp global rib add`, one list for each prefix."""
    nexthop = {session.address.version: session.address for session in sessions}
    return [["-a", f"ipv{family}", str(prefix), "nexthop", str(nexthop[family])]
            for family in owner.families if family in nexthop for prefix in owner.announced(family)]
