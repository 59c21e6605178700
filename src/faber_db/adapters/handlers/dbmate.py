"""dbmate: `db/migrations/<digits>_name.sql` with both directions, and `schema_migrations`.

The ledger holds the digits of the file's name and nothing else: no time, no checksum, no word for a
migration that was cut off. Checked against its source (pkg/dbmate/migration.go and db.go,
pkg/driver/*) and by the interoperability tests. dbmate takes no lock of its own, so ours keeps
only our own deployers apart; two that meet are kept apart by the key of `version`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from faber_db.adapters.handlers import build_files, other_tools
from faber_db.adapters.handlers.applied_rows import AppliedRows
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import new_id
from faber_db.adapters.handlers.reading import beginning_of, folders, has_statements, text_of
from faber_db.adapters.handlers.renamed_ledger import RenamedLedger, Said, words_in
from faber_db.adapters.handlers.sql_text import has_markers, parts_of
from faber_db.errors import MigrationUnreadable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import (
    LedgerRow,
    Migration,
    SourceFile,
)
from faber_db.services.ports import Bound, FoundHistory, Session

TABLE = "schema_migrations"
_FILE = re.compile(r"([0-9]+)[^/]*\.sql")
_LIMITED = "varchar(128)"
_VERSION = {Dialect.POSTGRESQL: "varchar"}
_TWICE = "dbmate would take both for applied as soon as one is. Rename one of them."


class Dbmate(RenamedLedger, AppliedRows):
    """Files with `-- migrate:up` and `-- migrate:down`, in order of their names."""

    name = "dbmate"
    code = False
    default_folder = "db/migrations"
    tool = "dbmate"
    usual = LedgerTable(TABLE)
    columns = frozenset({"version"})
    makes_schema = True

    def names_in(self, root: Path, folder: Path) -> Iterator[Said]:
        return words_in(root, folder, r"\bDBMATE_MIGRATIONS_TABLE\b[\"']?", r"--migrations-table\b")

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders with two-part files that a dump of dbmate's, a build file or their place gives away."""
        found = []
        for folder, files in folders(root):
            scripts = [folder / name for name in files if name.endswith(".sql")]
            if any(map(_is_two_part, scripts)) and (why := evidence(root, folder)):
                found.append(FoundHistory(self.name, folder, f"files with -- migrate:up, {why}"))
        return found

    def wants(self, path: str) -> bool:
        """What dbmate reads, and whatever gives another tool away."""
        return _FILE.fullmatch(path) is not None or bool(other_tools.tool_of_file(path, self.name))

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = sorted((file for file in files if self.wants(file.path)), key=lambda f: f.path)
        other_tools.refuse_files(file.path for file in wanted)
        found: dict[str, Migration] = {}
        for migration in map(_migration, wanted):
            if migration.version in found:
                both = f"{found[migration.version].path} and {migration.path}"
                raise MigrationUnreadable(f"{both} have the same version", hint=_TWICE)
            found[migration.version] = migration
        return tuple(found.values())

    def columns_there(self, session: Session, table: LedgerTable) -> tuple[str, ...] | None:
        """As everywhere; other tools have a table of the usual name and shape."""
        if table == self.usual and table.columns(session) is not None:
            other_tools.require_owner(session, TABLE, "dbmate")
        return super().columns_there(session, table)

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        name = table.quoted(session.dialect)
        rows = session.query(f"SELECT version FROM {name} ORDER BY version")  # noqa: S608 -- quoted
        return [LedgerRow(str(row[0]), str(row[0]), None, None) for row in rows]

    def making(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> list[Bound]:
        kind, name = _VERSION.get(dialect, _LIMITED), table.quoted(dialect)
        return [Bound(f"CREATE TABLE IF NOT EXISTS {name} (version {kind} PRIMARY KEY)")]

    def applying(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        name = table.quoted(dialect)
        return [Bound(f"INSERT INTO {name} (version) VALUES (%s)", (migration.version,))]  # noqa: S608 -- quoted

    def removing(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        name = table.quoted(dialect)
        return [Bound(f"DELETE FROM {name} WHERE version = %s", (migration.version,))]  # noqa: S608 -- quoted

    def generate(
        self,
        name: str,
        up: str,
        down: str,
        *,
        now: datetime,
        existing: Sequence[Migration],
        wrap: bool = True,
    ) -> tuple[SourceFile, ...]:
        version = new_id(name, now=now, existing=existing)
        option = "" if wrap else " transaction:false"
        text = f"-- migrate:up{option}\n{up.rstrip()}\n\n-- migrate:down\n{down.rstrip()}\n"
        return (SourceFile(f"{version}.sql", text.encode()),)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile(f"{self.default_folder}/.gitkeep", b""),)


def evidence(root: Path, folder: Path) -> str:
    """Why two-part files in a folder are dbmate's and not ours, or empty."""
    if folder.parts[-2:] == ("db", "migrations"):
        return "in dbmate's own folder"
    schema = folder.parent / "schema.sql"
    if schema.is_file() and b"Dbmate schema migrations" in schema.read_bytes():  # at its end
        return "beside a schema that dbmate dumped"
    named = build_files.names("dbmate", root, folder)
    return f"and {named} names dbmate" if named else ""


def _is_two_part(file: Path) -> bool:
    return _FILE.fullmatch(file.name) is not None and has_markers(beginning_of(file))


def _migration(file: SourceFile) -> Migration:
    text, number = text_of(file), _FILE.fullmatch(file.path)
    if tool := other_tools.tool_of_text(text):
        raise other_tools.error_for(f"{file.path} is written for {tool}", tool)
    up, down = parts_of(file.path, text)
    return Migration(
        version=number[1] if number else "",
        name=file.path.removesuffix(".sql"),
        path=file.path,
        content=file.content,
        up=up.text,
        down=down.text if has_statements(down.text) else None,
        wrap=up.wrap,
        wrap_down=down.wrap,
    )
