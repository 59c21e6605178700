"""MySQL, MariaDB and SQLite statements: which reader takes which."""

from collections.abc import Callable, Iterator

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AlterSequence,
    Calls,
    ChangeRole,
    ChangeServer,
    Copy,
    Create,
    CreateRoutine,
    CreateTrigger,
    CreateView,
    Drop,
    Dynamic,
    Foreign,
    Grant,
    Harmless,
    Insert,
    Lock,
    Maintain,
    NotUnderstood,
    Outside,
    Raise,
    Rename,
    SetVariable,
    Transaction,
    Truncate,
)
from faber_db.sql.grammar.rows import row_actions, selected_of, tables_of
from faber_db.sql.grammar.stream import Piece, Stream, Unreadable
from faber_db.sql.grammar.tables import alter_table, create_index, create_table, demands
from faber_db.sql.identifiers import unquote
from faber_db.sql.lexer import STRING
from faber_db.sql.limits import check_tokens, counted
from faber_db.sql.positions import Lines
from faber_db.sql.row_values import shortened
from faber_db.sql.script import Statement
from faber_db.sql.splitter import spans
from faber_db.sql.watch import UNWATCHED, Watch

Reader = Callable[[Stream], Iterator[Action]]


def read_tokens(text: str, dialect: Dialect, watch: Watch = UNWATCHED) -> tuple[Statement, ...]:
    """The statements of a text, in order."""
    lines = Lines(text)
    found: list[Statement] = []
    for start, end in counted(spans(text, dialect, watch)):
        watch.check()
        piece = text[start:end]
        actions = read_statement(piece, dialect)
        problem = next((a.reason for a in actions if isinstance(a, NotUnderstood)), "")
        statement = Statement(
            piece,
            start,
            lines.at(start),
            understood=not (problem and len(actions) == 1),
            transactional=not _refuses_transaction(actions, dialect),
            dialect=dialect,
            problem=problem,
        )
        statement.__dict__["actions"] = actions  # fills the cached property
        found.append(statement)
    return tuple(found)


def _refuses_transaction(actions: tuple[Action, ...], dialect: Dialect) -> bool:
    return dialect is Dialect.SQLITE and any(
        (isinstance(a, Maintain) and a.what == "vacuum")
        or (isinstance(a, Outside) and a.how == "attach")
        for a in actions
    )


def read_statement(text: str, dialect: Dialect) -> tuple[Action, ...]:
    """What one statement does; never empty."""
    text = shortened(text, dialect)
    check_tokens(text, dialect)
    try:
        stream = Stream.of(text, dialect)
        if stream.done:  # a comment for other versions of the server, and nothing else
            return (Harmless("nothing"),)
        reader = _sqlite(stream) if dialect is Dialect.SQLITE else _mysql(stream)
        if reader is None and dialect is Dialect.SQLITE and text.startswith("."):
            return (NotUnderstood("a command of the sqlite3 shell, which no driver knows"),)
        if reader is None:
            return (NotUnderstood(f"{stream.peek().text[:30]!r} begins no known statement"),)
        return tuple(reader(stream)) or (Harmless("nothing"),)
    except Unreadable as error:
        return (NotUnderstood(str(error)),)


_ROWS = {"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "VALUES", "("}
_TRANSACTION = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"}


def _common(stream: Stream) -> Reader | None:
    word = stream.peek().word or stream.peek().text
    if word in _ROWS:
        return _rows
    if word in _TRANSACTION:
        return _transaction
    return {"CREATE": _create, "DROP": _drop, "ALTER": _alter, "EXPLAIN": _explain}.get(word)


def _sqlite(stream: Stream) -> Reader | None:
    own: dict[str, Reader] = {
        "PRAGMA": _pragma,
        "ATTACH": _attach,
        "DETACH": _attach,
        "VACUUM": _maintain,
        "TRUNCATE": _foreign,
        "REINDEX": _maintain,
        "ANALYZE": _maintain,
    }
    return own.get(stream.peek().word) or _common(stream)


def _mysql(stream: Stream) -> Reader | None:
    own: dict[str, Reader] = {
        "TRUNCATE": _truncate,
        "RENAME": _rename,
        "SET": _set,
        "USE": _use,
        "LOCK": _lock,
        "UNLOCK": _harmless,
        "GRANT": _grant,
        "REVOKE": _grant,
        "OPTIMIZE": _maintain,
        "ANALYZE": _maintain,
        "REPAIR": _maintain,
        "CHECK": _maintain,
        "LOAD": _load,
        "CALL": _call,
        "PREPARE": _prepare,
        "EXECUTE": _prepare,
        "DEALLOCATE": _harmless,
        "FLUSH": _server,
        "RESET": _server,
        "PURGE": _server,
        "KILL": _server,
        "INSTALL": _server,
        "UNINSTALL": _server,
        "SHUTDOWN": _server,
        "RESTART": _server,
        "CHANGE": _server,
        "STOP": _server,
        "SHOW": _harmless,
        "CHECKSUM": _harmless,
        "HELP": _harmless,
        "GET": _harmless,
        "DESCRIBE": _harmless,
        "DESC": _harmless,
        "DO": _do,
        "HANDLER": _harmless,
        "SIGNAL": _signal,
        "RESIGNAL": _signal,
    }
    return own.get(stream.peek().word) or _common(stream)


def _rows(stream: Stream) -> Iterator[Action]:
    if stream.dialect is Dialect.SQLITE:
        yield from row_actions(stream.rest().text, stream.dialect)
        return
    into = _cut_into(stream) if stream.peek().word not in ("INSERT", "REPLACE") else ()
    yield from row_actions(stream.rest().text, stream.dialect)
    if into and into[0].word in ("OUTFILE", "DUMPFILE"):
        yield Outside("file", f"INTO {into[0].word}")


_BEHIND_INTO = {"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "FOR", "LOCK", "UNION"}


def _cut_into(stream: Stream) -> tuple[Piece, ...]:
    """Take `INTO @a, b` or `INTO OUTFILE …` out of a SELECT, which then is plain SQL."""
    depth = 0
    for index, piece in enumerate(stream.pieces):
        depth += (piece.text == "(") - (piece.text == ")")
        if depth or piece.word != "INTO":
            continue
        rest = stream.pieces[index + 1 :]
        count = next((n for n, p in enumerate(rest) if p.word in _BEHIND_INTO), len(rest))
        end = rest[count].start if count < len(rest) else len(stream.source)
        gap = " " * (end - piece.start)
        stream.source = stream.source[: piece.start] + gap + stream.source[end:]
        del stream.pieces[index : index + 1 + count]
        return tuple(rest[:count])
    return ()


def _transaction(stream: Stream) -> Iterator[Action]:
    word = stream.take().word
    mode = stream.accept_any("DEFERRED", "IMMEDIATE", "EXCLUSIVE").lower()
    stream.accept_any("WORK")
    if stream.accept("NOT", "ATOMIC"):
        yield from _body(stream.rest())
        return
    stream.accept("TRANSACTION")
    name = {"START": "begin", "END": "commit"}.get(word, word.lower())
    if stream.accept("TO"):
        name = "rollback to"
    stream.rest()
    yield Transaction(name, mode=mode)


def _foreign(stream: Stream) -> Iterator[Action]:
    yield Foreign(f"{stream.peek().word} TABLE")


def _explain(stream: Stream) -> Iterator[Action]:
    stream.take()
    if stream.accept("ANALYZE"):
        yield from row_actions(stream.rest().text, stream.dialect)
    else:
        yield Harmless("explain")


def _harmless(stream: Stream) -> Iterator[Action]:
    yield Harmless(stream.peek().word.lower())


def _signal(stream: Stream) -> Iterator[Action]:
    stream.rest()
    yield Raise()


def _server(stream: Stream) -> Iterator[Action]:
    yield ChangeServer(" ".join(p.text.lower() for p in stream.pieces[:2]))


def _do(stream: Stream) -> Iterator[Action]:
    stream.take()
    yield from row_actions(f"SELECT {stream.rest().text}", stream.dialect)


# --- CREATE -------------------------------------------------------------------------------------


def _create(stream: Stream) -> Iterator[Action]:
    stream.take()
    replace = stream.accept("OR", "REPLACE")
    if replace and stream.dialect is Dialect.SQLITE:
        yield Foreign("CREATE OR REPLACE")
    if stream.accept("DEFINER"):
        stream.expect("=")
        stream.until("VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "EVENT", "SQL", "AGGREGATE")
    stream.accept_any("TEMPORARY", "TEMP")
    if stream.accept("ALGORITHM"):
        stream.until("VIEW", "SQL", "DEFINER")
        if stream.accept("DEFINER"):
            stream.until("VIEW", "SQL")
    if stream.accept("SQL", "SECURITY"):
        stream.take()
    unique = stream.accept("UNIQUE")
    method = stream.accept_any("FULLTEXT", "SPATIAL").lower()
    stream.accept_any("ONLINE", "OFFLINE", "AGGREGATE")
    if stream.accept("INDEX"):
        yield from create_index(stream, unique, method)
    elif stream.accept("TABLE"):
        yield from create_table(stream)
    elif stream.accept("VIEW"):
        yield from _view(stream, replace)
    elif stream.accept("TRIGGER"):
        yield from _trigger(stream)
    elif word := stream.accept_any("FUNCTION", "PROCEDURE", "EVENT"):
        yield from _routine(stream, word.lower(), replace)
    elif stream.accept("VIRTUAL", "TABLE"):
        maybe = stream.accept("IF", "NOT", "EXISTS")
        yield Create("virtual table", stream.table(), if_not_exists=maybe)
    elif stream.accept_any("DATABASE", "SCHEMA"):
        yield ChangeServer("create database")
    elif stream.accept_any("USER", "ROLE"):
        stream.accept("IF", "NOT", "EXISTS")
        yield ChangeRole(_user(stream))
    elif stream.accept("SEQUENCE"):
        stream.accept("IF", "NOT", "EXISTS")
        yield Create("sequence", stream.table())
    elif stream.accept("SERVER"):
        yield Outside("foreign", stream.identifier())
    elif word := stream.accept_any("TABLESPACE", "LOGFILE", "RESOURCE"):
        yield ChangeServer(f"create {word.lower()}")
    else:
        raise Unreadable(f"CREATE {stream.peek().text[:30]} is not known")


def _view(stream: Stream, replace: bool) -> Iterator[Action]:
    maybe = stream.accept("IF", "NOT", "EXISTS")
    name = stream.table()
    listed: tuple[str, ...] = ()
    if stream.sees("("):
        listed = tuple(part.identifier() for part in stream.parenthesised().split())
    stream.expect("AS")
    query = stream.rest().text
    for tail in ("with check option", "with local check option", "with cascaded check option"):
        if query.lower().rstrip().endswith(tail):
            query = query.rstrip()[: -len(tail)]
    columns = listed or selected_of(query, stream.dialect)
    yield CreateView(
        name,
        replace=replace,
        reads=tables_of(query, stream.dialect),
        if_not_exists=maybe,
        columns=columns,
    )


def _trigger(stream: Stream) -> Iterator[Action]:
    stream.accept("IF", "NOT", "EXISTS")
    name = stream.table()
    stream.until("ON")
    stream.expect("ON")
    table = stream.table()
    if stream.dialect is not Dialect.SQLITE:
        stream.expect("FOR", "EACH", "ROW")
        if stream.accept_any("FOLLOWS", "PRECEDES"):
            stream.table()
        yield CreateTrigger(table, name, body=tuple(_body(stream.rest())))
        return
    stream.until("BEGIN")
    stream.expect("BEGIN")
    inner = stream.rest()
    if not inner.pieces or inner.pieces[-1].word != "END":
        raise Unreadable("the trigger does not end")
    inner.pieces.pop()
    yield CreateTrigger(table, name, body=tuple(_body(inner)))


def _routine(stream: Stream, kind: str, replace: bool) -> Iterator[Action]:
    stream.accept("IF", "NOT", "EXISTS")
    name = stream.table()
    text = stream.rest()
    if kind == "function" and any(p.word == "SONAME" for p in text.pieces):
        yield ChangeServer(f"load library for function {name}")
    yield CreateRoutine(
        name.lower(), kind, "sql", replace=replace, body=tuple(_body(text)), constant=False
    )


_BODY_STARTS = {
    "SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "TRUNCATE",
    "CALL", "PREPARE", "EXECUTE", "GRANT", "REVOKE", "RENAME", "WITH", "LOAD", "LOCK", "OPTIMIZE", "SIGNAL",
}  # fmt: skip
_BEFORE_STATEMENT = {
    ";", "BEGIN", "ATOMIC", "THEN", "ELSE", "DO", "LOOP", "REPEAT",
    ")", "DETERMINISTIC", "DATA", "SQL", "INVOKER", "DEFINER",  # a body that is one statement
}  # fmt: skip


def _body(stream: Stream) -> Iterator[Action]:
    """The statements inside a routine, branches and loops laid flat."""
    previous = ";"
    while not stream.done:
        piece = stream.peek()
        here = piece.word in _BODY_STARTS and previous in _BEFORE_STATEMENT
        if here:
            part = stream.until(";")
            yield from read_statement(part.text, stream.dialect)
            previous = ";"
        else:
            previous = piece.word or (")" if piece.kind == STRING else piece.text)  # COMMENT '…'
            stream.take()


# --- DROP, ALTER, RENAME ------------------------------------------------------------------------

_DROPPED = (
    "TABLE", "VIEW", "INDEX", "TRIGGER", "DATABASE", "SCHEMA", "FUNCTION", "PROCEDURE", "EVENT",
    "SEQUENCE", "USER", "ROLE", "SERVER", "TABLESPACE",
)  # fmt: skip


def _drop(stream: Stream) -> Iterator[Action]:
    stream.take()
    temporary = bool(stream.accept_any("TEMPORARY"))
    if stream.accept("PREPARE"):
        yield Harmless("drop prepare")
        return
    word = stream.accept_any(*_DROPPED)
    if not word:
        raise Unreadable(f"DROP {stream.peek().text[:30]} is not known")
    kind = {"schema": "database", "user": "role"}.get(word.lower(), word.lower())
    maybe = stream.accept("IF", "EXISTS")
    names = [_user(stream) if kind == "role" else stream.table()]
    while stream.accept(","):
        names.append(_user(stream) if kind == "role" else stream.table())
    table = ""
    if kind == "index" and stream.accept("ON"):
        table = stream.table()
    cascade = stream.accept_any("CASCADE", "RESTRICT") == "CASCADE"
    asked = tuple(demands(stream, table)) if table else ()
    stream.expect_end()
    if temporary:
        yield Harmless("drop temporary table")
        return
    yield Drop(kind, tuple(names), cascade, maybe, table=table)
    yield from asked


def _alter(stream: Stream) -> Iterator[Action]:
    stream.take()
    stream.accept_any("ONLINE", "OFFLINE")
    stream.accept("IGNORE")
    if stream.accept("TABLE"):
        yield from alter_table(stream)
        return
    if stream.dialect is Dialect.SQLITE:
        raise Unreadable(f"ALTER {stream.peek().text[:30]} is not known")
    if stream.accept_any("DATABASE", "SCHEMA"):
        yield ChangeServer("alter database")
    elif stream.accept_any("USER", "ROLE"):
        yield ChangeRole(_user(stream))
    elif stream.accept("SEQUENCE"):
        stream.accept("IF", "EXISTS")
        name = stream.table()
        yield AlterSequence(name, any(p.word == "RESTART" for p in stream.pieces))
    elif word := stream.accept_any("FUNCTION", "PROCEDURE", "EVENT"):
        yield Harmless(f"alter {word.lower()}")
    elif any(p.word == "VIEW" for p in stream.pieces[:12]):
        stream.until("VIEW")
        stream.expect("VIEW")
        yield from _view(stream, True)
    else:
        yield ChangeServer(f"alter {stream.peek().text.lower()}")


def _rename(stream: Stream) -> Iterator[Action]:
    stream.take()
    if stream.accept("USER"):
        yield ChangeRole(_user(stream))
        return
    if not stream.accept_any("TABLE", "TABLES"):
        raise Unreadable(f"RENAME {stream.peek().text[:30]} is not known")
    stream.accept("IF", "EXISTS")
    for part in stream.rest().split():
        old = part.table()
        part.expect("TO")
        yield Rename("table", old, part.table())
        part.expect_end()


def _truncate(stream: Stream) -> Iterator[Action]:
    stream.take()
    stream.accept("TABLE")
    yield Truncate((stream.table(),))


# --- session, rights, server ---------------------------------------------------------------------


def _user(stream: Stream) -> str:
    piece = stream.take()
    name = unquote(piece.text, stream.dialect)
    if stream.accept("@"):
        host = unquote(stream.take().text, stream.dialect)
        return f"{name}@{host}"
    return name


def _set(stream: Stream) -> Iterator[Action]:
    stream.take()
    if stream.accept("STATEMENT"):  # SET STATEMENT a = 1 FOR …
        stream.until("FOR")
        stream.expect("FOR")
        yield from read_statement(stream.rest().text, stream.dialect)
        return
    if stream.sees("PASSWORD"):
        yield ChangeServer("set password")
        return
    if stream.accept("ROLE") or stream.accept("DEFAULT", "ROLE"):
        yield Outside("role", stream.rest().text)
        return
    if stream.accept_any("NAMES", "CHARACTER SET", "CHARSET"):
        yield SetVariable("names", stream.rest().text.strip("'\""))
        return
    if stream.peek().word in ("TRANSACTION",) or stream.peek(1).word == "TRANSACTION":
        yield Harmless("set transaction")
        return
    for part in stream.rest().split():
        everywhere = False
        if part.accept("@@"):
            everywhere = part.peek().word in ("GLOBAL", "PERSIST") and part.peek(1).text == "."
            if part.peek(1).text == ".":
                part.take()
                part.take()
        elif part.accept("@"):
            part.accept("@")
        word = part.accept_any("GLOBAL", "PERSIST", "PERSIST_ONLY", "SESSION", "LOCAL")
        everywhere = everywhere or word in ("GLOBAL", "PERSIST", "PERSIST_ONLY")
        name = part.identifier().lower()
        part.accept_any("=", ":=")
        value = part.rest()
        yield SetVariable(name, value.text.strip("'\""), local=False)
        if everywhere:
            yield ChangeServer(f"set global {name}")
        if value.pieces and value.pieces[0].text == "(":
            yield from row_actions(f"SELECT {value.text}", stream.dialect)


def _use(stream: Stream) -> Iterator[Action]:
    stream.take()
    yield Outside("database", stream.identifier())


def _lock(stream: Stream) -> Iterator[Action]:
    stream.take()
    stream.accept_any("TABLES", "TABLE")
    for part in stream.rest().split():
        table = part.table()
        writes = any(p.word == "WRITE" for p in part.pieces)
        yield Lock((table,), "ACCESS EXCLUSIVE" if writes else "SHARE")


def _grant(stream: Stream) -> Iterator[Action]:
    revoke = stream.take().word == "REVOKE"
    privileges = stream.until("ON", "TO", "FROM")
    target = stream.until("TO", "FROM").text if stream.accept("ON") else ""
    stream.accept_any("TO", "FROM")
    grantees = stream.until("WITH", "REQUIRE", "IDENTIFIED")
    yield Grant(
        revoke=revoke,
        privileges=tuple(p.text.lower() for p in privileges.split()),
        objects=(target,) if target else (),
        grantees=tuple(p.text for p in grantees.split()),
        membership=not target,
        grant_option="GRANT OPTION" in stream.rest().text.upper(),
    )


def _maintain(stream: Stream) -> Iterator[Action]:
    word = stream.take().word.lower()
    stream.accept_any("NO_WRITE_TO_BINLOG", "LOCAL")
    stream.accept_any("TABLE", "TABLES")
    if word == "vacuum" and any(p.word == "INTO" for p in stream.pieces):
        yield Outside("file", "VACUUM INTO")
        return
    names = tuple(p.table() for p in stream.rest().split())
    yield Maintain(word, names)


def _load(stream: Stream) -> Iterator[Action]:
    local = any(p.word == "LOCAL" for p in stream.pieces[:5])
    stream.until("INTO")
    stream.expect("INTO")
    stream.expect("TABLE")
    table = stream.table()
    yield Copy(table, "local file" if local else "file", True)
    if any(p.word == "REPLACE" for p in stream.pieces):
        yield Insert(table, conflict="replace")


def _call(stream: Stream) -> Iterator[Action]:
    stream.take()
    yield Calls((stream.table().lower(),))


def _prepare(stream: Stream) -> Iterator[Action]:
    """PREPARE … FROM, EXECUTE, EXECUTE IMMEDIATE; SQL that is one literal is read."""
    literal = stream.pieces[-1]
    if literal.kind == STRING and stream.pieces[-2].word in ("FROM", "IMMEDIATE"):
        yield from read_statement(unquote(literal.text, stream.dialect), stream.dialect)
        return
    yield Dynamic(stream.rest().text[:200])


def _pragma(stream: Stream) -> Iterator[Action]:
    stream.take()
    name = stream.table().rpartition(".")[2].lower()
    value = ""
    if stream.accept("="):
        value = stream.rest().text
    elif stream.sees("("):
        value = stream.parenthesised().text
    yield SetVariable(name, value.strip("'\""))
    stream.expect_end()


def _attach(stream: Stream) -> Iterator[Action]:
    yield Outside("attach", stream.rest().text[:200])
