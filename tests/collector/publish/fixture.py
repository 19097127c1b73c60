"""Runs publish_fixture on the founding event, and speaks HTTP to it."""
import gzip
import http.client
import json
import os
import pathlib
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

PATIENCE = 120  # seconds: the machine may be busy


class Checks:
    def __init__(self):
        self.right = 0
        self.wrong = 0

    def expect(self, what, good, found=""):
        if good:
            self.right += 1
        else:
            self.wrong += 1
            print(f"WRONG {what}\n      found: {str(found)[:600]}")
        return bool(good)

    def equal(self, what, found, wanted):
        return self.expect(f"{what}: wanted {str(wanted)[:300]}", found == wanted, found)

    def finish(self):
        print(f"{self.right} right, {self.wrong} wrong")
        return 1 if self.wrong or not self.right else 0


def until(condition, patience=PATIENCE):
    """Asks again until it is true."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    return condition()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def text(self):
        body = gzip.decompress(self.body) if self.headers.get("Content-Encoding") == "gzip" else self.body
        return body.decode()

    def json(self):
        return json.loads(self.text())


class Listener:
    """Reads server-sent events."""

    def __init__(self, connection, response):
        self.connection = connection
        self.response = response
        self.headers = response.headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def frames(self, enough):
        frames, frame = [], {}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not enough(frames):
            line = self.response.readline().decode().rstrip("\n")
            if line:
                key, _, value = line.partition(":")
                frame[key] = value.strip()
            elif frame:
                frames.append(frame)
                frame = {}
        return frames


class Server:
    def __init__(self, port, context=None):
        self.port = port
        self.context = context

    def connect(self):
        if self.context:
            return http.client.HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def request(self, method, path, headers=None, body=None):
        connection = self.connect()
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers)

    def stream(self, path, headers=None):
        connection = self.connect()
        connection.request("GET", path, headers=headers or {})
        return Listener(connection, connection.getresponse())


class Fixture:
    """The program, on a history of its own."""

    def __init__(self, program, isthmusctl, root, folder=None, replay=True, **environment):
        self.owned = None if folder else tempfile.TemporaryDirectory(prefix="isthmus-publish-")
        self.folder = pathlib.Path(folder or self.owned.name)
        archives = []
        if replay:
            done = subprocess.run([isthmusctl, "simulate", f"{root}/tests/scenario/star-jv-2017.toml", "--output", self.folder / "archives"],
                                  capture_output=True, text=True, timeout=PATIENCE, check=True)
            archives = done.stdout.split()
        self.process = subprocess.Popen([program, self.folder / "history", "AS131279", "AS4837", *archives], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        self.port = int(self.line("port"))

    def line(self, word):
        """What the program says behind a word that a line begins with."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if not line.startswith(word):
            raise SystemExit(f"the fixture said {line!r}, not {word}")
        return line.split()[1]

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.line({"tell": "told", "load": "loaded"}.get(text.split()[0], text.split()[0]))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                print("WRONG the fixture did not end")
        if self.owned:
            self.owned.cleanup()


def free_port():
    """A port that nothing listens on; for programs that cannot be asked which they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client_context(authority, certificate=None, key=None):
    context = ssl.create_default_context(cafile=authority)
    if certificate:
        context.load_cert_chain(certificate, key)
    return context
