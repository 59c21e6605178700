"""Calls of a Rails migration, read line by line (Rails guides, Active Record Migrations)."""

import re
from dataclasses import replace

from faber_db.model.change import (
    Change,
    ColumnChanged,
    ColumnsDropped,
    IndexesDropped,
    KeyWanted,
    NotUnderstood,
    Reference,
    ReferenceWanted,
    Renamed,
    Span,
    TableDropped,
    TableWanted,
    WantedColumn,
    WantedKey,
    WantedReference,
)
from faber_db.model.dialect import Dialect

_TYPES = {
    "string": ("varchar", "varchar"),
    "text": ("text", "text"),
    "integer": ("integer", "integer"),
    "bigint": ("bigint", "bigint"),
    "float": ("double precision", "float"),
    "decimal": ("numeric", "decimal"),
    "datetime": ("timestamp", "datetime(6)"),
    "timestamp": ("timestamp", "datetime(6)"),
    "timestamptz": ("timestamptz", "datetime"),
    "date": ("date", "date"),
    "time": ("time", "time"),
    "boolean": ("boolean", "boolean"),
    "binary": ("bytea", "blob"),
    "json": ("json", "json"),
    "jsonb": ("jsonb", "json"),
    "uuid": ("uuid", "varchar"),
    "inet": ("inet", "varchar"),
    "citext": ("citext", "varchar"),
}
_CREATE = re.compile(
    r"create_table\s*\(?\s*[:\"'](?P<table>\w+)[\"']?(?P<options>.*?)\s+do\s*\|(?P<var>\w+)\|"
)
_CHANGE = re.compile(r"change_table\s*\(?\s*[:\"'](?P<table>\w+)[\"']?.*?\s+do\s*\|(?P<var>\w+)\|")
_IGNORED = re.compile(r"^(?:class |def |end$|#|$|private$|include |extend )")


def read_rails(
    text: str, first_line: int, dialect: Dialect
) -> tuple[list[Change], list[NotUnderstood]]:
    """The changes of a migration's body; lines that were not read come second."""
    reader = _Reader(dialect)
    for number, line in enumerate(text.splitlines(), start=first_line):
        reader.line(line.strip(), Span(number, number))
    reader.close()
    return reader.changes, reader.unread


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.changes: list[Change] = []
        self.unread: list[NotUnderstood] = []
        self._table: TableWanted | None = None
        self._variable = ""

    def line(self, text: str, span: Span) -> None:
        if self._table is not None:
            self._in_table(text, span)
        elif not self._opens(text, span) and not self._call(text, span):
            self._not_read(text, span)

    def close(self) -> None:
        if self._table is not None:
            self.changes.append(self._table)
            self._table = None

    def _not_read(self, text: str, span: Span) -> None:
        if not _IGNORED.match(text):
            self.unread.append(NotUnderstood(span, text[:80], "not a call that is read here"))

    def _opens(self, text: str, span: Span) -> bool:
        created, changed = _CREATE.search(text), _CHANGE.search(text)
        if created:
            columns = _primary_key(created["options"], span, self.dialect)
            self._table = TableWanted(created["table"], span, columns=columns, new=True)
            self._variable = created["var"]
        elif changed:
            self._table = TableWanted(changed["table"], span)
            self._variable = changed["var"]
        return bool(created or changed)

    def _in_table(self, text: str, span: Span) -> None:
        table = self._table
        if table is None or _IGNORED.match(text):
            if text == "end":
                self.close()
            return
        call = re.match(rf"{self._variable}\.(?P<method>\w+)\s*\(?(?P<rest>.*?)\)?$", text)
        read = call and _column_call(table, call["method"], call["rest"], span, self.dialect)
        if read:
            self._table = replace(read, span=Span(table.span.first, span.last))
        else:
            self._not_read(text, span)

    def _call(self, text: str, span: Span) -> bool:
        call = re.match(r"(?P<method>[a-z_]+)\s*\(?(?P<rest>[:\"'].*?)\)?$", text)
        if call is None:
            return False
        changes = _statement(call["method"], call["rest"], span, self.dialect)
        self.changes.extend(changes)
        return bool(changes)


def _primary_key(options: str, span: Span, dialect: Dialect) -> tuple[WantedColumn, ...]:
    if _option(options, "id") == "false":
        return ()
    if _option(options, "id").strip(":") == "uuid" and dialect is not Dialect.SQLITE:
        column = WantedColumn("id", span, "uuid", default="gen_random_uuid()", primary_key=True)
        return (column,)
    kind = "INTEGER" if dialect is Dialect.SQLITE else "bigint"
    return (WantedColumn("id", span, kind, primary_key=True, identity=True),)


def _option(text: str, name: str) -> str:
    found = re.search(
        rf"(?:\b{name}:|:{name}\s*=>)\s*(\{{[^}}]*\}}|\[[^\]]*\]|\"[^\"]*\"|'[^']*'|->\s*\{{[^}}]*\}}|:?[\w.]+)",
        text,
    )
    return found.group(1) if found else ""


def _symbols(text: str) -> list[str]:
    """The leading `:a, :b` or `"a"` of an argument list, and `[:a, :b]`."""
    return re.findall(r"(?<!\w):(\w+)(?!\s*=>)|\"(\w+)\"|'(\w+)'", text) and [
        a or b or c for a, b, c in re.findall(r"(?<![\w:]):(\w+)(?!\s*=>)|\"(\w+)\"|'(\w+)'", text)
    ]


def _arguments(rest: str) -> tuple[list[str], str]:
    """Positional names, and the options after them."""
    start = re.search(r",?\s*\w+:\s|,?\s*:\w+\s*=>", rest)
    head, options = (rest, "") if start is None else (rest[: start.start()], rest[start.start() :])
    return _symbols(head), options


def _column_call(
    table: TableWanted, method: str, rest: str, span: Span, dialect: Dialect
) -> TableWanted | None:
    names, options = _arguments(rest)
    if method == "timestamps":
        nullable = _option(options, "null") == "true"
        stamps = tuple(
            WantedColumn(n, span, _type("datetime", options, dialect), nullable=nullable)
            for n in ("created_at", "updated_at")
        )
        return replace(table, columns=(*table.columns, *stamps))
    if method in ("references", "belongs_to"):
        for name in names:
            table = _with_reference(table, name, options, span, dialect)
        return table if names else None
    if method == "index":
        key = WantedKey(tuple(names), span, unique=_option(options, "unique") == "true")
        return replace(table, indexes=(*table.indexes, key)) if names else None
    if method == "column" and len(names) == 2:
        names, method = names[:1], names[1]
    if method not in _TYPES or not names:
        return None
    for name in names:
        table = _with_column(table, name, method, options, span, dialect)
    return table


def _type(kind: str, options: str, dialect: Dialect) -> str:
    name = _TYPES[kind][1 if dialect is Dialect.SQLITE else 0]
    limit, precision, scale = (_option(options, o) for o in ("limit", "precision", "scale"))
    if kind == "integer" and limit == "8":
        name = "bigint"
    elif kind == "string" and limit:
        name = f"{name}({limit})"
    elif kind == "decimal" and precision:
        name = f"{name}({precision}{', ' + scale if scale else ''})"
    if _option(options, "array") == "true" and dialect is not Dialect.SQLITE:
        name += "[]"
    return name


def _default(value: str) -> str | None:
    if value in ("", "nil"):
        return None
    lambda_ = re.match(r"->\s*\{\s*['\"](.*)['\"]\s*\}", value)
    if lambda_:
        return lambda_.group(1)
    if value in ("{}", "[]"):
        return f"'{value}'"
    if value[:1] in "\"':":
        return "'" + value.strip("\"':").replace("'", "''") + "'"
    return value


def _with_column(
    table: TableWanted, name: str, kind: str, options: str, span: Span, dialect: Dialect
) -> TableWanted:
    column = WantedColumn(
        name,
        span,
        _type(kind, options, dialect),
        nullable=_option(options, "null") != "false",
        default=_default(_option(options, "default")),
    )
    table = replace(table, columns=(*table.columns, column))
    return _with_index(table, (name,), _option(options, "index"), span)


def _with_index(
    table: TableWanted, columns: tuple[str, ...], option: str, span: Span
) -> TableWanted:
    if option in ("", "false"):
        return table
    unique = "unique" in option and "true" in option
    return replace(table, indexes=(*table.indexes, WantedKey(columns, span, unique=unique)))


def plural(word: str) -> str:
    """`category` -> `categories`; enough for the names of references."""
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(?:s|x|ch|sh)$", word):
        return word + "es"
    return word + "s"


def _with_reference(
    table: TableWanted, name: str, options: str, span: Span, dialect: Dialect
) -> TableWanted:
    column = f"{name}_id"
    key = _option(options, "foreign_key")
    kind = _option(options, "type").strip(":") or "bigint"
    table = _with_column(
        table, column, kind if kind in _TYPES else "bigint", options, span, dialect
    )
    table = (
        _with_index(table, (column,), _option(options, "index") or "true", span)
        if not (table.indexes and table.indexes[-1].columns == (column,))
        and _option(options, "index") != "false"
        else table
    )
    if key in ("", "false"):
        return table
    to = _option(key, "to_table").strip(":") or plural(name)
    action = _option(key, "on_delete").strip(":")
    actions = {"cascade": "CASCADE", "nullify": "SET NULL", "restrict": "RESTRICT"}
    target = Reference(to, on_delete=actions.get(action, "NO ACTION"))
    reference = WantedReference(target, span, columns=(column,))
    return replace(table, references=(*table.references, reference))


def _statement(method: str, rest: str, span: Span, dialect: Dialect) -> list[Change]:
    names, options = _arguments(rest)
    if not names:
        return []
    table, *others = names
    match method:
        case "add_column" if len(others) == 2 and others[1] in _TYPES:
            return [
                _with_column(TableWanted(table, span), others[0], others[1], options, span, dialect)
            ]
        case "add_reference" | "add_belongs_to" if others:
            return [_with_reference(TableWanted(table, span), others[0], options, span, dialect)]
        case "add_timestamps":
            wanted = _column_call(TableWanted(table, span), "timestamps", options, span, dialect)
            return [wanted] if wanted else []
        case "remove_column" if others:
            return [ColumnsDropped(table, (others[0],), span)]
        case "remove_columns" if others:
            return [ColumnsDropped(table, tuple(others), span)]
        case "rename_column" if len(others) == 2:
            return [Renamed(table, others[0], others[1], span)]
        case "rename_table" if len(others) == 1:
            return [Renamed(table, "", others[0], span)]
        case "drop_table":
            return [TableDropped(table, span)]
        case "add_index" if others:
            unique = _option(options, "unique") == "true"
            return [KeyWanted(table, WantedKey(tuple(others), span, unique=unique), "index")]
        case "remove_index" if _option(options, "name"):
            return [IndexesDropped((_option(options, "name").strip("\"':"),), span)]
        case "add_foreign_key" if others:
            column = _option(options, "column").strip("\"':")
            reference = WantedReference(
                Reference(others[0]), span, columns=(column,) if column else ()
            )
            return [ReferenceWanted(table, reference)]
        case "change_column_null" if len(others) == 1 and re.search(r"\b(true|false)\b", rest):
            return [ColumnChanged(table, others[0], span, nullable="true" in rest)]
        case "change_column" if len(others) == 2 and others[1] in _TYPES:
            return [ColumnChanged(table, others[0], span, type=_type(others[1], options, dialect))]
        case _:
            return []
