"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action

if TYPE_CHECKING:
    from faber_db.rules.scene import Scene


@dataclass(frozen=True, slots=True)
class Hazard:
    """One thing that a rule found. What is None is taken from the rule."""

    objects: tuple[str, ...]
    risk: Risk | None = None
    detail: str = ""  # put before the rule's effect: "column email of users"
    effect: str | None = None
    remedy: str | None = None
    table: str = ""  # whose size moves the risk, and whose lock is shown
    lock: str = ""
    rewrite: bool = False
    scan: bool = False


A = TypeVar("A", bound=Action)


@dataclass(frozen=True, slots=True)
class Look:
    """A function that looks at actions of one class (or of classes below it)."""

    kind: type[Action]
    find: "Callable[[Action, Scene], Iterator[Hazard]]"


def at(kind: type[A], find: "Callable[[A, Scene], Iterator[Hazard]]") -> Look:
    """Join a class of actions and the function that looks at it."""
    return Look(kind, cast("Callable[[Action, Scene], Iterator[Hazard]]", find))


@dataclass(frozen=True, slots=True)
class Rule:
    """One hazard: when it is there, what it does, and what to write instead."""

    code: str
    kind: Kind
    risk: Risk
    effect: str
    remedy: str
    source: str
    looks: tuple[Look, ...]
    paste: "Callable[[Action, Scene], str] | None" = None  # the remedy with the names at hand
