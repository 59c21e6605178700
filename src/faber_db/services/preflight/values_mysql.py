"""Values that MODIFY or CHANGE would refuse, cut or round: MySQL and MariaDB.

The same rows fail in strict mode and are cut without it; decimals and times round in every mode.
"""

from collections.abc import Iterator
from dataclasses import replace

from faber_db.model.statement import RedefineColumn, TypeName
from faber_db.rules.redefinition import charset, charset_shrinks, loses
from faber_db.rules.state import type_named
from faber_db.services.preflight.constraints import nulls
from faber_db.services.preflight.question import Here, Question, Use, about, bad_rows

_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_LENGTHS = {"tinytext": 255, "text": 65_535, "mediumtext": 16_777_215}
_TIMES = ("datetime", "timestamp", "time")
_CODES = ("may-fail-on-data", "redefine-loses")


def redefined(here: Here, action: RedefineColumn) -> Iterator[Question]:
    """What the new definition asks of the values that are there."""
    table = here.table(action.table)
    state = here.state.column(action.table, action.column)
    if table is None:
        return
    if not action.definition.nullable and (state is None or state.nullable):
        yield from nulls(here, action.table, action.column)
    new_type = action.definition.type
    before = here.state.table(action.table)
    default = before.charset if before else ""
    shrinks = state is not None and charset_shrinks(state, action.definition, default)
    if state and not loses(state.type, new_type) and not shrinks:
        return
    name = f"{action.table}.{action.column}"
    question = about(
        action.table,
        (action.column,),
        f"values of {name} that do not fit",
        codes=_CODES,
        use=Use.CHANGES,
    )
    column = table.column(action.column)
    if column is None or here.state.is_new_column(action.table, action.column):
        yield replace(question, why="it is not in the database yet")
        return
    old, new = type_named(column.type, here.dialect), action.definition.type
    changed = _changed(here.named(column.name), old, new)
    if not changed:
        yield replace(question, why=f"no question is known for {old.text} to {new.text}")
        return
    sql, estimated = bad_rows(here, table, here.source(table), changed)
    yield replace(
        question,
        says=f"do not fit {new.text}, or change",
        sql=sql,
        estimated=estimated,
    )


def _changed(value: str, old: TypeName, new: TypeName) -> str:
    """The condition under which a value is not the same afterwards; empty: not known."""
    parts = [part for part in (_of_kind(value, old, new), _of_charset(value, old, new)) if part]
    return " OR ".join(parts)


def _of_charset(value: str, old: TypeName, new: TypeName) -> str:
    to = charset(new)
    if not to or not to.isalnum() or to == charset(old):
        return ""
    return f"CONVERT(CONVERT({value} USING {to}) USING utf8mb4) <> CONVERT({value} USING utf8mb4)"


def _of_kind(value: str, old: TypeName, new: TypeName) -> str:
    if new.name in _INTEGERS:
        low, high = _range(new)
        if old.name in ("char", "varchar") or old.name.endswith("text"):
            return (
                f"{value} NOT REGEXP '^ *[-+]?[0-9]+ *$'"
                f" OR CAST({value} AS DECIMAL(65,0)) NOT BETWEEN {low} AND {high}"
            )
        rounds = "" if old.name in _INTEGERS else f" OR {value} <> ROUND({value})"
        return f"{value} NOT BETWEEN {low} AND {high}{rounds}"
    if new.name == "decimal":
        return _of_decimal(value, old, new)
    if new.name in ("varchar", "char"):
        return f"CHAR_LENGTH({value}) > {_first(new, 1)}"
    if new.name in ("varbinary", "binary"):
        return f"LENGTH({value}) > {_first(new, 1)}"
    if new.name in _LENGTHS:
        return f"LENGTH({value}) > {_LENGTHS[new.name]}"
    if new.name == "enum":
        labels = ", ".join(
            "'" + a.replace("\\", "\\\\").replace("'", "''") + "'" for a in new.arguments
        )
        return f"{value} NOT IN ({labels})"
    if new.name in _TIMES and old.name in _TIMES:
        return f"{value} <> CAST({value} AS {_time(new)})"
    if new.name == "date" and old.name in _TIMES:
        return f"{value} <> CAST({value} AS DATE)"
    return ""


def _of_decimal(value: str, old: TypeName, new: TypeName) -> str:
    scale = int(new.arguments[1]) if len(new.arguments) > 1 else 0
    whole = _first(new, 10) - scale
    if old.name in ("char", "varchar") or old.name.endswith("text"):
        return ""
    return f"{value} <> ROUND({value}, {scale}) OR ABS(ROUND({value}, {scale})) >= 1e{whole}"


def _range(new: TypeName) -> tuple[int, int]:
    bits = _INTEGERS[new.name]
    if "unsigned" in new.attributes:
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _first(kind: TypeName, default: int) -> int:
    first = kind.arguments[0] if kind.arguments else ""
    return int(first) if first.isdigit() else default


def _time(new: TypeName) -> str:
    name = "DATETIME" if new.name == "timestamp" else new.name.upper()
    return f"{name}({_first(new, 0)})"
