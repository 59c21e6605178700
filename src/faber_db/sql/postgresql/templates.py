"""Text that a body puts together for EXECUTE, as far as it can be known without running it.

A name or value that comes from elsewhere stands as `?` in it. One that `format` or `quote_ident`
quotes cannot change what the statement does, so the text is fixed; one that is pasted in could.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from faber_db.sql.limits import is_short
from faber_db.sql.postgresql.nodes import Message, constant_text, joined, strings, unwrap

UNKNOWN = "?"
_NAME = f'"{UNKNOWN}"'
_VALUE = f"'{UNKNOWN}'"
_MOST = 8  # texts that one EXECUTE may stand for
_FORMAT = re.compile(r"%(?:(\d+)\$)?(?:-?\d+)?([sIL%])")
_WORD = re.compile(r"[a-z_][a-z0-9_]*")

Variables: TypeAlias = dict[str, list[str | None]]


@dataclass(frozen=True, slots=True)
class Template:
    """One text. `known`: it has no hole; `fixed`: what is in its holes cannot change its meaning."""

    text: str
    fixed: bool = True
    known: bool = True


_PASTED = Template(_NAME, fixed=False, known=False)


def texts_of(expression: str, variables: Variables) -> tuple[Template, ...]:
    """The texts that an expression can have; empty where nothing of it is known."""
    found = tuple(dict.fromkeys(_parsed(expression, variables, frozenset())))
    return () if any(t == _PASTED for t in found) else found


def _parsed(text: str, variables: Variables, inside: frozenset[str]) -> list[Template]:
    import postgast

    from faber_db.sql.postgresql.parser import DecodeFailed, parse_tree

    try:
        stmts = parse_tree(f"SELECT {text}") if is_short(text) else []
    except (postgast.PgQueryError, DecodeFailed, UnicodeError):
        return [_PASTED]
    if len(stmts) != 1:
        return [_PASTED]
    select = stmts[0].stmt.select_stmt
    if len(select.target_list) != 1 or select.from_clause:
        return [_PASTED]
    return _of(unwrap(select.target_list[0].res_target.val), variables, inside)


def _of(node: Message, variables: Variables, inside: frozenset[str]) -> list[Template]:
    literal = constant_text(node)
    if literal is not None:
        return [Template(literal)]
    name = type(node).DESCRIPTOR.name if node is not None else ""
    if name == "TypeCast":
        return _of(unwrap(node.arg), variables, inside)
    if name == "A_Expr" and strings(node.name) == ("||",):
        sides = (_of(unwrap(n), variables, inside) for n in (node.lexpr, node.rexpr))
        return _joined(sides)
    if name == "FuncCall":
        return _called(node, variables, inside)
    if name == "ColumnRef":
        return _variable(strings(node.fields), variables, inside)
    return [_PASTED]


def _joined(parts: Iterable[list[Template]]) -> list[Template]:
    found = [
        Template(
            "".join(part.text for part in chosen),
            all(part.fixed for part in chosen),
            all(part.known for part in chosen),
        )
        for chosen in product(*parts)
    ]
    return found if len(found) <= _MOST else [_PASTED]


def _variable(
    names: tuple[str, ...], variables: Variables, inside: frozenset[str]
) -> list[Template]:
    name = names[0] if len(names) == 1 else ""
    values = variables.get(name, [])
    if not values or name in inside:
        return [_PASTED]
    found: list[Template] = []
    for value in values[:_MOST]:
        found += [_PASTED] if value is None else _parsed(value, variables, inside | {name})
    return found


def _called(node: Message, variables: Variables, inside: frozenset[str]) -> list[Template]:
    function = joined(strings(node.funcname)).lower()
    arguments = [_of(unwrap(a), variables, inside) for a in node.args]
    if function == "format" and arguments:
        return [t for form in arguments[0] for t in _formatted(form, arguments[1:])]
    if function == "concat":
        return _joined(arguments)
    if function == "quote_ident" and len(arguments) == 1:
        return [_name(t) for t in arguments[0]]
    if function in ("quote_literal", "quote_nullable") and len(arguments) == 1:
        return [_value(t) for t in arguments[0]]
    return [_PASTED]


def _name(value: Template) -> Template:
    if not value.known:
        return Template(_NAME, known=False)
    quoted = value.text.replace('"', '""')
    return Template(value.text if _WORD.fullmatch(value.text) else f'"{quoted}"')


def _value(value: Template) -> Template:
    if not value.known:
        return Template(_VALUE, known=False)
    quoted = value.text.replace("'", "''")
    return Template(f"'{quoted}'")


def _formatted(form: Template, arguments: list[list[Template]]) -> list[Template]:
    """`format`: %I is a name, %L a literal, %s is pasted in as it is."""
    if not form.known:
        return [_PASTED]
    return _joined(list(_pieces(form.text, arguments)))


def _pieces(form: str, arguments: list[list[Template]]) -> Iterator[list[Template]]:
    begin, number = 0, 0
    for match in _FORMAT.finditer(form):
        yield [Template(form[begin : match.start()])]
        begin = match.end()
        if match[2] == "%":
            yield [Template("%")]
            continue
        number = int(match[1]) if match[1] else number + 1
        given = arguments[number - 1] if 0 < number <= len(arguments) else [_PASTED]
        convert = {"I": _name, "L": _value}.get(match[2])
        yield [convert(t) for t in given] if convert else given
    yield [Template(form[begin:])]
