"""Put a restored copy in the place of the live database.

MySQL and MariaDB have no way to rename a database. All tables of the live one go into a third
database and those of the copy into the live one, in one `RENAME TABLE`, which the server does
whole or not at all. Tables with triggers cannot leave their database, and views, routines and
events cannot be renamed: those of the live one are dropped, and those of the copy are made again.
Between the two the application sees the new tables without them, for a moment; sessions are not
ended, and what they wrote since the last backup lies in the third database.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from faber_db.adapters.engines.mysql import clients
from faber_db.adapters.engines.mysql.address import Address
from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import words
from faber_db.adapters.engines.mysql.restore import beside, drop, make_like, run_file, talking
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.errors import FaberDbError, RestoreFailed

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_MOVED = ("BASE TABLE", "SYSTEM VERSIONED", "SEQUENCE")
_CODE = (
    "--no-create-info",
    "--no-data",
    "--routines",
    "--events",
    "--triggers",
    "--add-drop-trigger",
    "--skip-opt",
    "--no-tablespaces",
)
_VIEWS = ("--no-data", "--skip-triggers", "--no-tablespaces", "--skip-lock-tables")
_FROM_OUTSIDE = """
    SELECT DISTINCT table_schema, table_name FROM information_schema.key_column_usage
    WHERE referenced_table_schema = %s AND table_schema <> %s
"""


def swap(address: Address, copy: str) -> str:
    """Put the copy's objects in the place of the live ones; a sentence on how to undo it.

    Raises:
        RestoreFailed: the live database is as it was, or the message says what is not.
        BackupToolMissing, PermissionMissing: nothing changed.
    """
    with (
        talking(address) as (connection, server),
        tempfile.TemporaryDirectory(prefix="faber-db-") as folder,  # 0700
    ):
        _refuse(connection, address.database)
        programs = _Programs(clients.find("mariadb-dump", server), clients.find("mariadb", server))
        live = _Database(connection, programs, address, Path(folder) / "live.sql")
        new = _Database(connection, programs, address.to_database(copy), Path(folder) / "new.sql")
        live.save()
        new.save()
        kept = beside(address.database, "before_restore")
        make_like(connection, address.database, kept)
        rows(connection, "SET SESSION foreign_key_checks = 0")
        tables, restored, code = live.tables(), new.tables(), live.code()
        with _or_back("nothing was put in its place", lambda: _unmade(live, kept, code)):
            new.drop("TRIGGER")
            live.drop("TRIGGER", "VIEW")
            away = [(address.database, kept, t) for t in tables]
            _rename(connection, away + [(copy, address.database, t) for t in restored])
        back = [(address.database, copy, t) for t in restored]
        back += [(kept, address.database, t) for t in tables]
        with _or_back("it was put back", lambda: _back(live, kept, back)):
            live.drop("EVENT", "PROCEDURE", "FUNCTION")
            live.make(new.file)
        drop(connection, copy)
    return (
        f"The tables as they were are in the database {quoted(kept)}; its views, routines, triggers"
        " and events are in the backup that was made before. Drop it when it is not wanted any more."
    )


@dataclass(frozen=True, slots=True)
class _Programs:
    dump: clients.Client
    client: clients.Client


@dataclass
class _Database:
    """One of the two, and the file in which what cannot be renamed is saved."""

    connection: "Connection"
    programs: _Programs
    address: Address
    file: Path

    def save(self) -> None:
        """Write what cannot be renamed to the file, as the server's own tool does."""
        name = self.address.database
        views = self._named("table_name", "views", "table_schema")
        with self.file.open("wb") as output:
            self._dump([*_CODE, name], output)
            if views:
                self._dump([*_VIEWS, name, *views], output)

    def make(self, file: Path) -> None:
        """Make what a file holds."""
        run_file(self.programs.client, self.address, file)

    def tables(self) -> list[str]:
        """What can be renamed."""
        found = rows(
            self.connection,
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = %s",
            (self.address.database,),
        )
        return sorted(str(name) for name, kind in found if kind in _MOVED)

    def code(self) -> list[str]:
        """The names of triggers and views."""
        return [*self._of("TRIGGER"), *self._of("VIEW")]

    def drop(self, *kinds: str) -> None:
        """Drop everything of some kinds."""
        database = quoted(self.address.database)
        for kind in kinds:
            for name in self._of(kind):
                rows(self.connection, f"DROP {kind} {database}.{quoted(name)}")

    def _of(self, kind: str) -> Sequence[str]:
        if kind == "TRIGGER":
            return self._named("trigger_name", "triggers", "trigger_schema")
        if kind == "VIEW":
            return self._named("table_name", "views", "table_schema")
        if kind == "EVENT":
            return self._named("event_name", "events", "event_schema")
        return self._named(
            "routine_name", "routines", f"routine_type = '{kind}' AND routine_schema"
        )

    def _named(self, what: str, source: str, where: str) -> Sequence[str]:
        question = f"SELECT {what} FROM information_schema.{source} WHERE {where} = %s"  # noqa: S608 - constants
        return [str(name) for (name,) in rows(self.connection, question, (self.address.database,))]

    def _dump(self, arguments: list[str], output: IO[bytes]) -> None:
        code, said = clients.run(self.programs.dump, self.address, arguments, output=output)
        if code != 0:
            raise RestoreFailed(
                f"{self.programs.dump.label} ended with code {code}: {clients.said(said)}",
                hint="Nothing was put in place of the live database.",
            )


def _refuse(connection: "Connection", live: str) -> None:
    """Keys of other databases would follow the tables away."""
    found = rows(connection, _FROM_OUTSIDE, (live, live))
    if found:
        database, table = found[0]
        raise RestoreFailed(
            f"table {database}.{table} refers to this database, and its key would follow the old"
            " tables",
            hint="Drop that key, restore, and make it again; or restore by hand beside it.",
        )


def _rename(connection: "Connection", moves: Sequence[tuple[str, str, str]]) -> None:
    """Tables from one database to another, all or none."""
    parts = (f"{quoted(a)}.{quoted(t)} TO {quoted(b)}.{quoted(t)}" for a, b, t in moves)
    if moves:
        rows(connection, "RENAME TABLE " + ", ".join(parts))


@contextmanager
def _or_back(done: str, back: Callable[[], None]) -> Iterator[None]:
    """Undo what a step has done where it fails."""
    import pymysql

    try:
        yield
    except (pymysql.err.Error, FaberDbError) as error:
        why = error.message if isinstance(error, FaberDbError) else words(error)
        try:
            back()
        except (pymysql.err.Error, FaberDbError) as second:
            worse = second.message if isinstance(second, FaberDbError) else words(second)
            raise RestoreFailed(
                f"the copy could not be put in place ({why}), and the way back failed ({worse})",
                hint="Stop the application. The tables as they were are in the database, or in the"
                " one beside it whose name holds `before_restore`; a backup of both states exists.",
            ) from error
        raise RestoreFailed(
            f"the copy could not be put in place: {why}; {done}",
            hint="End the sessions that use these tables, or give the account the right it lacks.",
        ) from error


def _unmade(live: _Database, kept: str, code: Sequence[str]) -> None:
    """Before the tables were moved: triggers and views again, and the third database away."""
    if live.code() != code:
        live.make(live.file)
    _drop_empty(live.connection, kept)


def _back(live: _Database, kept: str, moves: Sequence[tuple[str, str, str]]) -> None:
    """After they were moved: all of them back, and whatever could not be renamed as it was."""
    live.drop("TRIGGER", "VIEW", "EVENT", "PROCEDURE", "FUNCTION")
    _rename(live.connection, moves)
    live.make(live.file)
    _drop_empty(live.connection, kept)


def _drop_empty(connection: "Connection", name: str) -> None:
    ((left,),) = rows(
        connection,
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = %s",
        (name,),
    )
    if not left:
        drop(connection, name)
