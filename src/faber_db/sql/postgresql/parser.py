"""PostgreSQL text to statements, through libpg_query (`postgast`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faber_db.model.dialect import Dialect
from faber_db.model.statement import Action, NotUnderstood, Transaction
from faber_db.sql.limits import (
    check_count,
    check_depth,
    counted,
    depth,
    has_comment_chain,
    is_plain,
    is_short,
)
from faber_db.sql.positions import Lines
from faber_db.sql.row_values import shortened
from faber_db.sql.script import Statement
from faber_db.sql.splitter import spans
from faber_db.sql.watch import UNWATCHED, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgast.pg_query_pb2 import Node, RawStmt

_MESSAGE = 200  # characters; the parser quotes the rest of the text
_SPACE = " \t\n\r\f\v"  # a no-break space is part of a word
_DEEP = 1_500  # levels that the second, deeper decoding may hold

_NEVER_TRANSACTIONAL = {
    "alter_system_stmt", "createdb_stmt", "dropdb_stmt", "create_table_space_stmt",
    "drop_table_space_stmt", "drop_subscription_stmt", "create_subscription_stmt",
}  # fmt: skip
_SOMETIMES = {
    "index_stmt", "drop_stmt", "reindex_stmt", "vacuum_stmt", "alter_table_stmt", "cluster_stmt",
    "discard_stmt", "do_stmt",
}  # fmt: skip


_REFUSING_WORDS = (
    "concurrently", "vacuum", "system", "database", "tablespace", "subscription", "reindex",
    "cluster", "discard", "commit", "rollback",
)  # fmt: skip


def read_postgresql(text: str, watch: Watch = UNWATCHED) -> tuple[Statement, ...]:
    """The statements of a text, in order. Each has passed the parser; its tree is made on first use."""
    if is_plain(text) and text[:1] != "\ufeff":
        places = _places(text)
        if not isinstance(places, str):
            check_count(len(places))
            return tuple(_statements(text, places))
    return _one_by_one(text, watch)


def read_actions(statement: Statement) -> tuple[Action, ...]:
    """What an understood statement does."""
    from faber_db.sql.postgresql.statements import actions_of_node

    parsed = _parse_one(statement.text)
    if isinstance(parsed, str):
        return (NotUnderstood(parsed),)
    actions = tuple(actions_of_node(parsed.stmt, statement.text))
    return actions or (NotUnderstood("it does nothing known"),)


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


def _places(text: str) -> list[tuple[int, int]] | str:
    """Byte offset and length of each statement, or why the parser refuses the text.

    The parser runs, but its tree is not handed over, which is most of the cost of parsing.
    """
    from postgast import PgQueryError
    from postgast.errors import check_error
    from postgast.native import lib

    if "\0" in text:
        return "it holds a NUL character"
    if has_comment_chain(text):
        return "comments are nested too deeply"
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return "it is no valid Unicode text"
    result = lib.pg_query_split_with_parser(raw)
    try:
        check_error(result)
        pieces = (result.stmts[i].contents for i in range(result.n_stmts))
        return [(piece.stmt_location, piece.stmt_len) for piece in pieces]
    except PgQueryError as error:
        return str(error.message)[:_MESSAGE]
    finally:
        lib.pg_query_free_split_result(result)


def _statements(text: str, places: list[tuple[int, int]]) -> Iterator[Statement]:
    raw = b"" if text.isascii() else text.encode()
    lines = Lines(text) if "\r" in text else None
    done_bytes = done = 0
    line = 1
    for location, size in places:
        if raw:
            start = done + len(raw[done_bytes:location].decode())
            piece = raw[location : location + size].decode().rstrip(_SPACE)
            done_bytes = location
        else:
            start = location
            piece = text[start : start + size].rstrip(_SPACE)
        line = line + text.count("\n", done, start) if lines is None else lines.at(start)
        done = start
        yield _understood(piece, start, line)


def _understood(piece: str, start: int, line: int) -> Statement:
    if not is_short(piece):
        check_depth(shortened(piece, Dialect.POSTGRESQL), Dialect.POSTGRESQL)
    statement = Statement.read(piece, start, line)
    lower = piece.lower()
    if any(word in lower for word in _REFUSING_WORDS):
        parsed = _parse_one(piece)
        if not isinstance(parsed, str):
            kind = parsed.stmt.WhichOneof("node") or ""
            if not _transactional(kind, parsed.stmt, piece):
                return replace(statement, transactional=False)
    return statement


def _one_by_one(text: str, watch: Watch) -> tuple[Statement, ...]:
    """Where the text as a whole is refused: find out which statements are bad."""
    lines = Lines(text)
    found: list[Statement] = []
    for start, end in counted(spans(text, Dialect.POSTGRESQL, watch)):
        watch.check()
        piece, line = text[start:end], lines.at(start)
        places = _psql_only(piece) or _places(shortened(piece, Dialect.POSTGRESQL))
        if isinstance(places, list) and len(places) != 1:
            places = f"it reads as {len(places)} statements"
        if isinstance(places, str):
            found.append(Statement(piece, start, line, understood=False, problem=places))
        else:
            found.append(_understood(piece, start, line))
    return tuple(found)


def _psql_only(piece: str) -> str:
    """Why only psql can run it, or empty."""
    if piece.startswith("\\"):
        return "a command of psql, which no server knows"
    if piece.endswith("\n\\."):
        return "rows behind COPY … FROM STDIN, which psql sends apart and no server finds in a statement"
    return ""


def _parse_one(text: str) -> RawStmt | str:
    """The tree of one statement, or why there is none."""
    from postgast import PgQueryError

    if "\0" in text:
        return "it holds a NUL character"
    text = shortened(text, Dialect.POSTGRESQL)
    check_depth(text, Dialect.POSTGRESQL)
    try:
        try:
            stmts = parse_tree(text)
        except DecodeFailed:
            stmts = _parse_deep(text)
    except PgQueryError as error:
        return error.message[:_MESSAGE]
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


def _transactional(kind: str, node: Node, text: str) -> bool:
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
        case "do_stmt":
            from faber_db.sql.postgresql.plpgsql import plpgsql

            return not any(isinstance(action, Transaction) for action in plpgsql(text))
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
