"""Listens to a program on a private MariaDB server that keeps every statement in a table."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import Mysql, binaries
from faber_db.adapters.engines.mysql.address import Address, parse, url_of
from faber_db.adapters.engines.mysql.connect import raw, rows
from faber_db.adapters.engines.mysql.faults import translating
from faber_db.adapters.shadows import mysql_scratch, shut_in
from faber_db.adapters.shadows.conditions import conditions
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.adapters.shadows.private_server import Servers
from faber_db.adapters.shadows.templates import Templates
from faber_db.errors import ShadowUnavailable
from faber_db.services.ports import Heard, Session
from faber_db.sql.identifiers import quote

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_SERVERS: Servers[PrivateMariadb] = Servers()
_PORT = 3306  # inside a network of the program's own, where nothing else listens
_LOG = (  # values are put back into what was prepared by the server itself
    "SELECT thread_id, argument FROM mysql.general_log"
    " WHERE command_type IN ('Query', 'Execute') AND user_host LIKE %s LIMIT %s, 1000000"
)


class MariadbRecorder:
    """Makes databases on a private server that logs.

    Args:
        environ: of the programs; without any environment's credential.
        templates: see `PrivateServer`.
    """

    def __init__(self, environ: Mapping[str, str], *, templates: Templates | None = None) -> None:
        self._environ = environ
        self._templates = templates

    @property
    def label(self) -> str:
        found = binaries.find()
        return f"private MariaDB {found[0].version}" if found else "none"

    @contextmanager
    def listen(self, number: int) -> Iterator["Listened"]:
        server = self._server()
        with (
            mysql_scratch.database(server.url()) as address,
            raw(parse(server.url())) as log,
            Mysql().connect(url_of(address)) as session,
        ):
            yield Listened(address, log, session, {**self._environ, **conditions(number)})

    def _server(self) -> PrivateMariadb:
        found = binaries.find()
        if not found:
            raise ShadowUnavailable(
                "no MariaDB server can be started here that would listen to a program",
                hint="Install the package `mariadb-server` of the server's version.",
            )
        make = partial(PrivateMariadb, found[0], templates=self._templates)
        server = _SERVERS.get(found[0].server, make)
        with raw(parse(server.url())) as connection, translating():
            rows(connection, "SET GLOBAL log_output = 'TABLE'")
            rows(connection, "SET GLOBAL general_log = 1")
        return server


class Listened:
    """One database of such a server."""

    def __init__(
        self, address: Address, log: "Connection", session: Session, environ: Mapping[str, str]
    ) -> None:
        self.session = session
        self.environ = environ
        self.unchecked = shut_in.obstacle()
        self._address = address
        self._log = log
        ((ours,),) = session.query("SELECT connection_id()")
        self._ours = int(str(ours))
        self._read = 0
        self.heard()

    @property
    def url(self) -> str:
        if self.unchecked:
            return url_of(self._address)
        inside = Address(
            host="127.0.0.1",
            port=_PORT,
            user=self._address.user,
            password=self._address.password,
            database=self._address.database,
        )
        return url_of(inside)

    @property
    def within(self) -> tuple[str, ...]:
        return () if self.unchecked else shut_in.words(self._address.socket, _PORT)

    def stir(self) -> None:
        numbered = self.session.query(
            "SELECT table_name, auto_increment FROM information_schema.tables"
            " WHERE table_schema = database() AND auto_increment IS NOT NULL"
        )
        for name, at in numbered:
            table = quote(str(name), self.session.dialect)
            self.session.execute(f"ALTER TABLE {table} AUTO_INCREMENT = {int(str(at)) + 7919}")

    def heard(self) -> tuple[Heard, ...]:
        with translating():  # the account is this database's own
            found = rows(self._log, _LOG, (f"{self._address.user}[%", self._read))
        self._read += len(found)
        return tuple(
            Heard(str(thread), self._unqualified(_text(argument)))
            for thread, argument in found
            if int(str(thread)) != self._ours
        )

    def _unqualified(self, text: str) -> str:
        """Without this database before a table: TypeORM writes it, and elsewhere it has another name."""
        name = self._address.database
        return text.replace(f"`{name}`.", "").replace(f"{name}.", "")


def _text(argument: object) -> str:
    return argument.decode() if isinstance(argument, bytes) else str(argument)
