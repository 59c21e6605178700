"""The policy of an environment: the keys that decide what may run and who decides."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from faber_db.config.settings import (
    ApprovalRule,
    Autonomy,
    BackupRule,
    EnvironmentSettings,
    Ignored,
)
from faber_db.model.canonical import digest_of

Decides = Literal["signed", "confirm", "none", "refused", "plans-only"]
"""Who lets a change run: a person's signature, a repeated call, nobody, or it does not run."""


def decides(
    settings: EnvironmentSettings,
    *,
    protected: bool,
    autonomy: Autonomy = Autonomy.GUARDED,
    is_dev: bool = True,
) -> Decides:
    """Who decides in an environment; the stricter of its own rule and of `autonomy`.

    Args:
        settings: of the environment.
        protected: by every rule, the marker included.
        autonomy: of the project.
        is_dev: the environment that `build` works on.
    """
    if autonomy is Autonomy.DRY_RUN:
        return "plans-only"
    if protected:
        return "refused" if autonomy is Autonomy.ASSIST else "signed"
    if settings.approval is ApprovalRule.CONFIRM:
        return "confirm"
    return "confirm" if autonomy is Autonomy.ASSIST and not is_dev else "none"


def backup_rule(settings: EnvironmentSettings, *, protected: bool) -> BackupRule:
    """Whether a change needs a backup; where nothing is said, unprotected ones need none."""
    return BackupRule.REQUIRED if protected else settings.backup or BackupRule.OFF


def policy_of(
    settings: EnvironmentSettings,
    protected: bool,
    *,
    ignore: Sequence[Ignored] = (),
    approvers: Sequence[str] = (),
    revoked_keys: str = "",
) -> dict[str, Any]:
    """The policy with its defaults filled in: integers, booleans, strings; durations in ms.

    Args:
        settings: of the environment.
        protected: by every rule, the marker included.
        ignore: the database's `drift.ignore`.
        approvers: digests of the public keys that are pinned in the target.
        revoked_keys: the project's list of them; to take it away is a change of the policy too.
    """
    unprotected = settings.approval or ApprovalRule.NONE
    return {
        "protected": protected,
        "approval": "signed" if protected else unprotected.value,
        "backup": backup_rule(settings, protected=protected).value,
        "max_backup_age_ms": _ms(settings.max_backup_age),
        "backup_level": settings.backup_level,
        "max_approval_age_ms": _ms(settings.max_approval_age),
        "min_approvals": settings.min_approvals,
        "minimum_tier": settings.minimum_tier,
        "window": list(settings.window),
        "schemas": sorted(set(settings.schemas)),
        "lock_timeout_ms": _ms(settings.lock_timeout),
        "statement_timeout_ms": _ms(settings.statement_timeout),
        "lock_retries": settings.lock_retries,
        "thresholds": dict(settings.thresholds),
        "muted": sorted(set(settings.muted)),
        "rollback_on_failure": settings.rollback_on_failure and not protected,
        "allow": [
            {"code": a.code, "objects": sorted(set(a.objects)), "reason": a.reason}
            for a in sorted(settings.allow, key=lambda a: (a.code, a.objects))
        ],
        "drift_ignore": [
            {"kind": i.kind, "name": i.name, "reason": i.reason}
            for i in sorted(ignore, key=lambda i: (i.kind, i.name))
        ],
        "approvers": sorted(set(approvers)),
        "revoked_keys": revoked_keys,
    }


def policy_digest(policy: dict[str, Any]) -> str:
    """SHA-256 (hex) over the canonical spelling of a policy."""
    return digest_of(policy)


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
