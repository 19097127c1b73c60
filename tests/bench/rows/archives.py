"""Archives: decoding, text as bgpdump writes it, bzip2, the state of tables."""
from bench import Unmeasurable
from table import Row, at_least, at_most

TARGETS = ["feed_bench", "rib_bench"]


def decode(bench):
    path = bench.input.updates
    figures = bench.figures("feed_bench", bench.runs, path)[f"everything {path.name}"]
    peer, = bench.duel([bench.peer("bgpdump"), "-m", path], runs=min(bench.runs, 2))
    yield Row("full decode to typed elements, in memory", "M elements/s",
              figures["elements_per_second"] / 1e6, at_least(12), "bgpdump -m",
              figures["elements"] / peer.cpu / 1e6,
              f"{figures['elements']:,.0f} elements, {figures['bytes_per_second'] / 1e6:.0f} MB/s; the peer writes text")


def text(bench):
    path = bench.input.plain_table
    ours, peer = [bench.ours("isthmusctl"), "dump", "--quiet", path], [bench.peer("bgpdump"), "-m", path]
    found, lines = bench.digest(ours)
    if found != bench.digest(peer)[0]:
        raise Unmeasurable(f"the text of {path} is not that of bgpdump")
    cost, = bench.duel(ours)
    other, = bench.duel(peer, runs=min(bench.runs, 2))
    bound = 0.40 * lines / 503_590
    yield Row("RIB to bgpdump's text, decompressed before", "CPU s", cost.cpu, at_most(bound), "bgpdump -m", other.cpu,
              f"{lines:,} lines, equal to the peer's; {cost.megabytes:.0f} MB against {other.megabytes:.0f} MB")


def bzip2(bench):
    path = bench.input.table
    ours, peer = bench.duel([bench.ours("isthmusctl"), "dump", "--quiet", path], [bench.peer("bzcat", "bzip2"), path])
    yield Row(".bz2 RIB to text, end to end", "wall s", ours.wall, at_most(peer.wall / 1.6, "≤ bzcat / 1.6"), "bzcat", peer.wall,
              f"CPU {ours.cpu:.2f} s against {peer.cpu:.2f} s; two cores have to be idle")


def state(bench):
    figures = bench.figures("rib_bench", bench.runs, "state", bench.input.table, bench.input.updates)
    for name, what in (("state table", "RIB into per-peer state"), ("state updates", "updates into per-peer state")):
        each = figures[name]
        yield Row(f"{what}, decoding included", "M elements/s", each["elements_per_second"] / 1e6, at_least(4),
                  "std::unordered_map", each["map_per_second"] / 1e6,
                  f"{each['elements']:,.0f} elements, {each['routes']:,.0f} routes; decoding alone {each['decode_per_second'] / 1e6:.1f} M/s")
        yield Row(f"memory of {what}", "B/(peer, prefix)", each["bytes_per_route"], at_most(90),
                  "std::unordered_map", each["map_bytes_per_route"], f"{each['resident_per_route']:.0f} B resident")


def rows(bench):
    for measure in (decode, text, bzip2, state):
        yield from measure(bench)
