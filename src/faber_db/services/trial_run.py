"""Run scripts on a throw-away database and keep what was seen."""

from collections.abc import Sequence
from dataclasses import replace

from faber_db.model.catalogue import Catalogue, Table
from faber_db.model.dialect import Dialect
from faber_db.model.trial import ChangedTable, TrialRun, Tried
from faber_db.services.ports import Progress, Session, silent
from faber_db.sql.script import Script, Statement


def try_scripts(
    session: Session,
    scripts: Sequence[Script],
    wraps: Sequence[bool],
    *,
    takes_out: Sequence[bool] = (),
    version: int | None = None,
    queries: Sequence[str] = (),
    progress: Progress = silent,
    listing: bool = False,
) -> TrialRun:
    """Run scripts one after another, until one fails.

    Args:
        session: on a throw-away database that holds the schema as it is before.
        scripts: in their order.
        wraps: for each, whether its runner puts it into one transaction.
        takes_out: for each, whether statements that refuse a transaction run by themselves all
            the same; else they are tried within it, and fail.
        version: of the server that is meant, where it is known.
        queries: of the running application.
        progress: told before each script.
        listing: also list the tables whose columns change.

    Raises:
        NotSupported: the product, or the role, cannot be tried.
    """
    before = session.catalogue() if listing else None
    unprepared = session.unprepared(queries) if queries else {}
    usable = [q for n, q in enumerate(queries) if n not in unprepared]
    working = dict(enumerate(usable))
    found: list[tuple[Tried, ...]] = []
    ours = takes_out or [True] * len(scripts)
    for number, (script, wrap, out) in enumerate(zip(scripts, wraps, ours, strict=True), start=1):
        if any(t.error for tried in found for t in tried):
            found.append(())
            continue
        progress(f"trial run on {session.server_label}: {number} of {len(scripts)}")
        whole = script if out or not wrap else _within(script)
        tried = session.try_out(whole, wrap=wrap, queries=list(working.values()))
        found.append(_numbered(tried, list(working)))
        for broken, _ in (b for t in found[-1] for b in t.breaks):
            del working[broken]
    return TrialRun(
        on=session.server_label,
        tried=tuple(found),
        same_version=all(s.dialect is session.dialect for s in scripts)
        and (version is None or _series(session, version) == _series(session)),
        queries=tuple(usable),
        unprepared=len(unprepared),
        changed=_changed(before, session, found) if before else None,
    )


def _changed(
    before: Catalogue, session: Session, found: Sequence[Sequence[Tried]]
) -> tuple[ChangedTable, ...] | None:
    """Tables whose columns are others than before; None where not every statement was tried."""
    if any(t.error or t.not_tried for tried in found for t in tried):
        return None
    old, new = ({t.full_name: _columns(t) for t in c.tables} for c in (before, session.catalogue()))
    return tuple(
        ChangedTable(name, old.get(name, ()), new.get(name, ()))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    )


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(
        " ".join(
            filter(
                None,
                (
                    column.name,
                    column.type,
                    "" if column.nullable else "NOT NULL",
                    f"DEFAULT {column.default}" if column.default is not None else "",
                    f"IDENTITY {column.identity}" if column.identity else "",
                    f"GENERATED {column.generated}" if column.generated else "",
                ),
            )
        )
        for column in table.columns
    )


def _within(script: Script) -> Script:
    """The script in one transaction whatever it holds, unless it makes its own."""
    if any(s.transaction_control in ("begin", "commit", "rollback") for s in script.statements):
        return script
    begin, commit = (Statement(word, start=-1, line=0) for word in ("BEGIN", "COMMIT"))
    return replace(script, statements=(begin, *script.statements, commit))


def _numbered(tried: Sequence[Tried], places: Sequence[int]) -> tuple[Tried, ...]:
    """With broken queries counted among all of them, not among those that were left."""
    return tuple(
        replace(t, breaks=tuple((places[n], why) for n, why in t.breaks)) if t.breaks else t
        for t in tried
    )


def _series(session: Session, version: int | None = None) -> int:
    """The part of a version that decides what a statement does."""
    number = session.server_version if version is None else version
    return number // {Dialect.POSTGRESQL: 10_000, Dialect.SQLITE: 1_000}.get(session.dialect, 100)
