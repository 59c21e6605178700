"""The schema of a file, from the pragmas and, for what they do not tell, from the CREATE texts."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from faber_db.adapters.engines.sqlite.create_text import (
    Clauses,
    body,
    clauses,
    joined,
    parts,
    tokens,
)
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
from faber_db.services.ports import TableSize

_COUNTED_UP_TO = 64 * 1024 * 1024  # bytes of a file whose rows are counted, in about 0.2 s


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything that is read within is of one moment, whoever writes meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def read(connection: sqlite3.Connection, *, leave_out: Sequence[str]) -> Catalogue:
    """The whole schema; names in `leave_out` and what hangs on them are no part of it."""
    hidden = {name.lower() for name in leave_out}
    kinds = {
        row[1]: row for row in connection.execute("PRAGMA main.table_list") if row[0] == "main"
    }
    tables: list[Table] = []
    views: list[View] = []
    others: list[OtherObject] = []
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
    ).fetchall()
    for kind, name, on_table, sql in rows:
        if name.startswith("sqlite_") or on_table.lower() in hidden:
            continue
        if kind == "table" and kinds[name][2] == "virtual":
            others.append(OtherObject("virtual table", name, joined(tokens(sql)), name))
        elif kind == "table" and kinds[name][2] != "shadow":
            said = clauses(sql)
            strict, without_rowid = bool(kinds[name][5]), bool(kinds[name][4])
            tables.append(_table(connection, name, said, strict, without_rowid))
            others.extend(
                OtherObject("conflict clause", f"{name}.{at}", text, name)
                for at, text in enumerate(said.conflicts)
            )
        elif kind == "view":
            views.append(View(name, _query_of(sql)))
            others.extend(_view_columns(name, sql))
        elif kind == "trigger":
            others.append(
                OtherObject("trigger", f"{on_table}.{name}", joined(tokens(sql)), on_table)
            )
    return Catalogue(
        tables=tuple(sorted(tables, key=lambda t: t.full_name)),
        views=tuple(sorted(views, key=lambda v: v.full_name)),
        others=tuple(sorted(others, key=lambda o: (o.name, o.kind))),
    )


def sizes(connection: sqlite3.Connection) -> Mapping[str, TableSize]:
    """Rows and bytes by table; in a large file the highest rowid stands for the rows.

    SQLite keeps no size of a table, so the file is shared out by rows; `exact` is about the rows.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    small = pages * page_size <= _COUNTED_UP_TO
    rows: dict[str, int] = {}
    exact: set[str] = set()
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    for _, name, kind, _, without_rowid, _ in [row for row in listed if row[0] == "main"]:
        if kind != "table" or name.startswith("sqlite_"):
            continue
        if small or without_rowid:
            exact.add(name)
            what = "count(*)"
        else:
            what = "coalesce(max(rowid), 0)"
        (rows[name],) = connection.execute(f"SELECT {what} FROM {quoted(name)}").fetchone()  # noqa: S608 - quoted
    total = max(1, sum(rows.values()))
    return {
        name: TableSize(count, pages * page_size * count // total, name in exact)
        for name, count in rows.items()
    }


def _table(
    connection: sqlite3.Connection, name: str, said: Clauses, strict: bool, without_rowid: bool
) -> Table:
    columns = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key = tuple(c[1] for c in sorted((c for c in columns if c[5]), key=lambda c: c[5]))
    options = [("WITHOUT ROWID", without_rowid), ("STRICT", strict)]
    return Table(
        name=name,
        columns=tuple(_column(c, said) for c in columns if c[6] != 1),
        primary_key=Key(said.primary_key_name, key) if key else None,
        uniques=_uniques(connection, name, said),
        foreign_keys=_foreign_keys(connection, name, said),
        checks=tuple(
            sorted((Check(*c) for c in said.checks), key=lambda c: (c.name, c.expression))
        ),
        indexes=tuple(_indexes(connection, name, said)),
        options=tuple(word for word, given in options if given),
    )


def _column(row: tuple[int, str, str, int, str | None, int, int], said: Clauses) -> Column:
    _, name, type_, not_null, default, _, _ = row
    return Column(
        name=name,
        type=type_.removesuffix("GENERATED ALWAYS").rstrip(),  # which older versions leave there
        nullable=not not_null,
        default=default,
        identity="autoincrement" if said.autoincrement.lower() == name.lower() else "",
        generated=said.generated.get(name, ""),
        collation=said.collations.get(name, ""),
    )


def _uniques(connection: sqlite3.Connection, table: str, said: Clauses) -> tuple[Key, ...]:
    named = {columns: name for name, columns in said.uniques}
    found = [
        Key(named.get(columns, ""), columns)
        for index, _, origin, _ in _index_list(connection, table)
        if origin == "u"
        for columns in (tuple(c[2] or "" for c in _index_columns(connection, index)),)
    ]
    return tuple(sorted(found, key=lambda k: (k.name, k.columns)))


def _foreign_keys(
    connection: sqlite3.Connection, table: str, said: Clauses
) -> tuple[ForeignKey, ...]:
    rows = connection.execute(
        'SELECT id, "table", "from", "to", on_update, on_delete'
        " FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq",
        (table,),
    ).fetchall()
    ids = list(dict.fromkeys(row[0] for row in rows))  # the last one of the text is number 0
    texts = said.foreign_keys if len(said.foreign_keys) == len(ids) else [("", "")] * len(ids)
    found = []
    for id_, (name, deferrable) in zip(ids, texts, strict=True):
        of = [row for row in rows if row[0] == id_]
        to = tuple(row[3] for row in of)
        if None in to:
            to = _primary_key(connection, of[0][1])
        found.append(
            ForeignKey(
                name=name,
                columns=tuple(row[2] for row in of),
                table=of[0][1],
                references=to,
                on_update=of[0][4],
                on_delete=of[0][5],
                deferrable=deferrable,
            )
        )
    return tuple(sorted(found, key=lambda f: (f.name, f.columns, f.table)))


def _primary_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)
    )
    return tuple(name for (name,) in rows.fetchall())


def _indexes(connection: sqlite3.Connection, table: str, said: Clauses) -> Iterator[Index]:
    texts = dict(
        connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?", (table,)
        ).fetchall()
    )
    for name, unique, origin, partial in sorted(_index_list(connection, table)):
        if origin != "c":
            continue
        inside, after = body(texts[name])
        written = parts(inside)
        columns = []
        for at, (_, cid, column, descending, collation, _) in enumerate(
            _index_columns(connection, name)
        ):
            if cid == -2:  # an expression: only the text knows it
                columns.append(joined(written[at]))
                continue
            own = said.collations.get(column or "", "BINARY")
            extra = f" COLLATE {collation}" if collation.upper() != own.upper() else ""
            columns.append(f"{column or 'rowid'}{extra}{' DESC' if descending else ''}")
        predicate = joined(after[1:]) if partial else ""
        yield Index(name, tuple(columns), unique=bool(unique), predicate=predicate)


def _index_list(connection: sqlite3.Connection, table: str) -> list[tuple[str, int, str, int]]:
    return connection.execute(
        'SELECT name, "unique", origin, partial FROM pragma_index_list(?)', (table,)
    ).fetchall()


def _index_columns(
    connection: sqlite3.Connection, index: str
) -> list[tuple[int, int, str | None, int, str, int]]:
    return connection.execute(
        'SELECT seqno, cid, name, "desc", coll, key FROM pragma_index_xinfo(?)'
        " WHERE key = 1 ORDER BY seqno",
        (index,),
    ).fetchall()


def _query_of(create_view: str) -> str:
    items = tokens(create_view)
    at = next(n for n, token in enumerate(items) if token.word == "AS")
    return joined(items[at + 1 :])


def _view_columns(name: str, create_view: str) -> Iterator[OtherObject]:
    items = tokens(create_view)
    head = items[: next(n for n, token in enumerate(items) if token.word == "AS")]
    at = next((n for n, token in enumerate(head) if token.text == "("), None)
    if at is not None:
        yield OtherObject("view columns", name, joined(head[at:]), name)
