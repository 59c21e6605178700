"""A form that the server's version does not know."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    CreateIndex,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Merge,
    RedefineColumn,
    SetNotNull,
    TableSetting,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.effects_mysql import is_mariadb
from faber_db.rules.scene import Scene


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    if scene.below(18) and action.column.generated == "virtual":
        yield _needs(18, "virtual generated columns", action.table)


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint = action.constraint
    if scene.below(18) and constraint.kind == "not null":
        yield _needs(18, "NOT NULL as a table constraint", action.table)
    if scene.below(18) and constraint.not_enforced:
        yield _needs(18, "NOT ENFORCED", action.table)
    if scene.below(15) and constraint.nulls_not_distinct:
        yield _needs(15, "NULLS NOT DISTINCT", action.table)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    if scene.below(15) and action.nulls_not_distinct:
        yield _needs(15, "NULLS NOT DISTINCT", action.table)


def find_merge(action: Merge, scene: Scene) -> Iterator[Hazard]:
    if scene.below(15):
        yield _needs(15, "MERGE", action.table)


def find_detach(action: DetachPartition, scene: Scene) -> Iterator[Hazard]:
    if scene.below(14) and action.concurrently:
        yield _needs(14, "DETACH PARTITION CONCURRENTLY", action.table)


def find_setting(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if scene.below(17) and action.setting == "set expression":
        yield _needs(17, "SET EXPRESSION", action.table)
    if scene.below(15) and action.setting == "set access method":
        yield _needs(15, "SET ACCESS METHOD", action.table)


def find_mysql(
    action: AddColumn | DropColumn | RedefineColumn | CreateIndex, scene: Scene
) -> Iterator[Hazard]:
    """MariaDB's IF EXISTS and IF NOT EXISTS for columns and indexes."""
    version = scene.context.server_version
    guarded = (
        action.if_exists
        if isinstance(action, DropColumn | RedefineColumn)
        else action.if_not_exists
    )
    if guarded and scene.mysql and version is not None and not is_mariadb(scene.dialect, version):
        detail = "IF EXISTS and IF NOT EXISTS for columns and indexes need MariaDB"
        yield Hazard((action.table,), detail=detail)


def find_sqlite(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    version = scene.context.server_version
    if scene.sqlite and version is not None and version < 3_035_000:
        yield Hazard((action.table,), detail="DROP COLUMN needs SQLite 3.35")


def find_sqlite_constraint(
    action: AddConstraint | DropConstraint | SetNotNull | DropNotNull, scene: Scene
) -> Iterator[Hazard]:
    version = scene.context.server_version
    kind = action.constraint.kind if isinstance(action, AddConstraint) else "check"
    if scene.sqlite and kind not in ("check", "not null"):
        detail = f"SQLite adds no {kind} to a table that is there"
        yield Hazard((action.table,), detail=detail, remedy=_REBUILD)
    elif scene.sqlite and (version is None or version < 3_053_000):
        detail = "changing constraints needs SQLite 3.53"
        yield Hazard((action.table,), detail=detail, remedy=_REBUILD)


_REBUILD = "Rebuild the table: create the new one, copy every column, drop the old one, rename."


def _needs(major: int, what: str, table: str) -> Hazard:
    return Hazard((table,), detail=f"{what} needs PostgreSQL {major}")


RULE = Rule(
    code="needs-newer-server",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="This version of the server refuses it.",
    remedy="Use the older form, or upgrade first.",
    source="PostgreSQL release notes",
    looks=(
        at(AddColumn, find_column),
        at(AddConstraint, find_constraint),
        at(CreateIndex, find_index),
        at(Merge, find_merge),
        at(DetachPartition, find_detach),
        at(TableSetting, find_setting),
        at(DropColumn, find_sqlite),
        at(AddConstraint, find_sqlite_constraint),
        at(DropConstraint, find_sqlite_constraint),
        at(SetNotNull, find_sqlite_constraint),
        at(DropNotNull, find_sqlite_constraint),
        at(AddColumn, find_mysql),
        at(DropColumn, find_mysql),
        at(RedefineColumn, find_mysql),
        at(CreateIndex, find_mysql),
    ),
)
