"""A statement touches what releases are decided by: our marker, the ledger, the deployment lock.

The text is searched as well as the actions: the name may stand in a trigger's or function's body
or in `set_config`. A value that merely mentions it is reported too; that is the safe side.
"""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, Calls, Harmless, Query
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.lexer import COMMENT, tokens

_TABLES = r"_faber_db_\w*"
_SCHEMA = r"\bfaber_db\b(?:[\"`]?\s*\.\s*[\"`]?\w+)?"
_OURS = {
    Dialect.SQLITE: re.compile(_TABLES, re.I),
    Dialect.POSTGRESQL: re.compile(_SCHEMA, re.I),
}
_EITHER = re.compile(f"{_TABLES}|{_SCHEMA}", re.I)
_UNLOCKS = ("pg_advisory_unlock", "pg_advisory_unlock_all", "release_lock", "release_all_locks")


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    named = _ours_in(action, scene)
    if named:
        yield Hazard((named,), detail=f"{named} is faber-db's own")
    ledgers = {_plain(name) for name in scene.context.ledgers}
    changed = _changed(action) if ledgers else ()
    for name in dict.fromkeys(n for n in changed if _plain(n) in ledgers):
        yield Hazard((name,), detail=f"{name} is the ledger of migrations")


def find_calls(action: Calls, scene: Scene) -> Iterator[Hazard]:
    del scene
    for name in action.functions:
        if name in _UNLOCKS:
            yield Hazard((name,), detail=f"{name} gives up the deployment lock")


def find_discard(action: Harmless, scene: Scene) -> Iterator[Hazard]:
    if action.what == "discard" and re.search(r"\ball\b", scene.statement.text, re.I):
        yield Hazard(("DISCARD ALL",), detail="DISCARD ALL gives up the deployment lock")


def _ours_in(action: Action, scene: Scene) -> str:
    """The first name of ours in the statement or in what was read from it, or an empty text."""
    pattern = _OURS.get(scene.dialect, _EITHER)
    text = scene.statement.text if scene.is_first(action) and not scene.routine else ""
    if "faber_db" in text.lower():
        comments = [t for t in tokens(text, scene.dialect) if t.kind == COMMENT]
        for match in pattern.finditer(text):
            if not any(c.start <= match.start() < c.end for c in comments):
                return _plain_text(match[0])
    found = (pattern.search(value) for value in _strings(action, reads=True))
    return next((_plain_text(match[0]) for match in found if match), "")


def _changed(action: Action) -> Iterator[str]:
    if not isinstance(action, Query):
        yield from _strings(action, reads=False)


def _strings(value: object, *, reads: bool) -> Iterator[str]:
    """Every text in an action, those of bodies included; what it only reads where wanted."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings(item, reads=reads)
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _names(type(value), reads):
            yield from _strings(getattr(value, name), reads=reads)


@cache
def _names(kind: type, reads: bool) -> tuple[str, ...]:
    """The fields of an action's class that may hold a name; only those that can hold a text."""
    left_out = () if reads else ("reads", "literals", "values", "text")
    return tuple(
        f.name
        for f in fields(kind)
        if f.name not in left_out and f.type not in (bool, int, "bool", "int")
    )


def _plain(name: str) -> str:
    return name.rpartition(".")[2].strip('"`[]').casefold()


def _plain_text(name: str) -> str:
    return re.sub(r'["`\s]', "", name)


RULE = Rule(
    code="own-records",
    kind=Kind.SECURITY,
    risk=Risk.CRITICAL,
    effect="Whoever changes it decides what counts as applied, approved or protected.",
    remedy="Leave it out: `mark`, `baseline` and `policy propose` change these records, signed.",
    source="faber-db, approval",
    looks=(
        at(Action, find),
        at(Calls, find_calls),
        at(Harmless, find_discard),
    ),
)
