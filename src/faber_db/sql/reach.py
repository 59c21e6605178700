"""Which rows a DELETE or UPDATE reaches: its alias and its condition, as they stand in the source."""

from typing import NamedTuple, TypeAlias

from faber_db.model.dialect import Dialect
from faber_db.sql.identifiers import unquote
from faber_db.sql.lexer import BAD, QUOTED, WORD, Token, significant

_Piece: TypeAlias = tuple[str, str, Token]  # kind, text, and where it stands

_ENDS = ("ORDER", "LIMIT", "RETURNING", "GROUP", "UNION")
_OTHERS = ("USING", "FROM", "JOIN")


class Reach(NamedTuple):
    """`alias` and `condition` are empty where the statement has none."""

    alias: str
    condition: str


def reach_of(text: str, dialect: Dialect) -> Reach | None:
    """The rows of one table that a simple DELETE or UPDATE reaches.

    None where more decides: other tables, LIMIT, WITH, a cursor, what cannot be read.
    """
    pieces = [(t.kind, text[t.start : t.end], t) for t in significant(text, dialect)]
    if any(kind == BAD for kind, _, _ in pieces):
        return None
    words = [piece.upper() if kind != QUOTED else "" for kind, piece, _ in pieces]
    if words[:2] == ["DELETE", "FROM"]:
        position, end_of_name = 2, ("WHERE",)
    elif words[:1] == ["UPDATE"]:
        position, end_of_name = 1, ("SET",)
    else:
        return None
    position += words[position : position + 1] == ["ONLY"]
    start = position
    while position < len(words) and words[position] not in end_of_name:
        position += 1
    alias = _alias(pieces[start:position], dialect)
    if alias is None:
        return None
    return _condition(text, pieces, words, position, alias)


def _alias(pieces: list[_Piece], dialect: Dialect) -> str | None:
    """Of `name`, `schema.name`, each with or without `AS alias`; None for anything else."""
    shape = "".join("n" if kind in (WORD, QUOTED) else piece for kind, piece, _ in pieces)
    if shape in ("n", "n.n"):
        return ""
    names = [(kind, piece) for kind, piece, _ in pieces[shape.startswith("n.n") * 2 + 1 :]]
    if names and names[0][1].upper() == "AS":
        names = names[1:]
    if len(names) != 1 or names[0][0] not in (WORD, QUOTED):
        return None
    return unquote(names[0][1], dialect)


def _condition(
    text: str,
    pieces: list[_Piece],
    words: list[str],
    position: int,
    alias: str,
) -> Reach | None:
    depth = 0
    found = -1
    for index in range(position, len(words)):
        depth += (words[index] == "(") - (words[index] == ")")
        if depth:
            continue
        if words[index] in _ENDS or (found < 0 and words[index] in _OTHERS):
            return None
        if words[index] == "WHERE" and found < 0:
            found = index
    if found < 0:
        return Reach(alias, "")
    if words[found + 1 : found + 2] == ["CURRENT"]:
        return None
    token = pieces[found][2]
    return Reach(alias, text[token.end :].strip().rstrip(";"))
