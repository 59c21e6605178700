"""Functions, procedures and DO blocks: what their bodies would do."""

import re
from collections.abc import Iterable, Iterator

from faber_db.model.statement import (
    Action,
    AlterRoutine,
    Calls,
    CreateRoutine,
    Harmless,
    NotUnderstood,
    Query,
)
from faber_db.sql.postgresql.nodes import Message, joined, strings, type_of, unwrap
from faber_db.sql.postgresql.plpgsql import plpgsql, returns_null, sql_text
from faber_db.sql.postgresql.rows import calls

_ROW_FIELD = re.compile(r"(?i)\b(?:NEW|OLD)\.([a-z_]\w*)")
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
        pinned_path=_pinned(o.def_elem for o in node.options),
        trigger=returns == "trigger",
        arguments=tuple(type_of(p.arg_type).text for p in _inputs(node)),
        named=tuple(p.name for p in _inputs(node)),
        optional=sum(p.HasField("defexpr") for p in _inputs(node)),
        returns=_returns(node),
        row_fields=tuple(dict.fromkeys(_ROW_FIELD.findall(text))) if returns == "trigger" else (),
        skips_rows=returns == "trigger" and language == "plpgsql" and returns_null(text),
        body=body,
        constant=language == "sql" and body == (Query(),),
    )


def _inputs(node: Message) -> list[Message]:
    from postgast import pg_query_pb2 as pb

    modes = (pb.FUNC_PARAM_OUT, pb.FUNC_PARAM_TABLE)
    found = (p.function_parameter for p in node.parameters)
    return [p for p in found if p.mode not in modes]


def _returns(node: Message) -> str:
    if not node.HasField("return_type"):
        return ""
    many = "setof " if node.return_type.setof else ""
    return many + type_of(node.return_type).text


def alter_function(node: Message, _text: str) -> Iterator[Action]:
    """ALTER FUNCTION."""
    options = {a.def_elem.defname: a.def_elem for a in node.actions}
    yield AlterRoutine(
        joined(strings(node.func.objname)), _flag(options, "security"), _pinned(options.values())
    )


def do(node: Message, text: str) -> Iterator[Action]:
    """DO: the block runs at once."""
    options = {a.def_elem.defname: a.def_elem for a in node.args}
    language = _text_option(options, "language") or "plpgsql"
    if language != "plpgsql":
        yield NotUnderstood(_UNTRUSTED_NOTE.format(language))
        return
    found = tuple(plpgsql(text))
    yield from found or (Harmless("do"),)


def call(node: Message, _text: str) -> Iterator[Action]:
    """CALL."""
    yield Calls((joined(strings(node.funccall.funcname)).lower(),))
    yield from calls(*node.funccall.args)


def _text_option(options: dict[str, Message], name: str) -> str:
    option = options.get(name)
    return option.arg.string.sval.lower() if option is not None else ""


def _pinned(options: Iterable[Message]) -> bool:
    return any(
        o.defname == "set" and o.arg.variable_set_stmt.name == "search_path" for o in options
    )


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
