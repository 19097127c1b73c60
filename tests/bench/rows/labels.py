"""Address to AS, beside libmaxminddb with the same prefixes."""
from bench import Unmeasurable
from table import Row, at_least, at_most

TARGETS = ["mmdb_bench"]


def rows(bench):
    figures = bench.figures("mmdb_bench", bench.runs, bench.input.pfx2as, bench.input.folder / "asn.mmdb")["address to AS"]
    if figures["differing"]:
        raise Unmeasurable(f"{figures['differing']:.0f} of 1,048,576 addresses have another AS in libmaxminddb")
    yield Row("address to AS", "M/s", figures["per_second"] / 1e6, at_least(40), "libmaxminddb", figures["peer_per_second"] / 1e6,
              f"{figures['prefixes']:,.0f} prefixes of both families, random IPv4 addresses; both agree on all")
    yield Row("memory of address to AS", "MiB", figures["bytes"] / 2**20, at_most(70), "libmaxminddb (file)",
              figures["peer_bytes"] / 2**20)
