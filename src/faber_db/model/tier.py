"""How far the protection of a target reaches: the tier in force, its words and its holes."""

from collections.abc import Iterable

from faber_db.model.finding import Frozen
from faber_db.model.target import PinnedApprover

_WORDS = {
    0: "none: a key that signs lies open to this account",
    1: "passphrase key; a program under the signer's account could be watching",
    2: "hardware keys; each signature takes a touch, and this account still draws the screen",
    3: "the executor's own account holds credentials, policy and state; others can only ask",
    4: "the executor's own host holds credentials, policy and state; others can only ask",
}
_ENROLMENT = "the first enrolment proves that somebody sat at a terminal, not who"
_HOLES = {
    0: ("whoever has this account can sign by itself, so nothing holds it back",),
    1: (
        "the agent runs under the account that holds the key files and the credentials",
        "the passphrase keeps it from signing, not from connecting to the database by itself",
        _ENROLMENT,
    ),
    2: (
        "the agent runs under the account that holds the credentials, and can connect by itself",
        "a program of that account can draw another screen than what the key signs",
        _ENROLMENT,
    ),
    3: ("root, and whoever becomes root without a password, can do anything here",),
    4: ("whoever controls the executor's host can do anything there",),
}
_TYPED = "a passphrase that is typed in the agent's account can be read there: sign elsewhere"
_UNREAD = "whoever signs without reading signs whatever was asked"


class Tier(Frozen):
    """What the authority over a target rests on, and what that does not stop."""

    number: int  # 1 to 4
    words: str
    holes: tuple[str, ...]


def tier_in_force(serves: str, approvers: Iterable[PinnedApprover]) -> Tier:
    """The tier of an executor over a target.

    Args:
        serves: `App.serves`: "host", "account", or empty for an executor in the caller's process.
        approvers: the ones that the target itself has pinned.
    """
    hardware = [a.hardware for a in approvers]
    touched = bool(hardware) and all(hardware)
    number = _HIGHEST.get(serves, 2)
    if number == 2 and not touched:
        number = 1
    typed = () if touched or number < 3 else (_TYPED,)
    return Tier(number=number, words=words(number), holes=(*_HOLES[number], *typed, _UNREAD))


_HIGHEST = {"account": 3, "host": 4}


def highest(serves: str) -> int:
    """The most that such an executor can be, whoever signs."""
    return _HIGHEST.get(serves, 2)


def words(number: int) -> str:
    """A tier in a few words, for whoever signs."""
    return _WORDS[number]


def limits(number: int) -> tuple[str, ...]:
    """What a tier does not stop, whoever signs; 0 is none at all."""
    return (*_HOLES[number], _UNREAD)
