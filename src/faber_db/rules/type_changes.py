"""What `ALTER COLUMN … TYPE` does to the stored values, from the old type, the new one and USING.

PostgreSQL manual, ALTER TABLE, Notes: no rewrite where the old type is binary coercible to the new
one or an unconstrained domain over it, and the length is not cut. What is not decided here is the
worst: rewritten, values change, may fail.
"""

from dataclasses import dataclass, replace

from faber_db.model.statement import ChangeType, TypeName
from faber_db.rules.state import State

_TEXT = {"text", "character varying", "character", "citext", "name", "xml"}
_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_TIMES = ("timestamp without time zone", "timestamp with time zone", "time without time zone",
          "time with time zone")  # fmt: skip
_CATEGORIES = {
    **dict.fromkeys(_TEXT, "text"),
    **dict.fromkeys((*_INTEGERS, *_FLOATS, "numeric", "oid"), "number"), "money": "money",
    **dict.fromkeys((*_TIMES[:2], "date"), "date"),
    **dict.fromkeys(_TIMES[2:], "time"),
    "boolean": "boolean", "json": "json", "jsonb": "json", "uuid": "uuid", "bytea": "bytes",
    "inet": "network", "cidr": "network", "interval": "interval",
}  # fmt: skip
_TO_TEXT_FITS = {"text", "character varying"}
_UTC = {"utc", "gmt", "uct", "zulu", "etc/utc", "etc/gmt", "etc/uct", "universal", "greenwich", "0"}


@dataclass(frozen=True, slots=True)
class TypeChange:
    """Each is True where it happens or cannot be ruled out."""

    rewrites: bool
    loses: bool = False
    may_fail: bool = False
    breaks: bool = False  # code that compares or writes the column
    needs_using: bool = False
    why: str = ""


def change_of(action: ChangeType, state: State) -> TypeChange:
    """What a change of type does, with what is known of the column, of domains and of the session."""
    column = state.column(action.table, action.column)
    utc = state.variables.get("timezone", "") in _UTC
    if column is None:
        return _from_unknown(action)
    change = _through(column.type, action, state, utc)
    new = state.base_of(action.type)
    if state.domains.get(action.type.name) and column.type != action.type:
        return replace(change, rewrites=True, may_fail=True, why="the domain's check")
    kept = set(state.enums.get(column.type.name, ())) <= set(state.enums.get(new.name, ()))
    if column.type.name in state.enums and new.name in state.enums and not new.array:
        return replace(change, breaks=not kept)
    return change


def type_change(old: TypeName | None, action: ChangeType, *, utc: bool = False) -> TypeChange:
    """What changes when a column of type `old` (None: not known) gets the type of the action.

    Args:
        old: the column's type before.
        action: the change.
        utc: whether the session's time zone is known to be UTC.
    """
    return _from_unknown(action) if old is None else _through(old, action, None, utc)


def _through(old: TypeName, action: ChangeType, state: State | None, utc: bool) -> TypeChange:
    """The change by way of every cast of USING, if it is a chain of casts."""
    if action.using is not None and action.casts is None:
        before = _base(old, state)
        breaks = category(before) != category(action.type) or _shorter(before, action.type)
        return TypeChange(True, True, True, breaks, why="USING")
    casts = action.casts or ()
    start = now = _base(old, state)
    found = TypeChange(False)
    for kind in (*casts, *([action.type] if casts[-1:] != (action.type,) else [])):
        following = _base(kind, state)
        step = _step(now, following, explicit=bool(casts), utc=utc)
        if found.rewrites and now.name in _TO_TEXT_FITS and following.name not in _CATEGORIES:
            step = replace(step, loses=False)  # text into an enum: it fails, or keeps the value
        found = _joined(found, step)
        now = following
    same = category(start) == category(now)
    return replace(found, breaks=found.breaks and not same if casts[1:] else found.breaks)


def is_plain_cast(action: ChangeType) -> bool:
    """`USING column::newtype`, which does what the statement would do without it, but explicitly."""
    return action.casts in ((), (action.type,))


def _joined(one: TypeChange, other: TypeChange) -> TypeChange:
    return TypeChange(
        one.rewrites or other.rewrites,
        one.loses or other.loses,
        one.may_fail or other.may_fail,
        one.breaks or other.breaks,
        one.needs_using or other.needs_using,
        one.why or other.why,
    )


def _base(kind: TypeName, state: State | None) -> TypeName:
    """The type below a domain, without a precision that is the default one."""
    found = state.base_of(kind) if state is not None else kind
    full = found.name in (*_TIMES, "interval") and found.arguments == ("6",)
    return replace(found, arguments=(), attributes=()) if full else replace(found, attributes=())


def _step(old: TypeName, new: TypeName, *, explicit: bool, utc: bool) -> TypeChange:
    if old == new:
        return TypeChange(False)
    if old.array or new.array:
        return _arrays(old, new, explicit=explicit)
    if utc and {old.name, new.name} == set(_TIMES[:2]) and not new.arguments:
        return TypeChange(False)
    found = _within(old, new, explicit=explicit)
    return found if found is not None else _across(old, new, explicit=explicit)


def _arrays(old: TypeName, new: TypeName, *, explicit: bool) -> TypeChange:
    """Every element is cast, and the table rewritten even where an element need not change."""
    if old.array and new.array:
        element = _step(
            replace(old, array=False), replace(new, array=False), explicit=explicit, utc=False
        )
        return replace(element, rewrites=True)
    to_text = new.name in _TO_TEXT_FITS and not new.array
    return TypeChange(True, False, not to_text, True, not explicit)


def _shorter(old: TypeName, new: TypeName) -> bool:
    """Whether text of the new type has a limit that the old one had not."""
    if category(new) != "text" or not new.arguments:
        return False
    return not old.arguments or _number(new.arguments[0]) < _number(old.arguments[0])


def category(kind: TypeName) -> str:
    """Types of one category can be compared with each other by old code."""
    name = _CATEGORIES.get(kind.name, kind.name)
    return f"array of {name}" if kind.array else name


def _from_unknown(action: ChangeType) -> TypeChange:
    new = action.type
    keeps = new.name in _TO_TEXT_FITS and not new.arguments
    through_text = bool(action.casts) and (action.casts or (new,))[0].name in _TO_TEXT_FITS
    kept = keeps or new.name == "bigint" or (through_text and new.name not in _CATEGORIES)
    return TypeChange(
        rewrites=True,
        loses=not kept,
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
        wider = not new.arguments or (
            bool(old.arguments) and _number(new.arguments[0]) >= _number(old.arguments[0])
        )
        fixed = old.name == "bit"  # another length is refused, or filled up by an explicit cast
        fails = (fixed and not explicit) or (not wider and not explicit)
        return TypeChange(not wider or fixed, not wider and explicit, fails)
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
    ("xml", "text"): TypeChange(False),
    ("oid", "integer"): TypeChange(False),
    ("integer", "oid"): TypeChange(False),
    ("bit", "bit varying"): TypeChange(False),
    ("real", "double precision"): TypeChange(True),
    (_TIMES[0], _TIMES[1]): TypeChange(True, loses=True, why="read in the session's time zone"),
    (_TIMES[1], _TIMES[0]): TypeChange(True, loses=True, why="an hour a year is there twice"),
    ("inet", "cidr"): TypeChange(True, loses=True, why="the bits of the host are cut"),
    ("numeric", "real"): TypeChange(True, True, True, breaks=True),
    ("numeric", "double precision"): TypeChange(True, True, True, breaks=True),
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
    if kept is not None and not new.arguments:
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
        return TypeChange(True, new.name == "bytea", True, breaks, needs_using or not explicit)
    return TypeChange(True, True, True, breaks, needs_using)
