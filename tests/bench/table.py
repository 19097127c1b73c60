"""Rows of the table that tests/bench/run prints."""
import dataclasses
import typing


@dataclasses.dataclass
class Goal:
    """A bound on ours: at least, where more is better, or at most, where less is."""
    bound: float
    more_is_better: bool
    text: str = ""  # in place of the bound, where that was computed from the peer's value

    def met(self, value):
        return value >= self.bound if self.more_is_better else value <= self.bound


def at_least(bound, text=""):
    return Goal(bound, True, text)


def at_most(bound, text=""):
    return Goal(bound, False, text)


@dataclasses.dataclass
class Row:
    """What was measured. `peer` has the same unit as `ours`. A row without a goal is there to be read."""
    work: str
    unit: str
    ours: float
    goal: typing.Optional[Goal] = None
    peer_name: str = ""
    peer: typing.Optional[float] = None
    note: str = ""

    def ratio(self):
        """How many times better than the peer's ours is."""
        if not self.peer or not self.ours:
            return None
        less_is_better = self.goal is not None and not self.goal.more_is_better
        return self.peer / self.ours if less_is_better else self.ours / self.peer

    def verdict(self):
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self.ours) else "MISSED"


def number(value):
    """Three figures that count."""
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


class Table:
    def __init__(self):
        self.rows = []
        self.failures = []

    def add(self, row):
        self.rows.append(row)

    def fail(self, name, why):
        self.failures.append((name, why))

    def cells(self, row):
        goal = ""
        if row.goal is not None:
            goal = row.goal.text or ("≥ " if row.goal.more_is_better else "≤ ") + number(row.goal.bound)
        peer = f"{row.peer_name} {number(row.peer)}" if row.peer is not None else row.peer_name or "-"
        ratio = row.ratio()
        return [row.work, row.unit, goal, number(row.ours), peer, "-" if ratio is None else f"{ratio:.2f}",
                row.verdict()]

    def text(self):
        """A table of Markdown, so that it can be pasted."""
        lines = [["work", "unit", "goal", "ours", "peer", "ratio", "verdict"]] + [self.cells(row) for row in self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        lines.insert(1, ["-" * width for width in widths])
        text = "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)
        notes = [f"{row.work}: {row.note}" for row in self.rows if row.note]
        return text + "".join("\n  " + note for note in notes)

    def summary(self):
        with_goal = [row for row in self.rows if row.goal is not None]
        met = sum(row.goal.met(row.ours) for row in with_goal)
        text = "".join(f"could not be measured: {name}: {why}\n" for name, why in self.failures)
        return text + f"{met} of {len(with_goal)} goals met, {len(self.failures)} could not be measured"

    def objects(self):
        for row in self.rows:
            goal = row.goal.bound if row.goal else None
            yield {"work": row.work, "unit": row.unit, "goal": goal, "ours": row.ours, "peer_name": row.peer_name or None,
                   "peer": row.peer, "ratio": row.ratio(), "verdict": row.verdict() or None, "note": row.note or None}
        for name, why in self.failures:
            yield {"work": name, "error": why}
