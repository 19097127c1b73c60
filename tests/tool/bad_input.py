#!/usr/bin/env python3
"""Feeds `isthmusctl dump` what is no archive, or a damaged one, and looks at message, status and memory.

bad_input.py ISTHMUSCTL [SPARSE_MEGABYTES]

The archive is made here, so no shared data is needed.
"""
import bz2
import gzip
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

LIMIT_MB = 256  # of resident memory


def update(second):
    attributes = bytes.fromhex("400101004002060201") + struct.pack(">I", 64500 + second % 9) + bytes.fromhex("400304c0000201")
    body = struct.pack(">HH", 0, len(attributes)) + attributes + bytes([24, 10, second >> 8 & 255, second & 255])
    message = b"\xff" * 16 + struct.pack(">HB", 19 + len(body), 2) + body
    session = struct.pack(">IIHH", 64500, 12654, 0, 1) + bytes([192, 0, 2, 1, 192, 0, 2, 254])
    return struct.pack(">IHHI", 1506848871 + second, 16, 4, len(session) + len(message)) + session + message


ARCHIVE = b"".join(update(second) for second in range(20000))
WHOLE = 20000


def png():
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = b"".join(b"\0" + os.urandom(300) for _ in range(100))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))


def flipped(content):
    content = bytearray(content)
    content[len(content) // 2] ^= 0x10
    return bytes(content)


class Run:
    """One run, with its peak of resident memory."""

    def __init__(self, isthmusctl, path):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([isthmusctl, "dump", str(path)], stdout=out, stderr=err, stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.status = process.returncode
            self.megabytes = usage.ru_maxrss / 1024
            self.seconds = usage.ru_utime + usage.ru_stime
            out.seek(0)
            err.seek(0)
            self.lines = out.read().count(b"\n")
            self.error = err.read().decode()


def main():
    isthmusctl = sys.argv[1]
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    sanitized = b"__asan_init" in pathlib.Path(isthmusctl).read_bytes()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="isthmus-bad-input-") as name:
        folder = pathlib.Path(name)

        def file(content, path="file"):
            (folder / path).write_bytes(content)
            return folder / path

        def expect(what, path, status, message, least, most):
            nonlocal wrong
            run = Run(isthmusctl, path)
            good = (run.status == status and message in run.error and str(path) in run.error and
                    least <= run.lines <= most and (sanitized or run.megabytes < LIMIT_MB))
            wrong += not good
            print(f"{'ok   ' if good else 'WRONG'} {what}: status {run.status}, {run.lines} lines, "
                  f"{run.megabytes:.0f} MB, {run.seconds:.2f} CPU s")
            if not good:
                print(f"      expected status {status}, {least} to {most} lines, '{message}' in:\n{run.error}")

        good = Run(isthmusctl, file(ARCHIVE))
        if good.status != 0 or good.lines != WHOLE:
            print(f"WRONG the undamaged archive: status {good.status}, {good.lines} lines\n{good.error}")
            wrong += 1
        half = WHOLE // 2
        expect("truncated", file(ARCHIVE[:-30]), 1, "left over", WHOLE - 1, WHOLE - 1)
        expect("truncated gzip", file(gzip.compress(ARCHIVE)[:-20000]), 1, "too early", half // 2, WHOLE - 1)
        expect("truncated bzip2", file(bz2.compress(ARCHIVE, 1)[:-1000]), 1, "too early", half, WHOLE - 1)
        expect("bit-flipped gzip", file(flipped(gzip.compress(ARCHIVE))), 1, "damaged", 1, WHOLE)
        expect("bit-flipped bzip2", file(flipped(bz2.compress(ARCHIVE, 1))), 1, "damaged", 1, WHOLE - 1)
        bad = bytearray(ARCHIVE)
        record = len(ARCHIVE) // WHOLE
        bad[half * record + 10] ^= 0x80  # the third byte of a length
        expect("a flipped bit in a length", file(bytes(bad)), 1, f"offset {half * record}", WHOLE - 1, WHOLE)
        bad = bytearray(ARCHIVE)
        bad[half * record + 5] ^= 0x40  # a type
        expect("a flipped bit in a type", file(bytes(bad)), 1, "no MRT record", WHOLE - 1, WHOLE - 1)
        expect("empty", file(b""), 3, "is empty", 0, 0)
        expect("a directory", folder, 3, "is a directory", 0, 0)
        expect("missing", folder / "missing", 3, "No such file", 0, 0)
        expect("/dev/null", pathlib.Path("/dev/null"), 3, "is empty", 0, 0)
        expect("a PNG", file(png(), "image.png"), 1, "is this an MRT archive?", 0, 0)
        expect("text", file(b"BGP4MP|1506848871|A|192.0.2.1\n" * 1000), 1, "is this an MRT archive?", 0, 0)
        sparse = file(b"")
        os.truncate(sparse, megabytes << 20)
        expect(f"{megabytes} MB of zeros", sparse, 1, "no MRT record", 0, 0)
        padded = file(gzip.compress(ARCHIVE))
        os.truncate(padded, megabytes << 20)
        padded_run = Run(isthmusctl, padded)
        print(f"gzip padded to {megabytes} MB: status {padded_run.status}, {padded_run.megabytes:.0f} MB, {padded_run.seconds:.2f} CPU s")
        if padded_run.status != 0 or padded_run.lines != WHOLE:
            wrong += 1
            print(f"WRONG: {padded_run.lines} lines\n{padded_run.error}")
    print(f"{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
