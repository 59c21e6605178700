"""Ask the server how it carries a change of a table out: its refusal of a lighter way is the answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from faber_db.adapters.engines.mysql.connect import Server
from faber_db.model import online_ddl as way
from faber_db.model.dialect import Dialect
from faber_db.sql.identifiers import unquote
from faber_db.sql.lexer import WORD, significant
from faber_db.sql.script import Statement

REFUSALS = {1845, 1846, 1235}  # not supported for this operation, with a reason, not yet

# From the lightest on. INSTANT holds no lock beyond a moment, so it names none.
_LADDER = (
    ("INSTANT", ""),
    ("NOCOPY", "NONE"),
    ("INPLACE", "NONE"),
    ("NOCOPY", "SHARED"),
    ("INPLACE", "SHARED"),
    ("COPY", "NONE"),
    ("COPY", "SHARED"),
    ("COPY", "EXCLUSIVE"),
)
_HEAVIER = ("INSTANT", "NOCOPY", "INPLACE", "COPY")
_OWN = "\0algorithm\0"  # stands for the value that a statement gives itself
_WITHOUT_COMMA = (["PARTITION", "BY"], ["REMOVE", "PARTITIONING"])
_COPYING = (*_WITHOUT_COMMA, ["ORDER", "BY"])
_WORDS: Mapping[tuple[str, str], str] = {
    ("NOCOPY", "NONE"): way.INPLACE,
    ("INPLACE", "NONE"): way.INPLACE,
    ("NOCOPY", "SHARED"): way.INPLACE_SHARED,
    ("INPLACE", "SHARED"): way.INPLACE_SHARED,
    ("COPY", "NONE"): way.COPY_ONLINE,
    ("COPY", "SHARED"): way.COPY,
}


@dataclass(frozen=True, slots=True)
class Way:
    """How a change was carried out."""

    algorithm: str
    lock: str

    @property
    def words(self) -> str:
        """The lock, as reports name it."""
        if self.algorithm == "INSTANT":
            return way.BRIEF
        return _WORDS.get((self.algorithm, self.lock), way.EXCLUSIVE)


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that takes the clauses, cut where they go.

    What it says of them itself is kept: its lock as it is, its algorithm as the heaviest to be tried.
    """

    table: str
    head: str
    tail: str
    comma: str  # between the clauses
    after: str  # behind the last one
    algorithm: str = ""
    lock: str = ""
    copies: bool = False  # in any case: MariaDB takes ALGORITHM=INSTANT and pays no heed to it

    def ladder(self, server: Server) -> Iterator[tuple[Way, str]]:
        """Each way with the statement that demands it, the lightest first."""
        for algorithm, lock in _LADDER:
            if algorithm == "NOCOPY" and server.dialect is Dialect.MYSQL:
                continue
            if self.algorithm and _HEAVIER.index(algorithm) > _HEAVIER.index(self.algorithm):
                continue
            if self.algorithm == "COPY" and algorithm != "COPY":
                continue  # a copy is demanded, not allowed
            if self.lock and lock not in ("", self.lock):
                continue
            yield Way(algorithm, lock), self._with(algorithm, lock)

    def _with(self, algorithm: str, lock: str) -> str:
        clauses = [] if self.algorithm else [f"ALGORITHM={algorithm}"]
        if lock and not self.lock:
            clauses.append(f"LOCK={lock}")
        asked = f" {self.comma.join(clauses)}{self.after}" if clauses else " "
        return f"{self.head}{asked}{self.tail}".replace(_OWN, algorithm)


def question_of(statement: Statement) -> Question | None:
    """How to ask about a statement; None where it takes no such clauses."""
    read = _Tokens(statement)
    if read.words[:1] == ["ALTER"] and "TABLE" in read.words[1:4]:
        named = read.behind_name(read.words.index("TABLE") + 1)
        at = read.behind_wait(named)
        if at >= len(read.words):
            return None
        comma = "" if read.words[at : at + 2] in _WITHOUT_COMMA else ", "
        head, tail = read.cut(at)
        return Question(
            read.name(named),
            head,
            tail,
            ", ",
            comma,
            read.algorithm,
            read.lock,
            copies=any(map(read.says, _COPYING)),
        )
    if read.words[:1] == ["CREATE"] and "INDEX" in read.words[1:5] and "ON" in read.words:
        named = read.behind_name(read.words.index("ON") + 1)
        head, _ = read.cut(len(read.words))
        return Question(read.name(named), head, "", " ", "", read.algorithm, read.lock)
    if read.words[:2] == ["DROP", "INDEX"] and "ON" in read.words:
        return _dropping(read)
    return None


def _dropping(read: "_Tokens") -> Question | None:
    """DROP INDEX takes no clauses on MariaDB; the ALTER TABLE that it is does."""
    on = read.words.index("ON")
    end = read.behind_name(on + 1)
    if end != len(read.words):
        return None  # it says more, which ALTER TABLE would read in another way
    return Question(
        read.name(end),
        f"ALTER TABLE {read.text_of(on + 1, end)}",
        f"DROP INDEX {read.text_of(2, on)}",
        ", ",
        ", ",
    )


class _Tokens:
    """The words of a statement, and what it says of algorithm and lock itself."""

    def __init__(self, statement: Statement) -> None:
        self._text, self._dialect = statement.text, statement.dialect
        self._found = list(significant(statement.text, statement.dialect))
        self.words = [
            statement.text[t.start : t.end].upper()
            if t.kind == WORD
            else statement.text[t.start : t.end]
            for t in self._found
        ]
        self._own_algorithm = self._value_of("ALGORITHM", _HEAVIER)
        at = self._value_of("LOCK", ("NONE", "SHARED", "EXCLUSIVE"))
        self.algorithm = "" if self._own_algorithm is None else self.words[self._own_algorithm]
        self.lock = "" if at is None else self.words[at]

    def says(self, wanted: list[str]) -> bool:
        """Whether some words follow one another outside parentheses."""
        depth = 0
        for at, word in enumerate(self.words):
            depth += (word == "(") - (word == ")")
            if not depth and self.words[at : at + len(wanted)] == wanted:
                return True
        return False

    def cut(self, at: int) -> tuple[str, str]:
        """The text before and behind the end of the token before `at`; an own algorithm is marked."""
        end = self._found[at - 1].end
        own = None if self._own_algorithm is None else self._found[self._own_algorithm]
        if own is None:
            return self._text[:end], self._text[end:]
        if own.start >= end:
            marked = self._text[end : own.start] + _OWN + self._text[own.end :]
            return self._text[:end], marked
        return self._text[: own.start] + _OWN + self._text[own.end : end], self._text[end:]

    def text_of(self, start: int, end: int) -> str:
        """The source from one token to before another."""
        return self._text[self._found[start].start : self._found[end - 1].end]

    def name(self, end: int) -> str:
        """The name whose last token stands before another, without its quotes."""
        token = self._found[end - 1]
        return unquote(self._text[token.start : token.end], self._dialect)

    def behind_name(self, at: int) -> int:
        """Behind the name of a table, `IF EXISTS` before it skipped."""
        if self.words[at : at + 2] == ["IF", "EXISTS"]:
            at += 2
        at += 1
        while self.words[at : at + 1] == ["."]:
            at += 2
        return at

    def behind_wait(self, at: int) -> int:
        """Behind MariaDB's WAIT or NOWAIT."""
        if self.words[at : at + 1] == ["WAIT"]:
            return at + 2
        return at + 1 if self.words[at : at + 1] == ["NOWAIT"] else at

    def _value_of(self, clause: str, known: Sequence[str]) -> int | None:
        """Which token is the value of a clause; the last one counts, as the server reads it."""
        depth, found = 0, None
        for at, word in enumerate(self.words):
            depth += (word == "(") - (word == ")")
            if depth or word != clause:
                continue
            value = at + 1 + (self.words[at + 1 : at + 2] == ["="])
            if self.words[value : value + 1] and self.words[value] in known:
                found = value
        return found
