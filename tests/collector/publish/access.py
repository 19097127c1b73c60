#!/usr/bin/env python3
"""Who may read, by --web.config.file: access.py FIXTURE ISTHMUSCTL ROOT

Passwords (bcrypt), tokens and client certificates; the file is read again when it changes; one that is wrong leaves the
one before in force; neither the history nor the configuration can be read without the rights that it asks for.
"""
import base64
import hashlib
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile

from fixture import Checks, Fixture, Server, client_context, until

# "correct horse", made by htpasswd -nBC 6.
HASH = "$2b$06$1UYQTIoqDhcTqbSyw6hRt.7A3PmVJPE7JFUdI2L2g1Mgf5oiccS02"
PASSWORD = "correct horse"
TOKEN = "a-token-of-the-test"
GUARDED = ("/api/v1", "/api/v1/config", "/api/v1/targets", "/api/v1/events", "/api/v1/export/events", "/api/v1/stream", "/api/v1/nothing/else",
           "/metrics", "/", "/assets/x.js")


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path, text):
    """In one step, as an editor or a secret's mount does."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def certificates(folder):
    """An authority, a server of localhost and a client, with openssl."""
    def run(*command):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=60)
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority",
        "-days", "2")
    for name, san in (("server", "DNS:localhost,IP:127.0.0.1"), ("client", "DNS:operator"), ("other", "DNS:stranger")):
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        pathlib.Path(folder, f"{name}.ext").write_text(f"subjectAltName={san}\n", encoding="utf-8")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile",
            f"{name}.ext")


def check_open(checks, fixture, config):
    server = Server(fixture.port)
    checks.equal("without a word everybody reads", server.get("/api/v1/targets").status, 200)
    write(config, f"basic_auth_users:\n  alice: '{HASH}'\nbearer_tokens:\n  robot: {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    checks.expect("the file is read again", until(lambda: server.get("/api/v1/targets").status == 401))
    for path in GUARDED:
        answer = server.get(path)
        checks.expect(f"{path} is shut", answer.status == 401 or (path.endswith("else") and answer.status == 404), answer.status)
        checks.expect("and says nothing", b"AS131279" not in answer.body, answer.body[:200])
    checks.expect("it says how", "Basic" in server.get("/metrics").headers.get("WWW-Authenticate", ""))
    checks.equal("the password", server.get("/api/v1/config", basic("alice", PASSWORD)).status, 200)
    checks.equal("once more", server.get("/metrics", basic("alice", PASSWORD)).status, 200)
    checks.equal("the token", server.get("/api/v1/events", {"Authorization": f"Bearer {TOKEN}"}).status, 200)
    for what, headers in (("a wrong password", basic("alice", "wrong")), ("nobody", basic("mallory", PASSWORD)), ("an empty one", basic("alice", "")),
                          ("the hash itself", basic("alice", HASH)), ("a wrong token", {"Authorization": f"Bearer {TOKEN}x"}),
                          ("no token", {"Authorization": "Bearer "}), ("no base64", {"Authorization": "Basic ***"}),
                          ("another scheme", {"Authorization": "Digest x"}), ("a zero", basic("alice", PASSWORD + "\0x")),
                          ("a long one", basic("alice", "x" * 5000))):
        checks.equal(what, server.get("/api/v1/events", headers).status, 401)
    write(config, "basic_auth_users: [")
    checks.equal("a broken file changes nothing", server.get("/api/v1/targets").status, 401)
    checks.equal("and nobody loses his rights", server.get("/api/v1/targets", basic("alice", PASSWORD)).status, 200)
    write(config, f"basic_auth_users:\n  alice: '{HASH}'\nanonymous_read: true\nhttp_server_config:\n  headers:\n    Strict-Transport-Security: max-age=60\n")
    checks.expect("reading may be opened", until(lambda: server.get("/api/v1/targets").status == 200))
    checks.equal("a header of one's own", server.get("/").headers.get("Strict-Transport-Security"), "max-age=60")


def check_certificates(checks, fixture, folder):
    plain = Server(fixture.port, client_context(f"{folder}/ca.pem"))
    known = Server(fixture.port, client_context(f"{folder}/ca.pem", f"{folder}/client.pem", f"{folder}/client.key"))
    stranger = Server(fixture.port, client_context(f"{folder}/ca.pem", f"{folder}/other.pem", f"{folder}/other.key"))
    checks.equal("with its certificate", known.get("/api/v1/targets").status, 200)
    for what, server in (("without one", plain), ("with another's", stranger)):
        try:
            status = server.get("/api/v1/targets").status
        except (ssl.SSLError, OSError) as error:
            status = type(error).__name__
        checks.expect(f"{what} nothing is read", status != 200, status)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="isthmus-access-") as folder:
        config = pathlib.Path(folder, "web.yml")
        write(config, "")
        with Fixture(*sys.argv[1:4], folder=folder, WEB_CONFIG=str(config)) as fixture:
            check_open(checks, fixture, config)
        certificates(folder)
        write(config, "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_ca_file: ca.pem\n"
                      "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [operator]\n")
        with Fixture(*sys.argv[1:4], folder=folder, replay=False, WEB_CONFIG=str(config)) as fixture:
            check_certificates(checks, fixture, folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
