"""A Markdown table whose rows are columns: Column, Type, Null, Default, Key, References."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from faber_db.model.change import NotUnderstood, Span, WantedColumn
from faber_db.model.dialect import Dialect
from faber_db.spec.fields import literal, read_field, remarked

_HEADS = {
    "name": ("column", "field", "name", "column name", "field name", "attribute"),
    "type": ("type", "data type", "datatype", "column type", "sql type"),
    "nullable": ("null", "nullable", "null?", "nullable?", "optional", "optional?", "allow null"),
    "required": ("required", "required?", "not null", "mandatory"),
    "default": ("default", "default value"),
    "clauses": ("constraint", "constraints", "key", "keys", "attributes", "modifiers", "extra"),
    "references": ("references", "foreign key", "fk", "reference"),
    "unique": ("unique", "unique?"),
    "remark": (
        "description",
        "notes",
        "note",
        "comment",
        "comments",
        "remarks",
        "meaning",
        "check",
    ),
}
_YES = frozenset({"yes", "y", "true", "x", "✓", "✔", "✅", "null", "nullable", "optional", "1"})
_NO = frozenset(
    {"no", "n", "false", "", "-", "\u2013", "\u2014", "✗", "❌", "not null", "required", "0"}
)
_NOTHING = frozenset({"", "-", "\u2013", "\u2014", "none", "n/a"})

Row = tuple[list[str], Span]


def read_column_table(
    rows: Sequence[Row], dialect: Dialect
) -> tuple[list[WantedColumn], list[NotUnderstood]] | None:
    """The columns that the rows below the header describe; None where the header is of another kind."""
    heads = _heads(rows[0][0]) if rows else {}
    if "name" not in heads or "type" not in heads:
        return None
    columns: list[WantedColumn] = []
    unread: list[NotUnderstood] = []
    for cells, span in rows[1:]:
        value = {head: cells[at].strip() for head, at in heads.items() if at < len(cells)}
        found = _column(value, span, dialect)
        if found is None:
            unread.append(NotUnderstood(span, " | ".join(cells)[:160], "the type is not known"))
            continue
        columns.append(found[0])
        unread.extend(
            NotUnderstood(span, words[:160], "said about a field")
            for words in found[1]
            if limits(words, found[0])
        )
    return columns, unread


def _heads(cells: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, cell in enumerate(cells):
        word = re.sub(r"[`*]", "", cell).strip().lower()
        for head, words in _HEADS.items():
            if word in words:
                found.setdefault(head, at)
    return found


_LIMITS: tuple[tuple[str, Callable[[WantedColumn], bool]], ...] = (
    (r"unique", lambda column: column.unique or column.primary_key),
    (r"required|mandatory|not null", lambda column: column.nullable is False),
    (r"optional|nullable", lambda column: column.nullable is True),
    (r"defaults?|by default", lambda column: column.default is not None),
    (r"index(?:ed)?", lambda column: column.indexed),
    (r"primary key", lambda column: column.primary_key),
    (r"foreign key|references", lambda column: column.references is not None),
    (r"cascade", lambda column: bool(column.references) and "CASCADE" in str(column.references)),
    (r"must|cannot|only|at (?:least|most)|never|one of|either|[<>]=?|check", lambda _: False),
)


def limits(words: str, column: WantedColumn) -> bool:
    """Whether a remark on a column seems to ask for more than is known of the column."""
    return any(
        re.search(rf"(?<!\w)(?:{pattern})(?!\w)", words, re.IGNORECASE) and not known(column)
        for pattern, known in _LIMITS
    )


def _column(
    value: dict[str, str], span: Span, dialect: Dialect
) -> tuple[WantedColumn, tuple[str, ...]] | None:
    """The column of a row, and what of its cells is not read; None where it has no type."""
    name, _, more = value["name"].strip('`*" ').partition(" ")
    clauses = [value["type"].strip("`"), value.get("clauses", "").replace("`", "")]
    target = value.get("references", "").strip("`")
    if target.lower() not in _NOTHING:
        far = re.sub(r"^(?:fk|references)\s+(?:to\s+)?", "", target, flags=re.IGNORECASE)
        clauses.append(f"references {far}")
    text = f"`{name}`: " + ", ".join(c for c in clauses if c.lower() not in _NOTHING)
    field = read_field(text, span, dialect)
    if more and field:
        field = replace(field, unread=(*field.unread, more))
    if field is None or not (field.column.type or field.column.labels or field.column.references):
        return None
    column = field.column
    for head, meaning in (("nullable", True), ("required", False)):
        word = value.get(head)
        if word is None:
            continue
        if word.lower() in _YES - ({"not null", "required"}):
            column = replace(column, nullable=meaning)
        elif word.lower() in _NO:
            column = replace(column, nullable=not meaning)
    if value.get("unique", "").lower() in _YES:
        column = replace(column, unique=True)
    default = value.get("default", "")
    if default.strip("`").lower() not in _NOTHING | {"null"}:
        column = replace(column, default=literal(default, column.type))
    column, remarks = remarked(column, value.get("remark", ""), dialect)
    return column, (*field.unread, *remarks)
