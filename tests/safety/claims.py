"""What we say that a script locks, rewrites and reads, against what a server did."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from faber_db.model.dialect import Dialect
from faber_db.rules.effects import MODES, strength
from faber_db.sql.schema import catalogue_of
from tests.safety.cases import Case, schema
from tests.safety.scoring import analysed

_WEAK = strength("ROW EXCLUSIVE")  # such locks make nobody wait who reads or writes
_WORDS = {"".join(m.title() for m in mode.split()) + "Lock": mode for mode in MODES}

EMPTY = "the table is empty, which cannot be read from the schema"
NOT_SEEN = "the instrument sees only the table that the statement waits for"
BY_LOOP = "the names are put together from what the catalogue holds at that moment"
OWNED = "what belongs to an extension or a role is not in the schema"
NOT_KNOWN = "the schema does not say where the table is now"
WEAK = "a lock that lets everybody read and write"
# case: why a claim of ours differs from what was seen; what is found does not hang on it.
ACCEPTED = {
    "add-not-null-without-default-to-empty": EMPTY,
    "required-column-on-empty-table": EMPTY,
    "type-of-empty-table": EMPTY,
    "table-rebuild-with-filter": "few rows are copied, by the key",
    "detach-partition-concurrently": NOT_SEEN,
    "type-timestamp-to-timestamptz": "the time zone of the server is not known without asking it",
    "do-execute-format-loop": BY_LOOP,
    "do-execute-concatenated-loop": BY_LOOP,
    "drop-event-partition-by-do-list": BY_LOOP,
    "drop-extension-cascade": OWNED,
    "drop-extension-hstore": OWNED,
    "drop-owned": OWNED,
    "drop-statistics": "a weak lock, and whose statistics they are is not in the schema",
    "index-on-empty-table": EMPTY,
    "reindex-schema": NOT_SEEN,
    "partition-detach-concurrently": NOT_SEEN,
    "set-tablespace-default": NOT_KNOWN,
    "set-access-method-same": NOT_KNOWN,
    "wild-drop-rule-and-policy-if-exists": "nothing of the name is there, which is not asked for locks",
    "wild-function-body-checked-late": BY_LOOP,
    "wild-publication": WEAK,
    "wild-search-path-of-the-file": "the table is told by the name that the file gives it",
    "wild-temporary-table-gone-then-real": "the real table comes back without its foreign keys",
}


def disagreements(case: Case, facts: Mapping[str, Any], version: int = 0) -> Iterator[str]:
    """Each lock, rewrite or scan of a PostgreSQL script that was claimed and is not, or the reverse."""
    reports = analysed(case, version).statements
    tables = _tables(case.setup)
    claimed = _strongest(
        (lock.table, lock.mode) for r in reports for lock in r.locks if lock.table in tables
    )
    taken = _strongest(
        (_short(table), _WORDS[mode])
        for table, modes in facts["locks"].items()
        for mode in modes
        if _short(table) in tables
    )
    for table in sorted({*claimed, *taken}):
        brief = claimed.get(table) == "SHARE UPDATE EXCLUSIVE" and not case.wrap
        if brief and table not in taken:
            continue  # outside a transaction it may be gone before anybody looks
        if claimed.get(table) != taken.get(table):
            yield f"{table}: claimed {claimed.get(table)}, is {taken.get(table)}"
    rewrites, scans = any(r.rewrite for r in reports), any(r.scan for r in reports)
    if rewrites != bool(facts["rewritten"]):
        yield f"rewrite: claimed {rewrites}, is {facts['rewritten']}"
    worked = {t for t in (*facts["worked"], *facts["rewritten"]) if _short(t) in tables}
    planned = not any(strength(mode) > _WEAK for mode in claimed.values())  # it depends on the rows
    if (scans and not worked and not planned) or (worked and not scans):
        yield f"scan: claimed {scans}, is {sorted(worked)}"


def _short(table: str) -> str:
    return table.removeprefix("public.")


@cache
def _tables(setup: str) -> set[str]:
    """The tables that were there before, without views."""
    text = f"{schema(Dialect.POSTGRESQL)}\n{setup}"
    catalogue = catalogue_of(text, Dialect.POSTGRESQL)
    made = {v.full_name for v in catalogue.views if v.materialized}
    return made | {t.full_name for t in catalogue.tables}


def _strongest(locks: Iterator[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table, mode in locks:
        if strength(mode) > max(_WEAK, strength(found.get(table, "ACCESS SHARE"))):
            found[table] = mode
    return found
