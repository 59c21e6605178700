"""Whether a way back leads back: up and down on a shadow, and the schema compared with the one before."""

import json
from collections.abc import Mapping, Sequence

from faber_db.errors import FaberDbError, MigrationIrreversible
from faber_db.executor.planning import WAY_BACK, Ground
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk
from faber_db.model.migration import Migration
from faber_db.model.plan import PreflightAnswer
from faber_db.services.drift import Drift, way_back
from faber_db.services.inverse import ARGUMENT, inverse_of, with_inverses


def found_for(
    ground: Ground, undone: Sequence[Migration], unrecorded: Mapping[str, str]
) -> tuple[tuple[Migration, ...], tuple[tuple[str, str], ...]]:
    """Migrations with a way back each, and what the plan has to say of those that were made for them.

    Args:
        ground: where they are taken back.
        undone: newest first.
        unrecorded: by version, why only a program knows the way back.

    Raises:
        MigrationIrreversible: one has no down script, and no inverse that loses nothing.
    """
    made: dict[str, str] = {}
    for migration in undone:
        if migration.down is not None:
            continue
        try:
            sql, why = inverse_of(migration, ground.session)
        except FaberDbError as error:
            sql, why = "", error.message
        if not sql:
            lacks = f"{migration.name} has no down script"
            if migration.version in unrecorded:
                lacks = f"the way back of {unrecorded[migration.version]}"
            raise MigrationIrreversible(
                f"{lacks}, and none can be made: {why}",
                hint="Write one beside it, or restore a backup:"
                f" `faber-db restore {ground.environment.name}`.",
            )
        made[migration.version] = sql
    arguments = ((ARGUMENT, json.dumps(made, sort_keys=True)),) if made else ()
    return with_inverses(undone, dict(arguments)), arguments


def proved(
    ground: Ground, applied: Sequence[Migration], undone: Sequence[Migration], *, made: bool
) -> tuple[tuple[Finding, ...], PreflightAnswer]:
    """What the shadow says of the way back: findings for what it does not restore, and the answer.

    Raises:
        MigrationIrreversible: the way back was made by us (`made`), and it is not exact.
    """
    found = way_back(ground.app, ground.database, ground.session, applied, undone)
    if made and (found.unproved or found.differences):
        why = found.unproved or _told(found)
        raise MigrationIrreversible(
            f"the way back that could be made is not proved to be exact: {why}",
            hint=f"Write a down script, or restore a backup: `faber-db restore {ground.environment.name}`.",
        )
    return _findings(found, undone), PreflightAnswer(
        question=WAY_BACK,
        answer=f"not proved: {found.unproved}" if found.unproved else _answer(found),
        ok=None if found.unproved else not found.differences,
        asked_at=ground.app.now().isoformat(timespec="seconds"),
    )


def judged(analysis: Analysis, findings: Sequence[Finding]) -> Analysis:
    """The verdict with what the way back does not restore."""
    risk = max((analysis.risk, *(f.risk for f in findings)), key=lambda r: r.rank)
    return analysis.model_copy(update={"risk": risk, "findings": (*analysis.findings, *findings)})


def _answer(found: Drift) -> str:
    if found.differences:
        return f"does not lead back to the schema before: {_told(found)}"
    return f"leads back to the schema before, tried on {found.compared_with}"


def _told(found: Drift) -> str:
    told = "; ".join(f"{d.kind} {d.name} {d.difference}" for d in found.differences[:3])
    more = len(found.differences) - 3
    return told + (f"; and {more} more" if more > 0 else "")


def _findings(found: Drift, undone: Sequence[Migration]) -> tuple[Finding, ...]:
    name = undone[-1].name
    if found.unproved:
        return (
            Finding(
                code="way-back-not-proved",
                kind=Kind.APP_BREAK,
                risk=Risk.MEDIUM,
                line=0,
                statement=f"roll back {name}",
                objects=(name,),
                effect=f"Whether this restores the schema before is not known: {found.unproved}.",
            ),
        )
    return tuple(
        Finding(
            code="way-back-differs",
            kind=Kind.APP_BREAK,
            risk=Risk.HIGH,
            line=0,
            statement=f"roll back {name}",
            objects=(difference.name,),
            effect=f"Afterwards {difference.kind} {difference.name} {difference.difference},"
            " compared with the schema before the migration.",
            remedy="Mend the down script, or restore a backup.",
            confidence=Confidence.MEASURED,
        )
        for difference in found.differences
    )
