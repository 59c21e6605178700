"""From the words that texts use for types to types of a dialect."""

import re

from faber_db.model.dialect import Dialect

_SIZED = re.compile(
    r"(?P<word>string|text|varchar|character varying|char|character|nvarchar|numeric|decimal|bit)"
    r"\s*(?:\(\s*(?P<size>\d+\s*(?:,\s*\d+\s*)?)\)|(?:of|with|up to|at most|max(?:imum)?)\s+"
    r"(?:up to\s+|at most\s+)?(?P<count>\d+)\s*(?:characters?|chars?|digits?)?)",
    re.IGNORECASE,
)

# word -> PostgreSQL, SQLite
_TYPES: dict[str, tuple[str, str]] = {
    "string": ("text", "TEXT"),
    "text": ("text", "TEXT"),
    "long text": ("text", "TEXT"),
    "citext": ("citext", "TEXT"),
    "varchar": ("varchar", "TEXT"),
    "character varying": ("varchar", "TEXT"),
    "char": ("char", "TEXT"),
    "int": ("integer", "INTEGER"),
    "integer": ("integer", "INTEGER"),
    "int4": ("integer", "INTEGER"),
    "int8": ("bigint", "INTEGER"),
    "bigint": ("bigint", "INTEGER"),
    "big integer": ("bigint", "INTEGER"),
    "biginteger": ("bigint", "INTEGER"),
    "smallint": ("smallint", "INTEGER"),
    "serial": ("serial", "INTEGER"),
    "bigserial": ("bigserial", "INTEGER"),
    "boolean": ("boolean", "BOOLEAN"),
    "bool": ("boolean", "BOOLEAN"),
    "uuid": ("uuid", "TEXT"),
    "json": ("jsonb", "TEXT"),
    "jsonb": ("jsonb", "TEXT"),
    "date": ("date", "DATE"),
    "time": ("timestamptz", "TIMESTAMP"),
    "datetime": ("timestamptz", "TIMESTAMP"),
    "date and time": ("timestamptz", "TIMESTAMP"),
    "timestamp": ("timestamp", "TIMESTAMP"),
    "timestamptz": ("timestamptz", "TIMESTAMP"),
    "timestamp with time zone": ("timestamptz", "TIMESTAMP"),
    "timestamp without time zone": ("timestamp", "TIMESTAMP"),
    "time of day": ("time", "TIME"),
    "interval": ("interval", "TEXT"),
    "float": ("double precision", "REAL"),
    "double": ("double precision", "REAL"),
    "double precision": ("double precision", "REAL"),
    "real": ("real", "REAL"),
    "decimal": ("numeric", "NUMERIC"),
    "numeric": ("numeric", "NUMERIC"),
    "bytes": ("bytea", "BLOB"),
    "bytea": ("bytea", "BLOB"),
    "blob": ("bytea", "BLOB"),
    "binary": ("bytea", "BLOB"),
    "inet": ("inet", "TEXT"),
    "ip address": ("inet", "TEXT"),
}

_BY_LENGTH = "|".join(
    re.escape(word).replace(r"\ ", r"\s+") for word in sorted(_TYPES, key=len, reverse=True)
)
_PLAIN = re.compile(rf"(?P<word>{_BY_LENGTH})(?P<array>\[\])?(?!\w)", re.IGNORECASE)
_LIST = re.compile(r"(?:list|array)\s+of\s+", re.IGNORECASE)


def read_type(words: str, dialect: Dialect) -> tuple[str, int] | None:
    """The type that a text begins with, and how many characters say it; None where none does.

    A list of something is PostgreSQL's array; SQLite has none, so there it is not a type.
    """
    many = _LIST.match(words)
    start = many.end() if many else 0
    found = _one(words[start:], dialect)
    if found is None:
        return None
    name, length = found
    if many or name.endswith("[]"):
        if dialect is Dialect.SQLITE:
            return None
        name = f"{name.removesuffix('[]')}[]"
    return name, start + length


def _one(words: str, dialect: Dialect) -> tuple[str, int] | None:
    sized = _SIZED.match(words)
    if sized:
        return _with_size(sized, dialect), sized.end()
    plain = _PLAIN.match(words)
    if plain is None:
        return None
    word = re.sub(r"\s+", " ", plain["word"].lower())
    postgresql, sqlite = _TYPES[word]
    name = sqlite if dialect is Dialect.SQLITE else postgresql
    end = plain.end()
    plural = re.match(r"s(?!\w)", words[end:])
    return name + (plain["array"] or ""), end + (plural.end() if plural else 0)


def _with_size(sized: re.Match[str], dialect: Dialect) -> str:
    size = re.sub(r"\s", "", sized["size"] or sized["count"])
    word = sized["word"].lower()
    if word in ("numeric", "decimal"):
        base = "NUMERIC" if dialect is Dialect.SQLITE else "numeric"
    elif word in ("char", "character"):
        base = "CHAR" if dialect is Dialect.SQLITE else "char"
    elif word == "bit":
        base = "bit"
    else:
        base = "VARCHAR" if dialect is Dialect.SQLITE else "varchar"
    return f"{base}({size})"
