"""A router that speaks BMP (RFC 7854), as far as tests need one."""
import ipaddress
import socket
import struct
import time


def attribute(flags, kind, value):
    if len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, kind, len(value)) + value
    return struct.pack("!BBB", flags, kind, len(value)) + value


def nlri(prefix, path_id=None):
    network = ipaddress.ip_network(prefix)
    octets = network.network_address.packed[:(network.prefixlen + 7) // 8]
    return (b"" if path_id is None else struct.pack("!I", path_id)) + bytes([network.prefixlen]) + octets


def bgp(kind, body):
    return b"\xff" * 16 + struct.pack("!HB", len(body) + 19, kind) + body


def as_path(path):
    return b"".join(struct.pack("!BB", 2, len(part)) + struct.pack(f"!{len(part)}I", *part)
                    for part in [path[at:at + 255] for at in range(0, len(path), 255)])


def announcement(prefixes, path, path_id=None):
    attributes = (attribute(0x40, 1, b"\0") + attribute(0x40, 2, as_path(path)) + attribute(0x40, 3, b"\xc0\0\2\1"))
    reach = b"".join(nlri(each, path_id) for each in prefixes)
    return bgp(2, struct.pack("!HH", 0, len(attributes)) + attributes + reach)


def withdrawal(prefixes, path_id=None):
    gone = b"".join(nlri(each, path_id) for each in prefixes)
    return bgp(2, struct.pack("!H", len(gone)) + gone + b"\0\0")


END_OF_RIB = bgp(2, b"\0\0\0\0")


def open_message(asn, add_path):
    capabilities = struct.pack("!BBI", 65, 4, asn)
    if add_path:
        capabilities += struct.pack("!BBHBB", 69, 4, 1, 1, 3)
    optional = struct.pack("!BB", 2, len(capabilities)) + capabilities
    return bgp(1, struct.pack("!BHH4sB", 4, min(asn, 23456), 90, b"\xc0\0\2\x63", len(optional)) + optional)


class Peer:
    """A BGP peer of the router."""

    def __init__(self, asn, address, local=64601, add_path=False):
        self.asn = asn
        self.address = address
        self.local = local
        self.add_path = add_path

    def header(self, flags=0):
        address = ipaddress.ip_address(self.address)
        packed = address.packed.rjust(16, b"\0")
        now = time.time()
        return struct.pack("!BBQ16sI4sII", 0, flags | (0x80 if address.version == 6 else 0), 0, packed, self.asn,
                           b"\xc0\0\2\x63", int(now), int(now % 1 * 1e6))

    def up(self):
        opens = open_message(self.local, self.add_path) + open_message(self.asn, self.add_path)
        return message(3, self.header() + b"\0" * 12 + b"\xc0\0\2\xfe" + struct.pack("!HH", 179, 40000) + opens)

    def down(self, reason=4):
        return message(2, self.header() + bytes([reason]))

    def says(self, update, flags=0):
        return message(0, self.header(flags) + update)

    def table(self, routes):
        """Its whole table: pairs of prefixes and path, and the end of it."""
        told = b"".join(self.says(announcement(prefixes, path)) for prefixes, path in routes)
        return told + self.says(END_OF_RIB)


def message(kind, body):
    return struct.pack("!BIB", 3, len(body) + 6, kind) + body


def initiation(name="r1"):
    tlvs = b"".join(struct.pack("!HH", kind, len(text)) + text for kind, text in ((1, b"test router"), (2, name.encode())))
    return message(4, tlvs)


def connect(port, source="127.0.0.1"):
    """A connection to a collector on this host."""
    router = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))
    router.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return router
