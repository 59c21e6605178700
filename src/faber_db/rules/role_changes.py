"""The role of running code can no longer log in, or sees another schema."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeRole, ChangeServer
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_SETTINGS = ("search_path", "role", "default_transaction_read_only", "session_replication_role")


def find(action: ChangeRole, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.locked_out:
        yield Hazard((action.name,), detail=f"role {action.name} may no longer log in")


def find_setting(action: ChangeServer, scene: Scene) -> Iterator[Hazard]:
    del scene
    setting = action.what.rpartition(" ")[2]
    if action.what.startswith(("role ", "alter database set")) and setting in _SETTINGS:
        yield Hazard((action.what,), detail=action.what)


RULE = Rule(
    code="role-changes",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="New connections of running code are refused, or its names mean something else.",
    remedy="Give the new role or setting to new code first, and take the old one away in a later migration.",
    source="PostgreSQL manual, ALTER ROLE",
    looks=(
        at(ChangeRole, find),
        at(ChangeServer, find_setting),
    ),
)
