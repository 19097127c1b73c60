#!/usr/bin/env python3
"""`isthmusctl verify` finds every change to an export, and says where; a history is checked down to its sense.

tampering.py ISTHMUSCTL
"""
import json
import pathlib
import random
import shutil
import sqlite3
import struct

from tool_run import FAILED, LOSS, STORY, TARGET, Checks, main, scratch, simulate

SEED = 20171001


def flip(path, offset):
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def drop_line(path, number):
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[number]
    path.write_bytes(b"".join(lines))


def double_line(path, number):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:number] + [lines[number]] + lines[number:]))


class Tampering:
    """Runs verify on a changed copy of a folder."""

    def __init__(self, checks, tool, original):
        self.checks = checks
        self.tool = tool
        self.original = original
        self.copy = original.with_name(original.name + "-changed")

    def refused(self, what, change, *messages, status=LOSS):
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.original, self.copy)
        change(self.copy)
        self.checks.refused(f"{self.original.name}: {what}", self.tool.run("verify", self.copy), status, *messages)


def check_export(checks, tool, folder, dice):
    form = folder.name
    tampering = Tampering(checks, tool, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        name, size = file["name"], file["bytes"]
        for offset in [0, size - 1] + [dice.randrange(size) for _ in range(4)]:
            tampering.refused(f"byte {offset} of {name} is flipped", lambda copy: flip(copy / name, offset),
                              f"{name}: its SHA-256 is", file["sha256"])
        tampering.refused(f"{name} is deleted", lambda copy: (copy / name).unlink(), name, "No such file")
        tampering.refused(f"{name} is cut", lambda copy: (copy / name).write_bytes((folder / name).read_bytes()[:-1]),
                          f"{name}: has {size - 1} bytes, not {size}")
        tampering.refused(f"{name} is a folder", lambda copy: ((copy / name).unlink(), (copy / name).mkdir()), name)
        if form == "sqlite":
            continue
        rows = (folder / name).read_bytes().count(b"\n") - (form == "csv")
        kind = name.partition(".")[0]
        number = dice.randrange(1, rows)
        tampering.refused(f"line {number} of {name} is dropped", lambda copy: drop_line(copy / name, number),
                          f"{name}: has ", f"there are {rows - 1} {kind}, not {rows}")
        tampering.refused(f"line {number} of {name} is doubled", lambda copy: double_line(copy / name, number),
                          f"there are {rows + 1} {kind}, not {rows}")
    tampering.refused("a file is added", lambda copy: (copy / "notes.txt").write_text("x"), "notes.txt", "does not know")
    path = "manifest.json"
    text = (folder / path).read_text()
    tampering.refused("the manifest is cut", lambda copy: (copy / path).write_text(text[:-20]), path, status=FAILED)
    tampering.refused("the manifest is empty", lambda copy: (copy / path).write_text(""), path, status=FAILED)
    tampering.refused("the manifest is gone", lambda copy: (copy / path).unlink(), "manifest.json", "catalog.db",
                      status=FAILED)
    tampering.refused("the manifest leads elsewhere", lambda copy: (copy / path).write_text(
        text.replace(manifest["files"][0]["name"], "../" + manifest["files"][0]["name"])), "is not a file's name")
    for kind, count in manifest["rows"].items():
        tampering.refused(f"the manifest has one more of {kind}", lambda copy: (copy / path).write_text(
            text.replace(f'"{kind}":{count}', f'"{kind}":{count + 1}')), f"there are {count} {kind}, not {count + 1}")
    for file in manifest["files"]:
        tampering.refused(f"the manifest has another digest of {file['name']}", lambda copy: (copy / path).write_text(
            text.replace(file["sha256"], "0" * 64)), f"{file['name']}: its SHA-256 is {file['sha256']}, not 000")


def change_rows(statement):
    def change(copy):
        database = sqlite3.connect(copy / "catalog.db")
        changed = database.execute(statement).rowcount
        database.commit()
        database.close()
        assert changed > 0, statement
    return change


def check_history(checks, tool, folder):
    tampering = Tampering(checks, tool, folder)
    pages = (folder / "catalog.db").stat().st_size // 4096
    tampering.refused("its header is flipped", lambda copy: flip(copy / "catalog.db", 3), "catalog.db", "not a database")
    tampering.refused("its schema is newer", lambda copy: flip(copy / "catalog.db", 62), "schema version")
    tampering.refused("it is cut", lambda copy: (copy / "catalog.db").write_bytes(
        (folder / "catalog.db").read_bytes()[:(pages // 2) * 4096]), "catalog.db")
    tampering.refused("it is empty", lambda copy: (copy / "catalog.db").write_bytes(b""), "catalog.db")
    tampering.refused("it is gone", lambda copy: (copy / "catalog.db").unlink(), "catalog.db", status=FAILED)
    tampering.refused("an observation is gone", change_rows(
        "DELETE FROM observation WHERE json_extract(body, '$.evidence_id') = (SELECT json_extract(body, "
        "'$.witnesses[0].evidence_id') FROM event WHERE type = 'upstream_new')"), "event ", "the evidence", "is not there")
    tampering.refused("a score is another", change_rows(
        "UPDATE event SET body = json_set(body, '$.score.total', 13) WHERE type = 'upstream_new'"),
                      "its score is 13, but its terms add up to 12")
    tampering.refused("an event is of another time", change_rows(
        "UPDATE event SET body = json_set(body, '$.time', '2017-10-01T09:10:58Z') WHERE type = 'upstream_new'"),
                      "its identity is of another time")
    tampering.refused("an event is no JSON", change_rows("UPDATE event SET body = substr(body, 2)"), "event ",
                      "cannot be read")
    tampering.refused("an interval is longer", change_rows(
        "UPDATE route_interval SET until_us = until_us + 1 WHERE until_us IS NOT NULL"), "overlaps the one from")
    tampering.refused("an interval ends early", change_rows(
        "UPDATE route_interval SET until_us = from_us - 1 WHERE until_us IS NOT NULL"), "ends before it begins")
    tampering.refused("a vantage point is gone", change_rows("DELETE FROM vantage_point WHERE asn = 1299"),
                      "refers to a row of vantage_point")


def flip_everywhere(checks, tool, folder, dice):
    """Not every flipped bit of a history can be known, but none may bring anything down."""
    content = (folder / "catalog.db").read_bytes()
    changed = folder.with_name("flipped")
    changed.mkdir()
    found = 0
    rounds = 8 if tool.sanitized else 25
    for number in range(rounds):
        bad = bytearray(content)
        for _ in range(1 + number):
            bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        (changed / "catalog.db").write_bytes(bad)
        for command in (["verify", changed], ["events", "--history", changed, "--json"],
                        ["routes", "--history", changed], ["explain", "--history", changed]):
            run = tool.run(*command)
            checks.expect(f"{command[0]} of a history with {1 + number} flipped bits (seed {SEED})",
                          not run.crashed() and run.status in (0, 1, 2, 3) and (run.status == 0 or "flipped" in run.err or
                                                                                "event" in run.err), run)
            found += command[0] == "verify" and run.status != 0
    checks.expect("verify finds most of them", found > rounds // 2, f"{found} of {rounds}")
    for page_size in (0, 1, 3, 511, 65535):
        bad = bytearray(content)
        struct.pack_into(">H", bad, 16, page_size)
        (changed / "catalog.db").write_bytes(bad)
        run = tool.run("verify", changed)
        checks.refused(f"page size {page_size}", run, LOSS, "catalog.db")


def check_tampering(tool, _shared):
    checks = Checks()
    dice = random.Random(SEED)
    with scratch() as name:
        folder = pathlib.Path(name)
        history = folder / "history"
        tool.good("replay", "-q", *TARGET, "--history", history, *simulate(tool, STORY, folder / "archives"))
        for form in ("ndjson", "csv", "sqlite"):
            tool.good("export", "--history", history, "--format", form, "--output", folder / form)
            check_export(checks, tool, folder / form, dice)
        for leftover in ("catalog.db-wal", "catalog.db-shm"):
            (history / leftover).unlink(missing_ok=True)
        check_history(checks, tool, history)
        flip_everywhere(checks, tool, history, dice)
    return checks.finish()


if __name__ == "__main__":
    main(check_tampering)
