"""Column definitions and constraints of MySQL, MariaDB and SQLite."""

from dataclasses import replace

from faber_db.model.dialect import Dialect
from faber_db.model.statement import ColumnDefinition, Constraint, Expression, TypeName
from faber_db.sql.grammar.expressions import expression_of
from faber_db.sql.grammar.stream import Stream, Unreadable
from faber_db.sql.identifiers import unquote
from faber_db.sql.lexer import QUOTED, STRING, SYMBOL, WORD

_ATTRIBUTES = {
    "NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "COLLATE", "GENERATED",
    "AS", "AUTO_INCREMENT", "AUTOINCREMENT", "COMMENT", "CONSTRAINT", "ON", "KEY", "FIRST", "AFTER",
    "CHARACTER", "CHARSET", "UNSIGNED", "ZEROFILL", "INVISIBLE", "VISIBLE", "VIRTUAL", "STORED",
    "PERSISTENT", "COLUMN_FORMAT", "STORAGE", "SIGNED", "BINARY", "COMPRESSED", "SRID", "ENGINE_ATTRIBUTE",
}  # fmt: skip
_SYNONYMS = {
    "INTEGER": "int", "INT4": "int", "INT8": "bigint", "BOOL": "tinyint", "BOOLEAN": "tinyint",
    "DEC": "decimal", "NUMERIC": "decimal", "FIXED": "decimal", "CHARACTER": "char",
    "CHARACTER VARYING": "varchar", "VARCHARACTER": "varchar", "INT1": "tinyint", "INT2": "smallint",
    "INT3": "mediumint", "MIDDLEINT": "mediumint", "FLOAT4": "float", "FLOAT8": "double",
    "LONG": "mediumtext", "LONG VARCHAR": "mediumtext", "LONG VARBINARY": "mediumblob",
    "NCHAR": "char", "NATIONAL CHAR": "char", "NATIONAL CHARACTER": "char", "NVARCHAR": "varchar",
    "NATIONAL VARCHAR": "varchar", "NATIONAL CHARACTER VARYING": "varchar", "REAL": "double", "DOUBLE PRECISION": "double",
}  # fmt: skip


def type_of(stream: Stream) -> TypeName:
    """A type name with its arguments; SQLite allows none at all."""
    words: list[str] = []
    while not stream.done and stream.peek().kind in (WORD, QUOTED):
        word, following = stream.peek().word, stream.peek(1).word
        binary = word == "BINARY" and not words and stream.dialect is not Dialect.SQLITE
        if word in _ATTRIBUTES and not (binary or (word == "CHARACTER" and following != "SET")):
            break
        words.append(stream.identifier().upper())
    arguments: tuple[str, ...] = ()
    if words and stream.sees("("):
        arguments = tuple(
            unquote(p.text, stream.dialect) if p.pieces[0].kind == STRING else p.text
            for p in stream.parenthesised().split()
            if p.pieces
        )
        while stream.peek().kind == WORD and stream.peek().word not in _ATTRIBUTES:
            words.append(stream.take().word)
    attributes: list[str] = []
    while True:
        if found := stream.accept_any("UNSIGNED", "ZEROFILL", "SIGNED", "BINARY", "COMPRESSED"):
            attributes.append(found.lower())
        elif stream.accept("CHARACTER", "SET") or stream.accept("CHARSET"):
            attributes.append(f"character set {stream.name_or_string().lower()}")
        else:
            break
    name = " ".join(words)
    if stream.dialect is Dialect.SQLITE:
        return TypeName(name, arguments, attributes=tuple(attributes))
    if name in ("BOOL", "BOOLEAN"):
        arguments = ("1",)
    if name == "SERIAL":
        name, attributes = "BIGINT", [*attributes, "unsigned", "serial"]
    return TypeName(_SYNONYMS.get(name, name.lower()), arguments, attributes=tuple(attributes))


def column_of(stream: Stream) -> ColumnDefinition:
    """A whole column definition, to the end of the stream.

    Raises:
        Unreadable: an attribute is not known.
    """
    return _Column(stream.identifier(), stream).read()


class _Column:
    """Reads the attributes of one column."""

    def __init__(self, name: str, stream: Stream) -> None:
        self.stream = stream
        self.constraints: list[Constraint] = []
        self.column = ColumnDefinition(name, type_of(stream))
        if "serial" in self.column.type.attributes:
            self._set(identity="autoincrement", nullable=False)

    def _set(self, **changes: object) -> None:
        self.column = replace(self.column, **changes)  # type: ignore[arg-type] # fields by name

    def read(self) -> ColumnDefinition:
        while not self.stream.done:
            self._attribute()
        return replace(self.column, constraints=tuple(self.constraints))

    def _attribute(self) -> None:
        stream, name = self.stream, self.column.name
        label = stream.identifier() if stream.accept("CONSTRAINT") else ""
        if stream.accept("NOT", "NULL"):
            self._set(nullable=False)
            _conflict(stream)
        elif stream.accept("NULL"):
            _conflict(stream)
        elif stream.accept("DEFAULT"):
            self._set(default=_default(stream))
        elif stream.accept("ON", "UPDATE"):
            _default(stream)
        elif stream.accept_any("AUTO_INCREMENT", "AUTOINCREMENT"):
            self._set(identity="autoincrement", nullable=False)
        elif stream.accept("PRIMARY", "KEY") or stream.sees("KEY"):
            if stream.accept("KEY"):
                pass
            stream.accept_any("ASC", "DESC")
            self.constraints.append(Constraint("primary key", label, (name,)))
            integer = self.column.type.name.upper() == "INTEGER"
            sqlite_nullable = stream.dialect is Dialect.SQLITE and not integer
            self._set(nullable=self.column.nullable and sqlite_nullable)
            _conflict(stream)
        elif stream.accept("UNIQUE"):
            stream.accept("KEY")
            self.constraints.append(Constraint("unique", label, (name,)))
            _conflict(stream)
        elif stream.accept("CHECK"):
            condition = expression_of(stream.parenthesised())
            enforced = not stream.accept("NOT", "ENFORCED")
            stream.accept("ENFORCED")
            self.constraints.append(
                Constraint("check", label, (name,), condition, not_enforced=not enforced)
            )
        elif stream.accept("REFERENCES"):
            self.constraints.append(references(stream, label, (name,)))
        elif stream.accept_any("GENERATED ALWAYS AS ROW", "AS ROW"):
            stream.take()  # START or END, of a versioned table
            self._set(generated="stored")
        elif stream.accept_any("GENERATED ALWAYS AS", "AS"):
            generation = expression_of(stream.parenthesised())
            stored = bool(stream.accept_any("STORED", "PERSISTENT"))
            stream.accept("VIRTUAL")
            self._set(generated="stored" if stored else "virtual", generation=generation)
        elif stream.accept("COLLATE"):
            self._set(collation=stream.name_or_string())
        elif stream.accept("CHARACTER", "SET") or stream.accept("CHARSET"):
            charset = f"character set {stream.name_or_string().lower()}"
            kind = self.column.type
            self._set(type=replace(kind, attributes=(*kind.attributes, charset)))
        elif stream.accept_any("COMMENT", "COLUMN_FORMAT", "STORAGE", "SRID", "ENGINE_ATTRIBUTE"):
            stream.accept("=")
            stream.take()
        elif stream.accept("FIRST"):
            self._set(position="first")
        elif stream.accept("AFTER"):
            self._set(position=f"after {stream.identifier()}")
        elif not stream.accept_any(
            "INVISIBLE", "VISIBLE", "ENFORCED", "NOT ENFORCED", "STORED", "VIRTUAL"
        ):
            raise Unreadable(f"{stream.peek().text[:30]!r} is no known attribute of a column")


def _conflict(stream: Stream) -> None:
    if stream.accept("ON", "CONFLICT"):
        stream.take()


def _default(stream: Stream) -> Expression | None:
    """The expression after DEFAULT; None for NULL."""
    start = stream.position
    if stream.sees("("):
        stream.parenthesised()
    else:
        while stream.peek().kind == SYMBOL and stream.peek().text in "+-":
            stream.take()
        stream.take()
        if stream.peek().kind == STRING:  # _utf8mb4'…', x'…'
            stream.take()
        if stream.sees("("):
            stream.parenthesised()
    found = Stream(stream.source, stream.dialect, stream.pieces[start : stream.position])
    return None if found.text.upper() in ("NULL", "(NULL)") else expression_of(found)


_ON = ("NO ACTION", "SET NULL", "SET DEFAULT", "CASCADE", "RESTRICT")


def references(stream: Stream, label: str, columns: tuple[str, ...]) -> Constraint:
    """What follows REFERENCES."""
    table = stream.table()
    referenced: tuple[str, ...] = ()
    if stream.sees("("):
        referenced = tuple(p.identifier() for p in stream.parenthesised().split())
    actions = {"DELETE": "NO ACTION", "UPDATE": "NO ACTION"}
    deferrable = ""
    while True:
        if stream.accept("ON", "DELETE"):
            actions["DELETE"] = stream.accept_any(*_ON) or _unknown_action(stream)
        elif stream.accept("ON", "UPDATE"):
            actions["UPDATE"] = stream.accept_any(*_ON) or _unknown_action(stream)
        elif stream.accept("MATCH"):
            stream.take()
        elif stream.accept("NOT", "DEFERRABLE"):
            stream.accept("INITIALLY", "IMMEDIATE")
        elif stream.accept("DEFERRABLE"):
            deferrable = (
                "initially deferred" if stream.accept("INITIALLY", "DEFERRED") else "deferrable"
            )
            stream.accept("INITIALLY", "IMMEDIATE")
        else:
            break
    return Constraint(
        "foreign key",
        label,
        columns,
        references=table,
        referenced_columns=referenced,
        on_delete=actions["DELETE"],
        on_update=actions["UPDATE"],
        deferrable=deferrable,
    )


def _unknown_action(stream: Stream) -> str:
    raise Unreadable(f"{stream.peek().text[:30]!r} is no action of a foreign key")


def index_columns(stream: Stream) -> tuple[str, ...]:
    """The columns of an index or key; expressions as text."""
    found = []
    for part in stream.parenthesised().split():
        plain = (part.peek().kind in (WORD, QUOTED) and part.peek(1).text in ("", "(")) or (
            part.peek(1).word in ("ASC", "DESC", "COLLATE")
        )
        if plain and not (part.peek(1).text == "(" and stream.dialect is Dialect.SQLITE):
            found.append(part.identifier())
        else:
            found.append(part.text)
    return tuple(found)


def table_constraint(stream: Stream) -> Constraint | None:
    """A constraint among the elements of CREATE TABLE, or after ADD; None where none begins here."""
    label = ""
    if stream.accept("CONSTRAINT"):
        if not stream.accept_any("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            label = stream.identifier()
        else:
            stream.position -= 1
    if stream.accept("PRIMARY", "KEY"):
        index_type(stream)
        found = Constraint("primary key", label, index_columns(stream))
    elif stream.accept("UNIQUE"):
        stream.accept_any("KEY", "INDEX")
        if not stream.sees("(") and not stream.sees("USING"):
            label = stream.identifier()
        index_type(stream)
        found = Constraint("unique", label, index_columns(stream))
    elif stream.accept("FOREIGN", "KEY"):
        if not stream.sees("("):
            label = label or stream.identifier()
        columns = index_columns(stream)
        stream.expect("REFERENCES")
        found = references(stream, label, columns)
    elif stream.accept("CHECK"):
        condition = expression_of(stream.parenthesised())
        found = Constraint("check", label, condition.columns, condition)
        if stream.accept("NOT", "ENFORCED"):
            found = replace(found, not_enforced=True)
        stream.accept("ENFORCED")
    else:
        return None
    _conflict(stream)
    if stream.dialect is not Dialect.SQLITE:
        index_options(stream)
    return found


def table_constraints(stream: Stream) -> list[Constraint]:
    """The constraints of one element of CREATE TABLE; SQLite wants no comma between them."""
    found: list[Constraint] = []
    while (constraint := None if stream.done else table_constraint(stream)) is not None:
        found.append(constraint)
    if found:
        stream.expect_end()
    return found


def index_type(stream: Stream) -> None:
    if stream.accept("USING"):
        stream.take()


def index_options(stream: Stream) -> None:
    while not stream.done:
        if stream.accept_any("USING", "COMMENT", "KEY_BLOCK_SIZE", "WITH PARSER"):
            stream.accept("=")
            stream.take()
        elif not stream.accept_any("VISIBLE", "INVISIBLE", "IGNORED", "NOT IGNORED"):
            raise Unreadable(f"{stream.peek().text[:30]!r} is not expected after a key")
