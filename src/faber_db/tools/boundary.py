"""The edge of every tool: strict arguments in, one envelope out, failures with code and hint."""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from difflib import get_close_matches
from typing import Any, ParamSpec

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from faber_db.errors import (
    Cancelled,
    Exit,
    FaberDbError,
    InputError,
    InternalError,
    JobStillRuns,
    UnknownArgument,
)
from faber_db.model.answer import Answer, Details, Problem
from faber_db.services.watched import still_runs
from faber_db.sql.visible import visible
from faber_db.tools.fit import FULL, SUMMARY, fit
from faber_db.tools.schemas import ENVELOPE, trimmed
from faber_db.tools.text import render

log = logging.getLogger(__name__)
P = ParamSpec("P")

READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
WRITES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
DESTROYS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


class StrictTool(Tool):
    """A tool whose arguments are taken as they are, or refused with a code.

    The SDK drops unknown arguments, reads "1" as 1 and parses texts that look like JSON; a
    misspelt `dryrun` must not deploy.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> Any:
        """Check the arguments, call the function, answer with the envelope; never raises for a failure."""
        try:
            validated = self._validated(arguments)
            return await self.fn(**validated, **{self.context_kwarg or "ctx": context})
        except FaberDbError as error:
            return failed(error)

    def _validated(self, arguments: dict[str, Any]) -> dict[str, Any]:
        known = list(self.parameters["properties"])
        for name in arguments:
            if name not in known:
                raise UnknownArgument(
                    f"{self.name} has no argument {name[:80]!r}", hint=_nearest(name, known)
                )
        try:
            model = self.fn_metadata.arg_model.model_validate_json(to_json(arguments), strict=True)
        except ValidationError as error:
            raise InputError(f"{self.name}: {_said(error)}", hint=_expected(error, known)) from None
        except (PydanticSerializationError, RecursionError) as error:
            raise InputError(f"{self.name}: the arguments cannot be read") from error
        return model.model_dump_one_level()


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"It takes: {', '.join(known)}."


def _said(error: ValidationError) -> str:
    """What is wrong, without the value: it may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"{where!r} is missing"
    said = first["msg"].removeprefix("Input ").removeprefix("should be ")
    return (
        f"{where!r} should be {said}"
        if first["msg"].startswith("Input should")
        else f"{where!r}: {said}"
    )


def _expected(error: ValidationError, known: list[str]) -> str:
    if error.errors(include_input=False, include_url=False)[0]["type"] == "missing":
        return f"It takes: {', '.join(known)}."
    return "Give it as its schema says; nothing is converted."


def tool(
    name: str, annotations: ToolAnnotations
) -> Callable[[Callable[..., Awaitable[CallToolResult]]], StrictTool]:
    """Make a tool of a function: its signature is the schema, its docstring what the caller reads."""

    def make(function: Callable[..., Awaitable[CallToolResult]]) -> StrictTool:
        made = StrictTool.from_function(
            function, name=name, annotations=annotations, structured_output=False
        )
        made.description = " ".join((function.__doc__ or "").split())
        made.parameters = trimmed(made.parameters)
        made.fn_metadata = FuncMetadata(
            arg_model=made.fn_metadata.arg_model, output_schema=ENVELOPE
        )
        if not isinstance(made, StrictTool):
            raise TypeError(f"{name} was not made a StrictTool")
        return made

    return make


def explained(
    function: Callable[P, Awaitable[Answer[Any]]],
) -> Callable[P, Coroutine[Any, Any, CallToolResult]]:
    """Turn an answer into text and structured content, and every failure into a coded one.

    An exception we did not foresee is logged in full to standard error and answered without its
    text, which may hold data or a credential.
    """
    return explained_within(SUMMARY)(function)


def explained_within(
    summary: int,
) -> Callable[
    [Callable[P, Awaitable[Answer[Any]]]], Callable[P, Coroutine[Any, Any, CallToolResult]]
]:
    """The same with another size of a summary, in bytes."""

    def wrap(
        function: Callable[P, Awaitable[Answer[Any]]],
    ) -> Callable[P, Coroutine[Any, Any, CallToolResult]]:
        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
            limit = FULL if kwargs.get("detail") == "full" else summary
            try:
                return as_result(await function(*args, **kwargs), limit)
            except FaberDbError as error:
                return failed(error)
            except Exception as error:
                log.exception("%s failed", function.__name__)
                return failed(
                    InternalError(
                        f"an internal error ({type(error).__name__})",
                        hint="The server's log on standard error has the details; report them.",
                    )
                )

        return call

    return wrap


def as_result(answer: Answer[Any], limit: int = SUMMARY) -> CallToolResult:
    """An answer within its budget, as text and as structured content."""
    shown = answer.as_json()
    shown["details"] = _lean(answer.details)
    return _result(shown, limit, is_error=bool(answer.errors))


def _lean(details: Details) -> dict[str, Any]:
    """Details without what only repeats a default; lists of the details themselves stay."""
    whole = details.model_dump(mode="json", exclude_none=True)
    lean = details.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    kept = {"state": whole["state"]} | {
        key: lean.get(key, value) for key, value in whole.items() if value != "" or key in lean
    }
    return kept


def failed(error: FaberDbError) -> CallToolResult:
    """A failure as an answer. Waiting for a person is a warning, not an error."""
    if isinstance(error, JobStillRuns):
        return as_result(still_runs(error))
    problem = Problem.of(error)
    waiting = error.exit_code is Exit.WAITING
    details = {
        Exit.WAITING: {"state": "approval_required"},
        Exit.REFUSED: {"state": "refused"},
    }.get(error.exit_code, {})
    answer = Answer[Details](
        status="warning" if waiting else "failure",
        message=error.message,
        details=Details(),
        warnings=[problem] if waiting else [],
        errors=[] if waiting else [problem],
    ).as_json()
    answer["details"] = details
    if isinstance(error, Cancelled):
        log.info("cancelled: %s", error.message)
    return _result(answer, SUMMARY, is_error=not waiting)


def _result(answer: dict[str, Any], limit: int, *, is_error: bool) -> CallToolResult:
    shown = fit(_escaped(answer), limit)
    return CallToolResult(
        content=[TextContent(type="text", text=render(shown))],
        structured_content=shown,
        is_error=is_error,
    )


def _escaped(value: Any) -> Any:
    """Every text made visible: names and errors come from databases, files and other people."""
    match value:
        case str():
            return visible(value)
        case list():
            return [_escaped(item) for item in value]
        case dict():
            return {visible(key): _escaped(child) for key, child in value.items()}
        case _:
            return value
