"""Which statements of a script run together in one transaction, and which run alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from faber_db.errors import MigrationFailed
from faber_db.sql.mysql_transactions import MYSQL, commits_itself
from faber_db.sql.script import Script, Statement

_GAP = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"
_FIRST_WORDS = re.compile(rf"{_GAP}([A-Za-z]+)(?:{_GAP}([A-Za-z]+))?(?:{_GAP}([A-Za-z]+))?", re.S)
_FOREIGN_KEYS = re.compile(
    rf"{_GAP}PRAGMA{_GAP}(?:main{_GAP}\.{_GAP})?foreign_keys{_GAP}[=(]{_GAP}['\"]?(\w+)['\"]?{_GAP}\)?{_GAP};?{_GAP}",
    re.S | re.I,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Statements that stand or fall together.

    Without `begin` the transaction is ours; with it, it is the script's own, and `end` is its
    COMMIT. `alone` is one statement outside any transaction.
    """

    statements: tuple[Statement, ...]
    alone: bool = False
    begin: Statement | None = None
    end: Statement | None = None
    keeps: bool = True  # False: the script itself ends it with ROLLBACK


def first_words(text: str) -> tuple[str, str, str]:
    """The first three words of a statement in upper case, comments skipped; empty where none."""
    match = _FIRST_WORDS.match(text)
    one, two, three = match.groups() if match else (None, None, None)
    return (one or "").upper(), (two or "").upper(), (three or "").upper()


def begins_transaction(statement: Statement) -> bool:
    """BEGIN or START TRANSACTION; a trigger's BEGIN never stands first, MariaDB's block does."""
    one, two, _ = first_words(statement.text)
    block = two == "NOT" and statement.dialect in MYSQL
    return (one == "BEGIN" and not block) or (one, two) == ("START", "TRANSACTION")


def ends_transaction(statement: Statement) -> bool:
    """COMMIT, END, ROLLBACK, ABORT or PREPARE TRANSACTION; not ROLLBACK TO a savepoint."""
    one, two, three = first_words(statement.text)
    if one == "ROLLBACK":
        return "TO" not in (two, three) and two != "PREPARED"
    return (one in ("COMMIT", "END", "ABORT") and two != "PREPARED") or (
        (one, two) == ("PREPARE", "TRANSACTION")
    )


def foreign_keys_switch(statement: Statement) -> bool | None:
    """What a SQLite `PRAGMA foreign_keys = …` sets; None for every other statement."""
    match = _FOREIGN_KEYS.fullmatch(statement.text)
    return None if match is None else match[1].lower() in ("on", "yes", "true", "1")


def stands_in_transaction(statement: Statement) -> bool:
    """Whether it may be among those of a transaction; the switch is taken out of it then."""
    if commits_itself(statement):
        return False
    return statement.transactional or foreign_keys_switch(statement) is not None


def split(script: Script, *, wrap: bool) -> tuple[Stretch, ...]:
    """Cut a script into stretches, in its order.

    On MySQL a definition ends the transaction before it, as the server does; the COMMIT that the
    script has for it then finds nothing to commit.

    Raises:
        MigrationFailed: BEGIN and COMMIT do not pair, or a form of them that cannot be followed.
            Nothing has run then.
    """
    found: list[Stretch] = []
    open_: list[Statement] = []
    begin: Statement | None = None
    cut = False  # the script's own transaction was ended by a definition

    def close(end: Statement | None = None, *, keeps: bool = True) -> None:
        nonlocal begin
        if open_ or begin:
            found.append(Stretch(tuple(open_), begin=begin, end=end, keeps=keeps))
        open_.clear()
        begin = None

    for statement in script.statements:
        keeps = first_words(statement.text)[0] in ("COMMIT", "END")
        if begins_transaction(statement) and begin is None:
            close()
            begin, cut = statement, False
        elif begins_transaction(statement) and statement.dialect in MYSQL:
            raise _refused(statement, "begins a transaction within another")
        elif ends_transaction(statement):
            if cut and keeps:
                cut = False
                close()
                continue
            _check_end(statement, begin)
            close(statement, keeps=keeps)
        elif begin is not None and statement.batch:
            raise _refused(statement, "asks for batches within a transaction")
        elif begin is not None and commits_itself(statement):
            close()
            found.append(Stretch((statement,), alone=True))
            cut = True
        elif begin is not None or (wrap and stands_in_transaction(statement)):
            open_.append(statement)
        else:
            close()
            found.append(Stretch((statement,), alone=True))
    if begin is not None:
        raise _refused(begin, "begins a transaction that is never committed")
    close()
    return tuple(found)


def as_one(stretches: Sequence[Stretch]) -> tuple[Statement, ...] | None:
    """All statements for one transaction that is rolled back; None where that is not possible."""
    if any(not s.keeps or not all(map(stands_in_transaction, s.statements)) for s in stretches):
        return None
    return tuple(statement for s in stretches for statement in s.statements)


def _check_end(end: Statement, begin: Statement | None) -> None:
    if begin is None:
        raise _refused(end, "ends a transaction that the script did not begin")
    words = re.findall(r"\w+", end.text.upper())
    if words[0] == "PREPARE":
        raise _refused(end, "leaves a prepared transaction behind")
    if "CHAIN" in words and "NO" not in words:
        raise _refused(end, "chains transactions, which cannot be retried safely")
    if "RELEASE" in words and "NO" not in words:
        raise _refused(end, "ends the session, which cannot go on then")


def _refused(statement: Statement, what: str) -> MigrationFailed:
    error = MigrationFailed(
        f"line {statement.line}: {first_words(statement.text)[0]} {what}; nothing has run",
        hint="Write BEGIN and COMMIT in pairs, or leave them out: transactions are made for you.",
    )
    error.rolled_back, error.line = True, statement.line
    return error
