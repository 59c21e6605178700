"""CREATE TABLE, ALTER TABLE and indexes of MySQL, MariaDB and SQLite."""

from collections.abc import Iterator

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    ChangeType,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    Foreign,
    Move,
    RedefineColumn,
    Rename,
    SetDefault,
    SetNotNull,
    TableSetting,
)
from faber_db.sql.grammar.columns import (
    column_of,
    index_columns,
    index_options,
    index_type,
    table_constraint,
    table_constraints,
    type_of,
)
from faber_db.sql.grammar.expressions import expression_of
from faber_db.sql.grammar.rows import query_actions, row_actions, tables_of
from faber_db.sql.grammar.stream import Stream, Unreadable
from faber_db.sql.lexer import SYMBOL

_TABLE_OPTIONS = {
    "ENGINE", "TYPE", "AUTO_INCREMENT", "CHARSET", "CHARACTER", "COLLATE", "COMMENT", "ROW_FORMAT",
    "KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS", "AVG_ROW_LENGTH", "CHECKSUM", "PACK_KEYS", "DELAY_KEY_WRITE",
    "STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "TABLESPACE", "ENCRYPTION",
    "ENCRYPTED", "PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "PAGE_CHECKSUM", "TRANSACTIONAL",
    "SECONDARY_ENGINE", "ENCRYPTION_KEY_ID", "IETF_QUOTES", "SEQUENCE", "AUTOEXTEND_SIZE", "COMPRESSION", "DATA", "INDEX", "INSERT_METHOD", "UNION", "CONNECTION",
}  # fmt: skip


def create_table(stream: Stream) -> Iterator[Action]:
    """After CREATE [TEMPORARY] TABLE."""
    temporary = stream.pieces[1].word in ("TEMP", "TEMPORARY") or (
        stream.pieces[1].word == "OR" and stream.pieces[3].word in ("TEMP", "TEMPORARY")
    )
    replaces = stream.pieces[1].word == "OR"
    maybe = stream.accept("IF", "NOT", "EXISTS")
    table = stream.table()
    if replaces:
        yield Drop("table", (table,), if_exists=True)
    if stream.accept("LIKE"):
        yield CreateTable(table, if_not_exists=maybe, temporary=temporary, reads=(stream.table(),))
        stream.expect_end()
        return
    columns: list[ColumnDefinition] = []
    constraints: list[Constraint] = []
    indexes: list[CreateIndex] = []
    like: tuple[str, ...] = ()
    if stream.sees("(") and stream.peek(1).word not in ("SELECT", "WITH", "VALUES"):
        for part in stream.parenthesised().split():
            if part.accept("PERIOD", "FOR"):  # of a versioned table
                continue
            if part.accept("LIKE"):
                like = (part.table(),)
                continue
            index = _index_element(part, table)
            if index is not None:
                indexes.append(index)
            elif found := table_constraints(part):
                constraints.extend(found)
            else:
                columns.append(column_of(part))
    options = _options(stream)
    stream.accept_any("IGNORE", "REPLACE")
    query = stream.accept("AS") or stream.peek().word in ("SELECT", "WITH", "VALUES", "(")
    query = query or stream.sees("(")
    rest = stream.rest()
    if not query and not rest.done and rest.pieces:
        raise Unreadable(f"{rest.pieces[0].text[:30]!r} is not expected")
    keys = {c for k in constraints if k.kind == "primary key" for c in k.columns}
    yield CreateTable(
        table,
        tuple(_keyed(c, keys, stream.dialect) for c in columns),
        tuple(constraints),
        if_not_exists=maybe,
        temporary=temporary,
        query=query,
        reads=tables_of(rest.text, stream.dialect) if query else like,
        partitioned="partition by" in options,
        options=options,
    )
    yield from indexes
    if query and stream.dialect is Dialect.SQLITE:  # which columns it takes from where
        yield from row_actions(f"INSERT INTO {_quoted(table)} {rest.text}", stream.dialect)
    elif query:
        yield from query_actions(rest.text, stream.dialect)


def _quoted(table: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))


def _keyed(column: ColumnDefinition, keys: set[str], dialect: Dialect) -> ColumnDefinition:
    from dataclasses import replace

    if column.name in keys and dialect is not Dialect.SQLITE:
        return replace(column, nullable=False)
    return column


def _index_element(part: Stream, table: str) -> CreateIndex | None:
    if part.dialect is Dialect.SQLITE:
        return None
    method = part.accept_any("FULLTEXT", "SPATIAL").lower()
    if part.accept_any("INDEX", "KEY") or method:
        part.accept("IF", "NOT", "EXISTS")
        name = "" if part.sees("(") or part.sees("USING") else part.identifier()
        index_type(part)
        columns = index_columns(part)
        index_options(part)
        return CreateIndex(table, name, columns, method=method)
    return None


def _options(stream: Stream) -> tuple[str, ...]:
    found: list[str] = []
    while not stream.done:
        if stream.dialect is Dialect.SQLITE:
            if stream.accept("WITHOUT", "ROWID"):
                found.append("without rowid")
            elif stream.accept("STRICT"):
                found.append("strict")
            elif not stream.accept(","):
                break
        elif stream.accept("WITH", "SYSTEM", "VERSIONING"):
            found.append("system versioning")
        elif stream.accept("PARTITION", "BY"):
            stream.rest()
            found.append("partition by")
        elif stream.accept("DEFAULT") or stream.accept(","):
            continue
        elif stream.peek().word in _TABLE_OPTIONS:
            found.append(_option(stream))
        else:
            break
    return tuple(found)


def _option(stream: Stream) -> str:
    name = stream.take().word
    if name == "CHARACTER":
        stream.expect("SET")
        name = "CHARSET"
    elif name in ("DATA", "INDEX"):
        stream.expect("DIRECTORY")
        name += " DIRECTORY"
    stream.accept("=")
    value = stream.parenthesised().text if stream.sees("(") else stream.take().text
    return f"{name.lower()} {value}"


def create_index(stream: Stream, unique: bool, method: str) -> Iterator[Action]:
    """After CREATE [UNIQUE] INDEX."""
    if stream.sees("CONCURRENTLY") and not stream.sees("CONCURRENTLY", "ON"):
        stream.take()
        yield Foreign("CREATE INDEX CONCURRENTLY")
    maybe = stream.accept("IF", "NOT", "EXISTS")
    name = stream.table()
    index_type(stream)
    stream.expect("ON")
    table = stream.table()
    columns = index_columns(stream)
    predicate = ""
    if stream.accept("WHERE"):
        predicate = stream.rest().text
    yield CreateIndex(
        table, name, columns, unique, if_not_exists=maybe, method=method, predicate=predicate
    )
    yield from demands(stream, table)


def demands(stream: Stream, table: str) -> Iterator[Action]:
    """ALGORITHM and LOCK: the server keeps to them, or refuses the statement."""
    while not stream.done:
        if word := stream.accept_any("ALGORITHM", "LOCK"):
            stream.accept("=")
            yield TableSetting(table, word.lower(), value=stream.take().text.lower())
        elif stream.accept_any("WAIT"):
            stream.number()
        elif not stream.accept_any("NOWAIT", ","):
            index_options(stream)


def alter_table(stream: Stream) -> Iterator[Action]:
    """After ALTER [ONLINE] [IGNORE] TABLE."""
    before = {piece.word for piece in stream.pieces[: stream.position]}
    stream.accept("IF", "EXISTS")
    table = stream.table()
    if stream.accept("WAIT"):
        stream.number()
    stream.accept("NOWAIT")
    if "ONLINE" in before:
        yield TableSetting(table, "lock", value="none")
    if "IGNORE" in before:
        yield TableSetting(table, "ignore")
    if stream.done:
        raise Unreadable("ALTER TABLE without a command")
    parts = _commands(stream)
    if len(parts) > 1 and stream.dialect is Dialect.SQLITE:
        yield Foreign("several changes in one ALTER TABLE")
    for part in parts:
        read = False
        for action in _command(part, table):
            read = True
            yield action
        if not read:
            raise Unreadable(f"ALTER TABLE … {part.text[:40]!r} is not known")
        part.expect_end()


_PARTITIONING = {("PARTITION", "BY"), ("REMOVE", "PARTITIONING")}


def _commands(stream: Stream) -> list[Stream]:
    """The commands of ALTER TABLE; those on partitions take the rest, commas and all."""
    parts: list[Stream] = []
    while not stream.done:
        first, second = stream.peek().word, stream.peek(1).word
        whole = "PARTITION" in (first, second) or (first, second) == ("ORDER", "BY")
        part = stream.rest() if whole else stream.until(",")
        end = len(part.pieces) if whole else _before_partitioning(part)
        stream.position -= len(part.pieces) - end
        parts.append(Stream(part.source, part.dialect, part.pieces[:end]))
        stream.accept(",")
    return [p for p in parts if p.pieces]


def _before_partitioning(part: Stream) -> int:
    """Where MySQL's PARTITION BY or REMOVE PARTITIONING begins, which no comma parts from the rest."""
    depth = 0
    for at, piece in enumerate(part.pieces):
        depth += (piece.text == "(") - (piece.text == ")") if piece.kind == SYMBOL else 0
        after = part.pieces[at + 1].word if at + 1 < len(part.pieces) else ""
        if at and not depth and (piece.word, after) in _PARTITIONING:
            return at
    return len(part.pieces)


def _command(part: Stream, table: str) -> Iterator[Action]:
    sqlite = part.dialect is Dialect.SQLITE
    if part.accept("ADD"):
        yield from _add(part, table)
    elif part.accept("DROP"):
        yield from _drop(part, table)
    elif part.accept("RENAME"):
        yield from _rename(part, table)
    elif sqlite:
        yield from _sqlite_alter(part, table)
    elif part.accept("MODIFY"):
        part.accept("COLUMN")
        maybe = part.accept("IF", "EXISTS")
        column = column_of(part)
        yield RedefineColumn(table, column.name, column, maybe)
    elif part.accept("CHANGE"):
        part.accept("COLUMN")
        maybe = part.accept("IF", "EXISTS")
        old = part.identifier()
        column = column_of(part)
        yield RedefineColumn(table, old, column, maybe)
        if column.name.lower() != old.lower():
            yield Rename("column", old, column.name, table)
    elif part.accept("ALTER"):
        yield from _mysql_alter_column(part, table)
    else:
        yield from _mysql_setting(part, table)


def _add(part: Stream, table: str) -> Iterator[Action]:
    if part.accept("PARTITION"):
        part.accept("IF", "NOT", "EXISTS")
        hashed = bool(part.accept_any("PARTITIONS"))
        part.rest()
        yield TableSetting(table, "add hash partition" if hashed else "add partition")
        return
    if part.accept_any("SYSTEM VERSIONING", "PERIOD FOR"):
        part.rest()
        yield TableSetting(table, "system versioning")
        return
    index = _index_element(part, table)
    if index is not None:
        yield index
        return
    constraint = table_constraint(part)
    if constraint is not None:
        yield AddConstraint(table, constraint)
        return
    part.accept("COLUMN")
    maybe = part.accept("IF", "NOT", "EXISTS")
    if maybe and part.dialect is Dialect.SQLITE:
        yield Foreign("ADD COLUMN IF NOT EXISTS")
    if part.sees("("):
        for inner in part.parenthesised().split():
            yield from _added(inner, table, maybe)
    else:
        yield AddColumn(table, column_of(part), maybe)


def _added(part: Stream, table: str, maybe: bool) -> Iterator[Action]:
    """One element of ADD ( … , … )."""
    index = _index_element(part, table)
    constraint = table_constraint(part) if index is None else None
    if index is not None:
        yield index
    elif constraint is not None:
        yield AddConstraint(table, constraint)
    else:
        yield AddColumn(table, column_of(part), maybe)


def _drop(part: Stream, table: str) -> Iterator[Action]:
    if part.accept("PRIMARY", "KEY"):
        yield DropConstraint(table, "PRIMARY", kind="primary key")
    elif part.accept("FOREIGN", "KEY"):
        maybe = part.accept("IF", "EXISTS")
        yield DropConstraint(table, part.identifier(), kind="foreign key", if_exists=maybe)
    elif word := part.accept_any("CONSTRAINT", "CHECK"):
        maybe = part.accept("IF", "EXISTS")
        kind = "check" if word == "CHECK" else ""
        yield DropConstraint(table, part.identifier(), kind=kind, if_exists=maybe)
    elif part.accept_any("INDEX", "KEY"):
        maybe = part.accept("IF", "EXISTS")
        yield Drop("index", (part.identifier(),), if_exists=maybe, table=table)
    elif part.accept("PARTITION"):
        part.accept("IF", "EXISTS")
        names = tuple(p.identifier() for p in part.rest().split())
        yield Drop("partition", names, table=table)
    elif part.accept("SYSTEM", "VERSIONING"):
        yield TableSetting(table, "system versioning")
        yield Drop("partition rows", ("of the history",), table=table)
    else:
        part.accept("COLUMN")
        maybe = part.accept("IF", "EXISTS")
        if maybe and part.dialect is Dialect.SQLITE:
            yield Foreign("DROP COLUMN IF EXISTS")
        column = part.identifier()
        cascade = part.accept_any("CASCADE", "RESTRICT") == "CASCADE"
        yield DropColumn(table, column, cascade, maybe)


def _rename(part: Stream, table: str) -> Iterator[Action]:
    if part.accept_any("INDEX", "KEY"):
        old = part.identifier()
        part.expect("TO")
        yield Rename("index", old, part.identifier(), table)
    elif part.accept_any("TO", "AS", "="):
        yield from _renamed_table(table, part.table())
    elif part.accept("COLUMN"):
        old = part.identifier()
        part.expect("TO")
        yield Rename("column", old, part.identifier(), table)
    elif part.dialect is not Dialect.SQLITE:  # MySQL: RENAME new_name
        yield from _renamed_table(table, part.table())
    else:
        old = part.identifier()
        part.expect("TO")
        yield Rename("column", old, part.identifier(), table)


def _renamed_table(old: str, new: str) -> Iterator[Action]:
    yield Rename("table", old, new)
    if "." in new and new.rpartition(".")[0] != old.rpartition(".")[0]:
        yield Move("table", old, new.rpartition(".")[0])


def _sqlite_alter(part: Stream, table: str) -> Iterator[Action]:
    """ALTER COLUMN … SET/DROP NOT NULL of newer releases; what MySQL and PostgreSQL have is refused."""
    if word := part.accept_any("MODIFY", "CHANGE"):
        yield Foreign(f"ALTER TABLE … {word}")
        part.rest()
    elif part.accept("ALTER"):
        part.accept("COLUMN")
        column = part.identifier()
        if part.accept("SET", "NOT", "NULL"):
            yield SetNotNull(table, column)
        elif part.accept("DROP", "NOT", "NULL"):
            yield DropNotNull(table, column)
        else:
            yield Foreign("ALTER TABLE … ALTER COLUMN")
            part.rest()


def _mysql_alter_column(part: Stream, table: str) -> Iterator[Action]:
    if part.accept_any("INDEX", "CHECK", "CONSTRAINT"):
        part.rest()
        yield TableSetting(table, "alter index")
        return
    part.accept("COLUMN")
    column = part.identifier()
    if part.accept("SET", "DEFAULT"):
        yield SetDefault(table, column, expression_of(part.rest()))
    elif part.accept("DROP", "DEFAULT"):
        yield DropDefault(table, column)
    elif part.accept("TYPE") or part.accept("SET", "DATA", "TYPE"):
        yield ChangeType(table, column, type_of(part))
    elif part.accept("SET"):
        part.rest()
        yield TableSetting(table, "set visibility", column)


def _mysql_setting(part: Stream, table: str) -> Iterator[Action]:
    if part.accept("CONVERT", "TO"):
        part.rest()
        yield TableSetting(table, "convert character set")
    elif part.accept("PARTITION", "BY") or part.accept("REMOVE", "PARTITIONING"):
        part.rest()
        yield TableSetting(table, "partition")
    elif word := part.accept_any("ANALYZE PARTITION", "CHECK PARTITION"):
        part.rest()
        yield TableSetting(table, word.lower())
    elif part.accept("CONVERT", "PARTITION"):
        part.rest()
        yield TableSetting(table, "exchange partition")
    elif part.accept_any("TRUNCATE PARTITION"):
        names = tuple(p.text for p in part.rest().split())
        yield Drop("partition rows", names, table=table)
    elif (word := part.accept_any(
        "REORGANIZE PARTITION", "COALESCE PARTITION", "REBUILD PARTITION", "OPTIMIZE PARTITION",
        "EXCHANGE PARTITION", "REPAIR PARTITION", "IMPORT", "DISCARD",
    )) or (word := part.accept_any("ENABLE KEYS", "DISABLE KEYS", "FORCE", "NOWAIT", "ORDER BY")):  # fmt: skip
        part.rest()
        yield TableSetting(table, word.lower())
    elif part.peek().word in ("ALGORITHM", "LOCK"):
        yield from demands(part, table)
    elif part.accept_any("WITH VALIDATION", "WITHOUT VALIDATION"):
        yield TableSetting(table, "validation")
    else:
        part.accept("DEFAULT")
        while part.peek().word in _TABLE_OPTIONS:
            name, _, value = _option(part).partition(" ")
            yield TableSetting(table, f"option {name}", value=value)
