"""What an expression depends on, told from its tokens."""

from faber_db.model.statement import Expression
from faber_db.sql.grammar.stream import Stream
from faber_db.sql.identifiers import unquote
from faber_db.sql.lexer import NUMBER, QUOTED, STRING, WORD

_NOT_COLUMNS = {
    "AND", "OR", "NOT", "NULL", "TRUE", "FALSE", "IS", "IN", "LIKE", "BETWEEN", "CASE", "WHEN",
    "THEN", "ELSE", "END", "SELECT", "FROM", "WHERE", "EXISTS", "AS", "DISTINCT", "GLOB", "REGEXP",
    "COLLATE", "ESCAPE", "DIV", "MOD", "XOR", "INTERVAL", "CAST", "CURRENT_TIMESTAMP",
    "CURRENT_DATE", "CURRENT_TIME", "ON", "UPDATE", "BINARY", "ISNULL", "NOTNULL",
}  # fmt: skip
_NOW = {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP"}


def expression_of(stream: Stream) -> Expression:
    """Functions, columns and literals of an expression; nothing is evaluated."""
    functions: dict[str, None] = {}
    columns: dict[str, None] = {}
    literals: dict[str, None] = {}
    constant = bool(stream.pieces)
    for index, piece in enumerate(stream.pieces):
        following = stream.pieces[index + 1].text if index + 1 < len(stream.pieces) else ""
        if piece.kind == STRING:
            literals[unquote(piece.text, stream.dialect)] = None
        elif (
            piece.kind == WORD and following == "(" and piece.word not in _NOT_COLUMNS - {"CAST"}
        ) or (piece.kind == WORD and piece.word in _NOW):
            functions[piece.text.lower()] = None
            constant = False
        elif piece.kind in (WORD, QUOTED) and piece.word not in _NOT_COLUMNS and following != ".":
            columns[unquote(piece.text, stream.dialect)] = None
            constant = False
        elif (
            piece.kind != NUMBER
            and piece.word not in ("NULL", "TRUE", "FALSE")
            and piece.text not in "()+-"
        ):
            constant = False
    return Expression(
        text=stream.text,
        functions=tuple(functions),
        columns=tuple(columns),
        literals=tuple(literals),
        constant=constant,
    )
