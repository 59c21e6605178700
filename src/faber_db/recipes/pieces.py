"""Statements taken apart and changed by tokens; what is kept is kept in the words of the source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faber_db.model.dialect import Dialect
from faber_db.recipes.base import NoWay, Part, part_of
from faber_db.sql.lexer import SYMBOL, WORD, Token, significant

_CLAUSES = {
    "CONSTRAINT", "NOT", "NULL", "DEFAULT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES",
    "GENERATED", "COLLATE",
}  # fmt: skip
_PLAIN = {"ALTER", "CREATE", "DROP", "UPDATE", "REINDEX", "REFRESH", "CLUSTER", "VACUUM"}
_ATTRIBUTES = {"DEFERRABLE", "INITIALLY", "ENFORCED"}


@dataclass(frozen=True, slots=True)
class Word:
    """A token outside of any parentheses, or one bracket; `text` in capitals where it is a word."""

    text: str
    start: int
    end: int
    depth: int


def words(text: str) -> list[Word]:
    """The significant tokens with the depth of parentheses that they stand at."""
    found, depth = [], 0
    for token in significant(text, Dialect.POSTGRESQL):
        raw = _raw(text, token)
        if token.kind == SYMBOL and raw in ")]":
            depth -= 1
        found.append(Word(raw, token.start, token.end, depth))
        if token.kind == SYMBOL and raw in "([":
            depth += 1
    return found


def _raw(text: str, token: Token) -> str:
    raw = text[token.start : token.end]
    return raw.upper() if token.kind == WORD else raw


def after(text: str, *phrase: str, insert: str) -> str:
    """The text with something inserted behind the first place where some words stand in a row.

    Raises:
        NoWay: they stand nowhere.
    """
    found = words(text)
    for index in range(len(found) - len(phrase) + 1):
        if tuple(w.text for w in found[index : index + len(phrase)]) == phrase:
            end = found[index + len(phrase) - 1].end
            return f"{text[:end]} {insert}{text[end:]}"
    raise NoWay("the statement cannot be taken apart safely")


def parts(part: Part) -> tuple[Part, ...]:
    """An ALTER TABLE with several subcommands as one statement for each; anything else as it is.

    They come in the order in which the server carries them out, whatever the order of the text.

    Raises:
        NoWay: the cut does not give the same actions, or what it does is hidden in a block.
    """
    if words(part.text)[0].text not in _PLAIN:
        raise NoWay("what a block, a function or a query with WITH does is not taken apart")
    cut = _subcommands(part.text)
    if cut is None or len(cut[1]) < 2:
        return (part,)
    head, pieces = cut
    given = [part_of(f"{head} {piece}", part.line) for piece in pieces]
    found = tuple(sorted(given, key=lambda p: _place(p, part)))
    if tuple(a for p in found for a in p.main) != part.main:
        raise NoWay("the statement cannot be taken apart safely")
    return found


def _place(piece: Part, part: Part) -> int:
    first = piece.main[:1]
    return part.main.index(first[0]) if first and first[0] in part.main else len(part.main)


def head_of(text: str) -> str:
    """`ALTER TABLE ONLY t`: an ALTER TABLE up to its first subcommand.

    Raises:
        NoWay: it is none.
    """
    cut = _subcommands(text)
    if cut is None:
        raise NoWay("the statement cannot be taken apart safely")
    return cut[0]


def subcommand_of(text: str) -> str:
    """What stands behind the head of an ALTER TABLE."""
    return text[len(head_of(text)) :].strip()


def _subcommands(text: str) -> tuple[str, list[str]] | None:
    found = words(text)
    if [w.text for w in found[:2]] != ["ALTER", "TABLE"]:
        return None
    at = 2
    for optional in (["IF", "EXISTS"], ["ONLY"]):
        if [w.text for w in found[at : at + len(optional)]] == optional:
            at += len(optional)
    at += 1  # the name
    while at < len(found) and found[at].text == ".":
        at += 2
    if at < len(found) and found[at].text == "*":
        at += 1
    if at >= len(found):
        return None
    commas = [w for w in found[at:] if w.text == "," and w.depth == 0]
    starts = [found[at].start, *(w.end for w in commas)]
    ends = [*(w.start for w in commas), len(text)]
    head = text[: found[at - 1].end]
    return head, [between(text, found, s, e) for s, e in zip(starts, ends, strict=True)]


def between(text: str, found: Sequence[Word], start: int, end: int) -> str:
    """The text from the first to the last token of a range; a comment behind it stays out."""
    inside = [w for w in found if start <= w.start and w.end <= end]
    return text[inside[0].start : inside[-1].end] if inside else ""


@dataclass(frozen=True, slots=True)
class ColumnText:
    """`ADD COLUMN` taken apart: each text is from the source."""

    head: str  # "ALTER TABLE t ADD COLUMN c bigint COLLATE x"
    name: str  # as it is written
    type: str
    default: str  # the expression, or empty
    not_null: bool
    clauses: tuple[str, ...]  # "CONSTRAINT c CHECK (…) NO INHERIT", "REFERENCES …"

    def base(self, *, default: bool, not_null: bool) -> str:
        """The statement with the column alone, and as much beside it as asked for."""
        text = self.head
        if default and self.default:
            text += f" DEFAULT {self.default}"
        return text + " NOT NULL" * (not_null and self.not_null)


def column_of(text: str) -> ColumnText:
    """Take `ALTER TABLE … ADD [COLUMN] [IF NOT EXISTS] name type clauses` apart.

    Raises:
        NoWay: it has a clause that is not known.
    """
    start = len(head_of(text))
    found = [w for w in words(text) if w.start >= start]
    at = 2 if found[1].text == "COLUMN" else 1
    if [w.text for w in found[at : at + 3]] == ["IF", "NOT", "EXISTS"]:
        raise NoWay("with IF NOT EXISTS it is not known which of the steps would be needed")
    name = text[found[at].start : found[at].end]
    borders = list(_borders(found[at + 1 :]))
    ends = [*(w.start for w in borders[1:]), len(text)] if borders else []
    clauses = [between(text, found, b.start, e) for b, e in zip(borders, ends, strict=True)]
    end_of_type = borders[0].start if borders else len(text)
    kind = between(text, found, found[at].end, end_of_type)
    kept = [c for c in clauses if _first(c) == "COLLATE"]
    default = next((c[7:].strip() for c in clauses if _first(c) == "DEFAULT"), "")
    rest = [c for c in clauses if _first(c) not in ("COLLATE", "DEFAULT", "NULL", "NOT")]
    if any(_first(c) == "GENERATED" for c in rest):
        raise NoWay("no safe form of a generated or identity column on a filled table is known")
    return ColumnText(
        head=" ".join([text[: found[at].end], kind, *kept]),
        name=name,
        type=kind,
        default=default,
        not_null=any(_first(c) == "NOT" for c in clauses),
        clauses=tuple(rest),
    )


def _borders(found: Sequence[Word]) -> Iterator[Word]:
    """The words with which the clauses of a column begin."""
    before = ""
    for word in found:
        if (
            word.depth == 0
            and word.text in _CLAUSES
            and not (word.text == "NULL" and before in ("NOT", "SET", "DEFAULT"))
            and not (word.text == "DEFAULT" and before == "SET")
            and not (word.text in ("NOT", "NULL") and before == "IS")
            and before != "CONSTRAINT"
        ):
            if _belongs_to_clause(word, found):
                before = word.text
                continue
            yield word
        before = word.text


def _belongs_to_clause(word: Word, found: Sequence[Word]) -> bool:
    """Whether a clause word follows `CONSTRAINT name`, or is the NOT of NOT DEFERRABLE."""
    index = found.index(word)
    if index >= 2 and found[index - 2].text == "CONSTRAINT":
        return True
    following = found[index + 1].text if index + 1 < len(found) else ""
    return word.text == "NOT" and following in _ATTRIBUTES | {"VALID"}


def _first(clause: str) -> str:
    found = words(clause)
    if found[0].text == "CONSTRAINT" and len(found) > 2 and found[2].text in ("NOT", "NULL"):
        return found[2].text
    return found[0].text
