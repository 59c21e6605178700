"""The schema of a database, from `information_schema` and, for routines and events, SHOW CREATE."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import catalogue_queries as ask
from faber_db.adapters.engines.mysql.connect import Server, rows
from faber_db.adapters.engines.mysql.faults import is_gone
from faber_db.adapters.engines.mysql.marker import PREFIX
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.model.catalogue import (
    Catalogue,
    Check,
    Column,
    ForeignKey,
    Index,
    Key,
    OtherObject,
    Table,
    View,
)
from faber_db.model.catalogue import Sequence as SequenceObject
from faber_db.model.dialect import Dialect

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

Row = tuple[object, ...]
_STRING = r"'(?:[^'\\]|\\.|'')*'"
DEFINER = re.compile(r"\bDEFINER=(?:`(?:[^`]|``)*`@`(?:[^`]|``)*`|\S+) ?")
_TEXTS = ("char", "varchar", "text", "tinytext", "mediumtext", "longtext", "enum", "set")


def read(connection: "Connection", server: Server, *, leave_out: Sequence[str]) -> Catalogue:
    """The whole schema; names in `leave_out` and what hangs on them are no part of it."""
    ((database,),) = rows(connection, "SELECT database()")
    own = f"{database}.".lower()
    hidden = {name.lower().removeprefix(own) for name in leave_out}
    return _Reader(connection, server, str(database), hidden).catalogue()


class _Reader:
    """Asks for each kind of thing once, and puts the rows together by table."""

    def __init__(
        self, connection: "Connection", server: Server, database: str, hidden: set[str]
    ) -> None:
        self._connection = connection
        self._server = server
        self._database = database
        self._hidden = hidden

    def catalogue(self) -> Catalogue:
        listed = self._ask(ask.TABLES)
        columns = _by_table(self._ask(ask.COLUMNS))
        indexes = _by_table(self._ask(ask.indexes(self._server.dialect)))
        checks = _by_table(self._ask(ask.checks(self._server.dialect)))
        foreign = _by_table(self._ask(ask.FOREIGN_KEYS, 2))
        partitions = _by_table(self._ask(ask.PARTITIONS))
        tables = []
        others: list[OtherObject] = []
        for row in listed:
            name, kind, collation = str(row[0]), str(row[1]), str(row[3] or "")
            if self._is_hidden(name) or kind not in ("BASE TABLE", "SYSTEM VERSIONED"):
                continue
            if not columns[name]:
                continue  # dropped since it was listed
            keys, uniques, plain = _keys(indexes[name])
            tables.append(
                Table(
                    name=name,
                    columns=tuple(self._column(c, collation) for c in columns[name]),
                    primary_key=keys,
                    uniques=uniques,
                    foreign_keys=self._foreign_keys(foreign[name]),
                    checks=tuple(sorted(map(_check, checks[name]), key=lambda c: c.name)),
                    indexes=plain,
                    options=(*_options(row), *_partitions(partitions[name])),
                    comment=str(row[5] or ""),
                )
            )
            others += _column_others(name, columns[name])
            others += _hidden_indexes(name, indexes[name])
        others += [*self._triggers(), *self._routines(), *self._events()]
        return Catalogue(
            tables=tuple(sorted(tables, key=lambda t: t.full_name)),
            views=self._views(),
            sequences=tuple(
                sorted(
                    (SequenceObject(str(row[0])) for row in listed if row[1] == "SEQUENCE"),
                    key=lambda s: s.full_name,
                )
            ),
            others=tuple(sorted(others, key=lambda o: (o.name, o.kind))),
        )

    def _ask(self, question: str, times: int = 1) -> list[Row]:
        return rows(self._connection, question, (self._database,) * times)

    def _is_hidden(self, name: str) -> bool:
        return name.lower() in self._hidden or name.startswith(PREFIX)

    def _column(self, row: Row, table_collation: str) -> Column:
        _, name, type_, nullable, default, extra, collation, generation, comment = row
        words = str(extra).lower()
        text, own = str(type_), str(collation or "")
        if own and _charset(own) != _charset(table_collation):
            text += f" character set {_charset(own)}"
        stored = "stored" if "stored" in words or "persistent" in words else "virtual"
        return Column(
            name=str(name),
            type=text,
            nullable=nullable == "YES",
            default=self._default(default, text, words),
            identity="autoincrement" if "auto_increment" in words else "",
            generated=f"{stored}:{generation}" if generation else "",
            collation=own if own != table_collation else "",
            comment=str(comment or ""),
        )

    def _default(self, value: object, type_: str, extra: str) -> str | None:
        """As an expression. MariaDB prints one; MySQL prints a bare value unless it is one."""
        if value is None or (value == "NULL" and self._server.dialect is Dialect.MARIADB):
            return None
        text = str(value)
        if self._server.dialect is Dialect.MARIADB or "default_generated" in extra:
            return text
        if re.split(r"\W", type_, maxsplit=1)[0] in _TEXTS or not re.fullmatch(r"-?[\d.]+", text):
            bare = text.upper().startswith(("CURRENT_TIMESTAMP", "B'", "X'"))
            return text if bare else "'" + text.replace("'", "''") + "'"
        return text

    def _foreign_keys(self, found: Sequence[Row]) -> tuple[ForeignKey, ...]:
        by_name: dict[str, list[Row]] = defaultdict(list)
        for row in found:
            by_name[str(row[1])].append(row)
        return tuple(
            ForeignKey(
                name=name,
                columns=tuple(str(r[2]) for r in of),
                table=self._full_name(of[0][3], of[0][4]),
                references=tuple(str(r[5]) for r in of),
                on_delete=_rule(of[0][6]),
                on_update=_rule(of[0][7]),
            )
            for name, of in sorted(by_name.items())
        )

    def _full_name(self, schema: object, table: object) -> str:
        return str(table) if schema == self._database else f"{schema}.{table}"

    def _views(self) -> tuple[View, ...]:
        found = [
            View(str(name), without_database(str(text or ""), self._database))
            for name, text in self._ask(ask.VIEWS)
            if not self._is_hidden(str(name))
        ]
        return tuple(sorted(found, key=lambda v: v.full_name))

    def _triggers(self) -> Iterator[OtherObject]:
        for name, table, timing, event, text, order in self._ask(ask.TRIGGERS):
            if self._is_hidden(str(table)):
                continue
            definition = (
                f"CREATE TRIGGER {quoted(str(name))} {timing} {event} ON {quoted(str(table))}"
                f" FOR EACH ROW {text}"
            )
            if str(order) != "1":
                definition += f" -- number {order}"
            yield OtherObject("trigger", f"{table}.{name}", definition, str(table))

    def _routines(self) -> Iterator[OtherObject]:
        for kind, name in self._ask(ask.ROUTINES):
            word = str(kind).upper()
            if word in ("FUNCTION", "PROCEDURE"):  # packages are MariaDB's in ORACLE mode
                yield from self._shown(word, str(name), 2)

    def _events(self) -> Iterator[OtherObject]:
        for (name,) in self._ask(ask.EVENTS):
            yield from self._shown("EVENT", str(name), 3)

    def _shown(self, kind: str, name: str, position: int) -> Iterator[OtherObject]:
        """With the text of SHOW CREATE without its owner; empty where the account may not see it."""
        row = shown(self._connection, kind, name)
        if row is not None:  # else it was dropped since it was listed
            definition = DEFINER.sub("", str(row[position] or ""), count=1)
            yield OtherObject(kind.lower(), name, definition)


def shown(connection: "Connection", kind: str, name: str) -> Row | None:
    """What SHOW CREATE gives of something that was listed; None where it was dropped since."""
    import pymysql

    try:
        (row,) = rows(connection, f"SHOW CREATE {kind} {quoted(name)}")
    except pymysql.err.Error as error:
        if is_gone(error):
            return None
        raise
    return row


def without_database(text: str, database: str) -> str:
    """Names without the name of their own database, which another one with it would not have."""
    own = re.escape(quoted(database))
    return re.sub(rf"({_STRING})|{own}\.", lambda m: m[1] or "", text)


def _by_table(found: Sequence[Row]) -> dict[str, list[Row]]:
    by_table: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_table[str(row[0])].append(row)
    return by_table


def _charset(collation: str) -> str:
    return collation.split("_")[0]


def _rule(rule: object) -> str:
    """RESTRICT is what InnoDB does by NO ACTION too, and which word is printed is the product's."""
    return "NO ACTION" if rule == "RESTRICT" else str(rule)


def _check(row: Row) -> Check:
    _, name, clause, enforced = row
    text = str(clause).replace("\\'", "'")  # as MySQL escapes it
    return Check(str(name), text, validated=enforced == "YES")


def _keys(found: Sequence[Row]) -> tuple[Key | None, tuple[Key, ...], tuple[Index, ...]]:
    """The primary key, the unique keys over whole columns, and every other index."""
    primary: Key | None = None
    uniques: list[Key] = []
    indexes: list[Index] = []
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_name[str(row[1])].append(row)
    for name, of in sorted(by_name.items()):
        unique, whole = not int(str(of[0][2])), all(r[4] is None and r[5] != "D" for r in of)
        columns = tuple(_part(r) for r in of)
        method = "" if of[0][6] == "BTREE" else str(of[0][6]).lower()
        if name == "PRIMARY":
            primary = Key("PRIMARY", columns)
        elif unique and whole and all(r[3] is not None for r in of) and not method:
            uniques.append(Key(name, columns))
        else:
            indexes.append(Index(name, columns, unique, method))
    return primary, tuple(uniques), tuple(indexes)


def _part(row: Row) -> str:
    _, _, _, column, prefix, order, method, expression, _ = row
    if column is None:
        return f"({expression})"
    length = f"({prefix})" if prefix is not None and method != "SPATIAL" else ""
    return f"{column}{length}{' DESC' if order == 'D' else ''}"


def _options(row: Row) -> Iterator[str]:
    _, kind, engine, collation, options, _ = row
    if engine:
        yield f"ENGINE={engine}"
    if collation:
        yield f"DEFAULT CHARSET={_charset(str(collation))}"
        yield f"COLLATE={collation}"
    if kind == "SYSTEM VERSIONED":
        yield "WITH SYSTEM VERSIONING"
    yield from (word for word in str(options or "").split() if word != "partitioned")


def _partitions(found: Sequence[Row]) -> tuple[str, ...]:
    if not found:
        return ()
    _, _, method, expression, _, sub_method, sub_expression, _ = found[0]
    text = f"PARTITION BY {method}{f' ({expression})' if expression else ''}"
    if sub_method:
        text += f" SUBPARTITION BY {sub_method} ({sub_expression})"
    names: dict[str, str] = {}
    for row in found:
        names[str(row[1])] = str(row[4] or "")
    parts = ", ".join(f"{n} ({limit})" if limit else n for n, limit in names.items())
    return (f"{text}: {parts}",)


def _column_others(table: str, columns: Sequence[Row]) -> Iterator[OtherObject]:
    """What a column does beside holding a value."""
    for row in columns:
        name, extra = str(row[1]), str(row[5])
        if match := re.search(r"on update (\S+)", extra, re.I):
            yield OtherObject("on update", f"{table}.{name}", match[1], table)
        if "invisible" in extra.lower():
            yield OtherObject("invisible column", f"{table}.{name}", "INVISIBLE", table)


def _hidden_indexes(table: str, found: Sequence[Row]) -> Iterator[OtherObject]:
    for name in sorted({str(r[1]) for r in found if r[8]}):
        yield OtherObject("ignored index", f"{table}.{name}", "IGNORED", table)
