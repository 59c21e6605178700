"""Parts of a table as SQL text, in the forms that PostgreSQL and SQLite share."""

import re

from faber_db.model.catalogue import Check, Column, ForeignKey, Index, Key, Table
from faber_db.model.dialect import Dialect
from faber_db.schema.names import full, ident, listed

_BARE_DEFAULT = re.compile(
    r"[-+]?[\d.]+|'(?:[^']|'')*'|\w+|[xX]'[0-9a-fA-F]*'", re.ASCII
)  # SQLite wants parentheses around any other expression


def column(item: Column, dialect: Dialect, *, nullable: bool | None = None) -> str:
    """A column definition. `nullable` overrides the column's own."""
    words = [ident(item.name, dialect), _serial(item) or item.type]
    if item.collation:
        words.append(f"COLLATE {ident(item.collation, dialect)}")
    if item.generated:
        how, _, expression = item.generated.partition(":")
        words.append(f"GENERATED ALWAYS AS ({_bare(expression)}) {how.upper()}")
    elif item.identity in ("always", "by default"):
        words.append(f"GENERATED {item.identity.upper()} AS IDENTITY")
    elif item.default is not None and not _serial(item):
        words.append(f"DEFAULT {default(item.default, dialect)}")
    if not (item.nullable if nullable is None else nullable) and not item.identity:
        words.append("NOT NULL")
    return " ".join(w for w in words if w)


def _serial(item: Column) -> str:
    """The serial word for a column whose default counts a sequence."""
    if not (item.default or "").lower().startswith("nextval("):
        return ""
    return {"integer": "serial", "bigint": "bigserial", "smallint": "smallserial"}.get(
        item.type, ""
    )


def default(expression: str, dialect: Dialect) -> str:
    """A default's expression, in parentheses where SQLite wants them."""
    if dialect is Dialect.SQLITE and not _BARE_DEFAULT.fullmatch(expression.strip()):
        return f"({_bare(expression)})"
    return expression


def _bare(expression: str) -> str:
    """An expression without parentheses around the whole of it."""
    text = expression.strip()
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return _bare(text[1:-1]) if at == len(text) - 1 else text
    return text


def named(name: str, dialect: Dialect) -> str:
    """The words that name a constraint; empty for one without a name."""
    return f"CONSTRAINT {ident(name, dialect)} " if name else ""


def primary_key(key: Key, dialect: Dialect) -> str:
    return f"{named(key.name, dialect)}PRIMARY KEY ({listed(key.columns, dialect)})"


def unique(key: Key, dialect: Dialect) -> str:
    return f"{named(key.name, dialect)}UNIQUE ({listed(key.columns, dialect)})"


def check(item: Check, dialect: Dialect) -> str:
    return f"{named(item.name, dialect)}CHECK ({_bare(item.expression)})"


def foreign_key(key: ForeignKey, dialect: Dialect) -> str:
    far = f" ({listed(key.references, dialect)})" if key.references else ""
    words = [
        f"{named(key.name, dialect)}FOREIGN KEY ({listed(key.columns, dialect)})",
        f"REFERENCES {full(key.table, dialect)}{far}",
    ]
    if key.on_delete != "NO ACTION":
        words.append(f"ON DELETE {key.on_delete}")
    if key.on_update != "NO ACTION":
        words.append(f"ON UPDATE {key.on_update}")
    if key.deferrable:
        start = " INITIALLY DEFERRED" if "initially" in key.deferrable else ""
        words.append(f"DEFERRABLE{start}")
    return " ".join(words)


def index(item: Index, table: Table, dialect: Dialect, *, concurrently: bool = False) -> str:
    """CREATE INDEX, as it stands in a script."""
    words = ["CREATE", "UNIQUE" if item.unique else "", "INDEX"]
    words.append("CONCURRENTLY" if concurrently else "")
    words.append(f"{ident(item.name, dialect)} ON {full(table.full_name, dialect)}")
    if item.method and item.method != "btree":
        words.append(f"USING {item.method}")
    columns = ", ".join(_indexed(c, table, dialect) for c in item.columns)
    words.append(f"({columns})")
    if item.predicate:
        words.append(f"WHERE {item.predicate}")
    return " ".join(w for w in words if w)


def _indexed(text: str, table: Table, dialect: Dialect) -> str:
    """A column of an index: its name with what follows it, or an expression in parentheses."""
    for item in sorted(table.columns, key=lambda c: -len(c.name)):
        if text == item.name:
            return ident(item.name, dialect)
        quoted = f'"{item.name}"'
        for name in (item.name, quoted):
            if text.startswith(f"{name} "):
                return ident(item.name, dialect) + text[len(name) :]
        if text == quoted:
            return quoted
    return text if text.startswith("(") else f"({text})"


def create_table(
    table: Table, dialect: Dialect, *, name: str = "", leave_out: frozenset[str] = frozenset()
) -> str:
    """CREATE TABLE with its constraints; foreign keys to tables in `leave_out` come later."""
    lines = [_column_line(c, table, dialect) for c in table.columns]
    if table.primary_key and not _inline_key(table, dialect):
        lines.append(primary_key(table.primary_key, dialect))
    lines.extend(unique(key, dialect) for key in table.uniques)
    lines.extend(check(item, dialect) for item in table.checks)
    lines.extend(foreign_key(k, dialect) for k in table.foreign_keys if k.table not in leave_out)
    body = ",\n    ".join(lines)
    options = f" {', '.join(table.options)}" if table.options else ""
    return f"CREATE TABLE {full(name or table.full_name, dialect)} (\n    {body}\n){options}"


def _inline_key(table: Table, dialect: Dialect) -> bool:
    """SQLite counts up only `INTEGER PRIMARY KEY` written at the column."""
    key = table.primary_key
    return (
        dialect is Dialect.SQLITE
        and key is not None
        and len(key.columns) == 1
        and (table.column(key.columns[0]) or Column("", "")).type.upper() == "INTEGER"
    )


def _column_line(item: Column, table: Table, dialect: Dialect) -> str:
    text = column(item, dialect)
    key = table.primary_key
    if key and _inline_key(table, dialect) and key.columns == (item.name,):
        text += f" {named(key.name, dialect)}PRIMARY KEY"
        text += " AUTOINCREMENT" if item.identity == "autoincrement" else ""
    return text
