"""A migration history of any length, the same each time: tables, columns, indexes, enums, constraints."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from faber_db.model.dialect import Dialect

_WORDS = [
    "order",
    "customer",
    "invoice",
    "parcel",
    "ticket",
    "branch",
    "rating",
    "coupon",
    "ledger",
    "device",
]
_TYPES = {
    Dialect.POSTGRESQL: ("text", "integer", "timestamptz", "numeric(12,2)", "boolean", "jsonb"),
    Dialect.MARIADB: ("varchar(191)", "int", "datetime(3)", "decimal(12,2)", "boolean", "json"),
}


@dataclass
class _Table:
    name: str
    columns: list[str] = field(default_factory=list)  # those that may be changed


class _Writer:
    """Keeps what there is, so that each script fits what those before it have left."""

    def __init__(self, dialect: Dialect, seed: int) -> None:
        self._dialect = dialect
        self._chance = random.Random(seed)  # noqa: S311 - the same history each time
        self._tables: list[_Table] = []
        self._enums: list[str] = []
        self._number = 0

    def scripts(self, count: int) -> Iterator[tuple[str, str]]:
        kinds = [self._table, self._column, self._column, self._index, self._constraint, self._rows]
        kinds += [self._enum, self._unique, self._drop] if self._is_postgresql else [self._unique]
        for self._number in range(1, count + 1):
            kind = self._table if self._number <= 3 else self._chance.choice(kinds)
            word, statements = kind()
            yield f"{word}_{self._number}", ";\n".join(statements) + ";\n"

    @property
    def _is_postgresql(self) -> bool:
        return self._dialect is Dialect.POSTGRESQL

    def _any(self) -> _Table:
        return self._chance.choice(self._tables)

    def _type(self) -> str:
        return self._chance.choice(_TYPES[self._dialect])

    def _table(self) -> tuple[str, list[str]]:
        table = _Table(f"{self._chance.choice(_WORDS)}_{self._number}")
        table.columns = [f"c{self._number}_{n}" for n in range(self._chance.randint(2, 6))]
        columns = ", ".join(f"{c} {self._type()}" for c in table.columns)
        self._tables.append(table)
        return "table", [
            f"CREATE TABLE {table.name} (id integer NOT NULL PRIMARY KEY, {columns})",
            f"CREATE INDEX {table.name}_id ON {table.name} (id)",
        ]

    def _column(self) -> tuple[str, list[str]]:
        table, name = self._any(), f"a{self._number}"
        table.columns.append(name)
        return "column", [f"ALTER TABLE {table.name} ADD COLUMN {name} {self._type()}"]

    def _index(self) -> tuple[str, list[str]]:
        table, name = self._any(), f"i{self._number}"
        return "index", [
            f"ALTER TABLE {table.name} ADD COLUMN {name} integer DEFAULT 0 NOT NULL",
            f"CREATE INDEX {table.name}_{name} ON {table.name} ({name}, id)",
        ]

    def _constraint(self) -> tuple[str, list[str]]:
        table, other, name = self._any(), self._any(), f"r{self._number}"
        return "constraint", [
            f"ALTER TABLE {table.name} ADD COLUMN {name} integer",
            f"ALTER TABLE {table.name} ADD CONSTRAINT {table.name}_{name}"
            f" FOREIGN KEY ({name}) REFERENCES {other.name} (id) ON DELETE CASCADE",
            f"ALTER TABLE {table.name} ADD CONSTRAINT {table.name}_{name}_c CHECK ({name} <> 0)",
        ]

    def _unique(self) -> tuple[str, list[str]]:
        table, name = self._any(), f"u{self._number}"
        return "unique", [
            f"ALTER TABLE {table.name} ADD COLUMN {name} integer",
            f"CREATE UNIQUE INDEX {table.name}_{name} ON {table.name} ({name})",
        ]

    def _rows(self) -> tuple[str, list[str]]:
        table = self._any()
        return "rows", [
            f"INSERT INTO {table.name} (id) VALUES ({self._number * 1000 + n})" for n in range(3)
        ]

    def _enum(self) -> tuple[str, list[str]]:
        if self._enums and self._chance.random() < 0.3:
            return "value", [
                f"ALTER TYPE {self._chance.choice(self._enums)} ADD VALUE 'v{self._number}'"
            ]
        table, name = self._any(), f"kind_{self._number}"
        self._enums.append(name)
        return "enum", [
            f"CREATE TYPE {name} AS ENUM ('a', 'b')",
            f"ALTER TABLE {table.name} ADD COLUMN e{self._number} {name} DEFAULT 'a'",
        ]

    def _drop(self) -> tuple[str, list[str]]:
        table = self._any()
        if not table.columns:
            return self._column()
        name = table.columns.pop(self._chance.randrange(len(table.columns)))
        return "drop", [f"ALTER TABLE {table.name} DROP COLUMN {name}"]


def generated(count: int, dialect: Dialect, *, seed: int = 5) -> list[tuple[str, str]]:
    """Names (with a number in front that sorts) and scripts, in the order in which they run."""
    found = _Writer(dialect, seed).scripts(count)
    return [(f"{20260101000000 + n}_{name}", sql) for n, (name, sql) in enumerate(found, start=1)]
