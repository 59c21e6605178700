"""The statements that turn one schema into another, and those that turn it back. Pure.

What is not covered is refused by name, never left out: a view, function or trigger that differs,
a removed enum label, a generated column that changes.
"""

from collections.abc import Iterator

from faber_db.errors import NotSupported
from faber_db.model.catalogue import Catalogue, Table
from faber_db.model.change import Question
from faber_db.model.dialect import Dialect
from faber_db.schema import postgresql, sqlite
from faber_db.schema.normal import same_type
from faber_db.schema.renaming import renamed
from faber_db.schema.steps import Difference, Hints, Step

_NO_HINTS = Hints()


def difference(
    current: Catalogue, desired: Catalogue, dialect: Dialect, hints: Hints = _NO_HINTS
) -> Difference:
    """How to come from `current` to `desired`, with the way back.

    Raises:
        NotSupported: something differs that this version does not write statements for.
        SchemaConflict: a hint renames what is not there.
    """
    if dialect in (Dialect.MYSQL, Dialect.MARIADB):
        raise NotSupported(
            f"schema differences are not written for {dialect} yet",
            hint="Write the migration as SQL.",
        )
    before = renamed(current, hints.renames)
    questions = tuple(_questions(before, desired, dialect, hints))
    up = _steps(current, before, desired, dialect, hints, gentle=True)
    back = {
        _renamed_key(old, new, hints): old.rpartition(".")[2] for old, new in hints.renames.items()
    }
    reverse = Hints(renames=back)
    middle = renamed(desired, {k: v for k, v in back.items() if _there(desired, k)})
    down = _steps(desired, middle, current, dialect, reverse, gentle=False)
    return Difference(up, down, questions)


def _renamed_key(old: str, new: str, hints: Hints) -> str:
    """The name after the change of what was called `old` before it."""
    table, _, _ = old.rpartition(".")
    if table and table in hints.renames:
        return f"{hints.renames[table]}.{new}"
    return f"{table}.{new}" if table else new


def _there(catalogue: Catalogue, name: str) -> bool:
    table, _, column = name.rpartition(".")
    if catalogue.table(name):
        return True
    owner = catalogue.table(table)
    return owner is not None and owner.column(column) is not None


def _steps(
    current: Catalogue,
    before: Catalogue,
    desired: Catalogue,
    dialect: Dialect,
    hints: Hints,
    *,
    gentle: bool,
) -> tuple[Step, ...]:
    _refuse_uncovered(before, desired)
    writer = sqlite.steps if dialect is Dialect.SQLITE else postgresql.steps
    return tuple(
        sorted(writer(current, before, desired, hints, gentle=gentle), key=lambda s: s.phase)
    )


def _refuse_uncovered(before: Catalogue, desired: Catalogue) -> None:
    kept = {t.full_name for t in desired.tables} & {t.full_name for t in before.tables}
    for kind, one, other in (
        ("view", _views(before), _views(desired)),
        ("sequence", _free_sequences(before), _free_sequences(desired)),
        ("object", _others(before, kept), _others(desired, kept)),
    ):
        names = sorted(name for name, _ in one ^ other)
        if names:
            raise NotSupported(
                f"{kind} {', '.join(dict.fromkeys(names))} differs, which is not written yet",
                hint="Give its statements as SQL in the specification.",
            )
    for table in desired.tables:
        earlier = before.table(table.full_name)
        if earlier and earlier.options != table.options:
            raise NotSupported(
                f"the options of table {table.full_name} differ, which is not written yet",
                hint="Give the statements as SQL in the specification.",
            )
    _refuse_generated(before, desired)


_Named = frozenset[tuple[str, object]]


def _views(catalogue: Catalogue) -> _Named:
    return frozenset((v.full_name, v) for v in catalogue.views)


def _free_sequences(catalogue: Catalogue) -> _Named:
    return frozenset((s.full_name, s) for s in catalogue.sequences if not s.owned_by)


def _others(catalogue: Catalogue, tables: set[str]) -> _Named:
    """What hangs on no table, or on one that stays: with a table its triggers come and go."""
    return frozenset(
        (f"{o.kind} {o.name}", o) for o in catalogue.others if not o.table or o.table in tables
    )


def _refuse_generated(before: Catalogue, desired: Catalogue) -> None:
    for table in desired.tables:
        earlier = before.table(table.full_name)
        for column in table.columns:
            old = earlier.column(column.name) if earlier else None
            if old and (old.generated, old.identity, old.collation) != (
                column.generated,
                column.identity,
                column.collation,
            ):
                raise NotSupported(
                    f"generation, identity or collation of {table.full_name}.{column.name} differs,"
                    " which is not written yet",
                    hint="Give the statements as SQL in the specification.",
                )


def _questions(
    before: Catalogue, desired: Catalogue, dialect: Dialect, hints: Hints
) -> Iterator[Question]:
    for table in desired.tables:
        earlier = before.table(table.full_name)
        if earlier is None:
            continue
        yield from _rename_questions(earlier, table, dialect, hints)
        for column in table.columns:
            about = f"{table.full_name}.{column.name}"
            if (
                earlier.column(column.name) is None
                and not column.nullable
                and column.default is None
                and not (column.identity or column.generated)
                and about not in hints.fills
                and table.full_name not in hints.empty
            ):
                yield Question(
                    f"fill:{about}",
                    f"`{about}` is new and NOT NULL without a default. Which value do the rows get"
                    " that are there? Answer with an SQL expression, or `no rows`.",
                    ("no rows",),
                )
    yield from _table_questions(before, desired, hints)


def _rename_questions(
    before: Table, after: Table, dialect: Dialect, hints: Hints
) -> Iterator[Question]:
    new = [c for c in after.columns if before.column(c.name) is None]
    for column in before.columns:
        about = f"{before.full_name}.{column.name}"
        if after.column(column.name) is not None or about in hints.dropped:
            continue
        alike = [c.name for c in new if same_type(c.type, column.type, dialect)]
        yield Question(
            f"drop:{about}",
            f"`{about}` is not in the desired schema. Its values are lost when it is dropped.",
            ("drop", *(f"rename to {name}" for name in alike), "keep"),
        )


def _table_questions(before: Catalogue, desired: Catalogue, hints: Hints) -> Iterator[Question]:
    new = [t for t in desired.tables if before.table(t.full_name) is None]
    for table in before.tables:
        if desired.table(table.full_name) or table.full_name in hints.dropped:
            continue
        names = {c.name for c in table.columns}
        alike = [t.name for t in new if len(names & {c.name for c in t.columns}) * 2 > len(names)]
        yield Question(
            f"drop:{table.full_name}",
            f"table `{table.full_name}` is not in the desired schema. Its rows are lost when it is"
            " dropped.",
            ("drop", *(f"rename to {name}" for name in alike), "keep"),
        )
