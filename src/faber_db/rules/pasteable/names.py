"""Names, definitions and batches as people write them.

Texts to be pasted by people; nothing here is run.
"""

# ruff: noqa: S608

import re
from dataclasses import dataclass

from faber_db.model.dialect import Dialect
from faber_db.model.statement import Constraint
from faber_db.rules.scene import Scene
from faber_db.sql.identifiers import shown

_LONGEST = 63  # characters of a name in PostgreSQL


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one statement as people write them."""

    dialect: Dialect

    def __call__(self, name: str) -> str:
        return shown(name, self.dialect)

    def all(self, names: tuple[str, ...]) -> str:
        return ", ".join(shown(n, self.dialect) for n in names)

    def made(self, table: str, *parts: str) -> str:
        """A name for something new: `users_email_nn`."""
        bare = re.sub(r"\W+", "_", "_".join((table.rpartition(".")[2], *parts))).lower()
        return shown(bare[:_LONGEST], self.dialect)


def lines(*parts: str) -> str:
    return "\n".join(parts)


def constraint_name(table: str, added: Constraint, name: Names) -> str:
    """As PostgreSQL would name it."""
    ends = {"foreign key": "fkey", "check": "check", "unique": "key", "not null": "not_null"}
    columns = added.columns or (added.expression.columns[:1] if added.expression else ())
    if added.kind == "primary key":
        return name.made(table, "pkey")
    return name.made(table, *columns, ends.get(added.kind, "check"))


def definition(added: Constraint, name: Names) -> str:
    match added.kind:
        case "check" if added.expression is not None and added.expression.text:
            return f"CHECK ({added.expression.text})"
        case "not null" if added.columns:
            return f"NOT NULL {name(added.columns[0])}"
        case "foreign key" if added.columns:
            theirs = f" ({name.all(added.referenced_columns)})" if added.referenced_columns else ""
            return (
                f"FOREIGN KEY ({name.all(added.columns)})"
                f" REFERENCES {name(added.references)}{theirs}"
                + _unless("NO ACTION", " ON DELETE ", added.on_delete)
                + _unless("NO ACTION", " ON UPDATE ", added.on_update)
                + (f" {added.deferrable.upper()}" if added.deferrable else "")
            )
        case _:
            return ""


def _unless(default: str, before: str, value: str) -> str:
    return "" if value in ("", default) else before + value


def in_batches(table: str, change: str, left: str, scene: Scene) -> tuple[str, ...]:
    """An UPDATE by ranges of the key, where the key is known and a number."""
    name, found = Names(scene.dialect), scene.table(table)
    columns = found.columns.values() if found is not None else ()
    numbers = [c.name for c in columns if "int" in c.type.name]
    key = next((n for n in numbers if found is not None and found.is_keyed((n,))), "")
    limits = f"{name(key)} BETWEEN 1 AND 10000 AND " if key else ""
    return (
        "-- then in batches by key, each in a transaction of its own:",
        f"UPDATE {name(table)} SET {change} WHERE {limits}{left};",
    )


def checked_not_null(table: str, column: str, names: Names) -> tuple[str, ...]:
    """NOT NULL by way of a check that is validated while others read and write."""
    full, own = names(table), names(column)
    check = names.made(table, column, "nn")
    return (
        f"ALTER TABLE {full} ADD CONSTRAINT {check} CHECK ({own} IS NOT NULL) NOT VALID;",
        "-- next migration, after the backfill:",
        f"ALTER TABLE {full} VALIDATE CONSTRAINT {check};",
        f"ALTER TABLE {full} ALTER COLUMN {own} SET NOT NULL;",
        f"ALTER TABLE {full} DROP CONSTRAINT {check};",
    )
