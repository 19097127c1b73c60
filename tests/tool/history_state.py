"""A replay long enough to be interrupted, and what may be in its history when it was."""
import datetime
import os
import shutil
import sqlite3
import tempfile
import time

from tool_run import STORY, TARGET, simulate

CHANGES = 130  # some 25,000 rows, six batches


def long_scenario():
    """The networks of the founding event, which all change their path every two minutes and now and then their way:
    many rows for little work of the detector."""
    text = STORY.read_text(encoding="utf-8")
    text = text[:text.index("[[change]]")].replace("changes_per_hour = 300", "changes_per_hour = 30")
    moment = datetime.datetime(2017, 10, 1, 1)
    for number in range(CHANGES):
        way = "ttk" if number // 10 % 2 else "unicom"
        text += (f'[[change]]\nat = {moment:%Y-%m-%dT%H:%M:%SZ}\nvantages = ["all"]\nupstream = "{way}"\n'
                 f'explore = "none"\nprepend = {number % 4}\n\n')
        moment += datetime.timedelta(minutes=2)
    return text


class Rows:
    """What a history holds, read without isthmusctl, from a copy: recovery after a crash is the program's to do."""

    def __init__(self, history):
        self.integrity = "ok"
        self.progress = None
        self.events, self.intervals, self.observations = {}, {}, {}
        if not (history / "catalog.db").exists():
            return
        with tempfile.TemporaryDirectory(prefix="isthmus-rows-") as name:
            copy = shutil.copytree(history, os.path.join(name, "history"))
            database = sqlite3.connect(os.path.join(copy, "catalog.db"))
            self.integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
            if database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0:
                self.read(database)
            database.close()

    def read(self, database):
        found = database.execute("SELECT value FROM meta WHERE name = 'progress_us'").fetchone()
        self.progress = found[0] if found else None
        self.events = {name: (time_us, body) for name, time_us, body in database.execute(
            "SELECT id, time_us, body FROM event")}
        self.intervals = {row[:4]: row[4:] for row in database.execute(
            "SELECT prefix, source, address, from_us, until_us, verdict, upstream, path FROM route")}
        self.observations = {row[:2]: row[2:] for row in database.execute(
            "SELECT evidence_id, prefix_id, time_us, body FROM observation")}

    def is_up_to(self, whole):
        """Whether this is the whole history up to the progress, and nothing behind it: then every batch is there
        completely, or not at all."""
        limit = self.progress
        if limit is None:
            return not self.events and not self.intervals and not self.observations
        until = {key: (value[0] if value[0] is not None and value[0] <= limit else None,) + value[1:]
                 for key, value in whole.intervals.items() if key[3] <= limit}
        return (self.events == {key: value for key, value in whole.events.items() if value[0] <= limit} and
                self.observations == {key: value for key, value in whole.observations.items() if value[0] <= limit} and
                self.intervals == until)

    def counts(self):
        return len(self.events), len(self.intervals), len(self.observations)


class Undisturbed:
    """The archives, and what a replay that nobody disturbs leaves."""

    def __init__(self, tool, folder):
        self.tool = tool
        self.folder = folder
        scenario = folder / "long.toml"
        scenario.write_text(long_scenario(), encoding="utf-8")
        self.archives = simulate(tool, scenario, folder / "archives")
        history = folder / "undisturbed"
        run = tool.good(*self.command(history))
        self.told = run.out
        self.seconds = run.seconds
        self.rows = Rows(history)
        self.exports = self.export(history)
        print(f"undisturbed: {self.seconds:.2f} CPU s, {self.rows.counts()} events, intervals and observations")

    def command(self, history):
        return ["replay", "--json", *TARGET, "--history", history, *self.archives]

    def export(self, history):
        """Every byte of the exports, the manifests included."""
        found = {}
        for form in ("ndjson", "sqlite"):
            output = self.folder / f"export-of-{history.name}"
            self.tool.good("export", "--history", history, "--format", form, "--output", output)
            found.update({f"{form}/{path.name}": path.read_bytes() for path in output.iterdir()})
            shutil.rmtree(output)
        return found

    def wait_for(self, process, part):
        """Waits until a run has taken this part of the processor time of the undisturbed one, which says more than
        the clock on a machine that has other work. True if it is still running then."""
        tick = os.sysconf("SC_CLK_TCK")
        while process.poll() is None:
            with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            if (int(fields[11]) + int(fields[12])) / tick >= part * self.seconds:
                return process.poll() is None
            time.sleep(0.003)
        return False

    def check_state(self, checks, what, history):
        """After whatever happened: whole pages, whole batches. Returns the rows."""
        rows = Rows(history)
        checks.equal(f"{what}: SQLite's integrity check", rows.integrity, "ok")
        checks.expect(f"{what}: whole batches only", rows.is_up_to(self.rows), (rows.progress, rows.counts()))
        return rows

    def check_completion(self, checks, what, history):
        """A second run completes it, and nothing is left of the disturbance."""
        run = self.tool.run(*self.command(history))
        checks.expect(f"{what}: a second run completes it", run.status == 0 and run.out == self.told, run)
        exports = self.export(history)
        checks.equal(f"{what}: what differs in the exports", [name for name, content in self.exports.items()
                                                              if exports.get(name) != content], [])
