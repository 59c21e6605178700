"""Rows that are there may not meet a new constraint or type."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    AlterDomain,
    ChangeType,
    CreateIndex,
    Delete,
    Drop,
    Insert,
    RedefineColumn,
    SetNotNull,
)
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.rebuild import sources_of
from faber_db.rules.redefinition import cuts
from faber_db.rules.scene import Scene
from faber_db.rules.state import TableState
from faber_db.rules.type_changes import change_of

_REFUSES = ("NO ACTION", "RESTRICT")
_NULLS_PASS = ("unique", "foreign key")


def find_added(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    """A key over a new column whose value is the same in every row."""
    column = action.column
    alone = any(c.kind in ("unique", "primary key") for c in column.constraints)
    constant = column.default is not None and column.default.constant
    zero = scene.mysql and not column.nullable and column.default is None
    if alone and not column.identity and (constant or zero) and not scene.is_empty(action.table):
        name = f"{action.table}.{column.name}"
        effect = "It fails as soon as the table holds two rows, which get the same value."
        yield Hazard((name,), Risk.HIGH, detail=f"key over {name}", effect=effect)


def _unchecked(scene: Scene) -> bool:
    return scene.mysql and scene.state.is_off("foreign_key_checks")


def find(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint = action.constraint
    lazy = constraint.not_valid or constraint.not_enforced or constraint.using_index
    if constraint.kind == "foreign key" and _unchecked(scene):
        return
    if constraint.kind in _NULLS_PASS and scene.state.holds_nulls(action.table, constraint.columns):
        return
    if not lazy and not scene.is_empty(action.table):
        detail = f"{constraint.kind} on {action.table}"
        yield Hazard((action.table,), detail=detail, table=action.table)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    there = action.if_not_exists and scene.state.has_index(action.name)
    unfilled = scene.state.holds_nulls(action.table, action.columns)
    table = scene.table(action.table)
    held = table is not None and table.is_keyed(action.columns)  # by a key that is there
    if action.unique and not (there or unfilled or held) and not scene.is_empty(action.table):
        yield Hazard((action.table,), detail=f"unique index on {action.table}", table=action.table)


def find_null(action: SetNotNull, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    known = column is not None and not column.nullable
    proven = scene.state.has_valid_check(action.table, action.column)
    if not known and not proven and not scene.is_empty(action.table):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"NULLs in {name}", table=action.table)


def find_type(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    change = change_of(action, scene.state)
    if change.may_fail and not scene.is_empty(action.table):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"values of {name}", table=action.table)


def find_delete(action: Delete, scene: Scene) -> Iterator[Hazard]:
    """A row that others refer to stays, and the statement fails."""
    if scene.is_empty(action.table) or action.never or _unchecked(scene):
        return
    if scene.sqlite and not scene.state.is_on("foreign_keys"):
        return
    users = sorted({t for t, k in scene.state.referencing(action.table) if k.on_delete in _REFUSES})
    if users:
        detail = f"rows of {', '.join(users)} refer to {action.table}"
        yield Hazard((action.table,), detail=detail, table=action.table)


def find_domain(action: AlterDomain, scene: Scene) -> Iterator[Hazard]:
    reads = action.what in ("add constraint", "set not null", "validate constraint")
    used = not scene.state.known or scene.state.domain_tables(action.name)
    if reads and used and not action.not_valid and action.name not in scene.state.born_types:
        yield Hazard((action.name,), detail=f"values of domain {action.name}")


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if scene.is_empty(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    if column is None or scene.state.is_strict is False:  # then it is a loss, not a failure
        return
    required = not action.definition.nullable and column.nullable
    parsed = action.definition.type.name == "json" and column.type.name != "json"
    if required or parsed or cuts(column.type, action.definition.type):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"values of {name}", table=action.table)


def find_copy(action: Insert, scene: Scene) -> Iterator[Hazard]:
    """SQLite: the rows of a table go into a new one that asks more of them."""
    old = scene.table(action.reads[0]) if len(action.reads) == 1 else None
    new = scene.table(action.table)
    if not scene.sqlite or old is None or new is None or not new.born or old.born:
        return
    if not old.complete or not new.complete:
        return
    sources = sources_of(action, old, new, scene.state)
    if sources is None:
        if action.values:
            detail = f"{action.table} has another number of columns"
            yield Hazard((action.table,), Risk.HIGH, detail=detail)
        return
    if action.conflict in ("nothing", "replace"):
        return
    filled = {scene.state.key(f) for f in action.filled}
    for into, source in sources.items():
        was, becomes = old.columns.get(source), new.columns.get(into)
        tighter = was is not None and becomes is not None and was.nullable > becomes.nullable
        if tighter and source not in filled:
            yield Hazard((f"{old.name}.{source}",), detail=f"NULLs in {old.name}.{source}")
    yield from _stricter(old, new, sources, scene)


def find_restricted(action: Drop | Insert, scene: Scene) -> Iterator[Hazard]:
    """SQLite with foreign keys on: children that do not go with their parent hold it back."""
    if not scene.sqlite or not scene.state.is_on("foreign_keys"):
        return
    if isinstance(action, Drop):
        names = action.names if action.kind == "table" else ()
    else:
        names = (action.table,) if action.conflict == "replace" else ()
    for name in names:
        for child, key in scene.state.referencing(name):
            if key.on_delete in _REFUSES and not scene.is_empty(child):
                yield Hazard((child,), detail=f"rows of {child} that refer to {name}")


def _stricter(
    old: TableState, new: TableState, sources: dict[str, str], scene: Scene
) -> Iterator[Hazard]:
    key = scene.state.key
    unique = [{key(c) for c in k.columns} for k in old.constraints if k.kind in _KEYS]
    unique += [{key(c) for c in i.columns} for i in old.indexes if i.unique and not i.predicate]
    checks = {_plain(c.expression.text) for c in old.constraints if c.expression is not None}
    for constraint in new.constraints:
        if constraint.kind in _KEYS:
            wanted = {sources.get(key(c), "") for c in constraint.columns}
            if "" not in wanted and not any(u <= wanted for u in unique):
                detail = f"duplicates of {', '.join(sorted(wanted))} in {old.name}"
                yield Hazard((old.name,), detail=detail)
        elif constraint.kind == "check" and constraint.expression is not None:
            looked_at = {key(c) for c in (*constraint.columns, *constraint.expression.columns)}
            if looked_at & set(sources) and _plain(constraint.expression.text) not in checks:
                yield Hazard((old.name,), detail=f"rows of {old.name} that fail the new CHECK")


def _plain(text: str) -> str:
    return "".join(text.lower().replace('"', "").split())


_KEYS = ("primary key", "unique")

RULE = Rule(
    code="may-fail-on-data",
    kind=Kind.FAILS,
    risk=Risk.MEDIUM,
    effect="It fails if one row does not fit, and nobody has looked.",
    remedy="Look first (SELECT … WHERE NOT (condition) LIMIT 1; GROUP BY … HAVING count(*) > 1; a LEFT JOIN for orphans), and repair the rows.",
    source="PostgreSQL manual, ALTER TABLE",
    looks=(
        at(AddColumn, find_added),
        at(AddConstraint, find),
        at(CreateIndex, find_index),
        at(SetNotNull, find_null),
        at(ChangeType, find_type),
        at(Delete, find_delete),
        at(AlterDomain, find_domain),
        at(RedefineColumn, find_redefined),
        at(Insert, find_copy),
        at(Drop, find_restricted),
        at(Insert, find_restricted),
    ),
    paste=pasteable.look_first,
)
