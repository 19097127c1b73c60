#!/usr/bin/env python3
"""The same messages give the same events, byte for byte: in any order within the lateness, any number of times, in
any pieces, compressed or not.

order_and_duplication.py ISTHMUSCTL
"""
import bz2
import gzip
import pathlib
import random
import shutil
import struct
import subprocess

from tool_run import STORY, TARGET, Checks, is_peer_table, main, records, scratch, shuffled, simulate

SEED = 131279
LATENESS = 119  # seconds; the configuration's default is two minutes


def raw_zstd(content):
    """A zstd frame of raw blocks (RFC 8878), for machines without the program."""
    frame = b"\x28\xb5\x2f\xfd" + b"\xe0" + struct.pack("<Q", len(content))
    blocks = [content[i:i + 65536] for i in range(0, len(content), 65536)] or [b""]
    for number, block in enumerate(blocks):
        frame += struct.pack("<I", len(block) << 3 | (number == len(blocks) - 1))[:3] + block
    return frame


def zstd(content):
    if shutil.which("zstd") is None:
        return raw_zstd(content)
    return subprocess.run(["zstd", "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout


def split(content, pieces, dice):
    """Cuts an archive between records of different times; each piece of a table gets the list of peers."""
    parts = records(content)
    peers = parts[0] if is_peer_table(parts[0]) else b""
    cuts = sorted(dice.sample(range(1, len(parts)), pieces - 1))
    found = []
    for first, last in zip([0] + cuts, cuts + [len(parts)]):
        piece = b"".join(parts[first:last])
        found.append(piece if first == 0 else peers + piece)
    return found


class Rewriter:
    """Writes changed copies of the archives, each set into a folder of its own."""

    def __init__(self, folder, archives):
        self.folder = folder
        self.originals = {path.name: path.read_bytes() for path in archives}

    def write(self, what, change):
        """change(name, content) gives a list of (name, content)."""
        folder = self.folder / what
        folder.mkdir()
        paths = []
        for name, content in self.originals.items():
            for new_name, new_content in change(name, content):
                (folder / new_name).write_bytes(new_content)
                paths.append(folder / new_name)
        return paths


def shuffle_all(content, seed, copies=1):
    return b"".join(shuffled(records(content) * copies, LATENESS, seed))


def variants(rewriter, archives, dice):
    """Names and lists of archives, all of which say the same."""
    yield "backwards", archives[::-1]
    for number in range(2):
        yield f"order {number}", dice.sample(archives, len(archives))
    yield "thrice", archives * 3
    late = rewriter.write("late", lambda name, content: [(name, shuffle_all(content, SEED))])
    yield "shuffled", late
    yield "shuffled, in another order and with the originals", dice.sample(late + archives, 2 * len(archives))
    yield "shuffled, each record thrice in a row", rewriter.write(
        "triples", lambda name, content: [(name, shuffle_all(content, SEED + 1, copies=3))])
    copies = rewriter.write("copies", lambda name, content: [
        (f"{name}.{number}", shuffle_all(content, SEED + 2 + number)) for number in range(3)])
    yield "three shuffles of each", dice.sample(copies, len(copies))
    pieces = rewriter.write("pieces", lambda name, content: [
        (f"{name}.{number}", piece) for number, piece in enumerate(split(content, 4, dice))])
    yield "in four pieces", dice.sample(pieces, len(pieces))
    for ending, compress in ((".gz", gzip.compress), (".bz2", lambda content: bz2.compress(content, 1)),
                             (".zst", zstd), (".raw.zst", raw_zstd)):
        yield ending, rewriter.write(ending[1:], lambda name, content: [(name + ending, compress(content))])
    yield "members of gzip and streams of bzip2", rewriter.write("members", lambda name, content: [
        (name + ".gz", b"".join(map(gzip.compress, split(content, 3, dice)))),
        (name + ".bz2", b"".join(map(bz2.compress, split(content, 3, dice))))])


def check_standard_input(checks, tool, folder, archives):
    """What comes from standard input has no file's name, and so another route collector."""
    def replay(paths, stdin=b""):
        return tool.good("replay", "--json", *TARGET, *paths, stdin=stdin).out

    of_linx = [path for path in archives if "linx" in path.name]
    others = [path for path in archives if "linx" not in path.name]
    whole = b"".join(path.read_bytes() for path in sorted(of_linx))
    (folder / "-.mrt").write_bytes(whole)
    wanted = replay(others + [folder / "-.mrt"])
    checks.expect("its events are many", wanted.count(b"\n") == 17, wanted[:300])
    for what, content in (("plain", whole), ("gzip", gzip.compress(whole)), ("bzip2", bz2.compress(whole)),
                          ("zstd", raw_zstd(whole))):
        checks.expect(f"standard input, {what}", replay(others + ["-"], content) == wanted)
    checks.expect("standard input, first and shuffled", replay(
        ["-"] + others[::-1], b"".join(map(lambda path: shuffle_all(path.read_bytes(), SEED), sorted(of_linx)))) == wanted)


def check_too_late(checks, tool, rewriter, archives, wanted):
    """The limit is real: what comes far later than allowed is judged when it comes, and must not pass unnoticed."""
    dice = random.Random(SEED)
    late = rewriter.write("too-late", lambda name, content: [(name, b"".join(shuffled(records(content), 4 * 3600, SEED)))])
    run = tool.run("replay", "--json", *TARGET, *dice.sample(late, len(late)))
    checks.expect("four hours of shuffling change the story, and nothing breaks",
                  run.status == 0 and not run.crashed() and run.out != wanted, run)


def check_order(tool, _shared):
    checks = Checks()
    dice = random.Random(SEED)
    print(f"seed {SEED}")
    with scratch() as name:
        folder = pathlib.Path(name)
        archives = simulate(tool, STORY, folder / "archives")
        rewriter = Rewriter(folder, archives)

        def replayed(what, paths):
            """What replay tells, and what an export of its history holds but for how far it went."""
            history, output = folder / f"history-{what}", folder / f"export-{what}"
            told = tool.good("replay", "--json", *TARGET, "--history", history, *paths).out
            tool.good("export", "--history", history, "--output", output)
            files = {path.name: path.read_bytes() for path in output.iterdir()}
            shutil.rmtree(history)
            return told, {kind: files[f"{kind}.ndjson"] for kind in ("events", "routes", "observations")}

        wanted, rows = replayed("first", archives)
        checks.expect("the story is told", wanted.count(b"\n") == 17, wanted[:500])
        for what, paths in variants(rewriter, archives, dice):
            told, found = replayed(what.replace(",", "").replace(" ", "-"), paths)
            checks.expect(f"{what}: the same events", told == wanted)
            for kind, content in found.items():
                checks.expect(f"{what}: the same {kind} in the history", content == rows[kind], len(content))
        check_standard_input(checks, tool, folder, archives)
        check_too_late(checks, tool, rewriter, archives, wanted)
    return checks.finish()


if __name__ == "__main__":
    main(check_order)
