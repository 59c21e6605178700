"""Making a database: what would run is said first; roles get their rights and no more."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.mysql.connect import raw, rows
from faber_db.adapters.engines.postgresql import address as postgresql_address
from faber_db.adapters.engines.postgresql.creation import verifier
from faber_db.errors import (
    Exit,
    FaberDbError,
    FileUnreadable,
    InputError,
    NotSupported,
    PermissionMissing,
)
from faber_db.model.answer import NextPerson, State
from faber_db.services.app import App
from faber_db.services.db_create import Request, run
from tests.services.conftest import AppFactory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "credentials"
    found.mkdir(mode=0o700)
    return found


def test_a_file_is_made_at_once(app_factory: AppFactory, sqlite_url: str) -> None:
    app = app_factory(sqlite_url)
    assert run(Request(environment="dev"), app).details.state is State.DONE
    assert run(Request(environment="dev"), app).details.state is State.SKIPPED
    with pytest.raises(NotSupported, match="sqlite has no roles"):
        run(Request(environment="dev", roles="/tmp"), app)


def test_a_protected_one_is_a_persons_work(app_factory: AppFactory, sqlite_url: str) -> None:
    with pytest.raises(NotSupported, match="is protected"):
        run(Request(environment="dev", yes=True), app_factory(sqlite_url, protected=True))
    assert not Path(sqlite_url.removeprefix("sqlite:")).exists()


def test_the_verifier_is_that_of_the_standard() -> None:
    """RFC 7677, section 3: the server's signature over the example's messages."""
    salt, both = "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO"
    nonce = f"{both}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r={both},r={nonce},s={salt},i=4096,c=biws,r={nonce}"
    text = verifier("pencil", base64.b64decode(salt))
    assert text.startswith(f"SCRAM-SHA-256$4096:{salt}$")
    server_key = base64.b64decode(text.rpartition(":")[2])
    signature = hmac.digest(server_key, message.encode(), hashlib.sha256)
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def as_url(url: str, database: str) -> str:
    if url.startswith("postgres"):
        found = postgresql_address.parse(url).to_database(database)
        return postgresql_address.url_of(found)
    return mysql_address.url_of(mysql_address.parse(url).to_database(database))


@pytest.mark.slow
def test_it_says_what_would_run_on_a_server(
    app_factory: AppFactory, postgresql_url: str, folder: Path
) -> None:
    app = app_factory(as_url(postgresql_url, f"n_{secrets.token_hex(4)}"))
    answer = run(Request(environment="dev", roles=str(folder)), app)
    assert (answer.details.state, answer.exit_code) == (State.CONFIRM_REQUIRED, Exit.WAITING)
    assert answer.details.next == NextPerson(
        person=f"faber-db db-create dev --yes --roles {folder}"
    )
    assert "CREATE DATABASE" in " ".join(answer.details.statements)
    assert "SCRAM" not in answer.model_dump_json()
    assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("superuser", [True, False])
def test_roles_on_postgresql(
    superuser: bool, app_factory: AppFactory, postgresql_url: str, folder: Path
) -> None:
    name, maker = f"n_{secrets.token_hex(4)}", f"maker_{secrets.token_hex(4)}"
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {maker} LOGIN CREATEDB CREATEROLE".encode())
    address = postgresql_address.parse(as_url(postgresql_url, name))
    if not superuser:
        address = postgresql_address.Address({**address.parameters, "user": maker})
    app = app_factory(postgresql_address.url_of(address))
    try:
        answer = run(Request(environment="dev", roles=str(folder), yes=True), app)
        assert answer.details.state is State.DONE
        migrate, read = _urls(folder, answer.model_dump_json())
        with psycopg.connect(migrate, autocommit=True) as owner:
            owner.execute("CREATE TABLE t (id serial PRIMARY KEY)")
            owner.execute("CREATE SCHEMA more")
            owner.execute("CREATE TABLE more.u (a int)")
            owner.execute("INSERT INTO t DEFAULT VALUES")
        with psycopg.connect(read, autocommit=True) as reader:
            assert reader.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
            assert reader.execute("SELECT count(*) FROM more.u").fetchall() == [(0,)]
            for refused in (
                "INSERT INTO t DEFAULT VALUES",
                "CREATE TABLE u (a int)",
                "DROP TABLE t",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(refused.encode())
        assert run(Request(environment="dev", yes=True), app).details.state is State.SKIPPED
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name}".encode())
            for role in (f"{name}_migrate", f"{name}_read", maker):
                admin.execute(f"DROP ROLE IF EXISTS {role}".encode())


def _urls(folder: Path, answer: str) -> list[str]:
    """What the two files hold; nothing of it stands in the answer."""
    found = []
    for word in ("migrate", "read"):
        file = folder / word
        assert file.stat().st_mode & 0o777 == 0o600
        url = file.read_text().strip()
        assert url not in answer
        parsed = postgresql_address if url.startswith("postgres") else mysql_address
        address = parsed.parse(url)
        password = getattr(address, "password", "") or address.parameters["password"]
        assert len(password) >= 32
        assert password not in answer
        found.append(url)
    return found


@pytest.mark.slow
def test_nothing_is_left_where_a_right_is_missing(
    app_factory: AppFactory, postgresql_url: str, folder: Path
) -> None:
    name, maker = f"n_{secrets.token_hex(4)}", f"maker_{secrets.token_hex(4)}"
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {maker} LOGIN CREATEROLE".encode())  # and no CREATEDB
        address = postgresql_address.parse(as_url(postgresql_url, name))
        url = postgresql_address.url_of(
            postgresql_address.Address({**address.parameters, "user": maker})
        )
        try:
            with pytest.raises(PermissionMissing):
                run(Request(environment="dev", roles=str(folder), yes=True), app_factory(url))
            roles = admin.execute(
                "SELECT count(*) FROM pg_roles WHERE rolname IN (%s, %s)",
                (f"{name}_migrate", f"{name}_read"),
            ).fetchall()
            assert roles == [(0,)]
            assert list(folder.iterdir()) == []
        finally:
            admin.execute(f"DROP ROLE {maker}".encode())


@pytest.mark.slow
def test_accounts_on_mariadb(app_factory: AppFactory, mariadb_url: str, folder: Path) -> None:
    name = f"n_{secrets.token_hex(4)}"
    app = app_factory(as_url(mariadb_url, name))
    try:
        answer = run(Request(environment="dev", roles=str(folder), yes=True), app)
        assert answer.details.state is State.DONE
        migrate, read = map(mysql_address.parse, _urls(folder, answer.model_dump_json()))
        with raw(migrate) as owner:
            rows(owner, "CREATE TABLE t (id integer PRIMARY KEY)")
            rows(owner, "INSERT INTO t VALUES (1)")
            with pytest.raises(Exception, match="denied"):  # `_` is no wildcard of the grant
                rows(owner, f"CREATE DATABASE {name.replace('_', 'x')}")
        with raw(read) as reader:
            assert list(rows(reader, "SELECT id FROM t")) == [(1,)]
            with pytest.raises(Exception, match="denied"):
                rows(reader, "INSERT INTO t VALUES (2)")
    finally:
        with raw(mysql_address.parse(mariadb_url)) as admin:
            rows(admin, f"DROP DATABASE IF EXISTS `{name}`")
            for role in ("migrate", "read"):
                rows(admin, f"DROP USER IF EXISTS `{name}_{role}`@'%'")


def _in_project(app: App, folder: Path) -> Path:
    return app.root


def _taken(app: App, folder: Path) -> Path:
    (folder / "migrate").write_text("somebody's")
    return folder


def _missing(app: App, folder: Path) -> Path:
    return folder / "not" / "there"


PLACES: dict[str, tuple[Callable[[App, Path], Path], type[FaberDbError]]] = {
    "in the project": (_in_project, InputError),
    "a file is there": (_taken, FileUnreadable),
    "no folder": (_missing, InputError),
}


@pytest.mark.parametrize(("place", "error"), PLACES.values(), ids=PLACES)
def test_where_credentials_do_not_go(
    place: Callable[[App, Path], Path],
    error: type[FaberDbError],
    app_factory: AppFactory,
    folder: Path,
) -> None:
    app = app_factory("postgresql://nobody@127.0.0.1:1/n_none")  # nothing is connected to before
    with pytest.raises(error):
        run(Request(environment="dev", roles=str(place(app, folder)), yes=True), app)
    assert not (folder / "read").exists()
