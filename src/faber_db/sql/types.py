"""PostgreSQL's own types, and how a type is written."""

from collections.abc import Collection

from faber_db.model.dialect import Dialect
from faber_db.model.statement import TypeName
from faber_db.sql.identifiers import quote_full, shown

BUILT_IN = frozenset(
    {
        "smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "oid",
        "text", "character varying", "character", "name", "bytea", "boolean", "uuid",
        "date", "time without time zone", "time with time zone", "timestamp without time zone",
        "timestamp with time zone", "interval", "json", "jsonb", "xml", "inet", "cidr", "macaddr",
        "bit", "bit varying", "int4range", "int8range", "numrange", "tsrange", "tstzrange",
        "daterange", "tsvector", "regclass",
    }
)  # fmt: skip


def shown_type(kind: TypeName, dialect: Dialect) -> str:
    """A type as people write it in the dialect: `timestamp(3) with time zone`, `varchar(20)`."""
    arguments = f"({','.join(kind.arguments)})" if kind.arguments else ""
    first, _, rest = kind.name.partition(" ")
    if rest.endswith("time zone"):
        name = f"{first}{arguments} {rest}"
    elif kind.name in BUILT_IN or dialect is not Dialect.POSTGRESQL:
        name = kind.name.replace("character varying", "varchar") + arguments
    else:
        name = shown(kind.name, dialect) + arguments
    return name + ("[]" if kind.array else "")


def written(kind: TypeName, own: Collection[str] = ()) -> str:
    """A PostgreSQL type as SQL, or empty where it is neither built in nor one of `own`."""
    arguments = f"({','.join(kind.arguments)})" if kind.arguments else ""
    array = "[]" if kind.array else ""
    if not all(a.lstrip("-").isdigit() for a in kind.arguments):
        return ""
    if kind.name in BUILT_IN:
        first, _, rest = kind.name.partition(" ")
        if rest.endswith("time zone"):
            return f"{first}{arguments} {rest}{array}"
        return f"{kind.name}{arguments}{array}"
    if kind.name not in own or arguments:
        return ""
    full = kind.name if "." in kind.name else f"public.{kind.name}"
    return quote_full(full, Dialect.POSTGRESQL) + array
