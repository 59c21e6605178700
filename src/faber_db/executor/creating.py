"""The database of a protected environment, made under a signature while it is not there yet.

Approvers are pinned in their target, and this target is not there to hold them. So those sign whom
the executor's own configuration names as `creators`, and that counts only where root alone writes
it: wherever the agent's account could write, it would name itself. Nothing is spent in the target
either; that the database is not there is what a signature can be used for once.
"""

import secrets
from pathlib import Path
from urllib.parse import quote

from faber_db.errors import (
    ApprovalNotSetUp,
    ApprovalStale,
    InputError,
    NothingPending,
    NotSupported,
)
from faber_db.executor import guard
from faber_db.executor.guard import Target
from faber_db.executor.planning import Content, Ground
from faber_db.model.canonical import digest_of
from faber_db.model.creation import ARGUMENT, PlannedCreation
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk
from faber_db.model.plan import Plan
from faber_db.model.target import Marker, PinnedApprover
from faber_db.services import credentials
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import Creation, Proposal, Session

ROLES = "roles"  # of a proposal's arguments: "yes" where they are asked for
_MAKES_IT_BY_HAND = (
    "Make the database with the server's own client, then `faber-db protect {0}`; with an executor"
    " of another account `creators` in its configuration can sign it (docs/executor.md)."
)


def server_url(database: Database, environment: Environment) -> str:
    """Where the server is asked for the database that is not there.

    Raises:
        NotSupported: it is a file, which no server makes.
    """
    found = database.engine.maintenance(environment.resolve_url())
    if not found:
        raise NotSupported(
            f"{environment.name} is a file, which is made by whoever may write its folder",
            hint="Make an empty file there as the executor's account, then"
            f" `faber-db protect {environment.name}`.",
        )
    return found


def require_signers(app: App, environment: Environment) -> tuple[PinnedApprover, ...]:
    """Those who may sign before there is a target to pin anybody in.

    Raises:
        NotSupported: nobody has to.
        ApprovalNotSetUp: nobody may.
        ConfigError: somebody else than root could have named them.
    """
    if not environment.protected:
        raise NotSupported(
            f"{environment.name} is not protected, so its database is made without a signature",
            hint=f"`faber-db db-create {environment.name} --yes`.",
        )
    signers = app.creators() if app.serves else ()
    if not signers:
        why = (
            "its executor's configuration names no `creators`"
            if app.serves
            else "below tier 3 an agent could name itself"
        )
        raise ApprovalNotSetUp(
            f"the database of {environment.name} ({environment.why_protected}) is not there, so no"
            f" approver is pinned in it, and {why}",
            hint=_MAKES_IT_BY_HAND.format(environment.name),
        )
    return signers


def ground_of(app: App, database: Database, environment: Environment, session: Session) -> Ground:
    """The server as the target, under a marker that holds those who may sign and is never written.

    Its identity is the server's with the name of the database that is to be there.

    Raises:
        NotSupported, ApprovalNotSetUp, ConfigError.
    """
    signers = require_signers(app, environment)
    guard.require_deployable(session, environment)
    found = session.identity()
    parts = {k: v for k, v in found.parts.items() if k != "database_oid"}
    parts["database"] = database.engine.creation(environment.resolve_url()).database
    identity = found.model_copy(update={"marker_id": "", "parts": parts})
    policy = guard.policy_for(database, environment, True, signers)
    marker = Marker(
        target_id="",
        environment=environment.name,
        database=database.name,
        approvers=signers,
        policy_digest=digest_of(policy),
        server_digest=identity.server_digest,
        min_approvals=environment.settings.min_approvals,
        minimum_tier=environment.settings.minimum_tier,
    )
    target = Target(identity, marker, True, policy, marker.policy_digest)
    return Ground(app, database, environment, session, target)


def plan(ground: Ground, proposal: Proposal) -> Content:
    """What a plan has to say of it.

    Raises:
        NothingPending: the database is there.
        NotSupported: the product has no roles.
    """
    if _is_there(ground):
        raise NothingPending(f"{ground.target.identity.label} is there already")
    asked = proposal.arguments.get(ROLES, "")
    if asked not in ("", "yes"):
        raise InputError("roles are asked for with yes")
    planned = _planned(ground, _creation(ground, roles=bool(asked)))
    made = "a new database" + (", and two roles that can log in," if planned.folder else "")
    finding = Finding(
        code="database-created",
        kind=Kind.SECURITY,
        risk=Risk.HIGH,
        line=0,
        statement="create the database",
        objects=(ground.environment.name,),
        effect=f"The server gets {made} by {len(planned.statements)} statements; no approver is"
        f" pinned in it until `faber-db protect {ground.environment.name}`.",
        confidence=Confidence.PARSED,
    )
    return Content(
        Analysis(risk=Risk.HIGH, findings=(finding,)), arguments=((ARGUMENT, planned.text()),)
    )


def require_as_planned(ground: Ground, plan: Plan) -> Creation:
    """What is run, with new passwords; everything that was signed is as it was.

    Raises:
        ApprovalStale: the database is there, or something else would be made than was signed.
    """
    again = "Ask for a new plan."
    signed = PlannedCreation.of(plan)
    if _is_there(ground):
        raise ApprovalStale(
            f"somebody made {ground.target.identity.label} after this plan was made",
            hint="Find out who did; what is in it nobody has signed.",
        )
    if ground.target.policy_digest != plan.policy_digest:
        raise ApprovalStale(
            "the policy, or who may sign, changed after this was planned", hint=again
        )
    creation = _creation(ground, roles=bool(signed.folder))
    if _planned(ground, creation) != signed:
        raise ApprovalStale("what would be made is not what was planned", hint=again)
    return creation


def carry_out(ground: Ground, creation: Creation, plan: Plan) -> dict[str, object]:
    """Make it; the URLs of its roles are on the disk before, and gone where nothing was made.

    Raises:
        ApprovalStale: somebody was faster.
        FileUnreadable, PermissionMissing, StatementFailed: nothing is left of it.
    """
    files: list[Path] = []
    made = False
    try:
        if creation.urls:
            folder = credentials.own_folder(Path(PlannedCreation.of(plan).folder))
            for word, url in creation.urls:
                files.append(credentials.write_new(folder / word, url))
        url = ground.environment.resolve_url()
        made = ground.database.engine.create_database(url, creation, session=ground.session)
    finally:
        for file in [] if made else files:
            file.unlink()
    label = ground.target.identity.label
    if not made:
        raise ApprovalStale(f"somebody else made {label} meanwhile", hint="Find out who did.")
    return {"applied": [], "created": label, "files": [str(file) for file in files]}


def left_behind(ground: Ground, plan: Plan) -> str:
    """What there is after a process died that made it."""
    folder = PlannedCreation.of(plan).folder
    there = "is there, perhaps without all of its rights" if _is_there(ground) else "is not there"
    roles = f"; look for its roles, and into {folder}" if folder else ""
    return f"{plan.target.label} {there}{roles}"


def _is_there(ground: Ground) -> bool:
    url = ground.environment.resolve_url()
    return ground.database.engine.has_database(ground.session, url)


def _creation(ground: Ground, *, roles: bool) -> Creation:
    passwords = [secrets.token_hex(24) for _ in range(2)] if roles else []
    return ground.database.engine.creation(ground.environment.resolve_url(), passwords)


def _planned(ground: Ground, creation: Creation) -> PlannedCreation:
    name = quote(f"{ground.database.name}.{ground.environment.name}", safe="")
    folder = ground.app.state_folder.resolve() / "credentials" / name
    marker = ground.target.marker
    return PlannedCreation(
        statements=creation.shown,
        folder=str(folder) if creation.urls else "",
        signers=marker.approvers if marker else (),
    )
