"""The one envelope that every operation answers with (DESIGN: Tools)."""

from enum import StrEnum
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from faber_db.errors import Exit, FaberDbError


class State(StrEnum):
    """What became of the call."""

    DONE = "done"
    SKIPPED = "skipped"
    PLANNED = "planned"
    QUESTIONS = "questions"
    CONFIRM_REQUIRED = "confirm_required"
    APPROVAL_REQUIRED = "approval_required"
    RUNNING = "running"
    REFUSED = "refused"


class Problem(BaseModel):
    """An error or a warning: stable code, what happened, what to do."""

    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: FaberDbError) -> Self:
        return cls(code=error.code, message=error.message, hint=error.hint)


class NextTool(BaseModel):
    """The caller's next call."""

    tool: str
    arguments: dict[str, Any] = {}


class NextPerson(BaseModel):
    """What to tell the person: a command for their own terminal."""

    person: str


class Details(BaseModel):
    """Base of the details of every operation; each service adds its fields."""

    model_config = ConfigDict(extra="forbid")

    state: State = State.DONE
    next: NextTool | NextPerson | None = None


D = TypeVar("D", bound=Details)


class Answer(BaseModel, Generic[D]):
    """What a service gives back. Front ends render it and decide nothing."""

    status: Literal["success", "warning", "failure"] = "success"
    message: str
    details: D
    errors: list[Problem] = []
    warnings: list[Problem] = []
    suggested_fixes: list[str] = []
    exit_code: Exit = Field(default=Exit.DONE, exclude=True)

    def as_json(self) -> dict[str, Any]:
        """The JSON shape; absent (None) fields are left out."""
        return self.model_dump(mode="json", exclude_none=True)


def refused(error: FaberDbError, details: D) -> Answer[D]:
    """The answer for an operation that policy or safety stopped."""
    details.state = State.REFUSED
    return Answer[D](
        status="failure",
        message=error.message,
        details=details,
        errors=[Problem.of(error)],
        exit_code=error.exit_code,
    )
