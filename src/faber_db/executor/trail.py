"""Attempts that were refused stand in the audit trail, whatever refused them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from faber_db.errors import FaberDbError, NothingPending
from faber_db.model.approval import Approval
from faber_db.services.app import App
from faber_db.services.ports import Proposal, PublicKey

P = ParamSpec("P")
R = TypeVar("R")


class _Executor(Protocol):
    @property
    def _app(self) -> App: ...


E = TypeVar("E", bound=_Executor)


def audited(
    event: str,
) -> Callable[[Callable[Concatenate[E, P], R]], Callable[Concatenate[E, P], R]]:
    """Decorate an operation of an executor: what it refuses is recorded as `EVENT.refused`.

    What it allows, it records itself, with what came of it.
    """

    def decorate(operation: Callable[Concatenate[E, P], R]) -> Callable[Concatenate[E, P], R]:
        @wraps(operation)
        def recorded(self: E, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with attempt(self._app, event, _about(args, kwargs)):
                return operation(self, *args, **kwargs)

        return recorded

    return decorate


@contextmanager
def attempt(app: App, event: str, about: Mapping[str, object]) -> Iterator[None]:
    """Record an attempt that ends in an error of ours, by its code, and let the error through.

    That there is nothing to do is no refusal. Where the trail itself cannot be written, the first
    error is the one that is told.
    """
    try:
        yield
    except NothingPending:
        raise
    except FaberDbError as error:
        body = {**about, "code": error.code}
        if event == "approval":  # outside, every refusal looks the same
            body["fault"] = getattr(error, "fault", "") or error.code
        with suppress(FaberDbError):
            app.state.append_audit(f"{event}.refused", body)
        raise


def _about(args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
    """Who and what, from the arguments of an operation; never a text that is free."""
    found: dict[str, object] = {}
    for value in (*args, *kwargs.values()):
        match value:
            case Proposal():
                found |= {
                    "kind": value.kind,
                    "database": value.database,
                    "environment": value.environment,
                    "requester": value.requester.model_dump(),
                    "work_id": value.work_id,
                }
            case Approval():
                found |= {
                    "plan_id": value.payload.plan_id,
                    "approver": value.payload.approver,
                    "key_id": value.payload.key_id,
                }
            case PublicKey():
                found |= {"approver": value.approver, "key_id": value.key_id}
            case str() if args and value is args[0]:
                found["id"] = value
    names = ("database", "environment", "approver", "key_id")
    return found | {name: kwargs[name] for name in names if name in kwargs}
