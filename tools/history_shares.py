"""Shares of upstreams over time, and the axis to draw them on: what `draw_history` draws.

The share is that of the detector: of the vantage ASes whose word on a prefix is known, the part that reaches
it over the upstream; prefixes count by their size.
"""
import bisect
import collections
import datetime
import ipaddress

MARGIN, JOIN = 12 * 60, 50 * 60  # seconds kept around a change; quiet time that is worth a cut
ACTIVE = 0.02  # a change of shares by less than this is no reason to show a time
TICKS = [60, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400]


def seconds(text):
    moment = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    fraction = text[19:-1]
    return moment.timestamp() + (float(fraction) if fraction else 0.0)


class Lane:
    """The shares in one prefix as steps: from each time on, the part of each upstream (None: no route)."""

    def __init__(self, prefix, intervals):
        self.network = ipaddress.ip_network(prefix)
        bits = 32 if self.network.version == 4 else 64
        self.weight = 2.0 ** max(0, bits - self.network.prefixlen)
        edges = []
        for row in intervals:
            key = (row["vantage"]["asn"], row["upstream"] if row["verdict"] == "upstream" else None)
            edges.append((seconds(row["from"]), 1, key))
            if row["until"] is not None:
                edges.append((seconds(row["until"]), -1, key))
        edges.sort(key=lambda edge: (edge[0], edge[1]))
        self.times, self.shares = [], []
        counts = collections.defaultdict(collections.Counter)
        for index, (time, step, (group, upstream)) in enumerate(edges):
            counts[group][upstream] += step
            if counts[group][upstream] == 0:
                del counts[group][upstream]
            if not counts[group]:
                del counts[group]
            if index + 1 == len(edges) or edges[index + 1][0] != time:
                self.times.append(time)
                self.shares.append(self.tally(counts))

    @staticmethod
    def tally(counts):
        shares = collections.Counter()
        for group in sorted(counts):
            # A group without a route at one session and with one at another has a route.
            routes = {key: count for key, count in counts[group].items() if key is not None}
            voted = routes or counts[group]
            for upstream, count in voted.items():
                shares[upstream] += count / sum(voted.values()) / len(counts)
        return dict(shares)

    def at(self, time):
        index = bisect.bisect_right(self.times, time) - 1
        return self.shares[index] if index >= 0 else {}


class Total:
    """The shares in all prefixes together, weighted by size over those of which anything is known."""

    def __init__(self, lanes):
        self.times = sorted({time for lane in lanes for time in lane.times})
        self.shares = []
        for time in self.times:
            known = [(lane.weight, lane.at(time)) for lane in lanes]
            whole = sum(weight for weight, shares in known if shares)
            sums = collections.Counter()
            for weight, shares in known:
                for upstream, share in shares.items():
                    sums[upstream] += weight * share / whole
            self.shares.append(dict(sums))


class Axis:
    """Time to x: linear, but for quiet times, which are cut out; each cut is `cut` wide.

    A time is shown if shares change or a moment of interest is near.
    """

    def __init__(self, total, moments, end, left, width, cut):
        active, last = [], {}
        for time, shares in zip(total.times, total.shares):
            if any(abs(shares.get(key, 0) - last.get(key, 0)) >= ACTIVE for key in {*shares, *last}):
                active.append(time)
                last = shares
        active += moments
        first = min(total.times)
        # The table that a history begins with is no change.
        active = sorted(time for time in active if time > first) or [first, end]
        self.windows = []
        for time in active:
            start, stop = max(first, time - MARGIN), min(end, time + MARGIN)
            if self.windows and start - self.windows[-1][1] < JOIN:
                self.windows[-1][1] = max(stop, self.windows[-1][1])
            else:
                self.windows.append([start, stop])
        if self.windows[0][0] - first < JOIN:
            self.windows[0][0] = first
        if end - self.windows[-1][1] < JOIN:
            self.windows[-1][1] = end
        shown = sum(stop - start for start, stop in self.windows)
        self.scale = (width - cut * (len(self.windows) - 1)) / max(shown, 1)
        self.starts, x = [], float(left)
        for start, stop in self.windows:
            self.starts.append(x)
            x += (stop - start) * self.scale + cut

    def x(self, time):
        """Where a time is; what was cut out is where the cut is."""
        for (start, stop), left in zip(self.windows, self.starts):
            if time <= stop:
                return left + max(0, time - start) * self.scale
        return left + (stop - start) * self.scale

    def tick(self):
        return next((tick for tick in TICKS if tick * self.scale >= 58), TICKS[-1])
