"""A MariaDB shadow: on a private server, else beside an unprotected environment's database."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import Mysql, binaries, schema_text
from faber_db.adapters.engines.mysql.address import parse, url_of
from faber_db.adapters.engines.mysql.binaries import Programs
from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.schema_text import Part, SchemaText
from faber_db.adapters.engines.mysql.trial_refusals import made_by, refusal
from faber_db.adapters.shadows import mysql_scratch
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.adapters.shadows.private_server import Servers, leftovers
from faber_db.adapters.shadows.templates import Templates
from faber_db.errors import AnalysisTooLarge, ShadowUnavailable
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Limits, Session
from faber_db.sql.script import Statement
from faber_db.sql.script import parse as parse_script

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_SERVERS: Servers[PrivateMariadb] = Servers()
_FOLDED = "lower_case_table_names"  # fixed when a server is set up
_BUILDING = "SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"


class MariadbShadow:
    """Makes an empty database for each shadow, with an account that has rights on it alone.

    Args:
        url_of_unprotected: where a scratch database may be made when there are no programs here,
            or None for nowhere.
        private: False leaves the private server out.
        templates: see `PrivateServer`.
    """

    def __init__(
        self,
        url_of_unprotected: Callable[[], str] | None,
        *,
        private: bool = True,
        templates: Templates | None = None,
    ) -> None:
        self._url_of_unprotected = url_of_unprotected
        self._private = private
        self._templates = templates

    @property
    def label(self) -> str:
        found = binaries.find() if self._private else ()
        if found:
            return f"private MariaDB {found[0].version}"
        return "scratch database" if self._url_of_unprotected else "none"

    def leftovers(self) -> list[str]:
        """Folders of private servers that were killed; the next one removes them."""
        found = leftovers(PrivateMariadb.prefix, PrivateMariadb.pid_file)
        return [f"folder {folder}" for folder in found]

    @contextmanager
    def new(self) -> Iterator[Session]:
        with (
            mysql_scratch.database(self._anywhere()) as address,
            Mysql().connect(url_of(address)) as session,
        ):
            yield session

    @contextmanager
    def filled(self, key: str, fill: Callable[[Session], None]) -> Iterator[Session]:
        with self.new() as session:
            fill(session)
            yield session

    @contextmanager
    def copy_of(self, url: str) -> Iterator[Session]:
        from faber_db.adapters.engines.mysql.connect import opened
        from faber_db.adapters.engines.mysql.faults import translating
        from faber_db.adapters.engines.mysql.session import MysqlSession

        schema = schema_text.read(parse(url))
        with (
            mysql_scratch.database(
                self._place(schema), charset=schema.charset, collation=schema.collation
            ) as address,
            opened(address, limits=Limits()) as (connection, server),
        ):
            with translating():
                if (server.dialect, server.series) != (schema.server.dialect, schema.server.series):
                    raise ShadowUnavailable(_another(server.label, schema))
                lacking = {**schema.lacking, **_build(connection, schema)}
                _apply_settings(connection, schema)
            yield MysqlSession(connection, server, lacking=lacking)

    @contextmanager
    def with_schema(self, sql: str) -> Iterator[Session]:
        from faber_db.adapters.engines.mysql.connect import opened
        from faber_db.adapters.engines.mysql.faults import translating
        from faber_db.adapters.engines.mysql.session import MysqlSession

        statements = _statements(sql)
        with (
            mysql_scratch.database(self._anywhere()) as address,
            opened(address, limits=Limits()) as (connection, server),
        ):
            with translating():
                lacking = _run(connection, statements)
            yield MysqlSession(connection, server, lacking=lacking)

    def _anywhere(self) -> str:
        found = binaries.find() if self._private else ()
        return (
            self._started(found[0], {})
            if found
            else self._elsewhere("no MariaDB is installed here")
        )

    def _place(self, schema: SchemaText) -> str:
        """A server of the same product and series, whose names fold the same way."""
        wanted = schema.server
        installed = binaries.find() if self._private else ()
        for found in installed:
            if wanted.dialect is Dialect.MARIADB and found.series == wanted.series:
                return self._started(found, _start_settings(schema))
        there = f"MariaDB {installed[0].version}" if installed else "no MariaDB"
        return self._elsewhere(_another(f"{there} is installed here", schema))

    def _started(self, found: Programs, settings: Mapping[str, str]) -> str:
        key = (found.server, tuple(settings.items()))
        make = partial(PrivateMariadb, found, settings=settings, templates=self._templates)
        return _SERVERS.get(key, make).url()

    def _elsewhere(self, tried: str) -> str:
        if self._url_of_unprotected is None:
            raise ShadowUnavailable(
                f"no throw-away database can be made ({tried}; no unprotected environment)",
                hint="Install the package `mariadb-server` of the server's version.",
            )
        return self._url_of_unprotected()


def _another(there: str, schema: SchemaText) -> str:
    return f"{there}, and the database is on {schema.server.label}: nothing was tried"


def _start_settings(schema: SchemaText) -> dict[str, str]:
    """What a server has to be set up with; 2 is 1 on a file system that tells case apart."""
    folded = schema.settings.get(_FOLDED, "0")
    return {} if folded == "0" else {_FOLDED.replace("_", "-"): "1"}


def _build(connection: "Connection", schema: SchemaText) -> dict[str, str]:
    """Make every object; what could not be made, with the reason."""
    rows(connection, _BUILDING)
    lacking = _made(connection, schema.parts)
    views = schema.views  # which may read one another
    while views:
        failed = _made(connection, views)
        left = tuple(view for view in views if view.name in failed)
        if len(left) == len(views):
            return lacking | failed
        views = left
    return lacking


def _statements(sql: str) -> tuple[Statement, ...]:
    try:
        return parse_script(sql, Dialect.MARIADB).statements
    except AnalysisTooLarge as error:
        raise ShadowUnavailable(f"the schema cannot be made: {error.message}") from error


def _run(connection: "Connection", statements: tuple[Statement, ...]) -> dict[str, str]:
    """A schema that somebody wrote down; what of it is not there, with the reason."""
    lacking: dict[str, str] = {}
    rows(connection, "SET SESSION foreign_key_checks = 0")  # tables stand in any order
    for statement in statements:
        refused = refusal(statement)
        failed = {} if refused else _made(connection, (Part("", statement.text),))
        if refused or failed:
            lacking |= dict.fromkeys(made_by(statement), refused or failed[""])
    rows(connection, "COMMIT")
    rows(connection, "SET SESSION foreign_key_checks = 1")
    return lacking


def _made(connection: "Connection", parts: tuple[Part, ...]) -> dict[str, str]:
    import pymysql

    from faber_db.adapters.engines.mysql.faults import is_lost, words

    failed: dict[str, str] = {}
    for part in parts:
        try:
            if part.sql:
                rows(connection, part.sql)
        except pymysql.err.Error as error:
            if is_lost(error):
                raise
            failed[part.name] = words(error)
    return failed


def _apply_settings(connection: "Connection", schema: SchemaText) -> None:
    """Make the session read and carry out statements as one on the copied database would.

    Raises:
        ShadowUnavailable: a setting cannot be had here.
    """
    import pymysql

    here = {str(n): str(value) for n, value in rows(connection, "SHOW SESSION VARIABLES")}
    for name, value in schema.settings.items():
        if name not in here or here[name] == value:
            continue
        if name == _FOLDED and {here[name], value} <= {"1", "2"}:
            continue
        try:
            rows(connection, f"SET SESSION {name} = %s", (value,))
        except pymysql.err.Error as error:
            raise ShadowUnavailable(
                f"{name} is {value or 'empty'} on that server, and cannot be so here",
                hint="Leave the trial run out; the analysis without it still holds.",
            ) from error
