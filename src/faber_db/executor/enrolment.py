"""Who may approve a target: a change of it as a plan carries it, and what it leads to.

A change travels as canonical JSON in the plan's arguments, with the whole list that it leads to, so
that the signature covers both.
"""

import json

from faber_db.errors import ApprovalStale, InputError, PolicyRefused
from faber_db.model.approver_change import ARGUMENT, ApproverChange
from faber_db.model.canonical import canonical
from faber_db.model.target import Marker, PinnedApprover
from faber_db.services.ports import PublicKey

CHANGE = ARGUMENT
AFTER = "approvers_after"  # of a plan's arguments


def after(
    approvers: tuple[PinnedApprover, ...], change: ApproverChange
) -> tuple[PinnedApprover, ...]:
    """The approvers that a change leads to, by name.

    Raises:
        InputError: it changes nothing, or the key is another approver's.
        PolicyRefused: nobody would be left.
    """
    others = tuple(a for a in approvers if a.approver != change.approver)
    if change.action == "revoke":
        if len(others) == len(approvers):
            raise InputError(
                f"{change.approver} is no approver there",
                hint=f"Approvers are {', '.join(sorted(a.approver for a in approvers))}.",
            )
        if not others:
            raise PolicyRefused(
                f"{change.approver} is the last approver, and without one nothing can be signed",
                hint="Add another one first: `faber-db approvers add ENV NAME --key FILE`.",
            )
        return others
    key = PublicKey.of(change.approver, change.public_key, change.signer)
    new = key.pinned(tuple(sorted(set(change.accounts))))
    if new in approvers:
        raise InputError(f"{change.approver} has that key there already")
    taken = [a.approver for a in others if a.public_key_sha256 == new.public_key_sha256]
    if taken:
        raise InputError(
            f"that key is {taken[0]}'s there already", hint="Each approver has a key of their own."
        )
    return tuple(sorted((*others, new), key=lambda a: a.approver))


def require_enough_left(
    marker: Marker, approvers: tuple[PinnedApprover, ...], demanded: int, *, same_policy: bool
) -> None:
    """Nothing may lead to fewer approvers than have to sign, before or after it.

    Where the first of several approvers is alone, they may add the others, and nothing else.

    Raises:
        PolicyRefused.
    """
    shrinks = len(approvers) < len(marker.approvers)
    demanded = max(demanded, marker.min_approvals)
    if (shrinks or not same_policy) and len(approvers) < demanded:
        raise PolicyRefused(
            f"{demanded} people have to sign, and there would be"
            f" {len(approvers)} approver{'' if len(approvers) == 1 else 's'}",
            hint="Add approvers first: `faber-db approvers add ENV NAME --key FILE`.",
        )


def planned(marker: Marker, arguments: dict[str, str]) -> tuple[PinnedApprover, ...]:
    """The approvers that a stored plan leads to, worked out anew from the live marker.

    Raises:
        ApprovalStale: they are not the ones that the plan shows.
    """
    if CHANGE not in arguments:
        return marker.approvers
    found = after(marker.approvers, ApproverChange.of(arguments[CHANGE]))
    if listed(found) != arguments.get(AFTER):
        raise ApprovalStale(
            "the approvers are not the ones that this plan was made for", hint="Ask for a new plan."
        )
    return found


def listed(approvers: tuple[PinnedApprover, ...]) -> str:
    """All of what is pinned of some approvers, as canonical JSON."""
    return canonical([a.model_dump(mode="json") for a in approvers]).decode()


def from_list(text: str) -> tuple[PinnedApprover, ...]:
    """Read what `listed` wrote; what is odd is nobody, and no plan with it runs."""
    try:
        return tuple(PinnedApprover.model_validate(item, strict=False) for item in json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return ()


def told(arguments: dict[str, str]) -> str:
    """For whoever signs: who is added or taken away, and who is left; empty where nobody changes."""
    if CHANGE not in arguments:
        return ""
    left = from_list(arguments.get(AFTER, ""))
    try:
        change = ApproverChange.of(arguments[CHANGE])
    except InputError:
        return "the change cannot be read; do not sign it"
    new = next((a for a in left if a.approver == change.approver), None)
    words = f"{change.approver} is taken away"
    if change.action == "add":
        words = f"pinned from then on: {new.words}" if new else "nobody can be read; do not sign it"
    return f"{words}; then there are {len(left)}: {', '.join(a.approver for a in left)}"
