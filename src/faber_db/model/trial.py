"""What a trial run on a throw-away database saw."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tried:
    """What one statement did on a trial run to tables that existed before the script.

    A mode is written as `rules/effects_<dialect>` writes it, a table as `Table.full_name`, under
    the name that it had when the statement began.
    """

    line: int
    text: str  # source, cut to 300 characters
    locks: tuple[tuple[str, str], ...]  # full table name, mode: the strongest that this one took
    rewritten: tuple[str, ...]
    scanned: tuple[str, ...]
    duration_ms: int
    error: str = ""  # SQLSTATE or errno and a message without values; what follows was not tried
    held: tuple[tuple[str, str], ...] = ()  # as `locks`, of earlier ones in the same transaction
    not_tried: str = ""  # why it was left out; all the rest but line and text is empty then
    unseen: str = ""  # why its locks could not be read; rewrites and scans could
    breaks: tuple[
        tuple[int, str], ...
    ] = ()  # queries that it broke: position, SQLSTATE and message


@dataclass(frozen=True, slots=True)
class ChangedTable:
    """A table whose columns are others after the scripts, each column as one text."""

    name: str
    before: tuple[str, ...]  # empty: it was not there
    after: tuple[str, ...]  # empty: it is gone


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What became of some scripts on a throw-away database."""

    on: str  # "PostgreSQL 17.10"
    tried: tuple[tuple[Tried, ...], ...]  # for each script; empty behind one that failed
    same_version: bool = True  # as the database that is meant
    queries: tuple[str, ...] = ()  # that could be prepared at first
    unprepared: int = 0  # that could not
    changed: tuple[ChangedTable, ...] | None = None  # None: not looked at, or it did not get there
