"""When two texts of a type or a default mean the same, as far as that is sure without a server."""

import re

from faber_db.model.dialect import Dialect

_ALIASES = {
    "int": "integer",
    "int4": "integer",
    "serial": "integer",
    "serial4": "integer",
    "int8": "bigint",
    "bigserial": "bigint",
    "serial8": "bigint",
    "int2": "smallint",
    "smallserial": "smallint",
    "bool": "boolean",
    "varchar": "character varying",
    "char": "character",
    "bpchar": "character",
    "decimal": "numeric",
    "float8": "double precision",
    "float": "double precision",
    "float4": "real",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}
_TYPE = re.compile(
    r"(?P<name>[^()\[\]]+?)\s*(?:\((?P<size>[^)]*)\))?(?P<rest>[^()\[\]]*)(?P<array>(?:\[\])*)\Z"
)


def normal_type(text: str, dialect: Dialect) -> str:
    """The type in the form in which PostgreSQL prints it; for SQLite in upper case."""
    flat = re.sub(r"\s+", " ", text.strip())
    if dialect is Dialect.SQLITE:
        return flat.upper()
    found = _TYPE.match(flat if '"' in flat else flat.lower())
    if found is None:
        return flat
    name = found["name"].removeprefix("public.").strip('"')
    words = f"{name}{found['rest']}".strip()
    size = re.sub(r"\s", "", found["size"] or "")
    base = _ALIASES.get(words, words)
    if not size:
        return base + found["array"]
    head, _, tail = base.partition(" ")
    if head in ("timestamp", "time") and size == "6":  # the product's own precision
        return base + found["array"]
    if head in ("timestamp", "time"):
        return f"{head}({size}) {tail}{found['array']}"
    return f"{base}({size}){found['array']}"


def same_type(one: str, other: str, dialect: Dialect) -> bool:
    """Whether two texts name the same type."""
    return normal_type(one, dialect) == normal_type(other, dialect)


def normal_default(text: str | None, dialect: Dialect) -> str | None:
    """A default without the casts that PostgreSQL prints behind literals; None for NULL."""
    if text is None:
        return None
    flat = text.strip()
    if dialect is not Dialect.SQLITE:
        flat = re.sub(
            r"::[a-z_\"][\w\" .]*(?:\([\d, ]*\))?(?:\[\])*", "", flat, flags=re.IGNORECASE
        )
    while flat.startswith("(") and flat.endswith(")") and flat.count("(") == 1:
        flat = flat[1:-1].strip()
    lower = flat.lower()
    if lower == "null":
        return None
    if lower in ("now()", "current_timestamp", "current_timestamp()"):
        return "now()" if dialect is not Dialect.SQLITE else "CURRENT_TIMESTAMP"
    if lower in ("true", "false", "current_date"):
        return lower
    return flat


def same_default(one: str | None, other: str | None, dialect: Dialect) -> bool:
    """Whether two texts surely are the same default."""
    return normal_default(one, dialect) == normal_default(other, dialect)
