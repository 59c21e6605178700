"""From what a database heard of a program to the SQL that does the same; values in, text out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from faber_db.errors import MigrationNotRecorded, MigrationNotReproducible
from faber_db.model.dialect import Dialect
from faber_db.services.heard_statement import Sort, defines, sort_of
from faber_db.services.ports import Heard
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import Statement, parse


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str
    session: str
    transaction: int  # 0: outside of any
    transactional: bool


@dataclass(slots=True)
class _Connection:
    """One connection of the program."""

    transaction: int = 0
    savepoints: list[tuple[str, int]] = field(default_factory=list)
    pieces: list[_Kept] = field(default_factory=list)  # of the open transaction
    settings: dict[str, str] = field(default_factory=dict)
    wrote_row: bool = False  # in the open transaction
    added_row: bool = False  # the same


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was heard, taken apart."""

    sql: str  # of the migration
    before: str = ""  # of others that the tool applied first, their rows of the ledger with them


def script_of(heard: Sequence[Heard], ledger: Sequence[str], dialect: Dialect) -> Recorded:
    """The statements of a migration, in order, in the transactions in which the program ran them.

    Left out is what belongs to the tool: its ledger, its locks, what it asks of the catalogue, and
    everything that it does after it has written the row.

    Args:
        heard: from the start of the tool to its end.
        ledger: the handler's `ledger_tables`.
        dialect: of the database.

    Raises:
        MigrationNotReproducible: it reads what the database holds, fails and goes on, or does what
            no statement can be written for.
        MigrationNotRecorded: the tool's row was not heard, so neither was the rest.
    """
    reading = _Reading(ledger, dialect)
    for one in heard:
        reading.take(one)
    return reading.text()


class _Reading:
    def __init__(self, ledger: Sequence[str], dialect: Dialect) -> None:
        self._ledger = frozenset(ledger)
        self._dialect = dialect
        self._connections: dict[str, _Connection] = {}
        self._kept: list[_Kept] = []
        self._problems: list[str] = []
        self._whole: tuple[list[_Kept], list[str]] | None = None  # up to the last row of the ledger
        self._ran: list[str] = []  # all that changed something, the tool's own too
        self._closed_at = 0  # where in it the last row of the ledger was kept
        self._before = 0  # where in it the migration of that row began
        self._transactions = 0
        self._settings: dict[str, str] = {}  # as the recorded script has set them so far

    def take(self, heard: Heard) -> None:
        connection = self._connections.setdefault(heard.session, _Connection())
        if heard.unwritable:
            self._problems.append(heard.unwritable)
            return
        statements = parse(heard.sql, self._dialect).statements
        together = len(statements) > 1 and not connection.transaction
        if together:  # the server makes one transaction of what arrives in one message
            self._begin(connection)
        for statement in statements:
            self._one(statement, heard, connection)
        if together and connection.transaction:
            self._end(connection, kept=not heard.failed)

    def text(self) -> Recorded:
        if self._whole is None:
            raise self._unheard()
        kept, problems = self._whole
        if problems:
            raise MigrationNotReproducible(
                problems[0],
                hint="Write what it has to do as plain SQL, which decides nothing by what it reads.",
            )
        before = "".join(f"{_closed(text)}\n" for text in self._ran[: self._before])
        return Recorded(_written(kept, self._dialect), before)

    def _unheard(self) -> MigrationNotRecorded:
        if self._dialect is Dialect.SQLITE and not self._connections:
            return MigrationNotRecorded(
                "nothing was heard of it: on SQLite only tools in Python can be recorded",
                hint="Write the migration as plain SQL.",
            )
        return MigrationNotRecorded(
            "the tool's row in its ledger was not among the statements that were heard",
            hint="A tool that reaches another database than the one it is given cannot be recorded.",
        )

    def _one(self, statement: Statement, heard: Heard, connection: _Connection) -> None:
        control = statement.transaction_control
        if control:
            self._ran.append(statement.text.strip())
            self._control(control, statement, connection)
            return
        part = sort_of(statement, self._ledger)
        if heard.failed:
            if part.sort is not Sort.OUT:
                self._problems.append("a statement of it failed, and it went on")
            return
        if part.sort not in (Sort.OUT, Sort.READ) or defines(statement):
            self._ran.append(statement.text.strip())
        match part.sort:
            case Sort.OUT:
                return
            case Sort.ROW:
                connection.wrote_row = True
                connection.added_row |= part.adds
                if not connection.transaction:
                    self._close_whole(connection)
            case Sort.SETTING:
                connection.settings[part.name] = statement.text
            case Sort.READ:
                self._problems.append(part.why)
            case Sort.KEEP:
                if part.why:
                    self._problems.append(part.why)
                self._keep(statement, heard.session, connection)

    def _keep(self, statement: Statement, session: str, connection: _Connection) -> None:
        if any(other.pieces for other in self._connections.values() if other is not connection):
            self._problems.append("it works in several connections at once")
        texts = [
            text for name, text in connection.settings.items() if self._settings.get(name) != text
        ]
        self._settings |= connection.settings
        for text in (*texts, statement.text.strip()):
            transactional = statement.transactional or text in texts
            piece = _Kept(text, session, connection.transaction, transactional)
            (connection.pieces if connection.transaction else self._kept).append(piece)

    def _control(self, control: str, statement: Statement, connection: _Connection) -> None:
        match control:
            case "begin":
                self._begin(connection)
            case "commit":
                self._end(connection, kept=True)
            case "rollback":
                self._end(connection, kept=False)
            case "savepoint":
                connection.savepoints.append((_name(statement), len(connection.pieces)))
            case "rollback to":
                self._back_to(_name(statement), connection)
            case "release":
                pass
            case _:
                self._problems.append("it prepares a transaction that another has to end")
                self._end(connection, kept=True)

    def _begin(self, connection: _Connection) -> None:
        if not connection.transaction:
            self._transactions += 1
            connection.transaction = self._transactions

    def _end(self, connection: _Connection, *, kept: bool) -> None:
        pieces, connection.pieces = connection.pieces, []
        connection.transaction, connection.savepoints = 0, []
        wrote_row, connection.wrote_row = connection.wrote_row, False
        if kept:
            self._kept += pieces
            if wrote_row:
                self._close_whole(connection)
        elif pieces:
            self._problems.append("it rolls back what it did")

    def _back_to(self, name: str, connection: _Connection) -> None:
        at = next((n for told, n in reversed(connection.savepoints) if told == name), 0)
        if connection.pieces[at:]:
            self._problems.append("it rolls back a part of what it did")
            del connection.pieces[at:]

    def _close_whole(self, connection: _Connection) -> None:
        """The ledger says that it is applied: what was heard since the row before is the migration.

        A row that is only changed or taken away belongs to the one that was added or changed last.
        """
        found = (self._kept, self._problems)
        if self._whole is None or any(found) or connection.added_row:
            self._whole = found
            self._before, self._closed_at = self._closed_at, len(self._ran)
            self._kept, self._problems, self._settings = [], [], {}
        connection.wrote_row = connection.added_row = False


def _name(statement: Statement) -> str:
    return statement.text.split()[-1].strip('";`').lower()


def _written(kept: Sequence[_Kept], dialect: Dialect) -> str:
    """As text; BEGIN and COMMIT where one transaction around all of it would be another thing.

    Where DDL commits by itself there is no such transaction.
    """
    if (
        dialect in MYSQL
        or len({piece.transaction or -n for n, piece in enumerate(kept, start=1)}) <= 1
    ):
        return "".join(f"{_closed(piece.text)}\n" for piece in kept)
    lines: list[str] = []
    for number, piece in enumerate(kept):
        before = kept[number - 1].transaction if number else 0
        after = kept[number + 1].transaction if number + 1 < len(kept) else 0
        alone = not piece.transaction
        begins = piece.transactional if alone else before != piece.transaction
        ends = piece.transactional if alone else after != piece.transaction
        lines += ["BEGIN;"] * begins + [_closed(piece.text)] + ["COMMIT;"] * ends
    return "".join(f"{line}\n" for line in lines)


def _closed(text: str) -> str:
    """With its semicolon on a line of its own where a comment would take it in."""
    last = text.rpartition("\n")[2]
    return f"{text}\n;" if "--" in last or "#" in last else f"{text.rstrip(';').rstrip()};"
