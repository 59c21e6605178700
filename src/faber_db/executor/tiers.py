"""Which tier is in force over a target, and whether that is enough for it."""

from faber_db.errors import ApprovalStale, PolicyRefused
from faber_db.executor.guard import Target
from faber_db.model.tier import Tier, tier_in_force
from faber_db.services.app import App, Environment


def in_force(app: App, target: Target) -> Tier:
    """The tier, from what this executor is and which keys the target has pinned."""
    return tier_in_force(app.serves, target.marker.approvers if target.marker else ())


def require_tier(tier: Tier, target: Target, environment: Environment, *, shown: int = 0) -> None:
    """Nothing is planned, signed or run below the tier that the policy demands.

    The pinned policy counts as well as the one in the configuration: the plan that lowers it is
    signed where the higher tier is in force.

    Args:
        tier: in force now.
        target: with its marker.
        environment: with its settings.
        shown: what the plan says, and its approver read; 0 where there is none yet.

    Raises:
        PolicyRefused: it is below `minimum_tier`.
        ApprovalStale: it is below what was shown.
    """
    pinned = target.marker.minimum_tier if target.marker else 1
    demanded = max(environment.settings.minimum_tier, pinned)
    if tier.number < demanded:
        raise PolicyRefused(
            f"{environment.name} demands tier {demanded}, and tier {tier.number} is in force",
            hint="`faber-db doctor` says what is missing and how to get there.",
        )
    if tier.number < shown:
        raise ApprovalStale(
            f"tier {tier.number} is in force, and the plan was made under tier {shown}",
            hint="Ask for a new plan.",
        )
