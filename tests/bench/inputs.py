"""The archives and tables that rows are measured on: real ones of ../shared/data, or else generated ones.

Generated and decompressed files are kept in build/bench-inputs and made once.
"""
import bz2
import gzip
import os
import pathlib
import random
import shutil
import subprocess

TABLE = "mrt/libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2"
UPDATES = "mrt/bgpdump/test_data/updates.et-header.2015.gz"
PFX2AS = ("caida/mlab-pfx2as/RouteViewIPv4.2021.gz", "caida/mlab-pfx2as/RouteViewIPv6.2021.gz")

VANTAGES = 10
PREFIXES = 50_000


def scenario():
    """Ten full feeds of half a million routes together, and about as many changes within an hour."""
    lines = ['seed = 1', 'base = 2024-01-01T00:00:00Z', 'end = 2024-01-01T01:00:00Z',
             'transits = [174, 1299, 2914, 3257, 3356, 6453, 6461, 6762]',
             '[target]', 'origin = 131279', 'prefixes = ["175.45.176.0/24"]', 'upstream = "one"',
             '[[upstream]]', 'name = "one"', 'asn = 4837',
             '[[collector]]', 'name = "rrc00"', 'asn = 12654', 'address = "192.0.2.254"',
             '[background]', f'prefixes = {PREFIXES}', 'changes_per_hour = 500000']
    for number in range(VANTAGES):
        asn = 3333 + number
        lines += ['[[vantage]]', f'asn = {asn}', 'collector = "rrc00"', f'address = "192.0.2.{number + 1}"',
                  f'paths.one = "{asn} 1299 4837"']
    return "\n".join(lines) + "\n"


def pfx2as_text():
    """A million prefixes whose lengths are spread as in a full table, without any clustering."""
    dice = random.Random(1)
    lines = set()
    while len(lines) < 1_000_000:
        length = 24 if dice.random() < 0.6 else dice.randint(16, 23)
        address = dice.randrange(0x01000000, 0xDF000000) >> (32 - length) << (32 - length)
        dotted = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        lines.add(f"{dotted}\t{length}")
    return "".join(f"{each}\t{dice.randint(1, 75_000)}\n" for each in sorted(lines))


class Inputs:
    """Each property is the path of a file."""

    def __init__(self, root, programs, use_shared):
        self.programs = programs
        shared = root.parent / "shared" / "data"
        self.shared = shared.resolve() if use_shared and (shared / "MANIFEST.tsv").exists() else None
        self.folder = root / "build" / "bench-inputs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sources = {}

    def used(self):
        return [f"input {name}: {source}" for name, source in sorted(self.sources.items())]

    def real(self, name, path):
        """The path of a shared file, or None."""
        if self.shared is None or not (self.shared / path).exists():
            return None
        self.sources[name] = path
        return self.shared / path

    def made(self, name, path, make):
        """A file of ours; `make(path)` writes it if it is not there. It is there whole or not at all."""
        if not path.exists():
            part = path.with_name(path.name + ".part")
            make(part)
            os.rename(part, path)
        self.sources[name] = f"{path.relative_to(self.folder.parent)}, {path.stat().st_size:,} bytes"
        return path

    def simulated(self):
        """The folder of generated archives: a table and an updates file."""
        done = self.folder / "generated"
        if not done.exists():
            part = self.folder / "generated.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            (part / "scenario.toml").write_text(scenario(), encoding="utf-8")
            subprocess.run([str(self.programs / "isthmusctl"), "simulate", str(part / "scenario.toml"), "--output", str(part)],
                           check=True, stdout=subprocess.DEVNULL)
            os.rename(part, done)
        return done

    @property
    def table(self):
        """A RIB dump of about half a million routes, bzip2."""
        def make(path):
            source = next(self.simulated().glob("*.rib.*"))
            path.write_bytes(bz2.compress(source.read_bytes()))
        return self.real("table", TABLE) or self.made("table", self.folder / "table.bz2", make)

    @property
    def plain_table(self):
        """The same, decompressed."""
        source = self.table
        return self.made("table, decompressed", self.folder / ("real-table.mrt" if self.shared else "table.mrt"),
                         lambda path: path.write_bytes(bz2.decompress(source.read_bytes())))

    @property
    def updates(self):
        """An updates file of more than half a million elements, plain or gzip."""
        real = self.real("updates", UPDATES)
        if real:
            return real
        found = next(self.simulated().glob("*.updates.*"))
        self.sources["updates"] = str(found.relative_to(self.folder.parent))
        return found

    @property
    def pfx2as(self):
        """Prefixes and origins of both families as CAIDA writes them, decompressed."""
        def make(path):
            real = [self.real("prefixes", each) for each in PFX2AS]
            if all(real):
                path.write_bytes(b"".join(gzip.decompress(pathlib.Path(each).read_bytes()) for each in real))
            else:
                path.write_text(pfx2as_text(), encoding="utf-8")
        return self.made("prefixes", self.folder / ("real-pfx2as.txt" if self.shared else "pfx2as.txt"), make)
