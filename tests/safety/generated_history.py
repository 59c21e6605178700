"""A migration history of the shape that real projects have, made by rules and a seed.

Prisma-like: many small files; tables with foreign keys, then columns, indexes, constraints, enum
values, renames, backfills, type changes and drops, now and then several of them in one file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

_TYPES = ("TEXT", "INTEGER", "BIGINT", "BOOLEAN", "TIMESTAMP(3)", "JSONB", "DECIMAL(10,2)")


@dataclass
class _Table:
    name: str
    columns: dict[str, str] = field(default_factory=dict)
    plain: list[str] = field(default_factory=list)  # columns that nothing depends on


@dataclass
class _History:
    random: Random
    tables: list[_Table] = field(default_factory=list)
    number: int = 0

    def new(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    def table(self) -> _Table:
        return self.random.choice(self.tables)


def history(files: int, seed: int) -> Iterator[tuple[str, str]]:
    """Name and SQL of each migration; every one of them runs on empty tables."""
    made = _History(Random(seed))  # noqa: S311 - repeatable, not secret
    yield "0001_init", _create(made) + _create(made)
    for position in range(2, files + 1):
        steps = made.random.choices(_STEPS, k=made.random.choice((1, 1, 1, 2, 3)))
        text = "\n".join(step(made) for step in steps)
        yield f"{position:04d}_{steps[0].__name__.strip('_')}", text


def _create(made: _History) -> str:
    table = _Table(made.new("Table"))
    lines = ['"id" TEXT NOT NULL']
    for _ in range(made.random.randint(2, 5)):
        column, kind = made.new("col"), made.random.choice(_TYPES)
        table.columns[column] = kind
        table.plain.append(column)
        lines.append(f'"{column}" {kind}')
    text = ""
    if made.tables:
        other, column = made.table(), made.new("ref")
        table.columns[column] = "TEXT"
        lines.append(f'"{column}" TEXT')
        text = (
            f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{table.name}_{column}_fkey" FOREIGN KEY'
            f' ("{column}") REFERENCES "{other.name}"("id") ON DELETE SET NULL ON UPDATE CASCADE;\n'
        )
    made.tables.append(table)
    lines.append(f'CONSTRAINT "{table.name}_pkey" PRIMARY KEY ("id")')
    return (
        f'-- CreateTable\nCREATE TABLE "{table.name}" (\n    '
        + ",\n    ".join(lines)
        + f"\n);\n{text}"
    )


def _add_column(made: _History) -> str:
    table, column, kind = made.table(), made.new("col"), made.random.choice(_TYPES)
    table.columns[column] = kind
    table.plain.append(column)
    return f'-- AlterTable\nALTER TABLE "{table.name}" ADD COLUMN "{column}" {kind};'


def _add_flag(made: _History) -> str:
    table, column = made.table(), made.new("flag")
    table.columns[column] = "BOOLEAN"
    return f'ALTER TABLE "{table.name}" ADD COLUMN "{column}" BOOLEAN NOT NULL DEFAULT false;'


def _add_stamp(made: _History) -> str:
    table, column = made.table(), made.new("at")
    default = made.random.choice(("CURRENT_TIMESTAMP", "clock_timestamp()"))
    return (
        f'ALTER TABLE "{table.name}" ADD COLUMN "{column}" TIMESTAMP(3) NOT NULL DEFAULT {default};'
    )


def _index(made: _History) -> str:
    table = made.table()
    column = made.random.choice(["id", *(c for c, k in table.columns.items() if k != "JSONB")])
    return f'-- CreateIndex\nCREATE INDEX "{made.new("idx")}" ON "{table.name}"("{column}");'


def _unique(made: _History) -> str:
    table, column = made.table(), made.new("key")
    table.columns[column] = "TEXT"
    return (
        f'ALTER TABLE "{table.name}" ADD COLUMN "{column}" TEXT;\n'
        f'CREATE UNIQUE INDEX "{table.name}_{column}_key" ON "{table.name}"("{column}");'
    )


def _reference(made: _History) -> str:
    table, other, column = made.table(), made.table(), made.new("ref")
    lazy = made.random.choice(("", " NOT VALID"))
    return (
        f'ALTER TABLE "{table.name}" ADD COLUMN "{column}" TEXT;\n'
        f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{column}_fkey" FOREIGN KEY ("{column}")'
        f' REFERENCES "{other.name}"("id") ON DELETE CASCADE ON UPDATE CASCADE{lazy};'
    )


def _check(made: _History) -> str:
    table = made.table()
    column = made.random.choice(["id", *table.columns])
    lazy = made.random.choice(("", " NOT VALID"))
    return (
        f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{made.new("check")}"'
        f' CHECK ("{column}" IS NOT NULL OR "id" <> \'\'){lazy};'
    )


def _backfill(made: _History) -> str:
    table, column = made.table(), made.new("col")
    table.columns[column] = "TEXT"
    return (
        f'ALTER TABLE "{table.name}" ADD COLUMN "{column}" TEXT;\n'
        f'UPDATE "{table.name}" SET "{column}" = lower("id") WHERE "{column}" IS NULL;\n'
        f'ALTER TABLE "{table.name}" ALTER COLUMN "{column}" SET NOT NULL;'
    )


def _enum(made: _History) -> str:
    name = made.new("Kind")
    table, column = made.table(), made.new("kind")
    return (
        f"-- CreateEnum\nCREATE TYPE \"{name}\" AS ENUM ('A', 'B');\n"
        f'ALTER TABLE "{table.name}" ADD COLUMN "{column}" "{name}" NOT NULL DEFAULT \'A\';'
    )


def _retype(made: _History) -> str:
    table = made.table()
    numbers = [c for c in table.plain if table.columns[c] == "INTEGER"]
    if not numbers:
        return _add_column(made)
    column = made.random.choice(numbers)
    table.columns[column] = "BIGINT"
    return f'ALTER TABLE "{table.name}" ALTER COLUMN "{column}" SET DATA TYPE BIGINT;'


def _rename(made: _History) -> str:
    table = made.table()
    if not table.plain:
        return _add_column(made)
    old, new = made.random.choice(table.plain), made.new("col")
    table.plain[table.plain.index(old)] = new
    table.columns = {new if c == old else c: k for c, k in table.columns.items()}
    return f'ALTER TABLE "{table.name}" RENAME COLUMN "{old}" TO "{new}";'


def _drop(made: _History) -> str:
    table = made.table()
    if not table.plain:
        return _add_flag(made)
    column = table.plain.pop()
    del table.columns[column]
    return f'-- AlterTable\nALTER TABLE "{table.name}" DROP COLUMN "{column}" CASCADE;'


def _remark(made: _History) -> str:
    return f"COMMENT ON TABLE \"{made.table().name}\" IS 'DROP TABLE is only a word here';"


_STEPS: tuple[Callable[[_History], str], ...] = (
    _create, _add_column, _add_column, _add_flag, _add_stamp, _index, _index, _unique, _reference,
    _check, _backfill, _enum, _retype, _rename, _drop, _remark,
)  # fmt: skip
