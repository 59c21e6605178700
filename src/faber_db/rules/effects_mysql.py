"""MySQL and MariaDB: which ALTER is instant, in place, or a copy that makes writes wait.

Measured on MariaDB 10.11; MySQL 8 by its manual (Online DDL Operations). Every ALTER also takes a
metadata lock for a moment, which queues behind long transactions.
"""

from collections.abc import Iterable, Iterator

from faber_db.model.dialect import Dialect
from faber_db.model.online_ddl import (
    BRIEF,
    COPY,
    EXCLUSIVE,
    INPLACE,
    INPLACE_SHARED,
    READ_LOCK,
    ROWS,
)
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    ChangeType,
    Constraint,
    Copy,
    CreateIndex,
    CreateTable,
    Delete,
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    Insert,
    Lock,
    Maintain,
    Query,
    RedefineColumn,
    Rename,
    SetDefault,
    TableAction,
    TableSetting,
    Truncate,
    Update,
)
from faber_db.rules.effects import TableEffect
from faber_db.rules.online_ddl import carried_out, demand
from faber_db.rules.redefinition import charset, same_storage
from faber_db.rules.state import ColumnState, State

_COPYING = {"convert character set", "partition", "reorganize partition", "coalesce partition",
            "rebuild partition", "add hash partition", "order by", "system versioning"}  # fmt: skip
_REBUILDING = {"force", "option row_format", "option key_block_size"}
_NO_REFERENCES = 90_000
_MARIADB = 100_000  # MySQL has no such version
_ADD_LAST, _ADD_ANYWHERE, _RENAME, _DROP = 80_012, 80_029, 80_028, 80_029  # INSTANT in MySQL from
_VARYING = {"uuid", "uuid_short", "uuid_v4", "uuid_v7", "sys_guid", "nextval"}
_CONSTANT = {"current_timestamp", "now", "localtime", "localtimestamp"}


def is_mariadb(dialect: Dialect, version: int | None) -> bool:
    """Whether it is known to be MariaDB; MySQL has no version 10."""
    return dialect is Dialect.MARIADB or (version is not None and version >= _MARIADB)


def _from(since: int, version: int | None) -> tuple[str, bool, bool]:
    """Instant from a version of MySQL on, and always in MariaDB; before, the table is rebuilt in place."""
    old = version is not None and version < since
    return (INPLACE, True, True) if old else (BRIEF, False, False)


def effects(
    action: Action, state: State, version: int | None = None, among: Iterable[Action] = ()
) -> Iterator[TableEffect]:
    """The effects of one action on tables; `among` are all actions of its statement."""
    if not isinstance(action, TableAction | Drop | Rename):
        yield from _rows(action, state)
        return
    together = tuple(among)
    asked = demand(together, state)
    for effect in _definition(action, state, version):
        whole = _with_fulltext(_beside(effect, action, together), action, state)
        yield carried_out(whole, asked, version)


def _beside(effect: TableEffect, action: Action, among: tuple[Action, ...]) -> TableEffect:
    """A key that is heavier because of what else the statement does."""
    columns: tuple[str, ...] = ()
    if isinstance(action, AddConstraint) and action.constraint.kind in ("unique", "primary key"):
        columns = action.constraint.columns
    elif isinstance(action, CreateIndex):
        columns = action.columns
    if columns and any(isinstance(a, TableSetting) and a.setting == "ignore" for a in among):
        return TableEffect(effect.table, COPY, scan=True, rewrite=True)
    new = {a.column.name for a in among if isinstance(a, AddColumn) and a.column.generated}
    if new & set(columns):  # of a virtual column that is not there yet
        return TableEffect(effect.table, INPLACE_SHARED, scan=True)
    return effect


def _with_fulltext(effect: TableEffect, action: Action, state: State) -> TableEffect:
    """A full text index is built anew with its table, under a lock, and lets no column be instant.

    MySQL manual, Online DDL Operations, Column Operations; measured on MariaDB 10.11.
    """
    table = state.table(effect.table)
    if table is None or not any(i.method == "fulltext" for i in table.indexes):
        return effect
    match action:
        case AddColumn(column=column):
            moves = column.generated != "virtual"
        case RedefineColumn(definition=definition):
            moves = bool(definition.position)
        case _:
            moves = isinstance(action, DropColumn)
    if (effect.lock == INPLACE and effect.rewrite) or (effect.lock == BRIEF and moves):
        return TableEffect(effect.table, INPLACE_SHARED, scan=True, rewrite=True)
    return effect


def _definition(action: Action, state: State, version: int | None) -> Iterator[TableEffect]:
    match action:
        case AddColumn():
            yield TableEffect(action.table, *_added(action, state, version))
        case RedefineColumn():
            mode, works = redefined(action, state, version)
            yield TableEffect(action.table, mode, scan=works, rewrite=works)
        case ChangeType():
            yield TableEffect(action.table, COPY, scan=True, rewrite=True)
        case AddConstraint():
            yield from _constraint(action.table, action.constraint, state)
        case DropConstraint(kind="primary key"):
            yield TableEffect(action.table, COPY, scan=True, rewrite=True)
        case DropColumn():
            yield TableEffect(action.table, *_from(_DROP, version))
        case Rename(kind="column", table=table):
            yield TableEffect(table, *_from(_RENAME, version)[:1])
        case SetDefault() | DropDefault() | DropConstraint():
            yield TableEffect(action.table, BRIEF)
        case CreateIndex(method="fulltext" | "spatial"):
            yield TableEffect(action.table, INPLACE_SHARED, scan=True)
        case CreateIndex():
            yield TableEffect(action.table, INPLACE, scan=True)
        case TableSetting():
            yield _setting(action)
        case CreateTable():
            for constraint in action.constraints:
                if constraint.references:
                    yield TableEffect(constraint.references, BRIEF)
        case Drop(kind="table" | "view" | "partition" | "partition rows" | "index"):
            for name in (action.table,) if action.table else action.names:
                yield TableEffect(name, BRIEF)
        case Rename(kind="table"):
            yield TableEffect(action.old, BRIEF)
        case Rename(table=table) if table:
            yield TableEffect(table, BRIEF)
        case _:
            yield from _rows(action, state)


def _added(action: AddColumn, state: State, version: int | None) -> tuple[str, bool, bool]:
    column = action.column
    if action.if_not_exists and state.column(action.table, column.name) is not None:
        return BRIEF, False, False
    if column.identity:
        return INPLACE_SHARED, True, True
    functions = column.default.functions if column.default else ()
    others = column.default.columns if column.default else ()
    mariadb = is_mariadb(state.dialect, version)
    varies = set(functions) & _VARYING if mariadb else set(functions) - _CONSTANT
    if column.generated == "stored" or varies or others:
        return COPY, True, True
    kinds = {c.kind for c in column.constraints}
    if version is not None and version < _NO_REFERENCES:
        kinds.discard("foreign key")  # MySQL reads REFERENCES beside a column and forgets it
    if "foreign key" in kinds and not state.is_off("foreign_key_checks"):
        return COPY, True, True
    if kinds & {"unique", "primary key"}:
        return INPLACE, True, False
    return _from(_ADD_ANYWHERE if column.position else _ADD_LAST, version)


def _constraint(table: str, constraint: Constraint, state: State) -> Iterator[TableEffect]:
    match constraint.kind:
        case "foreign key" if state.is_off("foreign_key_checks"):
            yield TableEffect(table, INPLACE)
            yield TableEffect(constraint.references, BRIEF)
        case "foreign key":
            yield TableEffect(table, COPY, scan=True, rewrite=True)
            yield TableEffect(constraint.references, BRIEF)
        case "check" if constraint.not_enforced:
            yield TableEffect(table, BRIEF)
        case "check":
            yield TableEffect(table, COPY, scan=True, rewrite=True)
        case _:
            yield TableEffect(table, INPLACE, scan=True)


def _setting(action: TableSetting) -> TableEffect:
    if action.setting in _COPYING:
        return TableEffect(action.table, COPY, scan=True, rewrite=True)
    if action.setting in _REBUILDING:
        return TableEffect(action.table, INPLACE, scan=True, rewrite=True)
    if action.setting == "option engine":
        same = action.value.lower() == "innodb"
        return TableEffect(action.table, INPLACE if same else COPY, scan=True, rewrite=True)
    return TableEffect(action.table, BRIEF)


def redefined(action: RedefineColumn, state: State, version: int | None) -> tuple[str, bool]:
    """The way of MODIFY or CHANGE, and whether the table is rebuilt."""
    old, new = state.column(action.table, action.column), action.definition
    table = state.table(action.table)
    if old is None:
        absent = table is not None and table.complete  # it fails, or IF EXISTS leaves it out
        return (BRIEF, False) if absent else (COPY, True)
    default = table.charset if table else ""
    before = charset(old.type, old.collation) or default
    after = charset(new.type, new.collation) or default
    characters = before or "utf8mb4"
    mariadb = is_mariadb(state.dialect, version)
    if before and after and before != after:
        return COPY, True
    if not same_storage(old.type, new.type, characters=characters, mariadb=mariadb):
        return COPY, True
    if _collation_rebuilds(action, old, state):
        return COPY, True
    if new.generated or old.generated or (new.identity and not old.identity):
        return COPY, True
    if new.nullable != old.nullable or new.position:
        return INPLACE, False
    return BRIEF, False


def _collation_rebuilds(action: RedefineColumn, old: ColumnState, state: State) -> bool:
    """Another collation: the indexes of the column are sorted anew."""
    new = action.definition
    if not new.collation or new.collation.lower() == old.collation.lower():
        return False
    return state.is_indexed(action.table, action.column)


def _rows(action: Action, state: State) -> Iterator[TableEffect]:
    match action:
        case Truncate():
            for name in action.tables:
                yield TableEffect(name, BRIEF)
        case Maintain(what="optimize" | "repair"):
            for name in action.names:
                yield TableEffect(name, INPLACE if action.what == "optimize" else COPY, True, True)
        case Insert():
            yield TableEffect(action.table, ROWS, writes=action.query)
            yield from (TableEffect(t, ROWS, scan=True) for t in action.reads)
        case Update() | Delete():
            many = not state.by_key(action)
            yield TableEffect(action.table, ROWS, scan=many, writes=many)
        case Copy() if action.table:
            yield TableEffect(action.table, ROWS, writes=True)
        case Lock():
            for name in action.tables:
                mode = EXCLUSIVE if action.mode == "ACCESS EXCLUSIVE" else READ_LOCK
                yield TableEffect(name, mode)
        case Query():
            yield from (TableEffect(t, "none (consistent read)", scan=True) for t in action.reads)
        case _:
            pass
