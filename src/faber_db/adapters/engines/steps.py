"""The steps of a script that is not one transaction, as a journal keeps them, and where to go on.

A step is a stretch of the script (`stretches.py`). The outcome of one that is a transaction stands
in that transaction, so that it is in the journal if and only if the step is in the database. Of one
that stands alone there is an intent from before it, with what the catalogue said then.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from faber_db.adapters.engines.stretches import Stretch, Unit, first_words
from faber_db.errors import ResumeUnsafe
from faber_db.sql.script import Statement

BEGUN, INTENT, DONE, FAILED = "begun", "intent", "done", "failed"
"""States of a row; `begun` is row 0, there from before the first step."""

_TEMPORARY = re.compile(r"\A\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:LOCAL\s+|GLOBAL\s+)?TEMP", re.I)
_INTO_SESSION = re.compile(r"\bINTO\s+(?:TEMP|@)|\bset_config\s*\(|(?<![@\w])@\w", re.I)
_OF_SESSION = ("PREPARE", "DECLARE", "DISCARD", "LOAD", "LISTEN", "RESET", "HANDLER")
_NOT_OF_SESSION = ("LOCAL", "CONSTRAINTS", "TRANSACTION", "PASSWORD", "GLOBAL")


class Fate(StrEnum):
    """What became of a step."""

    DONE = "done"
    NOTHING = "nothing"  # of it counts: it may run again
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a journal."""

    number: int  # in the script, from 1
    name: str  # of the migration
    lines: str  # `3`, `3, 5`
    state: str
    sha256: str  # of its statements
    looked: str  # of one that stands alone: what the catalogue said before, for its engine to read
    remains: str  # of one that failed


@dataclass(frozen=True, slots=True)
class Told:
    """The fate of a step with the words for it."""

    fate: Fate
    words: str
    left: bool = False  # something that does not count stays behind, such as an invalid index


Row = TypeVar("Row")
Look = Callable[[Step], Told]
"""Asks the catalogue what became of a step that was under way or failed."""


def sha256_of(stretch: Stretch) -> str:
    """Of the statements of a step, so that another script is not taken for the one that ran."""
    digest = hashlib.sha256()
    for statement in stretch.statements:
        digest.update(statement.text.strip().encode() + b"\0")
    return digest.hexdigest()


def lines_of(stretch: Stretch) -> str:
    """`3`, `3, 5, 7`, and not more than a few."""
    shown = ", ".join(str(s.line) for s in stretch.statements[:20])
    return shown + (", …" if len(stretch.statements) > 20 else "")


def of_one_moment(
    read: Callable[[], list[Row]], at_work: Callable[[], bool]
) -> tuple[list[Row], bool]:
    """The rows of a journal, and whether their run goes on.

    One that ended well between the two looks has taken its rows away, and was not cut off.
    """
    while found := read():
        goes_on = at_work()
        if goes_on or read() == found:
            return found, goes_on
    return [], False


def told(steps: Iterable[Step], look: Look, *, at_work: bool) -> Mapping[str, str]:
    """What runs that did not end well have left, in words, by the name of their migration.

    A migration of which nothing is left is not among them.

    Args:
        steps: in order.
        look: for what the journal alone does not tell.
        at_work: another session holds the deployment lock, so that it is no run that was cut off.
    """
    said: dict[str, list[str]] = {}
    for step in steps:
        if step.state == BEGUN:
            continue
        found = _fate(step, look, at_work=at_work)
        if found.fate is not Fate.NOTHING or found.left or step.name in said:
            said.setdefault(step.name, []).append(f"{_named(step)} {found.words}")
    return {name: "; ".join(words) for name, words in said.items()}


def steps_done(
    name: str, stretches: Sequence[Stretch], steps: Sequence[Step], look: Look
) -> tuple[Stretch, ...]:
    """The steps of a script that an earlier run has put into the database, from its beginning.

    Raises:
        ResumeUnsafe: it is not known, or the script is another than the one that was begun.
    """
    by_number = {step.number: step for step in steps if step.name == name}
    if not by_number:
        raise ResumeUnsafe(
            f"nothing is written down of an earlier run of {name}",
            hint="Look what is there, finish or undo it by hand, then mark the migration.",
        )
    done: list[Stretch] = []
    for number, stretch in enumerate(stretches, start=1):
        step = by_number.pop(number, None)
        if step is None:
            break
        if step.sha256 != sha256_of(stretch):
            raise _unsafe(f"{_named(step)} is not what was begun: its text changed")
        found = _fate(step, look, at_work=False)
        if found.fate is Fate.UNKNOWN:
            raise _unsafe(f"{_named(step)} {found.words}")
        if found.fate is Fate.NOTHING:
            break
        done.append(stretch)
    if any(number > len(done) + 1 for number in by_number):
        raise _unsafe("the script has fewer steps than were begun")
    return tuple(done)


def without_steps(work: Sequence[Unit], done: int) -> tuple[Unit, ...]:
    """What is left of a script's units when so many steps are done; the ledger's statements stay."""
    rest = []
    for unit in work:
        if unit.stretch.statements and done > 0:
            done -= 1
            unit = replace(unit, stretch=Stretch(()))
            if not unit.first and not unit.then:
                continue
        rest.append(unit)
    return tuple(rest)


def set_again(stretches: Sequence[Stretch]) -> tuple[Statement, ...]:
    """Statements of finished steps that set something for their session alone, which has ended.

    Raises:
        ResumeUnsafe: a step made something for its session that cannot be made again.
    """
    found = []
    for statement in (s for stretch in stretches for s in stretch.statements):
        one, two, _ = first_words(statement.text)
        sets = one in ("SET", "PRAGMA") and two not in _NOT_OF_SESSION
        if sets and not re.search(r"[(@]", statement.text):
            found.append(statement)
        elif sets or one in _OF_SESSION or _makes_for_session(statement):
            raise _unsafe(f"line {statement.line} made something for its session, which ended")
    return tuple(found)


def _makes_for_session(statement: Statement) -> bool:
    return bool(_TEMPORARY.match(statement.text) or _INTO_SESSION.search(statement.text))


def _fate(step: Step, look: Look, *, at_work: bool) -> Told:
    if step.state == DONE:
        return Told(Fate.DONE, "is in the database")
    if step.state == FAILED and not step.remains:
        return Told(Fate.NOTHING, "failed, and left nothing")
    if at_work:
        return Told(Fate.UNKNOWN, "is under way, or its session has not ended yet")
    found = look(step)
    if step.state == FAILED:
        return Told(found.fate, f"failed, and left {step.remains}", left=True)
    return found


def _named(step: Step) -> str:
    return f"line {step.lines}" if "," not in step.lines else f"lines {step.lines}"


def _unsafe(why: str) -> ResumeUnsafe:
    return ResumeUnsafe(why, hint="Finish or undo the rest by hand, then mark the migration.")
