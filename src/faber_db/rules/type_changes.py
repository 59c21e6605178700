"""What `ALTER COLUMN … TYPE` does to the stored values, from the old type, the new one and USING.

PostgreSQL manual, ALTER TABLE, Notes: no rewrite where the old type is binary coercible to the new
one or an unconstrained domain over it, and the length is not cut. What is not decided here is the
worst: rewritten, values change, may fail.
"""

import re
from dataclasses import dataclass

from faber_db.model.statement import ChangeType, TypeName

_TEXT = {"text", "character varying", "character", "citext", "name", "xml"}
_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_TIMES = ("timestamp without time zone", "timestamp with time zone", "time without time zone",
          "time with time zone")  # fmt: skip
_CATEGORIES = {
    **dict.fromkeys(_TEXT, "text"),
    **dict.fromkeys((*_INTEGERS, *_FLOATS, "numeric", "money", "oid"), "number"),
    **dict.fromkeys((*_TIMES[:2], "date"), "date"),
    **dict.fromkeys(_TIMES[2:], "time"),
    "boolean": "boolean", "json": "json", "jsonb": "json", "uuid": "uuid", "bytea": "bytes",
    "inet": "network", "cidr": "network", "interval": "interval",
}  # fmt: skip
_TO_TEXT_FITS = {"text", "character varying"}


@dataclass(frozen=True, slots=True)
class TypeChange:
    """Each is True where it happens or cannot be ruled out."""

    rewrites: bool
    loses: bool = False
    may_fail: bool = False
    breaks: bool = False  # code that compares or writes the column
    needs_using: bool = False
    why: str = ""


def type_change(old: TypeName | None, action: ChangeType) -> TypeChange:
    """What changes when a column of type `old` (None: not known) gets the type of the action."""
    new = action.type
    cast = is_plain_cast(action)
    if old is None:
        return _from_unknown(new, action)
    if old == new and not action.using:
        return TypeChange(False)
    if action.using is not None and not cast:
        return TypeChange(
            True, not _through_text(action), True, category(old) != category(new), why="USING"
        )
    if old.array or new.array:
        return TypeChange(old != new, old.name != new.name, True, old.name != new.name)
    found = _within(old, new, explicit=cast)
    if found is not None:
        return found
    return _across(old, new, explicit=cast)


def category(kind: TypeName) -> str:
    """Types of one category can be compared with each other by old code."""
    return f"array of {kind.name}" if kind.array else _CATEGORIES.get(kind.name, kind.name)


def is_plain_cast(action: ChangeType) -> bool:
    """`USING column::newtype`, which does what the statement would do without it, but explicitly."""
    if action.using is None:
        return False
    text = action.using.text.lower().replace('"', "").strip()
    match = re.fullmatch(
        rf"\(*{re.escape(action.column.lower())}\s*\)*::\s*([\w\s.]+?)(\([\d, -]*\))?(\[\])*\)*",
        text,
    )
    return match is not None and not action.using.functions


def _through_text(action: ChangeType) -> bool:
    """`USING column::text::newtype`: the way from one enum to another; it fails or keeps the value."""
    text = (action.using.text if action.using else "").lower().replace('"', "")
    pattern = (
        rf"\(*{re.escape(action.column.lower())}\)*::(text|character varying|varchar)\)*::[\w.]+\)*"
    )
    return re.fullmatch(pattern, text.strip()) is not None and category(action.type) not in (
        "number", "date", "time", "boolean",
    )  # fmt: skip


def _from_unknown(new: TypeName, action: ChangeType) -> TypeChange:
    keeps = new.name in _TO_TEXT_FITS and not new.arguments
    return TypeChange(
        rewrites=True,
        loses=not keeps and new.name != "bigint" and not _through_text(action),
        may_fail=not keeps,
        breaks=False,
        why="the old type is not known",
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _within(old: TypeName, new: TypeName, *, explicit: bool) -> TypeChange | None:
    """Both types from one family; None where they are not."""
    if old.name in ("text", "character varying", "citext") and new.name in (
        "text",
        "character varying",
        "citext",
    ):
        return _text(old, new, explicit)
    if old.name == new.name == "character":
        return TypeChange(old != new, False, _number(new.arguments[0]) < _number(old.arguments[0]))
    if old.name == new.name == "numeric":
        return _numeric(old, new)
    if old.name in _INTEGERS and new.name in _INTEGERS:
        narrower = _INTEGERS.index(new.name) < _INTEGERS.index(old.name)
        return TypeChange(old.name != new.name, False, narrower, narrower)
    if old.name == new.name and old.name in (*_TIMES, "interval"):
        cut = bool(new.arguments) and (
            not old.arguments or _number(new.arguments[0]) < _number(old.arguments[0])
        )
        return TypeChange(cut, loses=cut)
    if old.name == new.name and old.name in ("bit varying", "bit"):
        wider = not new.arguments or _number(new.arguments[0]) >= _number(
            (old.arguments or ("0",))[0]
        )
        return TypeChange(not wider or old.name == "bit", not wider and explicit, not wider)
    return None


def _text(old: TypeName, new: TypeName, explicit: bool) -> TypeChange:
    if not new.arguments or (
        old.arguments and _number(new.arguments[0]) >= _number(old.arguments[0])
    ):
        return TypeChange(False)
    return TypeChange(True, loses=explicit, may_fail=not explicit, breaks=True, why="shorter")


def _numeric(old: TypeName, new: TypeName) -> TypeChange:
    if not new.arguments:
        return TypeChange(False)
    scale_new = _number(new.arguments[1]) if len(new.arguments) > 1 else 0
    precision_new = _number(new.arguments[0])
    if not old.arguments:
        return TypeChange(True, True, True, why="rounds")
    scale_old = _number(old.arguments[1]) if len(old.arguments) > 1 else 0
    precision_old = _number(old.arguments[0])
    if scale_new == scale_old and precision_new >= precision_old:
        return TypeChange(False)
    smaller = precision_new - scale_new < precision_old - scale_old
    return TypeChange(True, scale_new < scale_old, smaller, smaller)


_KEEPS = {
    ("cidr", "inet"): TypeChange(False),
    ("real", "double precision"): TypeChange(True),
    ("timestamp without time zone", "timestamp with time zone"): TypeChange(True),
    ("timestamp with time zone", "timestamp without time zone"): TypeChange(True),
    ("date", "timestamp without time zone"): TypeChange(True),
    ("date", "timestamp with time zone"): TypeChange(True),
    ("json", "jsonb"): TypeChange(True, loses=True, why="key order and repeated keys go"),
    ("jsonb", "json"): TypeChange(True),
    ("character", "text"): TypeChange(True),
    ("character", "character varying"): TypeChange(True),
    ("smallint", "real"): TypeChange(True),
    ("smallint", "double precision"): TypeChange(True),
    ("integer", "double precision"): TypeChange(True),
}


def _across(old: TypeName, new: TypeName, *, explicit: bool) -> TypeChange:
    """Types of different families."""
    kept = _KEEPS.get((old.name, new.name))
    if kept is not None and not (new.arguments and new.name in _TIMES):
        return kept
    breaks = category(old) != category(new)
    if new.name in _TO_TEXT_FITS:
        cut = bool(new.arguments)
        return TypeChange(True, cut and explicit, cut and not explicit, breaks)
    if old.name in _INTEGERS and new.name == "numeric":
        return TypeChange(True, False, bool(new.arguments))
    same = category(old) == category(new)
    known = old.name in _CATEGORIES and new.name in _CATEGORIES
    needs_using = not explicit and not same and known
    if new.name in ("uuid", "jsonb", "json", "inet", "cidr", "bytea") or not known:
        return TypeChange(True, False, True, breaks, needs_using or not explicit)
    return TypeChange(True, True, True, breaks, needs_using)
