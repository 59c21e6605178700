"""MySQL and MariaDB: which ALTER is instant, in place, or a copy that makes writes wait.

Measured on MariaDB 10.11; MySQL 8 by its manual (Online DDL Operations). Every ALTER also takes a
metadata lock for a moment, which queues behind long transactions.
"""

from collections.abc import Iterator

from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    ChangeType,
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
    TableSetting,
    Truncate,
    TypeName,
    Update,
)
from faber_db.rules.effects import TableEffect
from faber_db.rules.state import ColumnState, State

BRIEF = "metadata lock, brief"
INPLACE = "metadata lock, brief; rebuilt in place, reads and writes go on"
COPY = "SHARED (writes wait while the table is copied)"
EXCLUSIVE = "EXCLUSIVE (reads wait)"
ROWS = "row locks"

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_TEXTS = ("tinytext", "text", "mediumtext", "longtext")
_BYTES = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "latin1": 1, "ascii": 1, "binary": 1}
_COPYING = {"convert character set", "partition", "reorganize partition", "coalesce partition",
            "exchange partition", "order by"}  # fmt: skip


def effects(action: Action, state: State) -> Iterator[TableEffect]:
    """The effects of one action on tables."""
    match action:
        case AddColumn():
            yield TableEffect(action.table, *_added(action))
        case RedefineColumn():
            column = state.column(action.table, action.column)
            mode, works = redefinition(column, action)
            yield TableEffect(action.table, mode, scan=works, rewrite=works)
        case ChangeType():
            yield TableEffect(action.table, COPY, scan=True, rewrite=True)
        case AddConstraint():
            yield from _constraint(action)
        case DropConstraint(kind="primary key"):
            yield TableEffect(action.table, COPY, scan=True, rewrite=True)
        case DropColumn() | SetDefault() | DropDefault() | DropConstraint():
            yield TableEffect(action.table, BRIEF)
        case CreateIndex(method="fulltext" | "spatial"):
            yield TableEffect(action.table, COPY, scan=True)
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


def _added(action: AddColumn) -> tuple[str, bool, bool]:
    column = action.column
    if column.identity:
        return COPY, True, True
    functions = column.default.functions if column.default else ()
    now = {"current_timestamp", "now", "localtime", "localtimestamp"}
    if column.generated == "stored" or set(functions) - now:
        return COPY, True, True
    kinds = {c.kind for c in column.constraints}
    if kinds & {"check", "foreign key"}:
        return COPY, True, True
    if kinds & {"unique", "primary key"}:
        return INPLACE, True, False
    return BRIEF, False, False


def _constraint(action: AddConstraint) -> Iterator[TableEffect]:
    match action.constraint.kind:
        case "foreign key":
            yield TableEffect(action.table, COPY, scan=True, rewrite=True)
            yield TableEffect(action.constraint.references, BRIEF)
        case "check":
            lazy = action.constraint.not_enforced
            yield TableEffect(
                action.table, BRIEF if lazy else COPY, scan=not lazy, rewrite=not lazy
            )
        case _:
            yield TableEffect(action.table, INPLACE, scan=True)


def _setting(action: TableSetting) -> TableEffect:
    if action.setting in _COPYING:
        return TableEffect(action.table, COPY, scan=True, rewrite=True)
    if action.setting in ("force", "option row_format", "option key_block_size"):
        return TableEffect(action.table, INPLACE, scan=True, rewrite=True)
    if action.setting == "option engine":
        same = action.value.lower() == "innodb"
        return TableEffect(action.table, INPLACE if same else COPY, scan=True, rewrite=True)
    return TableEffect(action.table, BRIEF)


def charset(type_name: TypeName) -> str:
    """The character set that a type names, or empty."""
    return next((a.split()[-1] for a in type_name.attributes if a.startswith("character set")), "")


def redefinition(old: ColumnState | None, action: RedefineColumn) -> tuple[str, bool]:
    """The lock of MODIFY or CHANGE, and whether the table is rebuilt."""
    if old is None:
        return COPY, True
    new = action.definition
    if charset(new.type) and charset(new.type) != (charset(old.type) or charset(new.type)):
        return COPY, True
    if not same_storage(old.type, new.type):
        return COPY, True
    if new.generated != old.generated or bool(new.identity) != bool(old.identity):
        return COPY, True
    if new.nullable != old.nullable or new.position:
        return INPLACE, False
    return BRIEF, False


def same_storage(old: TypeName, new: TypeName) -> bool:
    """Whether values keep their bytes: the type stays, or a VARCHAR or ENUM only grows at its end."""
    if old.name != new.name or _unsigned(old) != _unsigned(new):
        return False
    if old.name == "varchar":
        width = _BYTES.get(charset(old) or charset(new) or "utf8mb4", 4)
        before, after = _length(old) * width, _length(new) * width
        return after >= before and (before > 255) == (after > 255)
    if old.name in ("enum", "set"):
        return new.arguments[: len(old.arguments)] == old.arguments
    if old.name in _INTEGERS:
        return True
    return old.arguments == new.arguments


def _unsigned(type_name: TypeName) -> bool:
    return "unsigned" in type_name.attributes


def _length(type_name: TypeName) -> int:
    first = type_name.arguments[0] if type_name.arguments else "0"
    return int(first) if first.isdigit() else 0


def loses(old: TypeName, new: TypeName) -> bool:
    """Whether values can change without an error, in some sql_mode or in every one."""
    if old.name in _INTEGERS and new.name in _INTEGERS:
        narrower = _INTEGERS.index(new.name) < _INTEGERS.index(old.name)
        return narrower or _unsigned(old) != _unsigned(new)
    if old.name == new.name and old.name in ("varchar", "char", "varbinary", "binary"):
        return _length(new) < _length(old)
    if old.name == new.name == "decimal":
        before, after = _decimal(old), _decimal(new)
        return after[1] < before[1] or after[0] - after[1] < before[0] - before[1]
    if old.name == new.name and old.name in ("datetime", "timestamp", "time"):
        return _length(new) < _length(old)
    if old.name in ("enum", "set") and new.name == old.name:
        return not set(old.arguments) <= set(new.arguments)
    if old.name in _TEXTS and new.name in _TEXTS:
        return _TEXTS.index(new.name) < _TEXTS.index(old.name)
    if old.name in ("varchar", "char") and new.name in _TEXTS:
        return False
    if old.name in _INTEGERS and new.name in ("varchar", "text", "mediumtext", "longtext"):
        return new.name == "varchar" and _length(new) < 20
    if old.name in _INTEGERS and new.name == "decimal":
        return _decimal(new)[0] - _decimal(new)[1] < 19
    if old.name in ("float",) and new.name == "double":
        return False
    return old.name != new.name


def _decimal(type_name: TypeName) -> tuple[int, int]:
    numbers = [int(a) for a in type_name.arguments if a.isdigit()]
    return (numbers[0] if numbers else 10, numbers[1] if len(numbers) > 1 else 0)


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
                mode = EXCLUSIVE if action.mode == "ACCESS EXCLUSIVE" else "SHARED (writes wait)"
                yield TableEffect(name, mode)
        case Query():
            yield from (TableEffect(t, "none (consistent read)", scan=True) for t in action.reads)
        case _:
            pass


def charset_shrinks(old: ColumnState, action: RedefineColumn) -> bool:
    """Whether a new character set cannot hold what the old one could."""
    new, before = charset(action.definition.type), charset(old.type) or "utf8mb4"
    return bool(new) and _BYTES.get(new, 4) < _BYTES.get(before, 4)
