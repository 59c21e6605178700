"""The requests of the protocol that are not those of a service."""

from typing import Annotated

from pydantic import Field

from faber_db.config.executor import Kind
from faber_db.executor.protocol import Strict
from faber_db.model.plan import PlanKind
from faber_db.services.elsewhere import Nothing
from faber_db.services.jobs import OfJob

LONGEST_WATCH = 25  # seconds

Handle = Annotated[str, Field(max_length=80)]
Name = Annotated[str, Field(max_length=200)]
_Argument = Annotated[str, Field(max_length=20_000)]


class HelloRequest(Nothing):
    """Who answers."""


class OfPlan(Strict):
    """About one plan, by id or unique prefix."""

    plan_id: Handle


class FindRequest(Strict):
    """Whether a handle is one of this executor's."""

    handle: Handle


class ProposeRequest(Strict):
    """What the port's `propose` takes, without the requester: that is who connects."""

    kind: PlanKind
    database: Name
    environment: Name
    client: Annotated[str, Field(max_length=80)] = ""  # a label; who asks is who connects
    work_id: Name = ""
    arguments: dict[Handle, _Argument] = {}


class PayloadRequest(OfPlan):
    """Whose signature over which plan."""

    approver: Name
    key_id: Name


class SignRequest(Strict):
    """A signature in its one spelling. It is checked here, whatever its sender says."""

    approval: Annotated[str, Field(max_length=200_000)]


class RejectRequest(OfPlan):
    """Why a plan is not to run."""

    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class PolicyRequest(Strict):
    """Whose policy."""

    database: Name = ""
    environment: Name


class WatchRequest(OfJob):
    """How long to wait for a job."""

    seconds: Annotated[int, Field(ge=0, le=LONGEST_WATCH)] = 0


class HelloDetails(Strict):
    """Who answers."""

    version: str
    account: str
    serves: str
    client: str
    may: tuple[Kind, ...]
