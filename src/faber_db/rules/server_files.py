"""COPY with a program or a server file, and functions that read or write files of the server."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, Calls, Copy, Outside
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.sql.postgresql.builtins import SERVER_CONTROL, SERVER_FILES


def find(action: Copy, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.where in ("program", "file"):
        yield Hazard((action.name or action.table,), detail=f"COPY with a {action.where}")
    elif action.where == "local file":
        yield Hazard((action.table,), Risk.HIGH, detail="a file of the client")


def find_outside(action: Outside, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.how in ("file", "program"):
        yield Hazard((action.name,), detail=action.name)


def find_calls(action: Calls, scene: Scene) -> Iterator[Hazard]:
    if scene.postgresql:
        for name in action.functions:
            if name in SERVER_FILES:
                yield Hazard((name,), detail=f"function {name}")
            elif name in SERVER_CONTROL:
                risk = Risk.LOW if name == "set_config" else None
                yield Hazard((name,), risk, detail=f"function {name} acts on server or session")


def find_reached(action: Action, scene: Scene) -> Iterator[Hazard]:
    """MySQL: in a body, which runs later, or where the grammar does not look."""
    told = {a.name for a in scene.statement.actions_of(Outside)}
    for one in scene.reached(action, "file"):
        if one.name not in told:
            yield Hazard((one.name,), detail=one.name)


RULE = Rule(
    code="server-files",
    kind=Kind.SECURITY,
    risk=Risk.CRITICAL,
    effect="It runs a program or touches files on the database server.",
    remedy="COPY … FROM STDIN and TO STDOUT go through the client.",
    source="PostgreSQL manual, COPY",
    looks=(
        at(Copy, find),
        at(Outside, find_outside),
        at(Calls, find_calls),
        at(Action, find_reached),
    ),
)
