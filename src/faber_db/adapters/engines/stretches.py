"""The stretches of a script with the ledger's statements that run beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from faber_db.errors import NotSupported
from faber_db.services.ports import Bound
from faber_db.sql.script import Script
from faber_db.sql.stretches import Stretch as Stretch
from faber_db.sql.stretches import as_one, split, stands_in_transaction
from faber_db.sql.stretches import begins_transaction as begins_transaction
from faber_db.sql.stretches import ends_transaction as ends_transaction
from faber_db.sql.stretches import first_words as first_words
from faber_db.sql.stretches import foreign_keys_switch as foreign_keys_switch


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch with the ledger's statements that stand in its transaction."""

    stretch: Stretch
    first: tuple[Bound, ...] = ()
    then: tuple[Bound, ...] = ()


def units(
    script: Script, *, wrap: bool, first: Sequence[Bound] = (), then: Sequence[Bound] = ()
) -> tuple[Unit, ...]:
    """The stretches of a script, the ledger's statements with the last one.

    Where the last stretch is no transaction that keeps something, the ledger gets one of its own
    after it. Without `wrap`, `first` runs before everything and `then` after everything.

    Raises:
        MigrationFailed: as `split`.
    """
    found = [Unit(stretch) for stretch in split(script, wrap=wrap)]
    if not first and not then:
        return tuple(found)
    if not wrap:
        before = [Unit(Stretch(()), first=tuple(first))] if first else []
        after = [Unit(Stretch(()), then=tuple(then))] if then else []
        return (*before, *found, *after)
    last = found[-1].stretch if found else None
    if last is None or last.alone or not last.keeps:
        last = Stretch(())
    else:
        found.pop()
    return (*found, Unit(last, tuple(first), tuple(then)))


def one_unit(
    script: Script, *, wrap: bool, first: Sequence[Bound] = (), then: Sequence[Bound] = ()
) -> Unit:
    """A whole script for one transaction, to be rolled back or to stand in one that is open.

    Raises:
        NotSupported: a statement refuses a transaction, or the script rolls back itself.
        MigrationFailed: as `split`.
    """
    statements = as_one(split(script, wrap=wrap))
    if statements is None:
        raise NotSupported(
            "a statement of this script cannot be rolled back, so it cannot be tried here",
            hint="Try it on a shadow instead.",
        )
    return Unit(Stretch(statements), tuple(first), tuple(then))


def is_one(work: Sequence[Unit]) -> bool:
    """Whether all of it is one transaction, which a crash leaves whole or not at all."""
    return len(work) <= 1 and not any(unit.stretch.alone for unit in work)


def holds_by_itself(unit: Unit) -> Unit:
    """What stands alone only since its runner wraps nothing, as a transaction of its own.

    The statement does the same, and a journal's row can stand or fall with it. A block or procedure
    may end transactions itself, and what is not understood may refuse one: those stay alone.
    """
    stretch = unit.stretch
    if not stretch.alone:
        return unit
    (statement,) = stretch.statements
    holds = (
        statement.understood
        and stands_in_transaction(statement)
        and not statement.transaction_control
        and first_words(statement.text)[0] not in ("CALL", "DO", "PRAGMA", "LOCK", "DECLARE")
    )
    return replace(unit, stretch=replace(stretch, alone=False)) if holds else unit
