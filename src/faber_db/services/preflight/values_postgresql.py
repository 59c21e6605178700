"""Values that a new type refuses, and values that it changes without a word: PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace

from faber_db.model.catalogue import Column, Table
from faber_db.model.statement import ChangeType, TypeName
from faber_db.rules.state import type_named
from faber_db.rules.type_changes import is_plain_cast, type_change
from faber_db.services.preflight.question import Here, Question, Use, about, total
from faber_db.sql.harmless import objection
from faber_db.sql.types import written

_RANGES = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_NUMBERS = {*_RANGES, "numeric", "real", "double precision"}
_TEXTS = {"text", "character varying", "character", "citext", "name"}
_TIMES = {"timestamp without time zone", "timestamp with time zone", "date"}
_NOT_COMPARED = {"json", "xml", "point", "box", "polygon"}  # they have no equality


def changed_type(here: Here, action: ChangeType) -> Iterator[Question]:
    """What `ALTER COLUMN … TYPE` asks of the values that are there."""
    table = here.table(action.table)
    if table is None:
        return
    column = next((c for c in table.columns if c.name == action.column), None)
    state = here.state.column(action.table, action.column)
    change = type_change(state.type if state else None, action)
    name = f"{action.table}.{action.column}"
    fails = about(action.table, (action.column,), f"values of {name} that do not fit")
    loses = about(
        action.table,
        (action.column,),
        f"values of {name} that the new type changes",
        codes=("lossy-type-change",),
        use=Use.CHANGES,
        unit="value",
    )
    asked = _Cast.of(here, table, column, action)
    if isinstance(asked, str):
        yield from (
            replace(q, why=asked) for q in _wanted(fails, loses, change.may_fail, change.loses)
        )
        return
    if change.may_fail:
        yield asked.fitting(here, table, fails)
    if change.loses:
        yield asked.kept(here, table, loses)


def _wanted(fails: Question, loses: Question, may_fail: bool, lossy: bool) -> Iterator[Question]:
    if may_fail:
        yield fails
    if lossy:
        yield loses


class _Cast:
    """The way from the old value to the new one and back, as SQL."""

    def __init__(self, old: str, forth: str, new: str, fits: str | None, *, own: bool) -> None:
        self._old = old  # the type as the database prints it
        self._forth = forth  # the new value
        self._new = new  # the new type in words
        self._fits = fits  # condition that a value can be cast; empty: each can; None: not known
        self._own = own  # USING of the migration
        self._column = ""

    @classmethod
    def of(
        cls, here: Here, table: Table, column: Column | None, action: ChangeType
    ) -> "_Cast | str":
        """The casts, or why they cannot be tried."""
        if column is None or here.state.is_new_column(action.table, action.column):
            return "it is not in the database yet"
        labels = here.state.enums.get(action.type.name)
        enums = {e.full_name for e in here.catalogue.enums}
        new = written(action.type, enums)
        value = here.named(column.name)
        old = type_named(column.type, here.dialect)
        plain = action.using is None or is_plain_cast(action)
        if labels and not action.type.array and (plain or _through_text(action)):
            forth = f"{value}::text"  # the new enum may not be there yet
            cast = cls(column.type, forth, action.type.text, _among(value, labels), own=False)
        elif not new:
            return f"the type {action.type.name} is not in the database yet"
        elif plain:
            fits = _fits(here, value, old, action.type, new, explicit=action.using is not None)
            cast = cls(column.type, f"{value}::{new}", new, fits, own=False)
        else:
            text = action.using.text if action.using else ""
            if why := objection(text, here.dialect, here.own):
                return f"USING is not run before it is approved: {why}"
            cast = cls(column.type, f"({text}\n)::{new}", new, None, own=True)
        cast._column = value
        return cast

    def fitting(self, here: Here, table: Table, question: Question) -> Question:
        """Values that cannot be cast: counted, or tried where no condition says it."""
        rows, estimated = total(here, table)
        source = here.source(table)
        if self._fits is None:  # evaluated for every row; the first that fails is the answer
            sql = f"SELECT 0 * count({self._forth}), count(*) FROM {source}"  # noqa: S608 - quoted
            estimated = None
        else:
            bad = f"NOT ({self._fits})" if self._fits else "false"
            found = f"SELECT 1 FROM {source} WHERE {self._column} IS NOT NULL AND {bad} LIMIT 10001"  # noqa: S608
            sql = f"SELECT (SELECT count(*) FROM ({found}) AS found), {rows}"  # noqa: S608
        return replace(
            question,
            says=f"do not fit {self._new}",
            sql=sql,
            estimated=estimated,
            written=self._own,
            by_trying=self._fits is None,
        )

    def kept(self, here: Here, table: Table, question: Question) -> Question:
        """Values that are others after the cast and back, as far as they can be cast."""
        back = f"({self._forth})::{self._old}"
        value = self._column
        if self._old in _NOT_COMPARED:
            back, value = f"({back})::text", f"{value}::text"
        differs = f"{back} IS DISTINCT FROM {value}"
        if self._fits:
            differs = f"CASE WHEN {self._fits} THEN {differs} ELSE false END"
        return replace(
            question,
            says=f"change when they become {self._new}",
            sql=f"SELECT count(*) FILTER (WHERE {self._column} IS NOT NULL AND {differs}),"  # noqa: S608
            f" count({self._column}) FROM {here.source(table)}",
            written=self._own,
        )


def _through_text(action: ChangeType) -> bool:
    """`USING column::text::newtype`, the way from one enum to another."""
    text = action.using.text.replace('"', "").lower() if action.using else ""
    return (
        text.strip("() ").startswith(f"{action.column.lower()}::text::") and text.count("::") == 2
    )


def _among(value: str, labels: tuple[str, ...]) -> str:
    listed = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
    return f"{value}::text IN ({listed})"


def _fits(
    here: Here, value: str, old: TypeName, new: TypeName, sql: str, *, explicit: bool
) -> str | None:
    """The condition under which a value can be cast; empty: always; None: only trying tells."""
    if old.array or new.array:
        return None
    labels = here.state.enums.get(new.name)
    if labels is not None:
        return _among(value, labels)
    if new.name in _RANGES and old.name in _NUMBERS:
        low, high = _RANGES[new.name]
        return f"round({value}::numeric) BETWEEN {low} AND {high}"
    if new.name == "numeric" and old.name in _NUMBERS:
        return _in_precision(value, new)
    if new.name in ("text", "character varying", "character") and (explicit or not new.arguments):
        return ""
    if new.name in ("character varying", "character"):
        text = f"rtrim({value}::text, ' ')" if old.name in _TEXTS else f"{value}::text"
        return f"char_length({text}) <= {int(new.arguments[0])}"
    if old.name in _TIMES and new.name in (*_TIMES, "time without time zone"):
        return ""
    if old.name in _TEXTS and (here.around.server_version or 0) >= 160_000:
        literal = sql.replace("'", "''")
        return f"pg_catalog.pg_input_is_valid({value}::text, '{literal}')"
    return None


def _in_precision(value: str, new: TypeName) -> str:
    if not new.arguments:
        return ""
    scale = int(new.arguments[1]) if len(new.arguments) > 1 else 0
    whole = int(new.arguments[0]) - scale
    return f"abs(round({value}::numeric, {scale})) < 1e{whole}::numeric"
