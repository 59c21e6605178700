"""PostgreSQL text to statements, through libpg_query (`postgast`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faber_db.model.dialect import Dialect
from faber_db.model.statement import Action, NotUnderstood
from faber_db.sql.limits import check_count, check_depth, depth, is_short
from faber_db.sql.positions import Lines
from faber_db.sql.script import Statement
from faber_db.sql.splitter import spans

if TYPE_CHECKING:
    from postgast.pg_query_pb2 import Node, RawStmt

_WHOLE = 4_000_000  # characters; above it statements are parsed one by one and no tree is kept
_DEEP = 1_500  # levels that the second, deeper decoding may hold

_NEVER_TRANSACTIONAL = {
    "alter_system_stmt", "createdb_stmt", "dropdb_stmt", "create_table_space_stmt",
    "drop_table_space_stmt", "drop_subscription_stmt", "create_subscription_stmt",
}  # fmt: skip
_SOMETIMES = {
    "index_stmt", "drop_stmt", "reindex_stmt", "vacuum_stmt", "alter_table_stmt", "cluster_stmt",
    "discard_stmt",
}  # fmt: skip


_REFUSING_WORDS = (
    "concurrently", "vacuum", "system", "database", "tablespace", "subscription", "reindex",
    "cluster", "discard",
)  # fmt: skip


def read_postgresql(text: str) -> tuple[Statement, ...]:
    """The statements of a text, in order; trees are turned into actions on first use."""
    from postgast import PgQueryError

    if len(text) <= _WHOLE and "\0" not in text and text[:1] != "\ufeff":
        try:
            _check_depths(text)
            return _from_whole(text)
        except (PgQueryError, UnicodeEncodeError, DecodeFailed):
            pass  # some statement is bad: find out which
    return _one_by_one(text)


def read_actions(statement: Statement) -> tuple[Action, ...]:
    """What an understood statement does."""
    from faber_db.sql.postgresql.statements import actions_of_node

    raw = statement.tree
    if raw is None:
        parsed = _parse_one(statement.text)
        if isinstance(parsed, str):
            return (NotUnderstood(parsed),)
        raw = parsed
    node = getattr(raw, "stmt")  # noqa: B009 - an object of the generated classes
    return tuple(actions_of_node(node, statement.text)) or (NotUnderstood("it does nothing known"),)


class DecodeFailed(Exception):
    """A tree is nested more deeply than the decoder takes at first."""


def parse_tree(text: str) -> list[RawStmt]:
    """The raw statements of a text.

    Raises:
        postgast.PgQueryError: bad SQL.
        DecodeFailed: too deep for the decoder.
        UnicodeEncodeError: lone surrogates.
    """
    import postgast
    from google.protobuf.message import DecodeError

    try:
        return list(postgast.parse(text).stmts)
    except DecodeError as error:
        raise DecodeFailed from error


def _check_depths(text: str) -> None:
    """Refuse a text with a statement that is long enough to be nested too deeply, and is."""
    if is_short(text):
        return
    from postgast.native import lib

    raw = text.encode()
    result = lib.pg_query_split_with_scanner(raw)
    try:
        if result.error:
            raise DecodeFailed
        check_count(result.n_stmts)
        hidden = max(0, text.count(";") - result.n_stmts)  # in strings, bodies and comments
        if is_short(range((hidden + 1) * max(map(len, text.split(";"))))):
            return  # no statement spans more segments than that
        pieces = [result.stmts[i].contents for i in range(result.n_stmts)]
        long = [(p.stmt_location, p.stmt_len) for p in pieces if not is_short(range(p.stmt_len))]
    finally:
        lib.pg_query_free_split_result(result)
    for start, length in long:
        check_depth(raw[start : start + length].decode(), Dialect.POSTGRESQL)


def _from_whole(text: str) -> tuple[Statement, ...]:
    stmts = parse_tree(text)
    check_count(len(stmts))
    raw = b"" if text.isascii() else text.encode()
    lines = Lines(text) if "\r" in text else None
    lower = text.lower()
    suspicious = any(word in lower for word in _REFUSING_WORDS)
    found: list[Statement] = []
    done_bytes = done = 0
    line = 1
    for stmt in stmts:
        location, size = stmt.stmt_location, stmt.stmt_len
        if raw:
            start = done + len(raw[done_bytes:location].decode())
            end = start + len(raw[location : location + size].decode()) if size else len(text)
            done_bytes = location
        else:
            start, end = location, location + size if size else len(text)
        line = line + text.count("\n", done, start) if lines is None else lines.at(start)
        done = start
        statement = Statement.read(text[start:end].rstrip(), start, line, stmt)
        if suspicious and not _transactional(stmt.stmt.WhichOneof("node") or "", stmt.stmt):
            statement = replace(statement, transactional=False)
        found.append(statement)
    return tuple(found)


def _one_by_one(text: str) -> tuple[Statement, ...]:
    lines = Lines(text)
    keep = len(text) <= _WHOLE
    found: list[Statement] = []
    for start, end in spans(text, Dialect.POSTGRESQL):
        check_count(len(found) + 1)
        piece = text[start:end]
        parsed = _parse_one(piece)
        if isinstance(parsed, str):
            found.append(Statement(piece, start, lines.at(start), understood=False, problem=parsed))
            continue
        node = parsed.stmt
        kind = node.WhichOneof("node") or ""
        found.append(
            Statement(
                piece,
                start,
                lines.at(start),
                transactional=_transactional(kind, node),
                tree=parsed if keep else None,
            )
        )
    return tuple(found)


def _parse_one(text: str) -> RawStmt | str:
    """The tree of one statement, or why there is none."""
    from postgast import PgQueryError

    if "\0" in text:
        return "it holds a NUL character"
    check_depth(text, Dialect.POSTGRESQL)
    try:
        try:
            stmts = parse_tree(text)
        except DecodeFailed:
            stmts = _parse_deep(text)
    except PgQueryError as error:
        return error.message
    except UnicodeEncodeError:
        return "it is no valid Unicode text"
    except DecodeFailed:
        return "it is nested too deeply"
    return stmts[0] if len(stmts) == 1 else f"it reads as {len(stmts)} statements"


def _parse_deep(text: str) -> list[RawStmt]:
    """Decode a tree of more than 100 levels; protobuf allows it after a switch that stays on."""
    if depth(text, Dialect.POSTGRESQL) > _DEEP:
        raise DecodeFailed
    try:
        from google._upb import _message
    except ImportError:  # another protobuf back end: stays not understood
        raise DecodeFailed from None
    _message.SetAllowOversizeProtos(True)
    try:
        return parse_tree(text)
    finally:
        _message.SetAllowOversizeProtos(False)


def _transactional(kind: str, node: Node) -> bool:
    """Whether a statement may run inside a transaction block (PostgreSQL manual, each command)."""
    if kind in _NEVER_TRANSACTIONAL:
        return False
    if kind not in _SOMETIMES:
        return True
    from postgast import pg_query_pb2 as pb

    statement: Any = getattr(node, kind)
    match kind:
        case "index_stmt" | "drop_stmt":
            return not statement.concurrent
        case "vacuum_stmt":
            return not statement.is_vacuumcmd
        case "reindex_stmt":
            concurrent = any(p.def_elem.defname == "concurrently" for p in statement.params)
            return not concurrent and statement.kind in (
                pb.REINDEX_OBJECT_INDEX,
                pb.REINDEX_OBJECT_TABLE,
            )
        case "cluster_stmt":
            return bool(statement.HasField("relation"))
        case "discard_stmt":
            return bool(statement.target != pb.DISCARD_ALL)
        case _:
            return not any(
                c.alter_table_cmd.subtype == pb.AT_DetachPartition
                and getattr(c.alter_table_cmd, "def").partition_cmd.concurrent
                for c in statement.cmds
            )
