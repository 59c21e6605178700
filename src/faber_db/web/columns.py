"""The columns of the tables that a plan changes, before and after, as lines to compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from faber_db.model.trial import ChangedTable, TrialRun


@dataclass(frozen=True, slots=True)
class Line:
    """One column."""

    sign: str  # "+", "-" or " "
    word: str  # the same: "added", "removed", "kept"
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """One table."""

    name: str
    fate: str  # "new", "goes", or empty
    lines: tuple[Line, ...]


def tables(trial: TrialRun | None) -> tuple[Columns, ...]:
    """What a trial run saw change; nothing where it did not get to the end."""
    if trial is None or trial.changed is None:
        return ()
    return tuple(_columns(table) for table in trial.changed)


def why_none(trial: TrialRun | None) -> str:
    """Why no columns are listed."""
    if trial is None:
        return "Not known: there was no trial run."
    if trial.changed is None:
        return "Not known: the trial run did not get to the end."
    return "No table's columns change, as a trial run saw."


def _columns(table: ChangedTable) -> Columns:
    fate = "new" if not table.before else "goes" if not table.after else ""
    return Columns(table.name, fate, tuple(_lines(table.before, table.after)))


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    for kind, i, i_end, j, j_end in SequenceMatcher(None, before, after, False).get_opcodes():
        if kind == "equal":
            yield from (Line(" ", "kept", text) for text in before[i:i_end])
        else:
            yield from (Line("-", "removed", text) for text in before[i:i_end])
            yield from (Line("+", "added", text) for text in after[j:j_end])
