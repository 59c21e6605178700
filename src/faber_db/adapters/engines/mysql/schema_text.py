"""The schema of a database as statements that build it again. Only reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.address import Address
from faber_db.adapters.engines.mysql.catalogue import DEFINER, shown, without_database
from faber_db.adapters.engines.mysql.connect import Server, opened, rows
from faber_db.adapters.engines.mysql.faults import translating
from faber_db.adapters.engines.mysql.marker import PREFIX
from faber_db.services.ports import Limits

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

# What decides how a statement is read or carried out; not every version has every one.
SETTINGS = (
    "sql_mode",
    "time_zone",
    "explicit_defaults_for_timestamp",
    "default_storage_engine",
    "innodb_strict_mode",
    "innodb_default_row_format",
    "foreign_key_checks",
    "unique_checks",
    "old_mode",
    "alter_algorithm",
    "old_alter_table",
    "sql_require_primary_key",
    "lower_case_table_names",
)
_HERE = {"INNODB", "MYISAM", "ARIA", "MEMORY", "CSV", "ARCHIVE"}  # rows lie in the server itself
_EVENTS = "events are no part of the copy: they would run there"


@dataclass(frozen=True, slots=True)
class Part:
    """One object and the statement that makes it."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class SchemaText:
    """What is copied of a database."""

    server: Server
    charset: str
    collation: str
    parts: tuple[Part, ...]  # in an order in which they can be made, views apart
    views: tuple[Part, ...]
    settings: dict[str, str]  # of a session there
    lacking: dict[str, str] = field(default_factory=dict)  # what is left out, with the reason


def read(address: Address) -> SchemaText:
    """The schema by SHOW CREATE, in a session that only reads.

    Raises:
        ConnectionFailed: the database cannot be reached.
        PermissionMissing: the account may not see a definition.
    """
    with (
        opened(address, limits=Limits(), read_only=True) as (connection, server),
        translating(),
    ):
        return _Reader(connection, server).read()


class _Reader:
    def __init__(self, connection: "Connection", server: Server) -> None:
        self._connection = connection
        self._server = server
        (found,) = rows(
            connection, "SELECT database(), @@character_set_database, @@collation_database"
        )
        self._database, self._charset, self._collation = map(str, found)
        self._lacking: dict[str, str] = {}

    def read(self) -> SchemaText:
        tables = self._listed()
        parts = [
            *self._routines(),
            *self._all_shown("SEQUENCE", tables.get("SEQUENCE", ())),
            *self._tables(tables),
            *self._triggers(),
        ]
        views = self._all_shown("VIEW", tables.get("VIEW", ()))
        for (name,) in self._ask("event_name", "events", "event_schema"):
            self._lacking[str(name)] = _EVENTS
        return SchemaText(
            server=self._server,
            charset=self._charset,
            collation=self._collation,
            parts=tuple(parts),
            views=tuple(views),
            settings=self._settings(),
            lacking=self._lacking,
        )

    def _ask(self, what: str, source: str, where: str) -> list[tuple[object, ...]]:
        question = f"SELECT {what} FROM information_schema.{source} WHERE {where} = %s"  # noqa: S608 - constants
        return rows(self._connection, question, (self._database,))

    def _listed(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, kind in self._ask("table_name, table_type", "tables", "table_schema"):
            if not str(name).startswith(PREFIX):
                found.setdefault(str(kind), []).append(str(name))
        return found

    def _tables(self, listed: dict[str, list[str]]) -> Iterator[Part]:
        listed_with = self._ask("table_name, engine", "tables", "table_schema")
        engines = {str(name): engine for name, engine in listed_with}
        for name in (*listed.get("BASE TABLE", ()), *listed.get("SYSTEM VERSIONED", ())):
            engine = str(engines.get(name) or "unknown")
            if engine.upper() in _HERE:
                yield from self._shown("TABLE", name, 1)
            else:
                self._lacking[name] = f"its rows are in the storage engine {engine}"

    def _routines(self) -> Iterator[Part]:
        for kind, name in self._ask("routine_type, routine_name", "routines", "routine_schema"):
            if str(kind) in ("FUNCTION", "PROCEDURE"):
                yield from self._shown(str(kind), str(name), 2)
            else:
                self._lacking[str(name)] = f"a {str(kind).lower()} is no part of the copy"

    def _triggers(self) -> Iterator[Part]:
        for (name,) in self._ask("trigger_name", "triggers", "trigger_schema"):
            yield from self._shown("TRIGGER", str(name), 2)

    def _all_shown(self, kind: str, names: Sequence[str]) -> list[Part]:
        return [part for name in names for part in self._shown(kind, name, 1)]

    def _shown(self, kind: str, name: str, position: int) -> Iterator[Part]:
        """What SHOW CREATE prints; nothing of what was dropped since it was listed."""
        row = shown(self._connection, kind, name)
        if row is None:
            return
        text = row[position]
        if text is None:
            self._lacking[name] = "the account may not see its definition"
        plain = without_database(DEFINER.sub("", str(text or ""), count=1), self._database)
        yield Part(name, plain)

    def _settings(self) -> dict[str, str]:
        names = ", ".join(f"'{name}'" for name in SETTINGS)
        found = rows(
            self._connection,
            f"SHOW SESSION VARIABLES WHERE variable_name IN ({names})",
        )
        settings = {str(name): str(value) for name, value in found}
        if settings.get("time_zone") == "SYSTEM":
            settings["time_zone"] = self._offset()
        return settings

    def _offset(self) -> str:
        """The zone of the server's machine as it is now, which another one may not know by name."""
        ((minutes,),) = rows(
            self._connection, "SELECT timestampdiff(MINUTE, utc_timestamp(), current_timestamp())"
        )
        hours, rest = divmod(abs(int(str(minutes))), 60)
        return f"{'-' if int(str(minutes)) < 0 else '+'}{hours:02d}:{rest:02d}"
