"""ALTER SYSTEM, SET GLOBAL, CREATE DATABASE, LOAD and the like change the server, not the schema."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, ChangeServer, Rename
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_ELSEWHERE = ("database ", "role ", "reassign")


def find(action: ChangeServer, scene: Scene) -> Iterator[Hazard]:
    del scene
    if (
        action.what.startswith(_ELSEWHERE)
        or action.what == "alter database set"
        or action.what == "event trigger"
    ):
        yield Hazard((action.what,), Risk.HIGH, detail=action.what)
    else:
        yield Hazard((action.what,), detail=action.what)


def find_rename(action: Rename, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.kind == "database":  # never the one that the session is in: the server refuses that
        yield Hazard((action.old,), detail=f"rename of database {action.old}")
    elif action.kind == "tablespace":
        yield Hazard((action.old,), Risk.HIGH, detail=f"rename of tablespace {action.old}")


def find_reached(action: Action, scene: Scene) -> Iterator[Hazard]:
    """In the body of a routine, trigger or event, and in statements that are not understood."""
    told = {a.what for a in scene.statement.actions_of(ChangeServer)}
    if not told:
        for one in scene.reached(action, "server"):
            yield Hazard((one.name,), detail=one.name)


RULE = Rule(
    code="server-change",
    kind=Kind.SECURITY,
    risk=Risk.CRITICAL,
    effect="It changes the whole server or every database on it.",
    remedy="Leave it to whoever runs the server; a migration never needs it.",
    source="PostgreSQL manual, ALTER SYSTEM; MySQL manual, SET",
    looks=(
        at(ChangeServer, find),
        at(Rename, find_rename),
        at(Action, find_reached),
    ),
)
