"""Names in generated SQL: quoted where they must be, made up as PostgreSQL would, and matched."""

import re
from collections.abc import Iterable

from faber_db.model.dialect import Dialect
from faber_db.sql import identifiers

# PostgreSQL manual, Appendix C: reserved, also as a column or function name. SQLite's are fewer.
_RESERVED = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "between",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "exists",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "glob",
        "grant",
        "group",
        "having",
        "if",
        "ilike",
        "in",
        "index",
        "initially",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "key",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "natural",
        "not",
        "notnull",
        "null",
        "of",
        "off",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "placing",
        "primary",
        "references",
        "regexp",
        "returning",
        "right",
        "rowid",
        "select",
        "session_user",
        "set",
        "similar",
        "some",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "transaction",
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
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def ident(name: str, dialect: Dialect) -> str:
    """A name as an identifier, quoted where it would otherwise be read as something else."""
    if _PLAIN.match(name) and name not in _RESERVED:
        return name
    return identifiers.quote(name, dialect)


def full(name: str, dialect: Dialect) -> str:
    """A full name, each part quoted where it must be. SQLite's names hold no schema."""
    if dialect is Dialect.SQLITE:
        return ident(name, dialect)
    return ".".join(ident(part, dialect) for part in name.split(".", 1))


def listed(names: Iterable[str], dialect: Dialect) -> str:
    """Names as a list of identifiers."""
    return ", ".join(ident(name, dialect) for name in names)


def made(table: str, columns: Iterable[str], suffix: str) -> str:
    """The name that PostgreSQL itself would give a constraint or index, cut to 63 characters."""
    bare = table.rpartition(".")[2]
    words = "_".join(re.sub(r"\W+", "_", c).strip("_") for c in columns)
    stem = f"{bare}_{words}" if words else bare
    return f"{stem[: 62 - len(suffix)]}_{suffix}"


def singular(word: str) -> str:
    """`categories` -> `category`; enough to match names, not to write prose."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch")):
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def same_thing(name: str) -> str:
    """One form for `UserProfile`, `user_profiles` and `userprofile`, so that they can be compared."""
    return singular(re.sub(r"[\W_]+", "", name).lower())


def matching(name: str, tables: Iterable[str]) -> list[str]:
    """The tables that a name in a text can mean: the exact one, else the most alike ones."""
    there = list(tables)
    tests = (
        lambda t: t == name,
        lambda t: t.rpartition(".")[2] == name,
        lambda t: same_thing(t.rpartition(".")[2]) == same_thing(name),
        lambda t: same_thing(t.rpartition(".")[2].rpartition("_")[2]) == same_thing(name),
    )
    for test in tests:
        found = [table for table in there if test(table)]
        if found:
            return found
    return []
