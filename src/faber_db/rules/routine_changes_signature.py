"""A function gets other arguments or another result, or one more of its name makes calls ambiguous."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateRoutine, Drop, Raise
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind not in ("function", "procedure"):
        return
    for name in action.names:
        old = scene.state.routines.get(name.lower())
        again = next(
            (a for a in scene.actions_later() if isinstance(a, CreateRoutine) and a.name == name),
            None,
        )
        if old is None or again is None or name.lower() in scene.state.born_routines:
            continue
        if not _takes(again, old) or again.returns != old.returns:
            detail = f"{_shown(old)} becomes {_shown(again)}"
            yield Hazard((name,), detail=detail)


def find_overload(action: CreateRoutine, scene: Scene) -> Iterator[Hazard]:
    old = scene.state.routines.get(action.name.lower())
    if old is None or old.arguments == action.arguments:
        return
    if _takes(action, old):
        yield Hazard(
            (action.name,),
            detail=f"{_shown(action)} beside {_shown(old)}",
            effect="A call with the old arguments fits both and fails (42725).",
        )


def find_raises(action: CreateRoutine, scene: Scene) -> Iterator[Hazard]:
    old = scene.state.routines.get(action.name.lower())
    if old is None or not action.replace or action.trigger:
        return
    if _always_raises(action) and not _always_raises(old):
        yield Hazard(
            (action.name,),
            detail=f"{action.kind} {action.name}",
            effect="It raises an error whenever it is called.",
        )


def _always_raises(routine: CreateRoutine) -> bool:
    return any(isinstance(a, Raise) and a.always for a in routine.body)


def _takes(new: CreateRoutine, old: CreateRoutine) -> bool:
    """Whether a call with all arguments of the old one fits the new one."""
    count = len(old.arguments)
    return new.arguments[:count] == old.arguments and len(new.arguments) - new.optional <= count


def _shown(routine: CreateRoutine) -> str:
    returns = f" returning {routine.returns}" if routine.returns else ""
    return f"{routine.name}({', '.join(routine.arguments)}){returns}"


RULE = Rule(
    code="routine-changes-signature",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Calls of running code no longer find it (42883), or get what they do not expect.",
    remedy="Create the new one under another name, deploy code that calls it, and drop the old one later.",
    source="PostgreSQL manual, CREATE FUNCTION, Overloading",
    looks=(
        at(Drop, find),
        at(CreateRoutine, find_overload),
        at(CreateRoutine, find_raises),
    ),
)
