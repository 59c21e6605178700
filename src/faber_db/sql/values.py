"""SQL text without the values in it."""

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import BAD, COMMENT, NUMBER, SPACE, STRING, tokens


def without_values(text: str, dialect: Dialect) -> str:
    """The text on one line, `?` in the place of each string and number; comments are left out."""
    words: list[str] = []
    for token in tokens(text, dialect):
        word = text[token.start : token.end]
        if token.kind in (SPACE, COMMENT):
            words.append(" ")
        elif token.kind == NUMBER and words and words[-1] == "$":
            words.append(word)  # a parameter
        elif token.kind in (STRING, NUMBER, BAD):
            words.append("?")
        else:
            words.append(word)
    return " ".join("".join(words).split())
