"""Which questions some scripts raise, in order. Pure; only about what is in the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    AlterDomain,
    Calls,
    ChangeType,
    Copy,
    CreateIndex,
    Delete,
    Dynamic,
    Insert,
    Merge,
    NotUnderstood,
    RedefineColumn,
    SetNotNull,
    Truncate,
    Update,
    ValidateConstraint,
)
from faber_db.rules.state import State
from faber_db.services.preflight import constraints, rows, values_mysql, values_postgresql
from faber_db.services.preflight.question import Here, Question
from faber_db.services.verdict import Surroundings
from faber_db.sql.script import Script


@dataclass(frozen=True, slots=True)
class Raised:
    """A question, and the statement that raises it."""

    question: Question
    migration: str
    line: int
    after_writes: bool  # earlier statements of the change write what is looked at


def questions(
    scripts: Sequence[Script], names: Sequence[str], around: Surroundings
) -> Iterator[Raised]:
    """Everything that the scripts would like to know of the data."""
    here = Here(around, State(around.dialect, around.catalogue))
    for script, name in zip(scripts, names, strict=True):
        for statement in script.statements:
            here.text = statement.text
            for action in statement.actions:
                for question in _of(action, here):
                    yield Raised(question, name, statement.line, here.writes_before(question))
                _note_writes(action, here)
                here.state.apply(action)


def _of(action: Action, here: Here) -> Iterator[Question]:
    match action:
        case SetNotNull():
            yield from constraints.nulls(here, action.table, action.column)
        case AddColumn():
            yield from constraints.required(here, action)
        case AddConstraint():
            yield from constraints.constraint(here, action.table, action.constraint)
        case ValidateConstraint():
            yield from constraints.validated(here, action)
        case CreateIndex(unique=True):
            yield from constraints.unique_index(here, action)
        case AlterDomain():
            yield from constraints.domain(here, action)
        case ChangeType() if here.postgresql:
            yield from values_postgresql.changed_type(here, action)
        case RedefineColumn() if here.dialect in (Dialect.MYSQL, Dialect.MARIADB):
            yield from values_mysql.redefined(here, action)
        case _:
            yield from rows.gone(here, action)


def _note_writes(action: Action, here: Here) -> None:
    """Remember which rows earlier statements write: the counts are of before them."""
    match action:
        case Update() if action.columns:
            found = here.changed.setdefault(action.table, set())
            if found is not None:
                found.update(action.columns)
        case ChangeType() | RedefineColumn():
            found = here.changed.setdefault(action.table, set())
            if found is not None:
                found.add(action.column)
        case Update() | Insert() | Delete() | Merge():
            here.changed[action.table] = None
        case Copy(into=True):
            here.changed[action.table] = None
        case Truncate():
            here.changed.update(dict.fromkeys(action.tables))
        case Calls() | Dynamic() | NotUnderstood() if not _only_reads(action):
            here.changed.update({t.full_name: None for t in here.catalogue.tables})
        case _:
            return


def _only_reads(action: Action) -> bool:
    """Whether functions that are called are known not to write tables."""
    from faber_db.sql.postgresql.builtins import KNOWN, RUNS_SQL

    if not isinstance(action, Calls):
        return False
    return all(f in KNOWN and f not in RUNS_SQL for f in action.functions)
