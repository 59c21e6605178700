"""Real servers for every test: a private PostgreSQL of each version, a private MariaDB, SQLite files."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pymysql
import pytest
from hypothesis import settings
from psycopg import sql

from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.mysql import binaries as mysql_binaries
from faber_db.adapters.engines.postgresql import binaries
from faber_db.adapters.engines.postgresql.address import Address, conninfo, parse, url_of
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql

# Private servers are set up once for all tests, and nothing lands in the home of who runs them.
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).resolve().parents[1] / ".cache")

for measure in (
    "COLUMNS",
    "LINES",
):  # of a worker's own making; what is printed here has no terminal
    os.environ.pop(measure, None)

# An example is not wrong for being slow, and its first one pays for imports on a loaded machine.
settings.register_profile("faber-db", deadline=None)
settings.load_profile("faber-db")

GIVEN = os.environ.get("FABER_DB_TEST_DSN", "")
GIVEN_MARIADB = os.environ.get("FABER_DB_TEST_MARIADB_DSN", "")


def _missing(what: str) -> None:
    """No server is a reason to skip on a laptop and a failure where CI promises one."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI must provide it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgresql_majors() -> tuple[int, ...]:
    """The major versions that can be started here, newest first."""
    return tuple(dict.fromkeys(b.major for b in binaries.find("initdb") if b.tool("postgres")))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[..., str]]:
    """Gives the URL of a server, as its superuser: of a major version, or the newest.

    Each is started once, when first asked for. `FABER_DB_TEST_DSN` is taken in place of the newest.
    """
    with ExitStack() as servers:
        urls: dict[int, str] = {0: GIVEN} if GIVEN else {}

        def get(major: int = 0) -> str:
            if major not in urls:
                fitting = [b for b in binaries.find("initdb") if major in (0, b.major)]
                if not fitting:
                    _missing(f"no PostgreSQL {major or ''} to start")
                server = servers.enter_context(PrivatePostgresql(fitting[0].folder))
                urls[major] = urls[fitting[0].major] = server.url()
            return urls[major]

        yield get


@pytest.fixture(autouse=True)
def recorded_within_the_call() -> Iterator[None]:
    """Programs are recorded in the call that needs them, however slow this machine is."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("faber_db.services.recording_in_time.IN_CALL_SECONDS", 600.0)
        yield


@pytest.fixture
def new_postgresql(postgresql_server: Callable[..., str]) -> Iterator[Callable[..., str]]:
    """Gives the URL of a new database each time: on the newest version, or on `major`."""
    with ExitStack() as made:

        def new(major: int = 0) -> str:
            address = parse(postgresql_server(major))
            name = f"t_{secrets.token_hex(6)}"
            _administer(address, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            made.callback(_drop_all, address, name)
            return url_of(address.to_database(name))

        yield new


@pytest.fixture
def postgresql_url(new_postgresql: Callable[..., str]) -> str:
    """The URL of a new database on the newest version there is."""
    return new_postgresql()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """The URL of a MariaDB server, as its superuser; started once, when first asked for.

    `FABER_DB_TEST_MARIADB_DSN` is taken in place of one that is started.
    """
    if GIVEN_MARIADB:
        yield GIVEN_MARIADB
        return
    found = mysql_binaries.find()
    if not found:
        _missing("no MariaDB to start")
    with PrivateMariadb(found[0]) as server:
        yield server.url()


@pytest.fixture
def new_mariadb(mariadb_server: str) -> Iterator[Callable[[], str]]:
    """Gives the URL of a new database each time, as the server's superuser."""
    address = mysql_address.parse(mariadb_server)
    with ExitStack() as made:

        def new() -> str:
            name = f"t_{secrets.token_hex(6)}"
            _administer_mariadb(address, f"CREATE DATABASE `{name}`")
            made.callback(_administer_mariadb, address, f"DROP DATABASE IF EXISTS `{name}`")
            return mysql_address.url_of(address.to_database(name))

        yield new


@pytest.fixture
def mariadb_url(new_mariadb: Callable[[], str]) -> str:
    """The URL of a new database on MariaDB."""
    return new_mariadb()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:{tmp_path / 'test.db'}"


def _drop_all(address: Address, name: str) -> None:
    """Drop a database of a test and what a restore made beside it."""
    with psycopg.connect(conninfo(address), autocommit=True) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (name,)
        ).fetchall()
        for (each,) in found:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(each)))


def _administer(address: Address, statement: sql.Composed) -> None:
    with psycopg.connect(conninfo(address), autocommit=True) as connection:
        connection.execute(statement)


def _administer_mariadb(address: mysql_address.Address, statement: str) -> None:
    at = {"unix_socket": address.socket} if address.socket else {"port": address.port}
    with pymysql.connect(
        host=address.host or "localhost",
        user=address.user,
        password=address.password,
        init_command="SET foreign_key_checks = 0",
        **at,
    ) as connection:
        connection.cursor().execute(statement)
