"""Make a database with a role that migrates it and one that reads it."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from faber_db.adapters.engines.postgresql.address import Address, url_of
from faber_db.adapters.engines.postgresql.connect import raw
from faber_db.adapters.engines.postgresql.faults import translating
from faber_db.adapters.engines.postgresql.restore import maintenance_address
from faber_db.errors import FaberDbError, TargetChanged
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Creation, Session
from faber_db.sql.identifiers import quote

_FOUND = (
    "SELECT oid, pg_catalog.pg_postmaster_start_time() FROM pg_catalog.pg_database"
    " WHERE datname = %s"
)
_ROUNDS = 4096  # PostgreSQL's own
_RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


def creation(address: Address, passwords: Sequence[str]) -> Creation:
    """What is run; with two passwords also what makes the roles. Does not connect."""
    name = _quoted(address.database)
    if not passwords:
        return Creation(address.database, on_server=(f"CREATE DATABASE {name}",))
    roles = [f"{address.database}_migrate", f"{address.database}_read"]
    migrate, read = map(_quoted, roles)
    verifiers = [verifier(password, secrets.token_bytes(16)) for password in passwords]
    made = [
        f"CREATE ROLE {role} {_RIGHTS} PASSWORD '{text}'"
        for role, text in zip((migrate, read), verifiers, strict=True)
    ]
    default = f"ALTER DEFAULT PRIVILEGES FOR ROLE {migrate} GRANT SELECT ON"
    return Creation(
        address.database,
        on_server=(
            *made,
            f"GRANT {migrate} TO CURRENT_USER",  # who is no superuser has to be a member to give it away
            f"CREATE DATABASE {name} OWNER {migrate}",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO {read}",
        ),
        inside=(
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            f"GRANT ALL ON SCHEMA public TO {migrate}",
            f"GRANT USAGE ON SCHEMA public TO {read}",
            f"{default} TABLES TO {read}",
            f"{default} SEQUENCES TO {read}",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {migrate} GRANT USAGE ON SCHEMAS TO {read}",
            f"REVOKE {migrate} FROM CURRENT_USER",
        ),
        undo=tuple(f"DROP ROLE IF EXISTS {role}" for role in (migrate, read)),
        secrets=tuple(verifiers),
        urls=tuple(
            (word, url_of(_as(address, role, password)))
            for word, role, password in zip(("migrate", "read"), roles, passwords, strict=True)
        ),
    )


def maintenance(address: Address) -> Address:
    """A database of the server that is there; the schema of the URL is not looked for in it."""
    return maintenance_address(address)


def is_there(session: Session, address: Address) -> bool:
    return bool(session.query(_FOUND, (address.database,)))


def create(session: Session, address: Address, planned: Creation) -> bool:
    """Run it; False where the database is there already. What is half made is taken away again.

    Raises:
        ConnectionFailed, PermissionMissing, StatementFailed.
        TargetChanged: the database of that name is another server's.
    """
    if is_there(session, address):
        return False
    made: list[str] = []
    try:
        for statement in planned.on_server:
            session.execute(statement)
            made.append(statement)
        if planned.inside:
            _run_inside(session, address, planned)
    except FaberDbError:
        _undo(address, planned, made)
        raise
    return True


def _run_inside(session: Session, address: Address, planned: Creation) -> None:
    with raw(address) as inside, translating():
        same = session.query(_FOUND, (address.database,))
        if inside.execute(_FOUND.encode(), (address.database,)).fetchall() != same:
            raise TargetChanged(f"{address.label} leads to several servers")
        for statement in planned.inside:
            inside.execute(statement.encode())


def _undo(address: Address, planned: Creation, made: Sequence[str]) -> None:
    """Only what this run made: a role that was there before stays."""
    with raw(maintenance_address(address)) as connection, translating():
        if any(statement.startswith("CREATE DATABASE") for statement in made):
            connection.execute(f"DROP DATABASE IF EXISTS {_quoted(address.database)}".encode())
        roles = [statement for statement in made if statement.startswith("CREATE ROLE")]
        for statement in planned.undo[: len(roles)]:
            connection.execute(statement.encode())


def _as(address: Address, role: str, password: str) -> Address:
    return Address({**address.parameters, "user": role, "password": password})


def _quoted(name: str) -> str:
    return quote(name, Dialect.POSTGRESQL)


def verifier(password: str, salt: bytes) -> str:
    """SCRAM-SHA-256 as the server keeps it (RFC 5802), so that no log of its ever has the password."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ROUNDS}:{text[0]}${text[1]}:{text[2]}"
