"""From a proposal to a frozen plan. Reads the target, changes nothing."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from faber_db import __version__
from faber_db.errors import (
    AnalysisRefused,
    DriftBlocked,
    HealthBlocked,
    InputError,
    LedgerBlocked,
    LedgerFailed,
    MigrationEdited,
    MigrationMissing,
    MigrationOutOfOrder,
    NothingPending,
    PolicyRefused,
)
from faber_db.executor import enrolment, quiet
from faber_db.executor.approving import is_requesters
from faber_db.executor.guard import (
    Target,
    policy_for,
    require_known,
    require_marker,
    require_marker_for,
    require_pinned_policy,
)
from faber_db.executor.tiers import in_force, require_tier
from faber_db.model.approver_change import ApproverChange
from faber_db.model.canonical import digest_of
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk
from faber_db.model.health import CheckStatus, Overall
from faber_db.model.migration import (
    LedgerRow,
    Migration,
    MigrationState,
    MigrationStatus,
    SourceFile,
)
from faber_db.model.plan import (
    BackupRequirement,
    Plan,
    PlanKind,
    PlannedFile,
    PlannedMigration,
    PlanSettings,
    PreflightAnswer,
    Requester,
    subject_of,
)
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import Marker
from faber_db.model.tier import Tier
from faber_db.model.trial import TrialRun
from faber_db.services import pace, preflight, programs, staged, verdict
from faber_db.services.app import App, Database, Environment
from faber_db.services.outside import applied_outside
from faber_db.services.ports import Proposal, Session
from faber_db.services.trying import ToTry, on_copy
from faber_db.services.undone import taken_back
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import Script

PLAN_LIFETIME = timedelta(days=7)
_OTHERS = timedelta(seconds=10)  # to wait for another deployment
OF_THE_MARKER = (PlanKind.POLICY, PlanKind.ADOPT_CLONE)  # they change what the target remembers
OF_THE_LEDGER = (PlanKind.MARK, PlanKind.BASELINE, PlanKind.ACCEPT_EDIT)  # nothing else is written
VERSIONS = "versions"  # of a roll-back's arguments, as JSON: exactly these, oldest first
WAY_BACK = "way back"  # what the shadow is asked about a roll-back
_NOT_TRIED = "a part of it may be there already, which a copy without rows has not"
_OTHER_TARGET = (
    " That backup was made from another database, or from this one before an earlier restore."
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a plan is made: an open session on its target."""

    app: App
    database: Database
    environment: Environment
    session: Session
    target: Target


@dataclass(frozen=True, slots=True)
class Content:
    """What one kind of plan adds to the common part."""

    analysis: Analysis
    migrations: tuple[Migration, ...] = ()
    touched: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
    preflight: tuple[PreflightAnswer, ...] = ()
    trial: TrialRun | None = None


def make_plan(ground: Ground, proposal: Proposal) -> tuple[Plan, dict[str, bytes]]:
    """The plan for a proposal, and the bytes of its files by SHA-256.

    Raises:
        NothingPending: there is nothing to do.
        FaberDbError: something forbids it; the error says what and the way on.
    """
    from faber_db.executor import adopting, creating, editing

    makers = {
        PlanKind.DEPLOY: _deploy,
        PlanKind.ROLLBACK: _roll_back,
        PlanKind.RESTORE: _restore,
        PlanKind.POLICY: _policy,
        PlanKind.MARK: _mark,
        PlanKind.BASELINE: adopting.plan,
        PlanKind.ACCEPT_EDIT: editing.plan,
        PlanKind.ADOPT_CLONE: _adopt_clone,
        PlanKind.DB_CREATE: creating.plan,
    }
    tier = in_force(ground.app, ground.target)
    if ground.target.protected and proposal.kind not in OF_THE_MARKER:
        require_known(ground.target, ground.environment, ground.app.state)
    if ground.target.protected:
        require_tier(tier, ground.target, ground.environment)
    if proposal.kind is PlanKind.DEPLOY:
        wait_for_others(ground)
    head = ""
    if proposal.kind is not PlanKind.DB_CREATE:
        head = ledger_head(ground)  # first: who applies meanwhile moves it, and the plan is stale
    content = makers[proposal.kind](ground, proposal)
    require_allowed(ground, content.analysis)
    require_enough_people(ground, proposal.kind, content.analysis, proposal.requester)
    return _assemble(ground, proposal, content, head, tier)


# --- kinds -------------------------------------------------------------------------------------


def _deploy(ground: Ground, proposal: Proposal) -> Content:
    history = ground.database.handler.parse(proposal.files)
    ledger = ground.database.handler.ledger(ground.session)
    arguments: tuple[tuple[str, str], ...] = ()
    pending: tuple[Migration, ...]
    if "resume" in proposal.arguments:
        from faber_db.executor import resuming

        version = proposal.arguments["resume"]
        unended, left = resuming.unended(ground, version, history, ledger)
        pending, arguments = (unended,), resuming.arguments_of(unended, left)
    else:
        pending = _pending_now(ground, history, ledger)
    if ground.target.protected:
        programs.require_recorded(pending, proposal.unrecorded)
        programs.require_origin(pending, proposal.files)
    trial, why = (None, _NOT_TRIED) if arguments else tried(ground, PlanKind.DEPLOY, pending)
    analysis, answers = looked_at(ground, PlanKind.DEPLOY, pending, trial, not_tried=why)
    unseen = programs.unseen(pending, proposal.unrecorded)
    analysis = programs.with_unseen(analysis, unseen)
    touched = touched_by([m.up for m in pending], ground)
    return Content(
        analysis,
        pending,
        touched,
        files_of(pending, history, proposal.files),
        preflight=(
            *_require_healthy(ground, touched),
            *_staged(ground, pending, touched),
            *answers,
            *quiet.in_the_way(ground.session, touched, ground.app.now()),
        ),
        trial=trial,
        arguments=arguments,
    )


def _staged(
    ground: Ground, pending: tuple[Migration, ...], touched: tuple[str, ...]
) -> tuple[PreflightAnswer, ...]:
    """What staging measured, for whoever signs; a protected target only, where somebody does."""
    if not ground.target.protected:
        return ()
    found = staged.measured_elsewhere(
        ground.app,
        ground.database,
        ground.environment,
        [_planned(m, PlanKind.DEPLOY, ground) for m in pending],
        staged.seen(ground.session, touched),
        ground.session.dialect,
    )
    return (found,) if found else ()


def _roll_back(ground: Ground, proposal: Proposal) -> Content:
    history = ground.database.handler.parse(proposal.files)
    states = {
        s.version: s.state
        for s in ground.database.handler.status(
            history, ground.database.handler.ledger(ground.session)
        )
    }
    applied = [m for m in history if states.get(m.version) is MigrationState.APPLIED]
    to, exactly = (proposal.arguments.get(key, "") for key in ("to", VERSIONS))
    names = [m.version for m in applied]
    if exactly:
        applied = _ending_in(applied, exactly, ground)
        undone = tuple(reversed(applied[-len(json.loads(exactly)) :]))
    elif to and to not in names:
        raise InputError(
            f"{to!r} is not applied to {ground.environment.name}",
            hint=f"`faber-db status {ground.environment.name} --detail full` lists what is.",
        )
    else:
        undone = taken_back(applied, to)
    if not undone:
        raise NothingPending(f"nothing was applied to {ground.environment.name} after {to}")
    from faber_db.executor import ways_back

    undone, made = ways_back.found_for(ground, undone, proposal.unrecorded)
    if ground.target.protected:
        programs.require_origin_of_way_back(undone, proposal.files)
    findings, way_back = ways_back.proved(ground, applied, undone, made=bool(made))
    trial, why = tried(ground, PlanKind.ROLLBACK, undone)
    analysis, answers = looked_at(ground, PlanKind.ROLLBACK, undone, trial, not_tried=why)
    touched = touched_by([m.down or "" for m in undone], ground)
    return Content(
        ways_back.judged(analysis, findings),
        undone,
        touched,
        files_of(undone, history, proposal.files),
        ((("to", to),) if to else ()) + made,
        (way_back, *answers),
        trial,
    )


def _ending_in(applied: list[Migration], exactly: str, ground: Ground) -> list[Migration]:
    """Those that are applied, the last of which are exactly what a deployment applied that failed.

    Raises:
        LedgerBlocked: something else was applied meanwhile, or did not end.
    """
    try:
        versions = [str(version) for version in json.loads(exactly)]
    except (ValueError, TypeError) as error:
        raise InputError(f"{exactly[:80]!r} is no list of versions") from error
    unended = [
        row.version
        for row in ground.database.handler.ledger(ground.session)
        if not row.finished and not row.rolled_back
    ]
    if unended or not versions or [m.version for m in applied[-len(versions) :]] != versions:
        what = f"{unended[0]} did not end" if unended else f"{versions} is not what came last"
        raise LedgerBlocked(
            f"{what} in {ground.environment.name}",
            hint=f"`faber-db status {ground.environment.name}` says what is there.",
        )
    return applied


def _restore(ground: Ground, proposal: Proposal) -> Content:
    backup = ground.app.state.backup(proposal.arguments.get("backup_id", ""))
    if (backup.database, backup.environment) != (ground.database.name, ground.environment.name):
        raise InputError(
            f"{backup.id} is a backup of {backup.database}/{backup.environment},"
            f" not of {ground.database.name}/{ground.environment.name}"
        )
    finding = Finding(
        code="restore-replaces-data",
        kind=Kind.DATA_LOSS,
        risk=Risk.HIGH,
        line=0,
        statement=f"restore {backup.id}",
        objects=(ground.environment.name,),
        effect=f"Everything written after {backup.created_at} is replaced by the backup."
        + ("" if backup.target == ground.target.identity.server_digest else _OTHER_TARGET),
        remedy="A backup of the present state is made first; restoring that undoes this.",
        confidence=Confidence.PARSED,
    )
    analysis = Analysis(risk=Risk.HIGH, findings=(finding,))
    return Content(analysis, arguments=(("backup_id", backup.id), ("sha256", backup.sha256)))


def _mark(ground: Ground, proposal: Proposal) -> Content:
    """Only the ledger is written: what a person did without us is recorded, signed."""
    version, state = (proposal.arguments.get(name, "") for name in ("version", "state"))
    if state not in ("applied", "rolled_back"):
        raise InputError(f"a migration is marked applied or rolled_back, not {state!r}")
    history = ground.database.handler.parse(proposal.files)
    migration = next((m for m in history if m.version == version), None)
    if migration is None:
        raise InputError(
            f"there is no migration {version!r} in the folder",
            hint=f"`faber-db status {ground.environment.name} --detail full` lists them.",
        )
    rows = ground.database.handler.ledger(ground.session)
    found = ground.database.handler.status(history, rows)
    outside = applied_outside(
        ground.app, ground.database.name, ground.environment.name, ground.target.marker, rows
    )
    _require_markable(next(s for s in found if s.version == version), state, outside)
    finding = Finding(
        code="mark-without-running",
        kind=Kind.APP_BREAK,
        risk=Risk.HIGH,
        line=0,
        statement=f"mark {version} {state}",
        objects=(version,),
        effect=f"The ledger then says {state.replace('_', ' ')}; nothing runs, and nothing proves"
        " that the schema is so.",
        remedy=f"Look first: `faber-db drift {ground.environment.name}`.",
    )
    return Content(
        Analysis(risk=Risk.HIGH, findings=(finding,)),
        (migration,),
        touched_by([migration.up], ground),
        files_of((migration,), history, proposal.files),
        (("state", state), ("version", version)),
    )


def _require_markable(status: MigrationStatus, state: str, outside: Collection[str]) -> None:
    if status.state is MigrationState.EDITED:
        raise MigrationEdited(
            f"{status.name} was changed after it was applied; it cannot be marked",
            hint=status.detail or "Restore the file from version control.",
        )
    is_applied = status.state is MigrationState.APPLIED
    if state == "applied" and is_applied and status.version not in outside:
        raise NothingPending(f"{status.name} is applied already")
    if state == "rolled_back" and status.state in (
        MigrationState.PENDING,
        MigrationState.ROLLED_BACK,
        MigrationState.OUT_OF_ORDER,
        MigrationState.SKIPPED_BY_TOOL,
    ):
        raise NothingPending(f"{status.name} does not stand in the ledger")


def _policy(ground: Ground, proposal: Proposal) -> Content:
    """The configuration's policy, or one change of the approvers under the policy as it is pinned."""
    marker = require_marker(ground.target, ground.environment)
    arguments = {"pinned": marker.policy_digest, "policy": ground.target.policy_digest}
    if enrolment.CHANGE in proposal.arguments:
        arguments |= _approvers(ground, marker, proposal.arguments[enrolment.CHANGE])
        words, effect = "change the approvers", "From then on others decide what may run"
    else:
        enrolment.require_enough_left(
            marker,
            marker.approvers,
            ground.environment.settings.min_approvals,
            same_policy=marker.policy_digest == ground.target.policy_digest,
        )
        words, effect = "pin the configuration's policy", "From then on it decides what may run"
    finding = Finding(
        code="policy-change",
        kind=Kind.SECURITY,
        risk=Risk.HIGH,
        line=0,
        statement=words,
        objects=(ground.environment.name,),
        effect=f"{effect}; every open approval becomes void.",
    )
    return Content(
        Analysis(risk=Risk.HIGH, findings=(finding,)), arguments=tuple(arguments.items())
    )


def _adopt_clone(ground: Ground, proposal: Proposal) -> Content:
    """What is bound beside the copy itself: whose copy it is, and the policy it gets."""
    marker = require_marker_for(proposal.kind, ground.target, ground.environment)
    finding = Finding(
        code="adopt-clone",
        kind=Kind.SECURITY,
        risk=Risk.HIGH,
        line=0,
        statement="give the copy an identity of its own",
        objects=(ground.environment.name,),
        effect=f"This copy of {marker.database}/{marker.environment} (target"
        f" {marker.target_id[:12]}) becomes a database of its own with the same approvers;"
        " nothing that was approved for either counts for the other.",
    )
    return Content(
        Analysis(risk=Risk.HIGH, findings=(finding,)),
        arguments=(
            ("pinned", marker.policy_digest),
            ("copy_of", marker.target_id),
            ("policy", ground.target.policy_digest),
        ),
    )


def _approvers(ground: Ground, marker: Marker, text: str) -> dict[str, str]:
    """What a plan that changes the approvers has to say: the change, and all that it leads to."""
    require_pinned_policy(ground.target, ground.environment)  # else it would be changed in passing
    change = ApproverChange.of(text)
    found = enrolment.after(marker.approvers, change)
    enrolment.require_enough_left(marker, found, marker.min_approvals, same_policy=True)
    leads_to = dataclasses.replace(
        ground.target, marker=marker.model_copy(update={"approvers": found})
    )
    require_tier(in_force(ground.app, leads_to), leads_to, ground.environment)
    policy = policy_for(ground.database, ground.environment, True, found)
    return {
        enrolment.CHANGE: change.text(),
        enrolment.AFTER: enrolment.listed(found),
        "policy": digest_of(policy),
    }


# --- what may be planned -----------------------------------------------------------------------


def pending_of(
    ground: Ground, history: Sequence[Migration], ledger: Sequence[LedgerRow]
) -> tuple[Migration, ...]:
    """The migrations to apply, in order.

    Raises:
        NothingPending: all are applied.
        LedgerBlocked: something about the ledger as a whole has to be settled first.
        LedgerFailed, MigrationEdited, MigrationMissing, MigrationOutOfOrder: the ledger and the
            folder do not agree, so nothing runs.
    """
    require_unblocked(ground, history, ledger)
    statuses = ground.database.handler.status(history, ledger)
    for status in statuses:
        require_sound(status, ground.environment.name)
    versions = {
        s.version
        for s in statuses
        if s.state in (MigrationState.PENDING, MigrationState.ROLLED_BACK)
    }
    pending = tuple(m for m in history if m.version in versions)
    if not pending:
        raise NothingPending(f"{ground.environment.name} is up to date")
    return pending


def require_unblocked(
    ground: Ground, history: Sequence[Migration], ledger: Sequence[LedgerRow]
) -> None:
    """Raise where the ledger as a whole has to be settled first.

    Raises:
        LedgerBlocked.
    """
    for note in ground.database.handler.notes(ground.session, history, ledger):
        if note.blocks:
            raise LedgerBlocked(f"{ground.environment.name}: {note.message}", hint=note.hint)


def _pending_now(
    ground: Ground, history: Sequence[Migration], ledger: Sequence[LedgerRow]
) -> tuple[Migration, ...]:
    """As `pending_of`; what a deployment has begun and not finished is no failure while it runs.

    What is in the way is looked at again while nobody deploys, so that it is no moment of another one.

    Raises:
        LockBusy: it goes on for longer than is waited.
    """
    try:
        return pending_of(ground, history, ledger)
    except (LedgerFailed, LedgerBlocked):
        wait_for_others(ground)  # one that began after the last look
        with ground.session.deploy_lock(wait=_OTHERS):
            return pending_of(ground, history, ground.database.handler.ledger(ground.session))


def require_sound(status: MigrationStatus, environment: str) -> None:
    name = status.name
    match status.state:
        case MigrationState.FAILED | MigrationState.HALF_APPLIED:
            raise LedgerFailed(
                f"{name} failed in {environment} before and still stands in the ledger",
                hint=status.detail or f"Settle it first: `faber-db status {environment}`.",
            )
        case MigrationState.EDITED:
            raise MigrationEdited(
                f"{name} was changed after it was applied to {environment}; nothing ran",
                hint=status.detail or "Restore the file from version control.",
            )
        case MigrationState.MISSING:
            raise MigrationMissing(
                f"{name} is applied to {environment} but its file is gone",
                hint=status.detail or "Restore the file from version control.",
            )
        case MigrationState.OUT_OF_ORDER:
            raise MigrationOutOfOrder(
                f"{name} sorts before a migration that is applied to {environment} already",
                hint=status.detail or "Give it a new version that sorts last.",
            )
        case MigrationState.SKIPPED_BY_TOOL:
            raise MigrationOutOfOrder(
                f"{name} was never applied to {environment}, and its own tool would skip it",
                hint=status.detail or f"Mark it: `faber-db mark applied {environment}`.",
            )
        case _:
            return


def require_allowed(ground: Ground, analysis: Analysis) -> None:
    """The findings that this environment refuses, signature or not.

    Raises:
        AnalysisRefused: there is one.
    """
    refused = verdict.refusals(
        analysis,
        protected=ground.target.protected,
        allowed=[(a.code, a.objects) for a in ground.environment.settings.allow],
        stays=ground.session.dialect in MYSQL,
    )
    if refused:
        first = refused[0]
        where = f"{first.migration} line {first.line}" if first.migration else f"line {first.line}"
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise AnalysisRefused(
            f"{ground.environment.name} refuses {first.code} ({where}: {first.effect}){more}",
            hint=first.remedy or f"`faber-db explain {first.code}` says why and what to do.",
        )


def require_enough_people(
    ground: Ground, kind: PlanKind, analysis: Analysis, requester: Requester
) -> None:
    """A plan that cannot be signed by as many as it needs is not made.

    Where two or more are demanded, whoever asks is not one of them.

    Raises:
        PolicyRefused: fewer are pinned.
    """
    marker, demanded = ground.target.marker, approvals_demanded(ground, kind, analysis)
    pinned = {
        a.approver.casefold()
        for a in (marker.approvers if marker else ())
        if demanded < 2 or not is_requesters(a, requester)
    }
    if ground.target.protected and len(pinned) < demanded:
        others = f" beside {requester.account}, who asks" if demanded > 1 else ""
        raise PolicyRefused(
            f"{demanded} people have to sign this, and {ground.environment.name} has"
            f" {len(pinned)} approver{'' if len(pinned) == 1 else 's'}{others}",
            hint=f"`faber-db approvers list {ground.environment.name}` names them.",
        )


def _require_healthy(ground: Ground, touched: tuple[str, ...]) -> tuple[PreflightAnswer, ...]:
    """A protected release starts only from a database that is known to be well.

    Drift on a touched object blocks; other drift, and that none could be looked for, is signed.
    """
    if not ground.target.protected:
        return ()
    from faber_db.services import drift, health

    found = health.look(
        ground.app, ground.database, ground.environment, leave_out=("drift", "ledger", "backup-age")
    )
    if found.overall in (Overall.UNHEALTHY, Overall.UNKNOWN):
        bad = [
            c
            for c in found.checks
            if c.status is CheckStatus.CRITICAL
            or (c.essential and c.status in (CheckStatus.UNKNOWN, CheckStatus.SKIPPED))
        ]
        names = ", ".join(f"{c.check} ({c.why or c.status})" for c in bad)
        raise HealthBlocked(
            f"{ground.environment.name} is {found.overall}: {names}",
            hint=next((c.action for c in bad if c.action), "")
            or f"`faber-db health {ground.environment.name}` shows all checks.",
        )
    compared = drift.drift(ground.app, ground.database, ground.environment, ground.session)
    on_touched = [d for d in compared.differences if d.table in touched or d.name in touched]
    if on_touched:
        raise DriftBlocked(
            f"{ground.environment.name} differs from its history on {on_touched[0].name}:"
            f" {on_touched[0].difference}",
            hint=f"`faber-db drift {ground.environment.name}` lists every difference.",
        )
    others = len(compared.differences)
    answer = f"{others} differences elsewhere" if others else "none"
    return (
        PreflightAnswer(
            question="health", answer=found.overall.value, ok=True, asked_at=found.taken_at
        ),
        PreflightAnswer(
            question="drift",
            answer=f"not checked: {compared.unproved}" if compared.unproved else answer,
            ok=None if compared.unproved else True,
            asked_at=found.taken_at,
        ),
    )


# --- the common part ---------------------------------------------------------------------------


def _assemble(
    ground: Ground, proposal: Proposal, content: Content, head: str, tier: Tier
) -> tuple[Plan, dict[str, bytes]]:
    app, target, now = ground.app, ground.target, ground.app.now()
    migrations = tuple(_planned(m, proposal.kind, ground) for m in content.migrations)
    arguments = dict(content.arguments)
    if proposal.kind in OF_THE_LEDGER:
        arguments["ledger"] = ledger_digest(ground)
    from faber_db.rules import RULES_VERSION

    plan = Plan(
        id=app.new_id("plan"),
        kind=proposal.kind,
        database=ground.database.name,
        environment=ground.environment.name,
        protected=target.protected,
        engine=ground.database.engine.name,
        handler=ground.database.handler.name,
        work_id=proposal.work_id,
        requester=proposal.requester,
        created_at=now.isoformat(timespec="seconds"),
        expires_at=(now + PLAN_LIFETIME).isoformat(timespec="seconds"),
        target=target.identity,
        ledger=ground.database.handler.ledger_tables,
        ledger_head=head,
        subject=subject_of(
            kind=proposal.kind,
            database=ground.database.name,
            environment=ground.environment.name,
            target=target.identity,
            ledger_head=head,
            migrations=migrations,
            arguments=arguments,
        ),
        migrations=migrations,
        files=tuple(PlannedFile(path=f.path, sha256=sha256_of(f.content)) for f in content.files),
        analysis=content.analysis,
        preflight=content.preflight,
        trial=content.trial,
        settings=limits_of(ground.environment),
        schema_fingerprint=""
        if proposal.kind is PlanKind.DB_CREATE
        else fingerprint_of(ground, content.touched),
        touched=content.touched,
        backup=backup_requirement(ground, proposal.kind, content.analysis),
        policy_digest=target.policy_digest,
        min_approvals=approvals_demanded(ground, proposal.kind, content.analysis),
        tier=tier.number if target.protected else 0,
        rules_version=RULES_VERSION,
        tool_version=__version__,
        arguments=arguments,
    )
    return plan, {sha256_of(f.content): f.content for f in content.files}


def tried(
    ground: Ground, kind: PlanKind, migrations: tuple[Migration, ...]
) -> tuple[TrialRun | None, str]:
    """What was seen when they ran on a copy of the target's schema; or why that was not done."""
    return on_copy(
        ground.database.shadow,
        ground.environment.resolve_url,
        ToTry(
            _scripts(ground, kind, migrations),
            [m.wrap for m in migrations],
            [True] * len(migrations),
        ),
        version=ground.session.server_version,
    )


def _scripts(ground: Ground, kind: PlanKind, migrations: tuple[Migration, ...]) -> list[Script]:
    """What is run of each: of a roll-back its down script."""
    from faber_db.sql.script import parse

    back = kind is PlanKind.ROLLBACK
    return [parse((m.down or "") if back else m.up, ground.session.dialect) for m in migrations]


def looked_at(
    ground: Ground,
    kind: PlanKind,
    migrations: tuple[Migration, ...],
    trial: TrialRun | None,
    *,
    not_tried: str = "",
) -> tuple[Analysis, tuple[PreflightAnswer, ...]]:
    """What these migrations do to the target as it is now, and what its data says about them.

    Args:
        ground: the target.
        kind: of the plan.
        migrations: in the order in which they run; of a roll-back, their down scripts do.
        trial: what was seen on a copy.
        not_tried: why there is none.
    """
    around = verdict.surroundings(
        ground.session,
        leave_out=ground.database.handler.ledger_tables,
        protected=ground.target.protected,
        schemas=ground.environment.settings.schemas,
    )
    around = pace.paced(around, ground.app, ground.database, ground.environment)
    scripts = _scripts(ground, kind, migrations)
    names = [m.name for m in migrations]
    wraps = [m.wrap for m in migrations]
    takes_out = [True] * len(migrations)
    analysis = verdict.verdict_of(scripts, names, wraps, around, takes_out=takes_out, trial=trial)
    if not_tried:
        analysis = analysis.model_copy(update={"trial": (f"not run: {not_tried}",)})
    answers = preflight.ask(
        scripts, names, around, ground.database, ground.environment, ground.app.now()
    )
    return preflight.measured(analysis, answers), answers


def limits_of(environment: Environment) -> PlanSettings:
    """The limits that the environment's policy demands."""
    settings = environment.settings
    return PlanSettings(
        lock_timeout_ms=settings.lock_timeout // timedelta(milliseconds=1),
        statement_timeout_ms=settings.statement_timeout // timedelta(milliseconds=1),
        lock_retries=settings.lock_retries,
    )


def approvals_demanded(ground: Ground, kind: PlanKind, analysis: Analysis) -> int:
    """How many people have to sign.

    Two for what is critical and named by the policy. A change of the policy needs as many as the
    pinned one demands, or the first change would be to need fewer.
    """
    demanded = ground.environment.settings.min_approvals
    marker = ground.target.marker
    if kind in OF_THE_MARKER and marker is not None:
        demanded = max(demanded, marker.min_approvals)
    if kind is PlanKind.POLICY and marker is not None:  # the first of several adds the second
        demanded = max(1, min(demanded, len({a.approver for a in marker.approvers})))
    critical = any(f.risk is Risk.CRITICAL for f in analysis.findings)
    return max(demanded, 2) if critical and ground.target.protected else demanded


def wait_for_others(ground: Ground) -> None:
    """Where the ledger holds a row that is not finished, let whoever deploys now finish it.

    Under both locks nobody deploys, so what is unfinished then has failed.

    Raises:
        LockBusy: somebody still deploys.
    """
    handler, session = ground.database.handler, ground.session
    if any(not row.finished and not row.rolled_back for row in handler.ledger(session)):
        with handler.lock(session, wait=_OTHERS), session.deploy_lock(wait=_OTHERS):
            pass


def ledger_head(ground: Ground) -> str:
    """Version of the newest finished migration, or empty."""
    rows = [
        r
        for r in ground.database.handler.ledger(ground.session)
        if r.finished and not r.rolled_back
    ]
    return max((r.version for r in rows), default="")


def ledger_digest(ground: Ground) -> str:
    """Of every row, for a plan that changes rows: the newest version alone does not say that one moved."""
    rows = ground.database.handler.ledger(ground.session)
    return digest_of(
        sorted(
            [r.version, r.sha256 or "", r.checksum, r.kind, r.finished, r.rolled_back] for r in rows
        )
    )


def fingerprint_of(ground: Ground, touched: tuple[str, ...]) -> str:
    """Fingerprint of the touched objects as they are now."""
    catalogue = ground.session.catalogue(leave_out=ground.database.handler.ledger_tables)
    return catalogue.fingerprint(only=touched)


def touched_by(scripts: Sequence[str], ground: Ground) -> tuple[str, ...]:
    """Full names of the tables that some scripts name, sorted."""
    from faber_db.rules import touched
    from faber_db.sql.script import parse

    names = {n for text in scripts for n in touched(parse(text, ground.session.dialect))}
    return tuple(sorted(names))


def _planned(migration: Migration, kind: PlanKind, ground: Ground) -> PlannedMigration:
    from faber_db.sql.script import parse

    text = (migration.down or "") if kind is PlanKind.ROLLBACK else migration.up
    return PlannedMigration(
        version=migration.version,
        name=migration.name,
        path=migration.path,
        sha256=migration.sha256,
        size_bytes=len(migration.content),
        statements=len(parse(text, ground.session.dialect).statements),
    )


def files_of(
    migrations: Sequence[Migration], history: Sequence[Migration], files: Sequence[SourceFile]
) -> tuple[SourceFile, ...]:
    """Their files, and those that they cannot be read without: where there is a graph, all of it.

    Which rows a graph's ledger holds afterwards depends on its other branches too.
    """
    around = [*migrations, *(history if any(m.needs for m in migrations) else ())]
    paths = {p for m in around for p in (m.path, *m.beside)}
    paths |= {p for m in migrations for p in (m.down_path, m.recorded_path)}
    return tuple(f for f in files if f.path in paths)


def backup_requirement(ground: Ground, kind: PlanKind, analysis: Analysis) -> BackupRequirement:
    """The backup that the environment's policy demands before this runs."""
    settings = ground.environment.settings
    required = ground.target.protected or settings.backup == "required"
    if kind in (*OF_THE_MARKER, *OF_THE_LEDGER, PlanKind.RESTORE, PlanKind.DB_CREATE):
        required = False  # a restore makes its own; the others change no data
    return BackupRequirement(
        required=required,
        fresh=required and analysis.risk.at_least(Risk.HIGH),
        level=settings.backup_level,
        max_age_seconds=int(settings.max_backup_age.total_seconds()),
    )
