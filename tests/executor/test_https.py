"""An executor over https: a token, a certificate, a pinned authority, its name, and no browser."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from faber_db import __version__
from faber_db.executor.operations import OPERATIONS
from tests.e2e.project import Project, new_project

pytestmark = pytest.mark.slow

TOKEN = "a token of the tests, long enough"
HELLO = b'{"request": {}}'


@dataclass(frozen=True)
class Authority:
    """Signs certificates of the tests."""

    folder: Path
    name: str = "tests"

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    def make(self) -> "Authority":
        key = self._key(self.name)
        self._write(self.name, key, self._signed(self.name, key, key, self.name, ca=True))
        return self

    def issue(self, name: str) -> str:
        """A certificate with its key in one PEM file; gives the SHA-256 of the certificate."""
        own = self.folder / f"{self.name}.pem"
        loaded = serialization.load_pem_private_key(own.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        key = self._key(name)
        made = self._signed(name, key, loaded, self.name)
        self._write(name, key, made)
        return sha256(made.public_bytes(serialization.Encoding.DER)).hexdigest()

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        by: ec.EllipticCurvePrivateKey,
        issuer: str,
        *,
        ca: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(by, hashes.SHA256())
        )

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> None:
        pem = made.public_bytes(serialization.Encoding.PEM)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (self.folder / f"{name}.pem").write_bytes(pem + secret)


@dataclass(frozen=True)
class Served:
    """An executor that listens on a port, and a project that may ask it."""

    folder: Path
    port: int
    project: Project

    def asks(self, **settings: Any) -> tuple[int, dict[str, Any]]:
        """`status production` with these keys of the environment."""
        address = {"executor": f"https://localhost:{self.port}", "executor_ca": "../tests.pem"}
        keys = {k: v for k, v in (address | settings).items() if v is not None}
        file = self.project.root / "faber-db.json"
        file.write_text(
            json.dumps({"engine": "sqlite", "environments": {"production": keys}}), "utf-8"
        )
        return self.project.exits("status", "production")

    def raw(
        self,
        method: str = "POST",
        path: str = "/v1/hello",
        body: bytes = HELLO,
        **headers: str,
    ) -> tuple[int, bytes]:
        """One request as it is, with a right token unless another is given."""
        context = ssl.create_default_context(cafile=str(self.folder / "tests.pem"))
        connection = http.client.HTTPSConnection(
            "localhost", self.port, context=context, timeout=30
        )
        usual = {
            "authorization": f"Bearer {TOKEN}",
            "content-type": "application/json",
            "faber-db-protocol": "1",
            "faber-db-version": __version__,
        }
        given = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("https")
    authority = Authority(folder).make()
    authority.issue("server")
    known = authority.issue("client")
    authority.issue("unknown")
    Authority(folder, "others").make().issue("foreign")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    project = new_project(folder)
    (folder / "production.db").touch()
    (folder / "token").write_text(TOKEN, "utf-8")
    (folder / "wrong").write_text("another token", "utf-8")
    (folder / "not-it").write_text("no token of anybody", "utf-8")
    settings = {
        "handler": "sql",
        "environments": {
            "production": {"url": str(folder / "production.db")},
            "staging": {"url": str(folder / "staging.db"), "protected": False},
        },
        "state_folder": str(folder / "kept"),
        "listen": [f"https://127.0.0.1:{port}"],
        "clients": [
            {"name": "laptop", "token_sha256": sha256(TOKEN.encode()).hexdigest()},
            {
                "name": "planner",
                "token_sha256": sha256(b"another token").hexdigest(),
                "may": ["propose", "health"],
                "environments": ["staging"],
            },
            {"name": "builder", "certificate_sha256": known, "may": ["state"]},
        ],
        "tls": {
            "certificate": str(folder / "server.pem"),
            "key": str(folder / "server.pem"),
            "client_ca": str(folder / "tests.pem"),
            "names": ["localhost"],
        },
    }
    config = folder / "executor.json"
    config.write_text(json.dumps(settings), "utf-8")
    config.chmod(0o600)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "faber_db", "executor", "run", "--config", str(config)],
            stderr=log,
            env={k: v for k, v in os.environ.items() if not k.startswith("FABER_DB_")},
        )
    try:
        until = time.monotonic() + 60
        while not _listens(port):
            said = (folder / "log").read_text("utf-8")
            assert process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)
        yield Served(folder, port, project)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


CLIENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a token": ({"executor_token": "file:../token"}, ""),
    "a certificate": ({"executor_certificate": "../client.pem"}, ""),
    "another token": ({"executor_token": "file:../not-it"}, "executor-refused"),
    "another client's token": ({"executor_token": "file:../wrong"}, "executor-refused"),
    "nothing": ({}, "executor-refused"),
    "a certificate that is not named": (
        {"executor_certificate": "../unknown.pem"},
        "executor-refused",
    ),
    "a certificate of others": (
        {"executor_certificate": "../foreign.pem"},
        "executor-unavailable",
    ),
    "another authority": (
        {"executor_token": "file:../token", "executor_ca": "../others.pem"},
        "executor-untrusted",
    ),
    "the system's authorities": (
        {"executor_token": "file:../token", "executor_ca": None},
        "executor-untrusted",
    ),
}


@pytest.mark.parametrize(("settings", "code"), CLIENTS.values(), ids=CLIENTS)
def test_who_is_served(served: Served, settings: dict[str, Any], code: str) -> None:
    _, answer = served.asks(**settings)
    assert [e["code"] for e in answer["errors"]] == ([code] if code else []), answer


def test_a_client_may_what_the_configuration_lists(served: Served) -> None:
    served.asks(executor_certificate="../client.pem")
    code, answer = served.project.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "executor-refused"), answer
    assert "builder may not" in answer["message"]
    code, answer = served.project.exits("health", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "executor-refused"), answer


def _code(body: bytes) -> str:
    line = json.loads(body.splitlines()[-1])
    return str(line["error"]["code"]) if line.get("error") else ""


RAW: dict[str, tuple[dict[str, str], str]] = {
    "as it should be": ({}, ""),
    "a browser's page": ({"origin": "https://localhost"}, "executor-refused"),
    "no origin's page": ({"origin": "null"}, "executor-refused"),
    "another host": ({"host": "example.com"}, "executor-refused"),
    "the address for the name": ({"host": "127.0.0.1"}, "executor-refused"),
    "an empty host": ({"host": ""}, "executor-refused"),
    "another scheme": ({"authorization": f"Basic {TOKEN}"}, "executor-refused"),
    "a form": ({"content_type": "text/plain"}, "input-invalid"),
    "an old client": ({"faber_db_version": "0.0.0", "faber_db_protocol": "0"}, "executor-version"),
}


@pytest.mark.parametrize(("headers", "code"), RAW.values(), ids=RAW)
def test_what_a_request_has_to_say(served: Served, headers: dict[str, str], code: str) -> None:
    status, body = served.raw("POST", "/v1/hello", HELLO, **headers)
    assert (status, _code(body)) == (200, code), body


def test_nothing_else_is_there(served: Served) -> None:
    for method in ("GET", "PUT", "OPTIONS", "DELETE"):
        assert served.raw(method)[0] == 405
    for path in ("/", "/v1", "/v1/", "/v1/hello/more", "/v2/hello"):
        assert served.raw(path=path)[0] in (404, 405), path
    for path in ("/v1/protect", "/v1/run_job", "/v1/__class__", "/v1/..%2f..%2fetc"):
        status, body = served.raw(path=path)
        assert status == 404 or _code(body) == "input-invalid", path


def test_without_tls_nobody_is_heard(served: Served) -> None:
    connection = http.client.HTTPConnection("localhost", served.port, timeout=30)
    connection.request("POST", "/v1/hello", b"{}")
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()
    connection.close()


def test_the_token_is_in_nothing_that_was_written(served: Served) -> None:
    served.asks(executor_token="file:../token")
    written = [p for p in (served.folder / "kept").rglob("*") if p.is_file()]
    written += [served.folder / "log", served.folder / "executor.json"]
    assert [p for p in written if TOKEN.encode() in p.read_bytes()] == []


def test_who_may_only_propose_gets_a_plan_and_no_more(served: Served) -> None:
    asking = {"executor": f"https://localhost:{served.port}", "executor_ca": "../tests.pem"}
    file = served.project.root / "faber-db.json"

    def ask(token: str, *words: str) -> tuple[int, dict[str, Any]]:
        environment = asking | {"executor_token": f"file:../{token}", "protected": False}
        environments = {"staging": environment, "production": environment | {"protected": None}}
        del environments["production"]["protected"]
        settings = {"engine": "sqlite", "environments": environments}
        file.write_text(json.dumps(settings), "utf-8")
        return served.project.exits(*words)

    code, planned = ask("wrong", "release", "staging")
    assert (code, planned["details"]["state"]) == (0, "planned"), planned
    code, again = ask("wrong", "release", "staging", "--plan", planned["details"]["plan_id"])
    assert (code, again["details"]["state"]) == (0, "planned"), again
    code, refused = ask("wrong", "release", "production")
    assert (code, refused["errors"][0]["code"]) == (5, "executor-refused"), refused
    assert "staging only" in refused["message"]
    code, done = ask("token", "release", "staging", "--plan", planned["details"]["plan_id"])
    assert (code, done["details"]["state"]) == (0, "done"), done


def test_a_refused_request_of_a_client_is_in_the_trail(served: Served) -> None:
    served.asks(executor_certificate="../client.pem")
    assert served.project.exits("audit", "verify", "production")[0] == 5
    served.asks(executor_token="file:../token")
    _, answer = served.project.exits("audit", "show", "production", "--event", "executor")
    bodies = [e["body"] for e in answer["details"]["entries"]]
    assert {"peer": "builder", "operation": "verify-audit"} in bodies


HOSTILE = {
    "a command": "command:touch {marker}",
    "a substitution": "$(touch {marker})`touch {marker}`;touch {marker}",
    "a variable": "env:HOME",
    "a file": "file:/etc/passwd",
    "up": "../../../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "NUL": "a\0b",
    "long": "x" * 4_096,
    "SQL": "production'; DROP TABLE plans; --",
    "a handle's beginning": "plan_",
    "bidi": "\u202eplan_\u2066",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_is_sent_is_opened_or_run(served: Served, text: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    value = text.format(marker=marker)
    for name, operation in OPERATIONS.items():
        for field, info in operation.request.model_fields.items():
            if info.annotation is not str:
                continue
            others = {
                other: "production"
                for other, its in operation.request.model_fields.items()
                if its.is_required() and its.annotation is str
            }
            body = json.dumps({"request": others | {field: value}}).encode()
            status, said = served.raw(path=f"/v1/{name}", body=body)
            assert status == 200
            assert b"root:" not in said, (name, field)
            assert _code(said) != "internal-error", (name, field, said)
    assert not marker.exists()
    written = {p.name for p in served.folder.iterdir()}
    assert written <= {
        "client.pem", "executor.json", "foreign.pem", "kept", "log", "not-it", "others.pem",
        "production.db", "server.pem", "shop", "staging.db", "state", "config", "tests.pem",
        "token", "unknown.pem", "wrong", "production.db-shm", "production.db-wal",
        "staging.db-shm", "staging.db-wal",
    }  # fmt: skip
    assert list((served.folder / "kept" / "project").iterdir()) == []
