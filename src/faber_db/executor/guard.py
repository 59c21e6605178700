"""Whether this target is the one we know, in a state and under a policy that a person signed."""

from dataclasses import dataclass
from datetime import datetime

from faber_db.config.policy import policy_of
from faber_db.config.window import window_open
from faber_db.errors import (
    ApprovalNotSetUp,
    ApprovalStateLost,
    NotSupported,
    PolicyChanged,
    PolicyRefused,
    TargetChanged,
)
from faber_db.model.canonical import digest_of
from faber_db.model.plan import PlanKind
from faber_db.model.target import Marker, PinnedApprover, TargetIdentity
from faber_db.services.app import Database, Environment
from faber_db.services.ports import Session, State


@dataclass(frozen=True, slots=True)
class Target:
    """What a session says about where it is."""

    identity: TargetIdentity
    marker: Marker | None
    protected: bool
    policy: dict[str, object]  # as the configuration has it now
    policy_digest: str


def require_deployable(session: Session, environment: Environment) -> None:
    """Let nothing begin that this version cannot carry out on a server.

    Raises:
        NotSupported: it can be analysed and looked at only.
    """
    if session.cannot_deploy:
        raise NotSupported(
            f"{environment.name}: {session.cannot_deploy}",
            hint="`faber-db analyze --environment`, `faber-db schema` and `faber-db status` work;"
            " deploy with the tool you have.",
        )


def look_at(session: Session, database: Database, environment: Environment) -> Target:
    """Read identity and marker. A marker protects, whatever the configuration says.

    Raises:
        NotSupported: nothing can be deployed to this server.
    """
    require_deployable(session, environment)
    identity, marker = session.identity(), session.read_marker()
    protected = environment.protected or marker is not None
    policy = policy_for(database, environment, protected, marker.approvers if marker else ())
    return Target(identity, marker, protected, policy, digest_of(policy))


def policy_for(
    database: Database,
    environment: Environment,
    protected: bool,
    approvers: tuple[PinnedApprover, ...],
) -> dict[str, object]:
    """The keys that decide what may run and who decides, defaults filled in, approvers included."""
    return policy_of(
        environment.settings,
        protected,
        ignore=database.settings.drift.ignore,
        approvers=[a.public_key_sha256 for a in approvers],
        revoked_keys=database.revoked_keys,
    )


def require_known(target: Target, environment: Environment, state: State) -> Marker:
    """What must hold before anything protected is planned, signed or run.

    Raises:
        ApprovalNotSetUp: no marker.
        TargetChanged: the marker was written on another server; this is a clone.
        PolicyChanged: the configuration is not the policy that was pinned.
        ApprovalStateLost: our state does not hold what the target remembers of it.
    """
    marker = require_marker(target, environment)
    require_pinned_policy(target, environment)
    require_anchor(marker, environment, state)
    return marker


def require_marker(target: Target, environment: Environment) -> Marker:
    """A marker that was written on this very server.

    Raises:
        ApprovalNotSetUp: no marker.
        TargetChanged: it was written on another server.
    """
    marker = _require_some_marker(target, environment)
    if is_clone(target):
        raise TargetChanged(
            f"{environment.name} carries a marker that was written on another server or file,"
            " so it is a copy",
            hint="Point the environment at the original; or, where the copy is meant, a person runs"
            f" `faber-db protect {environment.name} --adopt-clone`.",
        )
    return marker


def require_marker_for(kind: PlanKind, target: Target, environment: Environment) -> Marker:
    """The marker whose approvers decide on a plan of this kind.

    A copy is adopted by those whom its original has pinned, and every other kind is refused there;
    what is no copy is not adopted.

    Raises:
        ApprovalNotSetUp, TargetChanged: as `require_marker`.
        PolicyRefused: the marker was written here.
    """
    if kind is not PlanKind.ADOPT_CLONE:
        return require_marker(target, environment)
    marker = _require_some_marker(target, environment)
    if not is_clone(target):
        raise PolicyRefused(
            f"{environment.name} is no copy: its marker was written on this server",
            hint="There is nothing to adopt.",
        )
    return marker


def is_clone(target: Target) -> bool:
    """Whether the database carries a marker that was written on another server or file."""
    marker = target.marker
    return marker is not None and marker.server_digest != target.identity.server_digest


def _require_some_marker(target: Target, environment: Environment) -> Marker:
    if target.marker is None:
        raise ApprovalNotSetUp(
            f"{environment.name} is protected ({environment.why_protected or 'by its marker'})"
            " and no approver is enrolled there",
            hint=f"A person runs `faber-db protect {environment.name}` once, in their own terminal.",
        )
    return target.marker


def require_pinned_policy(target: Target, environment: Environment) -> None:
    """The configuration must be the policy that a person signed.

    Raises:
        PolicyChanged: it is another one.
    """
    if target.marker is not None and target.marker.policy_digest != target.policy_digest:
        raise PolicyChanged(
            f"the policy of {environment.name} in the configuration is not the one that was signed",
            hint=f"Undo the change, or run `faber-db policy propose {environment.name}`"
            " and have it signed.",
        )


def require_anchor(marker: Marker, environment: Environment, state: State) -> None:
    """Our audit trail must hold the entry that the target remembers."""
    entry = state.audit_entry(marker.audit_seq) if marker.audit_seq else None
    if marker.audit_seq and (entry is None or entry.hash != marker.audit_head):
        raise ApprovalStateLost(
            f"{environment.name} remembers audit entry {marker.audit_seq},"
            " which our state does not hold",
            hint="Use the state folder or account that released there before, or re-anchor with"
            f" `faber-db policy propose {environment.name}`.",
        )


def require_window(environment: Environment, now: datetime) -> None:
    """Releases run only inside the configured window.

    Raises:
        PolicyRefused: it is closed now.
    """
    if not window_open(environment.settings.window, now):
        raise PolicyRefused(
            f"the window of {environment.name} is closed now",
            hint=f"It opens: {', '.join(environment.settings.window)}.",
        )
