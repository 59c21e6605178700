"""Identifiers: quoting, folding, and full names, as each product does it."""

import re

from faber_db.model.dialect import Dialect

_DEFAULT_SCHEMAS = {
    Dialect.POSTGRESQL: ("public",),
    Dialect.SQLITE: ("main", "temp"),
    Dialect.MYSQL: (),
    Dialect.MARIADB: (),
}


def quote(name: str, dialect: Dialect) -> str:
    """The name as a quoted identifier; every name can be quoted but one with a NUL.

    Raises:
        ValueError: it holds a NUL character.
    """
    if "\0" in name:
        raise ValueError("an identifier cannot hold a NUL character")
    mark = "`" if dialect in (Dialect.MYSQL, Dialect.MARIADB) else '"'
    return mark + name.replace(mark, mark * 2) + mark


def quote_full(name: str, dialect: Dialect) -> str:
    """A full name (`schema.name`), each part quoted."""
    return ".".join(quote(part, dialect) for part in name.split(".", 1))


def fold(name: str, dialect: Dialect) -> str:
    """What an unquoted identifier becomes: lower case in PostgreSQL (ASCII only), else unchanged."""
    if dialect is Dialect.POSTGRESQL:
        return "".join(c.lower() if c.isascii() else c for c in name)
    return name


def unquote(raw: str, dialect: Dialect) -> str:
    """The name that a token (`Users`, `"Users"`, `` `Users` ``, `[Users]`) stands for."""
    if raw[:1] in "\"`'" and len(raw) >= 2 and raw[-1] == raw[0]:
        return raw[1:-1].replace(raw[0] * 2, raw[0])
    if raw[:1] == "[" and raw[-1:] == "]":
        return raw[1:-1]
    return fold(raw, dialect)


def full_name(schema: str, name: str, dialect: Dialect) -> str:
    """`schema.name`, or `name` alone where the schema is the default one."""
    if not schema or schema in _DEFAULT_SCHEMAS[dialect]:
        return name
    return f"{schema}.{name}"


_PLAIN = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_RESERVED = frozenset(
    [
        "all",
        "alter",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "authorization",
        "between",
        "both",
        "by",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "constraint",
        "create",
        "cross",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "database",
        "default",
        "delete",
        "desc",
        "distinct",
        "div",
        "do",
        "drop",
        "else",
        "end",
        "except",
        "exists",
        "false",
        "fetch",
        "for",
        "foreign",
        "from",
        "full",
        "function",
        "grant",
        "group",
        "having",
        "ilike",
        "in",
        "index",
        "initially",
        "inner",
        "insert",
        "intersect",
        "interval",
        "into",
        "is",
        "join",
        "key",
        "keys",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "lock",
        "match",
        "mod",
        "natural",
        "not",
        "null",
        "offset",
        "on",
        "only",
        "option",
        "or",
        "order",
        "outer",
        "over",
        "overlaps",
        "partition",
        "primary",
        "procedure",
        "range",
        "rank",
        "references",
        "rename",
        "replace",
        "returning",
        "right",
        "row",
        "rows",
        "schema",
        "select",
        "session_user",
        "set",
        "similar",
        "some",
        "table",
        "then",
        "to",
        "trailing",
        "trigger",
        "true",
        "union",
        "unique",
        "update",
        "user",
        "using",
        "values",
        "variadic",
        "verbose",
        "view",
        "when",
        "where",
        "window",
        "with",
    ]
)


def shown(name: str, dialect: Dialect) -> str:
    """A full name as people write it: quoted only where it has to be."""
    return ".".join(
        part if _PLAIN.fullmatch(part) and part not in _RESERVED else quote(part, dialect)
        for part in name.split(".", 1)
    )
