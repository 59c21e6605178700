"""Adopt a database that is there: its migrations are marked applied, on evidence, and nothing runs."""

from collections.abc import Callable, Sequence

from faber_db.errors import (
    ApprovalStale,
    BaselineDiffers,
    InputError,
    LedgerError,
    MigrationsMissing,
    NothingPending,
)
from faber_db.executor.planning import (
    Content,
    Ground,
    files_of,
    require_sound,
    require_unblocked,
)
from faber_db.model.catalogue import Catalogue
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk
from faber_db.model.migration import Migration, MigrationState, MigrationStatus
from faber_db.model.plan import Plan
from faber_db.services.drift import Drift, compared, version_of
from faber_db.services.ports import Proposal

ACCEPT = "accept_differences"
_TOLD = 3  # differences that an error names; a plan lists all


def plan(ground: Ground, proposal: Proposal) -> Content:
    """What a baseline has to say: the migrations that it marks, and what speaks for that.

    Raises:
        NothingPending: all of them are applied.
        InputError: there is no such version, or a later one is applied.
        BaselineDiffers: replayed on a shadow they do not yield the schema that is there.
        LedgerError, MigrationEdited, MigrationMissing: the ledger has rows that do not agree.
    """
    history = ground.database.handler.parse(proposal.files)
    up_to = _last_of(history, proposal.arguments.get("up_to", ""), ground)
    prefix = history[: [m.version for m in history].index(up_to) + 1]
    marked = _to_mark(ground, history, prefix)
    live = ground.session.catalogue(leave_out=ground.database.handler.ledger_tables)
    found = compared(ground.app, ground.database, ground.session, live, prefix)
    _require_something(live, ground)
    accepted = proposal.arguments.get(ACCEPT) == "yes"
    if not accepted:
        _require_equal(found, ground, up_to, lambda: _fitting(ground, live, history))
    return Content(
        _analysis(found, marked, up_to),
        marked,
        files=files_of(marked, history, proposal.files),
        arguments=(
            (ACCEPT, "yes" if accepted else ""),
            ("evidence", found.unproved or f"equal to {found.compared_with}"),
            ("schema", live.fingerprint()),
            ("up_to", up_to),
        ),
    )


def require_as_planned(ground: Ground, plan: Plan) -> None:
    """The whole schema is the one that was compared.

    Raises:
        ApprovalStale: it changed since.
    """
    live = ground.session.catalogue(leave_out=ground.database.handler.ledger_tables)
    if live.fingerprint() != plan.arguments.get("schema"):
        raise ApprovalStale(
            "the schema changed after it was compared with the history", hint="Ask for a new plan."
        )


def _last_of(history: Sequence[Migration], up_to: str, ground: Ground) -> str:
    if not history:
        raise MigrationsMissing(
            f"{ground.database.name} has no migration that {ground.environment.name} could have",
            hint="Write the schema that is there as the first migration.",
        )
    if up_to and up_to not in {m.version for m in history}:
        raise InputError(
            f"there is no migration {up_to!r} in the folder",
            hint=f"`faber-db status {ground.environment.name} --detail full` lists them.",
        )
    return up_to or history[-1].version


def _to_mark(
    ground: Ground, history: Sequence[Migration], prefix: Sequence[Migration]
) -> tuple[Migration, ...]:
    """Those of the prefix that the ledger lacks; what it has must agree with the folder."""
    name, handler = ground.environment.name, ground.database.handler
    ledger = handler.ledger(ground.session)
    require_unblocked(ground, history, ledger)
    states = {s.version: s for s in handler.status(history, ledger)}
    wanted = {m.version for m in prefix}
    for status in states.values():
        if status.state is not MigrationState.OUT_OF_ORDER:
            require_sound(status, name)
        _require_before(status, wanted, ground)
    marked = tuple(m for m in prefix if states[m.version].state is not MigrationState.APPLIED)
    if not marked:
        raise NothingPending(f"{name} has everything up to {prefix[-1].version} in its ledger")
    return marked


def _require_before(status: MigrationStatus, wanted: set[str], ground: Ground) -> None:
    if status.state is MigrationState.APPLIED and status.version not in wanted:
        raise LedgerError(
            f"{status.name} is applied to {ground.environment.name} and comes later",
            hint=f"`faber-db baseline {ground.environment.name} --up-to {status.version}`, or a"
            " later one.",
        )


def _require_something(live: Catalogue, ground: Ground) -> None:
    name = ground.environment.name
    if not live.tables and not live.views:
        raise BaselineDiffers(
            f"there is no table in {name}, so there is nothing to adopt",
            hint=f"`faber-db status {name}` says how its migrations are applied.",
        )


def _fitting(ground: Ground, live: Catalogue, history: Sequence[Migration]) -> str:
    return version_of(ground.app, ground.database, ground.session, live, history)


def _require_equal(found: Drift, ground: Ground, up_to: str, fitting: Callable[[], str]) -> None:
    if not found.unproved and not found.differences:
        return
    accept = f"`faber-db baseline {ground.environment.name} --up-to {up_to} --accept-differences`"
    told = "; ".join(f"{d.kind} {d.name} {d.difference}" for d in found.differences[:_TOLD])
    more = len(found.differences) - _TOLD
    if version := fitting():
        hint = f"It is that of {version}: `faber-db baseline {ground.environment.name} --up-to {version}`."
    else:
        hint = (
            "No version of the history is known to yield it: write a migration for what differs."
            f" What is meant to stay so: {accept}."
        )
    if found.unproved:
        raise BaselineDiffers(
            f"it cannot be proved that {ground.environment.name} has the schema of the history up"
            f" to {up_to}: {found.unproved}",
            hint=hint,
        )
    raise BaselineDiffers(
        f"the history up to {up_to} does not yield the schema of {ground.environment.name}: {told}"
        + (f"; and {more} more" if more > 0 else ""),
        hint=hint,
    )


def _analysis(found: Drift, marked: Sequence[Migration], up_to: str) -> Analysis:
    """Medium where the schema is proved to be there; else high, with all that differs."""
    proved = not found.unproved and not found.differences
    evidence = f"The schema equals {found.compared_with}." if proved else _unproved(found)
    first = Finding(
        code="mark-without-running",
        kind=Kind.APP_BREAK,
        risk=Risk.MEDIUM if proved else Risk.HIGH,
        line=0,
        statement=f"baseline up to {up_to}",
        objects=(up_to,),
        effect=f"The ledger then counts {len(marked)} migration{'s' * (len(marked) != 1)} as applied;"
        " nothing runs."
        f" {evidence}",
        remedy="" if proved else "Name another version, or write a migration for what differs.",
        confidence=Confidence.MEASURED if proved else Confidence.PARSED,
    )
    others = [
        Finding(
            code="baseline-differs",
            kind=Kind.APP_BREAK,
            risk=Risk.HIGH,
            line=0,
            statement=f"baseline up to {up_to}",
            objects=(d.name,),
            effect=f"{d.kind} {d.name} {d.difference}.",
        )
        for d in found.differences
    ]
    return Analysis(risk=first.risk, findings=(first, *others))


def _unproved(found: Drift) -> str:
    if found.unproved:
        return f"Whether the schema is so is not known: {found.unproved}."
    return f"{len(found.differences)} differences stay as they are."
