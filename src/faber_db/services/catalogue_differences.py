"""How a live schema differs from the one that its history yields. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from faber_db.model.catalogue import Catalogue, Key, OtherObject, Table
from faber_db.model.finding import Frozen

_NOT_SCHEMA = ("comment",)


class Difference(Frozen):
    """One object that is not as the history says."""

    kind: str  # "table", "column", "index", "check", "foreign key", "view", "trigger" …
    name: str  # qualified: "orders", "orders.total", "orders.orders_total_check"
    difference: str  # "is in the database, not in the history"
    object: str = ""  # full name of the table it belongs to, or of itself

    @property
    def table(self) -> str:
        return self.object


def differences(live: Catalogue, expected: Catalogue) -> tuple[Difference, ...]:
    """Everything in which two catalogues of one product differ; comments and column order do not count."""
    return tuple(_all(live, expected))


def _all(live: Catalogue, expected: Catalogue) -> Iterator[Difference]:
    there = {t.full_name: t for t in live.tables}
    wanted = {t.full_name: t for t in expected.tables}
    yield from _presence("table", there, wanted, "")
    for name in sorted(there.keys() & wanted.keys()):
        yield from _table(there[name], wanted[name])
    for kind, mine, theirs in (
        ("view", live.views, expected.views),
        ("enum", live.enums, expected.enums),
        ("sequence", live.sequences, expected.sequences),
    ):
        yield from _parts(
            kind,
            {item.full_name: item for item in mine},
            {item.full_name: item for item in theirs},
            "",
        )
    yield from _others(live.others, expected.others)


def _table(live: Table, expected: Table) -> Iterator[Difference]:
    name = live.full_name
    for kind, mine, theirs in (
        ("column", live.columns, expected.columns),
        ("primary key", _keys(live.primary_key), _keys(expected.primary_key)),
        ("unique", live.uniques, expected.uniques),
        ("foreign key", live.foreign_keys, expected.foreign_keys),
        ("check", live.checks, expected.checks),
        ("index", live.indexes, expected.indexes),
    ):
        yield from _parts(kind, _named(name, mine), _named(name, theirs), name)
    if live.options != expected.options:
        words = f"options are {_shown(live.options)}, the history says {_shown(expected.options)}"
        yield Difference(kind="table", name=name, difference=words, object=name)


def _others(live: Sequence[OtherObject], expected: Sequence[OtherObject]) -> Iterator[Difference]:
    mine = {(item.kind, item.name): item for item in live}
    theirs = {(item.kind, item.name): item for item in expected}
    for kind, name in sorted(mine.keys() | theirs.keys()):
        left, right = mine.get((kind, name)), theirs.get((kind, name))
        if left == right:
            continue
        table = (left or right or OtherObject(kind, name, "")).table
        if left is None or right is None:
            yield _missing_or_extra(kind, name, table, extra=right is None)
        else:
            yield Difference(
                kind=kind, name=name, difference="its definition differs", object=table or name
            )


def _parts(
    kind: str, live: Mapping[str, object], expected: Mapping[str, object], table: str
) -> Iterator[Difference]:
    yield from _presence(kind, live, expected, table)
    for name in sorted(live.keys() & expected.keys()):
        words = _changes(live[name], expected[name])
        if words:
            yield Difference(
                kind=kind, name=name, difference="; ".join(words), object=table or name
            )


def _presence(
    kind: str, live: Mapping[str, object], expected: Mapping[str, object], table: str
) -> Iterator[Difference]:
    for name in sorted(live.keys() ^ expected.keys()):
        yield _missing_or_extra(kind, name, table, extra=name in live)


def _missing_or_extra(kind: str, name: str, table: str, *, extra: bool) -> Difference:
    words = "is in the database, not in the history" if extra else "is missing in the database"
    return Difference(kind=kind, name=name, difference=words, object=table or name)


def _changes(live: object, expected: object) -> list[str]:
    if live == expected:
        return []
    return [
        f"{f.name} is {_shown(mine)}, the history says {_shown(theirs)}"
        for f in fields(live)  # type: ignore[arg-type]  # every part is a dataclass
        if f.name not in _NOT_SCHEMA
        and (mine := getattr(live, f.name)) != (theirs := getattr(expected, f.name))
    ]


def _shown(value: object) -> str:
    text = ", ".join(str(v) for v in value) if isinstance(value, tuple) else str(value)
    text = "empty" if value in (None, "", ()) else text
    return text if len(text) <= 120 else f"{text[:117]}…"


def _keys(key: Key | None) -> tuple[Key, ...]:
    return () if key is None else (key,)


def _named(table: str, parts: Sequence[object]) -> dict[str, object]:
    """Parts by qualified name; what has no name of its own (SQLite) goes by what it is about."""
    return {f"{table}.{_name(part)}": part for part in parts}


def _name(part: object) -> str:
    columns = ", ".join(getattr(part, "columns", ()))
    return getattr(part, "name", "") or columns or getattr(part, "expression", "")
