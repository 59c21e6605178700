"""A table is rebuilt by create, copy, drop and rename, and the copy leaves something out."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.rebuild import Rebuild
from faber_db.rules.scene import Scene
from faber_db.rules.state import TableState

_NUMBERS = ("int", "real", "floa", "doub", "numeric", "decimal")
_TEXTS = ("char", "clob", "text")


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind != "table":
        return
    for name in action.names:
        rebuild = scene.rebuild_of(name)
        if rebuild is None or scene.is_new(name):
            continue
        for way in scene.rename_fails(name) if not scene.transaction.open else ():
            yield Hazard((name,), detail=f"{name} is gone when the rename fails at {way}")
        if rebuild.leaves_rows_out:
            yield Hazard((name,), detail=f"the copy of {name} leaves rows out")
        yield from _columns(name, rebuild, scene)


def _columns(name: str, rebuild: Rebuild, scene: Scene) -> Iterator[Hazard]:
    old, new = rebuild.old, rebuild.new
    if not old.complete:
        yield from _unknown(name, rebuild, scene)
        return
    if rebuild.sources is None:  # they do not pair, so it fails before anything is lost
        return
    kept = {k for k, c in old.columns.items() if not c.generated}
    for column in sorted(kept - rebuild.taken):
        yield Hazard((f"{name}.{column}",), detail=f"column {column} of {name} is not copied")
    for into, source in rebuild.sources.items():
        if source in kept and into in kept and source != into:
            yield Hazard((f"{name}.{into}",), detail=f"{into} gets the values of {source}")
        elif source in kept and _becomes_number(old, source, new, into):
            detail = f"texts of {source} that look like numbers lose leading zeros"
            yield Hazard((f"{name}.{source}",), detail=detail)


def _unknown(name: str, rebuild: Rebuild, scene: Scene) -> Iterator[Hazard]:
    taken = {scene.state.key(v) for v in rebuild.insert.values}
    new = rebuild.new
    if "*" in taken:
        return
    if "" in taken or not set(new.columns) <= taken | _filled(new):
        yield Hazard((name,), detail=f"columns of {name} are not known, so none may be missing")


def _filled(table: TableState) -> set[str]:
    """Columns that get a value by themselves."""
    return {
        k for k, c in table.columns.items() if c.default or c.identity or c.generated or c.nullable
    }


def _becomes_number(old: TableState, source: str, new: TableState, into: str) -> bool:
    """SQLite turns a text into a number in a column of such a type; a date stays as it is."""
    was, becomes = old.columns.get(source), new.columns.get(into)
    if was is None or becomes is None:
        return False
    return _is(was.type.name, _TEXTS) and _is(becomes.type.name, _NUMBERS)


def _is(type_name: str, parts: tuple[str, ...]) -> bool:
    return any(part in type_name.lower() for part in parts)


RULE = Rule(
    code="rebuild-loses",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="What the copy leaves out is gone with the old table.",
    remedy="Copy every column and every row: INSERT INTO new_table (all columns) SELECT all columns FROM old_table, without WHERE.",
    source="SQLite manual, ALTER TABLE, Making Other Kinds Of Table Schema Changes",
    looks=(at(Drop, find),),
)
