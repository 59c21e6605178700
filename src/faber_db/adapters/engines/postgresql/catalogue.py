"""The schema of a database, read by a handful of questions whatever its size."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from faber_db.adapters.engines.postgresql import catalogue_queries as queries
from faber_db.errors import StatementFailed
from faber_db.model.catalogue import (
    Catalogue,
    Check,
    Column,
    EnumType,
    ForeignKey,
    Index,
    Key,
    OtherObject,
    Table,
    View,
)
from faber_db.model.catalogue import Sequence as SequenceObject

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_ACTIONS = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}
# What a constraint can say that the model has no field for; its whole definition is kept then.
_BEYOND_MODEL = ("NULLS NOT DISTINCT", " INCLUDE ", "MATCH FULL", "NOT ENFORCED", "NO INHERIT")

_LOOKS = 10
_IDLE = 0  # of libpq: no transaction is open

Row = tuple[Any, ...]  # of the catalogue's own types, known from each question
Named = TypeVar("Named", ForeignKey, Check, Index)


def read(connection: "Connection", *, leave_out: Sequence[str] = ()) -> Catalogue:
    """The whole schema; tables named in `leave_out`, with or without schema, are no part of it.

    Expressions and types are printed by the server with only `public` on the search path, so that
    their texts are the same whoever reads them.

    Raises:
        StatementFailed: the schema changed whenever it was looked at.
    """
    import psycopg

    for _ in range(_LOOKS):
        with suppress(psycopg.errors.InternalError_, _Changed):
            return _Reader(connection, frozenset(leave_out)).catalogue()
    raise StatementFailed(
        "the schema changed each time it was read", hint="Look again when nobody changes it."
    )


class _Changed(Exception):
    """What was listed is gone, so that the server has no text for it."""


class _Reader:
    def __init__(self, connection: "Connection", hidden: frozenset[str]) -> None:
        self._connection = connection
        self._hidden = hidden
        self._others: list[OtherObject] = []

    def catalogue(self) -> Catalogue:
        alone = self._connection.info.transaction_status == _IDLE
        with self._connection.transaction(force_rollback=True):  # puts the search path back
            if alone:  # all questions see the same rows; texts are printed as things are now
                self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._connection.execute("SET LOCAL search_path = public")
            tables = self._tables()
            views = [
                View(name, _told(definition).strip(), schema, materialized)
                for _, schema, name, definition, materialized in self._ask(queries.VIEWS)
            ]
            enums = [
                EnumType(name, tuple(labels), schema)
                for schema, name, labels in self._ask(queries.ENUMS)
            ]
            sequences = list(self._sequences())
            self._read_others()
        return Catalogue(
            tables=tuple(sorted(tables, key=lambda t: t.full_name)),
            views=tuple(sorted(views, key=lambda v: v.full_name)),
            enums=tuple(sorted(enums, key=lambda e: e.full_name)),
            sequences=tuple(sorted(sequences, key=lambda s: s.full_name)),
            others=tuple(sorted(self._others, key=lambda o: (o.name, o.kind))),
        )

    def _ask(self, question: LiteralString) -> list[Row]:
        return self._connection.execute(question).fetchall()

    def _is_hidden(self, schema: str, name: str) -> bool:
        return name in self._hidden or f"{schema or 'public'}.{name}" in self._hidden

    def _tables(self) -> list[Table]:
        columns = _by_first(self._ask(queries.COLUMNS))
        constraints = _by_first(self._ask(queries.CONSTRAINTS))
        indexes = _by_first(self._ask(queries.INDEXES))
        found = []
        for oid, schema, name, comment, options in self._ask(queries.TABLES):
            if self._is_hidden(schema, name):
                continue
            full = _full(schema, name)
            of_kind = defaultdict(list)
            for row in constraints[oid]:
                of_kind[row[2]].append(row)
                self._keep_beyond_model(full, row)
            for row in indexes[oid]:
                if _told(row[7]):
                    other = OtherObject("index", f"{full}.{row[1]}", row[7], full)
                    self._others.append(other)
            keys = {kind: [Key(r[1], tuple(r[3])) for r in of_kind[kind]] for kind in "pu"}
            found.append(
                Table(
                    name=name,
                    schema=schema,
                    columns=tuple(_column(row) for row in columns[oid]),
                    primary_key=next(iter(keys["p"]), None),
                    uniques=tuple(sorted(keys["u"], key=lambda k: k.name)),
                    foreign_keys=_sorted(_foreign_key(row) for row in of_kind["f"]),
                    checks=_sorted(Check(row[1], row[10], row[9]) for row in of_kind["c"]),
                    indexes=_sorted(_index(row) for row in indexes[oid]),
                    options=tuple(options),
                    comment=comment,
                )
            )
        return found

    def _keep_beyond_model(self, table: str, row: Row) -> None:
        name, kind, definition = row[1], row[2], _told(row[11])
        late = kind in "pu" and row[8]
        if kind == "x":
            self._others.append(
                OtherObject("exclusion constraint", f"{table}.{name}", definition, table)
            )
        elif late or any(words in definition for words in _BEYOND_MODEL):
            self._others.append(OtherObject("constraint", f"{table}.{name}", definition, table))

    def _sequences(self) -> Iterator[SequenceObject]:
        for schema, name, type_, owned_by, unusual in self._ask(queries.SEQUENCES):
            table = owned_by.rpartition(".")[0]
            if self._is_hidden(*_split(table)):
                continue
            yield SequenceObject(name, type_, schema, owned_by)
            if unusual:
                self._others.append(OtherObject("sequence", _full(schema, name), unusual, table))

    def _read_others(self) -> None:
        for kind, schema, name, definition, of_schema, table in self._ask(queries.OTHERS):
            if table and self._is_hidden(of_schema, table):
                continue
            on = _full(of_schema, table) if table else ""
            self._others.append(OtherObject(kind, _full(schema, name), _told(definition), on))


def _by_first(rows: list[Row]) -> defaultdict[object, list[Row]]:
    found: defaultdict[object, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _sorted(items: "Iterator[Named]") -> "tuple[Named, ...]":
    return tuple(sorted(items, key=lambda item: item.name))


def _column(row: Row) -> Column:
    _, name, type_, nullable, default, identity, generated, collation, comment = row
    return Column(name, type_, nullable, default, identity, generated, collation or "", comment)


def _foreign_key(row: Row) -> ForeignKey:
    return ForeignKey(
        name=row[1],
        columns=tuple(row[3]),
        table=row[4],
        references=tuple(row[5]),
        on_delete=_ACTIONS[row[6]],
        on_update=_ACTIONS[row[7]],
        deferrable=row[8],
        validated=row[9],
    )


def _index(row: Row) -> Index:
    _, name, unique, valid, method, predicate, columns, _ = row
    return Index(name, tuple(map(_told, columns)), unique, method, predicate, valid)


def _told(text: str | None) -> str:
    """A text that the server prints of everything that is there."""
    if text is None:
        raise _Changed
    return text


def _full(schema: str, name: str) -> str:
    return f"{schema}.{name}" if schema else name


def _split(full: str) -> tuple[str, str]:
    schema, _, name = full.rpartition(".")
    return schema, name
