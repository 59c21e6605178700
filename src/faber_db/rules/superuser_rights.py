"""A role becomes superuser, or gets a right as good as that."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeRole, Grant
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_POWERFUL = {"pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "postgres",
             "pg_signal_backend", "rds_superuser", "pg_write_all_data", "pg_create_subscription"}  # fmt: skip
_GLOBAL = {"super", "file", "all", "all privileges", "create user", "shutdown", "process"}


def find(action: ChangeRole, scene: Scene) -> Iterator[Hazard]:
    del scene
    for power in action.powers:
        risk = Risk.HIGH if power == "createdb" else Risk.CRITICAL
        yield Hazard((action.name,), risk, detail=f"{power} for {action.name}")


def find_grant(action: Grant, scene: Scene) -> Iterator[Hazard]:
    if action.revoke:
        return
    if action.membership:
        for role in action.privileges:
            if role.lower() in _POWERFUL:
                yield Hazard((role,), detail=f"{role} for {', '.join(action.grantees)}")
    everywhere = scene.mysql and any(o.replace("`", "").strip() == "*.*" for o in action.objects)
    if everywhere and (_GLOBAL & set(action.privileges) or action.grant_option):
        yield Hazard(("*.*",), detail=f"{', '.join(action.privileges)} on *.*")


RULE = Rule(
    code="superuser-rights",
    kind=Kind.SECURITY,
    risk=Risk.CRITICAL,
    effect="Whoever has the role can do anything on the server.",
    remedy="Grant the single rights that are needed, to a named role.",
    source="PostgreSQL manual, Role Attributes; Predefined Roles",
    looks=(
        at(ChangeRole, find),
        at(Grant, find_grant),
    ),
)
