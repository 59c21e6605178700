"""Whether a tool has left a part of a migration behind: its recording against the catalogue.

Sequelize runs a file without a transaction and writes the row last; MySQL and MariaDB commit each
definition; Knex and TypeORM can be told to use none. What failed half-way then has no row, and the
next run fails on what is there already. A recording says what a migration makes, so the catalogue
can be asked for it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from faber_db.model.catalogue import Catalogue
from faber_db.model.migration import LedgerNote, LedgerRow, Migration
from faber_db.model.statement import AddColumn, CreateIndex, CreateTable, Drop, DropColumn, Rename
from faber_db.services.ports import Session
from faber_db.sql.script import Script, parse


@dataclass(frozen=True, slots=True)
class Made:
    """Something that a script makes and that is there when it is over."""

    kind: str  # "table", "column", "index"
    name: str  # full name of the table, or of the index
    column: str = ""
    surely: bool = True  # False: IF NOT EXISTS, so that it may have been there before

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name}{'.' + self.column if self.column else ''}"


def notes(
    session: Session,
    history: Sequence[Migration],
    ledger: Sequence[LedgerRow],
    *,
    why: str,
    leave_out: Sequence[str],
) -> tuple[LedgerNote, ...]:
    """A note where the next migration is recorded, has no row, and a part of it is there. Reads only.

    Args:
        session: talks to the server.
        history: in order.
        ledger: what is applied.
        why: how the tool comes to leave a part, a clause.
        leave_out: tables that belong to the ledger.
    """
    told = {row.version for row in ledger}
    waiting = next((m for m in history if m.version not in told), None)
    if waiting is None or not waiting.recorded_path:
        return ()
    made = made_by(parse(waiting.up, session.dialect))
    if not made:
        return ()
    before = {
        one.label
        for migration in history
        if migration.version in told
        for one in made_by(parse(migration.up, session.dialect))
    }
    catalogue = session.catalogue(leave_out=leave_out)
    there = [one for one in made if one.label not in before and is_there(one, catalogue)]
    lacking = [one for one in made if not is_there(one, catalogue)]
    unknown = any(m.version in told and not m.recorded_path for m in history)
    if not there or (unknown and not any(one.surely for one in there)):
        return ()  # an earlier migration that was not recorded may have made it
    return (_note(waiting, why, there, lacking),)


def made_by(script: Script) -> tuple[Made, ...]:
    """The tables, columns and indexes that a script makes and keeps, in order."""
    found: dict[str, Made] = {}
    for statement in script.statements:
        for one in _made(statement.actions):
            found[one.label] = one
        for name in _unmade(statement.actions):
            found = {k: v for k, v in found.items() if name not in (v.name, f"{v.name}.{v.column}")}
    tables = {one.name for one in found.values() if one.kind == "table"}
    return tuple(one for one in found.values() if not one.column or one.name not in tables)


def _made(actions: Collection[object]) -> Iterator[Made]:
    for action in actions:
        match action:
            case CreateTable(temporary=False):
                yield Made("table", action.table, surely=not action.if_not_exists)
            case AddColumn():
                surely = not action.if_not_exists
                yield Made("column", action.table, action.column.name, surely=surely)
            case CreateIndex() if action.name:
                yield Made("index", action.name, surely=not action.if_not_exists)


def _unmade(actions: Collection[object]) -> Iterator[str]:
    for action in actions:
        match action:
            case Drop():
                yield from action.names
            case DropColumn():
                yield f"{action.table}.{action.column}"
            case Rename():
                yield f"{action.table}.{action.old}" if action.table else action.old


def is_there(one: Made, catalogue: Catalogue) -> bool:
    """Whether a schema has it."""
    if one.kind == "index":
        return any(i.name == one.name for table in catalogue.tables for i in table.indexes)
    table = catalogue.table(one.name)
    return table is not None and (not one.column or table.column(one.column) is not None)


def _note(
    migration: Migration, why: str, there: Sequence[Made], lacking: Sequence[Made]
) -> LedgerNote:
    have = _listed(there)
    if lacking:
        words = f"{migration.name} has no row, and a part of it is there: {have}; not {_listed(lacking)}"
    else:
        words = f"{migration.name} has no row, and what it makes is there: {have}"
    return LedgerNote(
        "half-applied",
        f"{words}; {why}",
        f"Undo by hand what is there; or finish it, then mark {migration.version} applied.",
        blocks=True,
    )


def _listed(found: Sequence[Made]) -> str:
    shown = [one.label for one in found[:5]]
    more = [f"{len(found) - 5} more"] if len(found) > 5 else []
    return ", ".join(shown + more)
