"""Bodies in PL/pgSQL: what they would do, branches and loops laid flat."""

import json
import re
from collections.abc import Iterator
from typing import Any

from faber_db.errors import AnalysisTooLarge
from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    Calls,
    Dynamic,
    NotUnderstood,
    Query,
    Raise,
    Transaction,
)
from faber_db.sql.limits import MAX_DEPTH, depth, is_short
from faber_db.sql.postgresql.templates import Variables, texts_of

_ASSIGNMENT = re.compile(r"""((?:[^:='"\[]|"[^"]*"|\[[^\]]*\])+):?=(?!=)(.*)""", re.DOTALL)
# libpg_query 18 closes the variables that every trigger function has (TG_OP and others) once too often
_BROKEN = re.compile(r'("datums":\[(?:\{"PLpgSQL_rec":\{[^{}]*\}\},)*)((?:\{\}\},)+)')
# A type of the project's own is a record to libpg_query, which knows no schema; only declarations can
# stand between the body's DECLARE and its BEGIN, so no statement is read otherwise than it is written.
_DECLARED = re.compile(r"(\$\w*\$\s*DECLARE\b)(.*?)(?=\bBEGIN\b)", re.DOTALL | re.IGNORECASE)
_OF_OWN_TYPE = re.compile(
    r"""((?:^|;)\s*\w+\s+(?:CONSTANT\s+)?)(?!record\b)(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*(?:%TYPE)?"""
    r"(?=\s*(?:;|:=|=|DEFAULT\b|NOT\b))",
    re.IGNORECASE,
)
_TAKEN_FOR_RECORD = re.compile(r"record variable cannot be part of|is not a scalar variable")
_OWN_QUERY = {
    "PLpgSQL_stmt_execsql", "PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors",
    "PLpgSQL_stmt_return_query", "PLpgSQL_stmt_open",
}  # fmt: skip
_MAYBE = {
    "PLpgSQL_stmt_if", "PLpgSQL_stmt_case", "PLpgSQL_stmt_loop", "PLpgSQL_stmt_while",
    "PLpgSQL_stmt_fori", "PLpgSQL_stmt_fors", "PLpgSQL_stmt_forc", "PLpgSQL_stmt_foreach_a",
    "PLpgSQL_stmt_dynfors", "PLpgSQL_exception_block",
}  # fmt: skip
_ERROR = 21  # elog level of RAISE EXCEPTION

Body = list[tuple[str, dict[str, Any], bool]]  # kind, content, whether it is always reached


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
    """The actions of a PL/pgSQL body; `text` is the whole CREATE FUNCTION or DO."""
    import postgast

    if not is_short(text) and _too_deep(text):
        yield NotUnderstood("the body is nested too deeply")
        return
    try:
        body = list(_nodes(_tree(text)))
    except postgast.PgQueryError as error:
        yield NotUnderstood(error.message)
        return
    except (RecursionError, json.JSONDecodeError, UnicodeError):
        body = []
    if not body:
        yield NotUnderstood("the body cannot be read")
        return
    variables = _variables(body)
    for key, value, always in body:
        yield from _node(key, value, always, variables)


def returns_null(text: str) -> bool:
    """Whether a trigger function can say RETURN NULL, by which the row is left out."""
    import postgast

    try:
        tree = _tree(text)
    except (postgast.PgQueryError, RecursionError, json.JSONDecodeError, UnicodeError):
        return False  # the same body is not understood, and says so
    return any(
        key == "PLpgSQL_stmt_return" and _query(value.get("expr")).strip().upper() == "NULL"
        for key, value, _ in _nodes(tree)
    )


def _tree(text: str) -> object:
    import postgast

    try:
        return postgast.parse_plpgsql(text)
    except postgast.PgQueryError as error:
        plain = _DECLARED.sub(lambda m: m[1] + _OF_OWN_TYPE.sub(r"\1text", m[2]), text, count=1)
        if plain == text or not _TAKEN_FOR_RECORD.search(error.message):
            raise
        return _tree(plain)
    except json.JSONDecodeError as error:
        mended = _BROKEN.sub(lambda m: m[1] + m[2].replace("{}}", "{}"), error.doc, count=1)
        return json.loads(mended)


def _too_deep(text: str) -> bool:
    body = re.sub(r"\$\w*\$|'", " ", text)
    return depth(body, Dialect.POSTGRESQL) > MAX_DEPTH


def _nodes(tree: object) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every `PLpgSQL_…` node in order; expressions that a node handles itself are left out."""
    stack: list[tuple[object, bool]] = [(tree, True)]
    left = False  # a RETURN in a branch: what follows may not be reached
    while stack:
        item, always = stack.pop()
        if isinstance(item, list):
            stack.extend((part, always) for part in reversed(item))
        elif isinstance(item, dict):
            below: list[tuple[object, bool]] = []
            for key, value in item.items():
                inner = always and key not in _MAYBE
                if key.startswith("PLpgSQL_") and isinstance(value, dict):
                    yield key, value, always and not left
                    left = left or key in ("PLpgSQL_stmt_return", "PLpgSQL_stmt_exit")
                    if key in _OWN_QUERY:
                        value = {k: v for k, v in value.items() if k not in ("query", "sqlstmt")}
                below.append((value, inner))
            stack.extend(reversed(below))


def _variables(body: Body) -> Variables:
    """The expressions whose values each variable can have; None where they cannot be told."""
    found: Variables = {}
    names: dict[int, str] = {}
    for key, value, _ in body:
        if key == "PLpgSQL_function":
            names = _names(value, found)
        elif key == "PLpgSQL_stmt_assign":
            name = names.get(int(value.get("varno", 0)), "")
            match = _ASSIGNMENT.match(_query(value.get("expr")))
            found.setdefault(name, []).append(match[2] if match else None)
        elif key == "PLpgSQL_stmt_execsql" and value.get("into"):
            _into(value, found)
    return found


def _names(function: dict[str, Any], found: Variables) -> dict[int, str]:
    """The variables by number; those with a default get their first value."""
    names: dict[int, str] = {}
    for number, datum in enumerate(function.get("datums", ())):
        variable = datum.get("PLpgSQL_var")
        if isinstance(variable, dict):
            names[number] = str(variable.get("refname", ""))
            if "default_val" in variable:
                found.setdefault(names[number], []).append(_query(variable["default_val"]))
    return names


def _into(statement: dict[str, Any], found: Variables) -> None:
    """`SELECT expression INTO variable`."""
    row = statement.get("target", {}).get("PLpgSQL_row", {})
    fields = [str(f.get("name", "")) for f in row.get("fields", ())]
    text = _query(statement.get("sqlstmt"))
    single = len(fields) == 1 and text.lstrip().upper().startswith("SELECT")
    for name in fields:
        found.setdefault(name, []).append(text.lstrip()[6:] if single else None)


def _node(key: str, value: dict[str, Any], always: bool, variables: Variables) -> Iterator[Action]:
    match key:
        case "PLpgSQL_stmt_execsql":
            yield from sql_text(_query(value.get("sqlstmt")))
        case "PLpgSQL_stmt_dynexecute" | "PLpgSQL_stmt_dynfors":
            yield from _dynamic(_query(value.get("query")), variables)
        case "PLpgSQL_stmt_return_query" | "PLpgSQL_stmt_open":
            if "query" in value:
                yield from sql_text(_query(value["query"]))
            if "dynquery" in value:
                yield from _dynamic(_query(value["dynquery"]), variables)
        case "PLpgSQL_stmt_commit":
            yield Transaction("commit")
        case "PLpgSQL_stmt_rollback":
            yield Transaction("rollback")
        case "PLpgSQL_stmt_call":
            yield from sql_text(_query(value.get("expr")))
        case "PLpgSQL_stmt_raise" if value.get("elog_level") == _ERROR:
            yield Raise(always)
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
        if match and "[" in match[1]:  # a subscript can call functions too
            yield from _value(match[1])
        text = match[2] if match else text
    yield from _value(text)


def _value(text: str) -> Iterator[Action]:
    yield from (a for a in sql_text(f"SELECT {text}") if not (isinstance(a, Query) and not a.reads))


def _dynamic(text: str, variables: Variables) -> Iterator[Action]:
    """EXECUTE: text that is known, but for names and values in it, is read as SQL.

    Where other parts of it come from elsewhere, what can be read is read and the whole is unknown too.
    """
    found = texts_of(text, variables)
    for template in found:
        yield from sql_text(template.text)
    if not found or not all(template.fixed for template in found):
        yield Dynamic(text)
    yield from (a for a in sql_text(f"SELECT {text}") if isinstance(a, Calls))
