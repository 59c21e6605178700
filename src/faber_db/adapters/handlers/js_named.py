"""Tools whose ledger holds the names of files: Sequelize and Knex.

Both take every program of the folder, whatever it is called, and compare whole names. A project in
TypeScript may run what it was compiled to, so that its ledger says `.js` where its folder has `.ts`;
both are one migration here, and a new row gets the ending that the rows before it have.
"""

from collections.abc import Iterator
from dataclasses import replace

from faber_db.adapters.handlers.js_text import EXTENSIONS, is_program, stem_of
from faber_db.adapters.handlers.js_tool import JsTool
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.errors import MigrationUnreadable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration
from faber_db.services.ports import Bound, Session

_LONGEST = 255  # characters that both ledgers have room for


class NamedFiles(JsTool):
    """A migration is a file, and its name with its ending is what the ledger holds."""

    def migrations_in(self, path: str, text: str) -> Iterator[Migration]:
        if len(path) > _LONGEST:
            raise MigrationUnreadable(
                f"the name of {path[:60]}… is longer than {_LONGEST} characters",
                hint=f"{self.tool}'s ledger has no room for it; give the file a shorter name.",
            )
        wrap = self.wraps(text)
        yield Migration(stem_of(path), path, path, b"", "", wrap=wrap, code=True)

    def wraps(self, text: str) -> bool:
        """Whether recorded SQL of a program stands in one transaction."""
        return True

    def order(self, migration: Migration) -> tuple[object, ...]:
        return (migration.path.encode("utf-16-be", "surrogatepass"),)  # as JavaScript compares

    def delete(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> Bound:
        names = tuple(migration.version + ending for ending in ("", *EXTENSIONS))
        marks = ", ".join(["%s"] * len(names))
        return Bound(
            f"DELETE FROM {table.quoted(dialect)} WHERE name IN ({marks})",  # noqa: S608 -- quoted
            names,
        )

    def _as_named(self, session: Session, table: LedgerTable, migration: Migration) -> Migration:
        endings = {_ending(row.name) for row in self.rows(session, table)}
        if len(endings) == 1 and (ending := endings.pop()) in ("", *EXTENSIONS):
            return replace(migration, name=migration.version + ending)
        return migration


def version_of(name: str) -> str:
    """The version of the migration that a row names."""
    return stem_of(name) if is_program(name) else name


def _ending(name: str) -> str:
    return name[len(stem_of(name)) :] if is_program(name) else ""
