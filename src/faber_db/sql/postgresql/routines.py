"""Functions, procedures and DO blocks: what their bodies would do."""

import json
import re
from collections.abc import Iterator
from typing import Any

from faber_db.errors import AnalysisTooLarge
from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    Calls,
    CreateRoutine,
    Dynamic,
    NotUnderstood,
    Query,
    Transaction,
)
from faber_db.sql.limits import MAX_DEPTH, depth, is_short
from faber_db.sql.postgresql.nodes import Message, constant_text, joined, strings, unwrap
from faber_db.sql.postgresql.rows import calls

_ASSIGNMENT = re.compile(r"[^:='\"]+:?=(?!=)(.*)", re.DOTALL)
_UNTRUSTED_NOTE = "a body in language {} cannot be read"


def create_function(node: Message, text: str) -> Iterator[Action]:
    """CREATE FUNCTION and PROCEDURE."""
    options = {o.def_elem.defname: o.def_elem for o in node.options}
    language = _text_option(options, "language") or "sql"
    body = tuple(_body(node, options, language, text))
    returns = joined(strings(node.return_type.names)) if node.HasField("return_type") else ""
    yield CreateRoutine(
        name=joined(strings(node.funcname)),
        kind="procedure" if node.is_procedure else "function",
        language=language,
        volatility=_text_option(options, "volatility") or "volatile",
        replace=node.replace,
        security_definer=_flag(options, "security"),
        pinned_path=any(
            o.def_elem.defname == "set" and o.def_elem.arg.variable_set_stmt.name == "search_path"
            for o in node.options
        ),
        trigger=returns == "trigger",
        body=body,
        constant=language == "sql" and body == (Query(),),
    )


def do(node: Message, text: str) -> Iterator[Action]:
    """DO: the block runs at once."""
    options = {a.def_elem.defname: a.def_elem for a in node.args}
    language = _text_option(options, "language") or "plpgsql"
    if language != "plpgsql":
        yield NotUnderstood(_UNTRUSTED_NOTE.format(language))
        return
    yield from plpgsql(text)


def call(node: Message, _text: str) -> Iterator[Action]:
    """CALL."""
    yield Calls((joined(strings(node.funccall.funcname)).lower(),))
    yield from calls(*node.funccall.args)


def _text_option(options: dict[str, Message], name: str) -> str:
    option = options.get(name)
    return option.arg.string.sval.lower() if option is not None else ""


def _flag(options: dict[str, Message], name: str) -> bool:
    option = options.get(name)
    return bool(option is not None and option.arg.boolean.boolval)


def _body(node: Message, options: dict[str, Message], language: str, text: str) -> Iterator[Action]:
    from faber_db.sql.postgresql.statements import actions_of_node

    if node.HasField("sql_body"):
        inner = unwrap(node.sql_body)
        nodes = (
            [i for part in inner.items for i in part.list.items]
            if _is_list(inner)
            else [node.sql_body]
        )
        for item in nodes:
            yield from actions_of_node(item, text)
    elif language == "sql":
        for part in strings(options["as"].arg.list.items) if "as" in options else ():
            yield from sql_text(part)
    elif language == "plpgsql":
        yield from plpgsql(text)
    else:
        yield NotUnderstood(_UNTRUSTED_NOTE.format(language))


def _is_list(node: Message) -> bool:
    return node is not None and type(node).DESCRIPTOR.name == "List"


def sql_text(text: str) -> Iterator[Action]:
    """The actions of SQL that stands in a string."""
    from faber_db.sql.postgresql.parser import read_postgresql

    try:
        statements = read_postgresql(text)
    except AnalysisTooLarge as error:
        yield NotUnderstood(error.message)
        return
    for statement in statements:
        yield from statement.actions


def plpgsql(text: str) -> Iterator[Action]:
    """The actions of a PL/pgSQL body, branches and loops laid flat; `text` is the whole statement."""
    import postgast

    if not is_short(text) and _too_deep(text):
        yield NotUnderstood("the body is nested too deeply")
        return
    try:
        tree: object = postgast.parse_plpgsql(text)
    except postgast.PgQueryError as error:
        yield NotUnderstood(error.message)
        return
    except (RecursionError, json.JSONDecodeError, UnicodeError):
        yield NotUnderstood("the body cannot be read")
        return
    found = False
    for key, value in _nodes(tree):
        found = True
        yield from _plpgsql_node(key, value)
    if not found:
        yield NotUnderstood("the body cannot be read")


def _too_deep(text: str) -> bool:
    body = re.sub(r"\$\w*\$|'", " ", text)
    return depth(body, Dialect.POSTGRESQL) > MAX_DEPTH


def _nodes(tree: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every `PLpgSQL_…` node in order; expressions that a node handles itself are left out."""
    stack: list[object] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            below: list[object] = []
            for key, value in item.items():
                if key.startswith("PLpgSQL_") and isinstance(value, dict):
                    yield key, value
                    if key in _OWN_QUERY:
                        value = {k: v for k, v in value.items() if k not in ("query", "sqlstmt")}
                below.append(value)
            stack.extend(reversed(below))


_OWN_QUERY = {
    "PLpgSQL_stmt_execsql", "PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors",
    "PLpgSQL_stmt_return_query", "PLpgSQL_stmt_open",
}  # fmt: skip


def _plpgsql_node(key: str, value: dict[str, Any]) -> Iterator[Action]:
    match key:
        case "PLpgSQL_stmt_execsql":
            yield from sql_text(_query(value.get("sqlstmt")))
        case "PLpgSQL_stmt_dynexecute" | "PLpgSQL_stmt_dynfors":
            yield from _dynamic(_query(value.get("query")))
        case "PLpgSQL_stmt_return_query" | "PLpgSQL_stmt_open":
            if "query" in value:
                yield from sql_text(_query(value["query"]))
            if "dynquery" in value:
                yield from _dynamic(_query(value["dynquery"]))
        case "PLpgSQL_stmt_commit":
            yield Transaction("commit")
        case "PLpgSQL_stmt_rollback":
            yield Transaction("rollback")
        case "PLpgSQL_stmt_call":
            yield from sql_text(_query(value.get("expr")))
        case "PLpgSQL_expr":
            yield from _expression(value)
        case _:
            pass


def _query(node: object) -> str:
    if isinstance(node, dict):
        inner = node.get("PLpgSQL_expr")
        if isinstance(inner, dict):
            return str(inner.get("query", ""))
    return ""


def _expression(value: dict[str, Any]) -> Iterator[Action]:
    """Functions that an expression calls. Mode 0 is a statement, 2 an expression, above an assignment."""
    text, mode = str(value.get("query", "")), value.get("parseMode", 0)
    if mode == 0:
        yield from sql_text(text)
        return
    if mode > 2:
        match = _ASSIGNMENT.match(text)
        text = match[1] if match else text
    yield from (a for a in sql_text(f"SELECT {text}") if not (isinstance(a, Query) and not a.reads))


def _dynamic(text: str) -> Iterator[Action]:
    """EXECUTE: a plain literal is read as SQL, everything else is put together at run time."""
    literal = literal_of(text)
    if literal is None:
        yield Dynamic(text)
        yield from (a for a in sql_text(f"SELECT {text}") if isinstance(a, Calls))
    else:
        yield from sql_text(literal)


def literal_of(text: str) -> str | None:
    """The value of an expression that is one string literal."""
    import postgast

    from faber_db.sql.postgresql.parser import DecodeFailed, parse_tree

    try:
        stmts = parse_tree(f"SELECT {text}") if is_short(text) else []
    except (postgast.PgQueryError, DecodeFailed, UnicodeError):
        return None
    if len(stmts) != 1 or len(stmts[0].stmt.select_stmt.target_list) != 1:
        return None
    node = unwrap(stmts[0].stmt.select_stmt.target_list[0].res_target.val)
    return constant_text(node)
