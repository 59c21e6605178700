"""Models of a Prisma schema, read by its block grammar, as wanted tables and enums.

Prisma manual, Prisma schema reference; names and types as `prisma migrate` would create them on
PostgreSQL and SQLite.
"""

import re
from dataclasses import dataclass, replace

from faber_db.model.change import (
    EnumWanted,
    NotUnderstood,
    Reference,
    Span,
    TableWanted,
    WantedColumn,
    WantedKey,
    WantedReference,
)
from faber_db.model.dialect import Dialect
from faber_db.sql import identifiers

_BLOCK = re.compile(r"^\s*(?P<kind>model|enum|type|view|datasource|generator)\s+(?P<name>\w+)\s*\{")
_FIELD = re.compile(
    r"^(?P<name>\w+)\s+(?P<type>\w+(?:\(\s*\"[^\"]*\"\s*\))?)(?P<many>\[\])?(?P<optional>\?)?\s*(?P<attributes>.*)$"
)

# Prisma type -> PostgreSQL, SQLite
_SCALARS = {
    "String": ("text", "TEXT"),
    "Boolean": ("boolean", "BOOLEAN"),
    "Int": ("integer", "INTEGER"),
    "BigInt": ("bigint", "BIGINT"),
    "Float": ("double precision", "REAL"),
    "Decimal": ("numeric(65,30)", "DECIMAL"),
    "DateTime": ("timestamp(3)", "DATETIME"),
    "Json": ("jsonb", "JSONB"),
    "Bytes": ("bytea", "BLOB"),
}
_NATIVE = {
    "Text": "text",
    "VarChar": "varchar",
    "Char": "char",
    "Uuid": "uuid",
    "Citext": "citext",
    "SmallInt": "smallint",
    "Integer": "integer",
    "BigInt": "bigint",
    "Real": "real",
    "DoublePrecision": "double precision",
    "Decimal": "numeric",
    "Money": "money",
    "Timestamp": "timestamp",
    "Timestamptz": "timestamptz",
    "Date": "date",
    "Time": "time",
    "Timetz": "timetz",
    "Boolean": "boolean",
    "Json": "json",
    "JsonB": "jsonb",
    "ByteA": "bytea",
    "Inet": "inet",
    "Bit": "bit",
    "VarBit": "varbit",
    "Xml": "xml",
    "Oid": "oid",
}


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str  # "default", "db.VarChar"
    arguments: str  # between the parentheses


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: str
    many: bool
    optional: bool
    attributes: tuple[_Attribute, ...]
    span: Span

    def attribute(self, name: str) -> _Attribute | None:
        return next((a for a in self.attributes if a.name == name), None)

    @property
    def column_name(self) -> str:
        mapped = self.attribute("map")
        return _text_argument(mapped.arguments) if mapped else self.name


@dataclass(slots=True)
class _Block:
    kind: str
    name: str
    span: Span
    lines: list[tuple[int, str]]

    @property
    def table_name(self) -> str:
        for _, text in self.lines:
            if text.startswith("@@map("):
                return _text_argument(text[len("@@map(") : text.rfind(")")])
        return self.name


@dataclass(frozen=True, slots=True)
class PrismaSchema:
    """What a Prisma schema, or a part of one, declares."""

    tables: tuple[TableWanted, ...] = ()
    enums: tuple[EnumWanted, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


def read_prisma(text: str, first_line: int, dialect: Dialect) -> PrismaSchema:
    """The models and enums of a text whose first line has this number."""
    blocks, loose = _blocks(text, first_line)
    problems = list(loose)
    models = {b.name: b for b in blocks if b.kind == "model"}
    enums = {b.name: b for b in blocks if b.kind == "enum"}
    tables: list[TableWanted] = []
    for model in models.values():
        table, unread = _table(model, models, enums, dialect)
        tables.append(table)
        problems.extend(unread)
    if dialect is Dialect.SQLITE:
        wanted: list[EnumWanted] = []  # SQLite keeps them as text
    else:
        wanted = [EnumWanted(e.table_name, _labels(e), e.span) for e in enums.values()]
    problems.extend(
        NotUnderstood(b.span, f"{b.kind} {b.name}", f"a {b.kind} block makes no table")
        for b in blocks
        if b.kind in ("type", "view")
    )
    return PrismaSchema(tuple(tables), tuple(wanted), tuple(problems))


def _blocks(text: str, first_line: int) -> tuple[list[_Block], list[NotUnderstood]]:
    blocks: list[_Block] = []
    loose: list[NotUnderstood] = []
    current: _Block | None = None
    for number, line in enumerate(text.splitlines(), start=first_line):
        bare = _without_comment(line).strip()
        if not bare:
            continue
        if current is None:
            opening = _BLOCK.match(bare)
            if opening is None:
                loose.append(NotUnderstood(Span(number, number), bare[:80], "stands in no block"))
                continue
            current = _Block(opening["kind"], opening["name"], Span(number, number), [])
            bare = bare[opening.end() :].strip()
        closes = bare.endswith("}") and not bare.endswith("{}")
        body = bare[:-1].strip() if closes else bare
        if body:
            current.lines.append((number, body))
        if closes:
            current.span = Span(current.span.first, number)
            blocks.append(current)
            current = None
    if current is not None:
        loose.append(NotUnderstood(current.span, current.name, "the block is not closed"))
    return blocks, loose


def _without_comment(line: str) -> str:
    quoted = False
    for at, character in enumerate(line):
        if character == '"' and line[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and line.startswith("//", at):
            return line[:at]
    return line


def _attributes(text: str) -> tuple[_Attribute, ...]:
    found: list[_Attribute] = []
    at = 0
    while match := re.compile(r"\s*@(?P<name>[\w.]+)").match(text, at):
        at = match.end()
        arguments = ""
        if text[at : at + 1] == "(":
            end = _closing(text, at)
            arguments, at = text[at + 1 : end], end + 1
        found.append(_Attribute(match["name"], arguments.strip()))
    return tuple(found)


def _closing(text: str, start: int) -> int:
    depth, quoted = 0, False
    for at in range(start, len(text)):
        character = text[at]
        if character == '"' and text[at - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if depth == 0:
            return at
    return len(text)


def _text_argument(arguments: str) -> str:
    found = re.search(r'"((?:[^"\\]|\\.)*)"', arguments)
    return found.group(1).replace('\\"', '"') if found else ""


def _named(arguments: str, name: str) -> str:
    """The raw value of `name: value` in arguments; lists with their brackets off."""
    found = re.search(rf"(?:^|,)\s*{name}\s*:\s*(\[[^\]]*\]|\"[^\"]*\"|\w+)", arguments)
    return found.group(1).strip('[]"').strip() if found else ""


def _names(arguments: str) -> tuple[str, ...]:
    """Field names of `[a, b(sort: Desc)]`."""
    inside = arguments[arguments.find("[") + 1 : arguments.rfind("]")]
    return tuple(n for n in re.findall(r"(\w+)\s*(?:\([^)]*\))?\s*(?:,|$)", inside) if n)


def _labels(enum: _Block) -> tuple[str, ...]:
    labels = []
    for _, text in enum.lines:
        if text.startswith("@@"):
            continue
        mapped = re.search(r"@map\(([^)]*)\)", text)
        labels.append(_text_argument(mapped.group(1)) if mapped else text.split()[0])
    return tuple(labels)


def _table(
    model: _Block, models: dict[str, _Block], enums: dict[str, _Block], dialect: Dialect
) -> tuple[TableWanted, list[NotUnderstood]]:
    fields: dict[str, _Field] = {}
    block_attributes: list[tuple[int, str]] = []
    unread: list[NotUnderstood] = []
    for number, text in model.lines:
        if text.startswith("@@"):
            block_attributes.append((number, text))
            continue
        found = _FIELD.match(text)
        if found is None:
            unread.append(NotUnderstood(Span(number, number), text[:80], "not a Prisma field"))
            continue
        fields[found["name"]] = _Field(
            found["name"],
            found["type"],
            bool(found["many"]),
            bool(found["optional"]),
            _attributes(found["attributes"]),
            Span(number, number),
        )
    columns: list[WantedColumn] = []
    references: list[WantedReference] = []
    for field in fields.values():
        relation = field.attribute("relation")
        if field.type in models or relation:
            reference = _relation(field, relation, fields, models)
            if reference:
                references.append(reference)
        elif field.type in enums or field.type in _SCALARS or field.type.startswith("Unsupported"):
            columns.append(_column(field, enums, dialect))
        elif field.many or field.optional or not field.attributes:
            unread.append(
                NotUnderstood(field.span, f"{field.name} {field.type}", "model not in the text")
            )
        else:
            unread.append(NotUnderstood(field.span, field.name, f"unknown type {field.type}"))
    table = TableWanted(
        table=model.table_name,
        span=model.span,
        columns=tuple(columns),
        references=tuple(references),
        whole=True,
    )
    return _with_block_attributes(table, block_attributes, fields, unread), unread


def _column(field: _Field, enums: dict[str, _Block], dialect: Dialect) -> WantedColumn:
    default = field.attribute("default")
    expression = default.arguments if default else ""
    identity = expression.startswith("autoincrement(")
    column = WantedColumn(
        name=field.column_name,
        span=field.span,
        type=_type(field, enums, dialect),
        nullable=field.optional or field.many,
        primary_key=field.attribute("id") is not None,
        unique=field.attribute("unique") is not None,
        identity=identity,
    )
    if not default or identity:
        return column
    return replace(column, default=_default(expression, field, enums))


def _type(field: _Field, enums: dict[str, _Block], dialect: Dialect) -> str:
    native = next((a for a in field.attributes if a.name.startswith("db.")), None)
    if field.type in enums:
        name = "TEXT" if dialect is Dialect.SQLITE else _type_name(enums[field.type].table_name)
    elif field.type.startswith("Unsupported"):
        name = _text_argument(field.type)
    elif native and dialect is not Dialect.SQLITE:
        word = native.name.removeprefix("db.")
        name = _NATIVE.get(word, word.lower())
        name += f"({native.arguments})" if native.arguments else ""
    else:
        name = _SCALARS[field.type][1 if dialect is Dialect.SQLITE else 0]
    return f"{name}[]" if field.many else name


def _type_name(name: str) -> str:
    """An enum's name as PostgreSQL prints it in a column's type: quoted where it is not plain."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    return name if plain else identifiers.quote(name, Dialect.POSTGRESQL)


def _default(expression: str, field: _Field, enums: dict[str, _Block]) -> str | None:
    """The default that the database gets; uuid() and cuid() are filled in by Prisma's client."""
    if expression.startswith(("uuid(", "cuid(", "nanoid(", "ulid(", "auto(")):
        return None
    if expression.startswith("now("):
        return "CURRENT_TIMESTAMP"
    if expression.startswith("dbgenerated("):
        return _text_argument(expression) or None
    if expression.startswith('"'):
        return "'" + _text_argument(expression).replace("'", "''") + "'"
    if expression.startswith("["):
        items = re.findall(r'"[^"]*"|[\w.-]+', expression)
        values = ", ".join("'" + i.strip('"') + "'" if i.startswith('"') else i for i in items)
        return f"ARRAY[{values}]"
    if field.type in enums:
        return f"'{_label(enums[field.type], expression)}'"
    return expression


def _label(enum: _Block, name: str) -> str:
    for (_, text), label in zip(
        [line for line in enum.lines if not line[1].startswith("@@")], _labels(enum), strict=True
    ):
        if text.split()[0] == name:
            return label
    return name


_ACTIONS = {
    "Cascade": "CASCADE",
    "Restrict": "RESTRICT",
    "NoAction": "NO ACTION",
    "SetNull": "SET NULL",
    "SetDefault": "SET DEFAULT",
}


def _relation(
    field: _Field,
    relation: _Attribute | None,
    fields: dict[str, _Field],
    models: dict[str, _Block],
) -> WantedReference | None:
    """The foreign key of the side that holds it; None for the other side."""
    arguments = relation.arguments if relation else ""
    own = [n.strip() for n in _named(arguments, "fields").split(",") if n.strip()]
    far = [n.strip() for n in _named(arguments, "references").split(",") if n.strip()]
    if not own:
        return None
    optional = all(fields[n].optional for n in own if n in fields)
    on_delete = _ACTIONS.get(_named(arguments, "onDelete"), "SET NULL" if optional else "RESTRICT")
    target = models.get(field.type)
    return WantedReference(
        target=Reference(
            table=target.table_name if target else field.type,
            columns=tuple(_mapped(n, target) for n in far),
            on_delete=on_delete,
            on_update=_ACTIONS.get(_named(arguments, "onUpdate"), "CASCADE"),
        ),
        span=field.span,
        columns=tuple(fields[n].column_name if n in fields else n for n in own),
        name=_named(arguments, "map"),
    )


def _mapped(name: str, model: _Block | None) -> str:
    """The column that a field of another model is stored in."""
    for _, text in model.lines if model else ():
        if text.split()[0] == name:
            found = re.search(r"@map\(([^)]*)\)", text)
            return _text_argument(found.group(1)) if found else name
    return name


def _with_block_attributes(
    table: TableWanted,
    attributes: list[tuple[int, str]],
    fields: dict[str, _Field],
    unread: list[NotUnderstood],
) -> TableWanted:
    for number, text in attributes:
        name = text[2:].split("(")[0].strip()
        arguments = text[text.find("(") + 1 : text.rfind(")")] if "(" in text else ""
        columns = tuple(fields[n].column_name if n in fields else n for n in _names(arguments))
        span = Span(number, number)
        key = WantedKey(columns, span, name=_named(arguments, "map"), unique=name == "unique")
        match name:
            case "id":
                table = replace(table, primary_key=columns)
            case "unique":
                table = replace(table, uniques=(*table.uniques, key))
            case "index":
                table = replace(table, indexes=(*table.indexes, key))
            case "map" | "schema":
                pass
            case _:
                unread.append(NotUnderstood(span, text[:80], f"attribute @@{name} is not covered"))
    return table
