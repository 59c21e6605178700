"""Holes: ways past the approval that are open to this account, and the tier that is left."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from types import MappingProxyType

from faber_db.model.finding import Frozen


class Lets(StrEnum):
    """What somebody with this account can do through a hole."""

    SIGN = "sign"  # without the person whose key it is
    GO_AROUND = "go-around"  # reach the database, or change what decides, past faber-db
    HURRY = "hurry"  # more easily than intended; no protection rests on it


KINDS = MappingProxyType(
    {
        "key-without-passphrase": Lets.SIGN,
        "key-in-ssh-agent": Lets.SIGN,
        "credential-in-environment": Lets.GO_AROUND,
        "credential-in-file": Lets.GO_AROUND,
        "credential-by-command": Lets.GO_AROUND,
        "credential-in-keyring": Lets.GO_AROUND,
        "credential-in-configuration": Lets.GO_AROUND,
        "credential-in-dotenv": Lets.GO_AROUND,
        "credential-in-client-file": Lets.GO_AROUND,
        "database-file-open": Lets.GO_AROUND,
        "becomes-root": Lets.GO_AROUND,
        "root-by-group": Lets.GO_AROUND,
        "program-writable": Lets.GO_AROUND,
        "policy-writable": Lets.GO_AROUND,
        "state-writable": Lets.GO_AROUND,
        "backups-writable": Lets.GO_AROUND,
        "executor-process-open": Lets.GO_AROUND,
        "executor-same-account": Lets.GO_AROUND,
        "key-in-this-account": Lets.HURRY,
        "same-database-unprotected": Lets.HURRY,
        "client-accepts-everything": Lets.HURRY,
        "client-allows-any-command": Lets.HURRY,
        "client-allows-our-tools": Lets.HURRY,
        "client-trusts-any-server": Lets.HURRY,
        "client-answers-elicitation": Lets.HURRY,
        "client-settings-unreadable": Lets.HURRY,
    }
)
"""Every code of a hole. Codes are stable; docs/security.md says more about each."""


class Hole(Frozen):
    """One way that is open."""

    code: str
    text: str  # what is open, without any secret
    hint: str  # how to close it
    environment: str = ""  # empty: every one
    certain: bool = True  # False: it looks open, and could not be tried

    @property
    def lets(self) -> Lets:
        return KINDS[self.code]


class Holds(Frozen):
    """The tier of one protected environment: in force by its keys and executor, and what is left."""

    environment: str
    database: str
    in_force: int
    holds: int  # 0: whoever has this account can sign by itself
    minimum: int = 1
    words: str = ""


def what_holds(in_force: int, holes: Iterable[Hole], *, hardware: bool) -> int:
    """The tier that is left after the holes that were found for certain.

    An executor elsewhere is worth its tier only while nobody gets past it from here; then what is
    left is how the approvers sign.
    """
    found = {hole.lets for hole in holes if hole.certain}
    if Lets.SIGN in found:
        return 0
    if in_force > 2 and Lets.GO_AROUND in found:
        return 2 if hardware else 1
    return in_force


def of_environment(holes: Sequence[Hole], environment: str) -> list[Hole]:
    """The holes that concern one environment."""
    return [hole for hole in holes if hole.environment in ("", environment)]
