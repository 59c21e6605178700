"""Tables and rows that are put aside before they go, and names that live side by side."""

# ruff: noqa: S608 - texts to be pasted by people; nothing here is run

from faber_db.model.statement import (
    Action,
    Delete,
    Drop,
    Rename,
    Update,
)
from faber_db.rules.pasteable.names import Names, in_batches, lines
from faber_db.rules.scene import Scene
from faber_db.sql.reach import reach_of
from faber_db.sql.types import shown_type


def put_aside(action: Action, scene: Scene) -> str:
    """A table under another name, until nobody has missed it."""
    if not isinstance(action, Drop) or action.kind != "table":
        return ""
    name = Names(scene.dialect)
    return lines(
        "-- rename it, and drop it when nothing broke:",
        *(
            f"ALTER TABLE {name(table)} RENAME TO {name.made(table, 'old')};"
            for table in action.names
        ),
    )


def both_names(action: Action, scene: Scene) -> str:
    """The old name beside the new one, until no code uses it."""
    if not isinstance(action, Rename):
        return ""
    name = Names(scene.dialect)
    if action.kind == "table" and not scene.mysql:
        return lines(
            f"ALTER TABLE {name(action.old)} RENAME TO {name(action.new)};",
            "-- in the same transaction, until no running code uses the old name:",
            f"CREATE VIEW {name(action.old)} AS SELECT * FROM {name(action.new)};",
        )
    column = scene.state.column(action.table, action.old)
    if action.kind != "column" or column is None:
        return ""
    kind = shown_type(column.type, scene.dialect)
    change = f"{name(action.new)} = {name(action.old)}"
    left = f"{name(action.new)} IS NULL"
    return lines(
        f"ALTER TABLE {name(action.table)} ADD COLUMN {name(action.new)} {kind};",
        "-- deploy code that writes both columns;",
        *in_batches(action.table, change, left, scene),
        "-- when code uses the new one only, in a later migration:",
        f"ALTER TABLE {name(action.table)} DROP COLUMN {name(action.old)};",
    )


def rows_reached(action: Action, scene: Scene) -> str:
    """A count of the rows, and a copy of them, by the condition of the statement itself."""
    if not isinstance(action, Delete | Update):
        return ""
    reach = reach_of(scene.statement.text, scene.dialect)
    if reach is None or scene.routine or "\n" in reach.condition:
        return ""
    name = Names(scene.dialect)
    alias = f" {name(reach.alias)}" if reach.alias else ""
    source = f"{name(action.table)}{alias}"
    where = f" WHERE {reach.condition}" if reach.condition else ""
    kept = name.made(action.table, "before")
    return lines(
        "-- count first, and keep them in a table of their own:",
        f"SELECT count(*) FROM {source}{where};",
        f"CREATE TABLE {kept} AS SELECT * FROM {source}{where};",
    )
