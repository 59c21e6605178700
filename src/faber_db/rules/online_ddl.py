"""How MySQL and MariaDB carry out an ALTER, and what a statement demands of them.

`ALGORITHM=` and `LOCK=` are promises: a server that cannot keep them refuses the statement before any
work. MySQL manual, Online DDL Operations; MariaDB manual, InnoDB Online DDL.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from faber_db.model.online_ddl import (
    BRIEF,
    COPY,
    COPY_ONLINE,
    EXCLUSIVE,
    INPLACE,
    INPLACE_SHARED,
    REFUSED,
)
from faber_db.model.statement import Action, TableSetting
from faber_db.rules.effects import TableEffect
from faber_db.rules.state import State

_ONLINE_COPY = 110_200  # MariaDB 11.2: ALGORITHM=COPY with LOCK=NONE, and by default
_WAYS = (BRIEF, INPLACE, INPLACE_SHARED, COPY)  # from the lightest on
_HEAVIEST = {"instant": BRIEF, "nocopy": INPLACE_SHARED, "inplace": INPLACE_SHARED}


@dataclass(frozen=True, slots=True)
class Demand:
    """ALGORITHM and LOCK in lower case; empty where the server may choose."""

    algorithm: str = ""
    lock: str = ""


def demand(actions: Iterable[Action], state: State) -> Demand:
    """What a statement, or else the session, demands."""
    said = {a.setting: a.value for a in actions if isinstance(a, TableSetting)}
    algorithm = said.get("algorithm", "default")
    if algorithm == "default":
        algorithm = state.variables.get("alter_algorithm", "default")
    if state.is_on("old_alter_table") and algorithm == "default":
        algorithm = "copy"
    lock = said.get("lock", "default")
    return Demand(*("" if word == "default" else word for word in (algorithm, lock)))


def carried_out(effect: TableEffect, asked: Demand, version: int | None) -> TableEffect:
    """The effect of an ALTER under a demand, on a version of the server."""
    if effect.lock not in _WAYS:
        return effect
    if _refuses(effect, asked, version):
        return TableEffect(effect.table, REFUSED)
    if asked.algorithm == "copy":
        effect = TableEffect(effect.table, COPY, scan=True, rewrite=True)
    if asked.lock == "exclusive" and effect.works:
        return replace(effect, lock=EXCLUSIVE)
    if asked.lock == "shared" and effect.lock == INPLACE:
        return replace(effect, lock=INPLACE_SHARED)
    if effect.lock == COPY and _copies_online(version) and asked.lock != "shared":
        return replace(effect, lock=COPY_ONLINE)
    return effect


def _refuses(effect: TableEffect, asked: Demand, version: int | None) -> bool:
    way = _WAYS.index(effect.lock)
    if asked.algorithm in _HEAVIEST and way > _WAYS.index(_HEAVIEST[asked.algorithm]):
        return True
    copies = effect.lock == COPY or asked.algorithm == "copy"
    waits = way >= _WAYS.index(INPLACE_SHARED) or copies
    return asked.lock == "none" and waits and not (copies and _copies_online(version))


def _copies_online(version: int | None) -> bool:
    return version is not None and version >= _ONLINE_COPY
