"""One call of the command line: its options, its project, its output; and how a verb is declared."""

import inspect
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar

import typer

from faber_db.cli.render.page import Page
from faber_db.cli.terminal import Terminal
from faber_db.errors import Cancelled, ConfigError
from faber_db.services.account import account

if TYPE_CHECKING:  # typing only: these load pydantic
    from faber_db.model.answer import Answer, Details
    from faber_db.model.plan import Requester
    from faber_db.services.app import App

    D = TypeVar("D", bound=Details)

P = ParamSpec("P")
Color = Literal["auto", "always", "never"]

JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Answer as one JSON document.",
        rich_help_panel="Every verb",
        show_default=False,
    ),
]
ColorOption = Annotated[
    Color, typer.Option("--color", help="Colour the answer.", rich_help_panel="Every verb")
]
ProjectOption = Annotated[
    str,
    typer.Option(
        "--project",
        metavar="FOLDER",
        help="The project's folder, instead of this one.",
        rich_help_panel="Every verb",
        show_default=False,
    ),
]
DatabaseOption = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="NAME",
        help="Which database, where there are several.",
        show_default=False,
    ),
]


def environment_names(context: typer.Context, incomplete: str) -> list[str]:
    """For completion in a shell: the environments of the project's configuration."""
    from faber_db.config import load
    from faber_db.errors import FaberDbError

    named = next((p for c in _chain(context) if (p := c.params.get("project"))), "")
    try:
        databases = load(Path(named or "."), os.environ).settings.all_databases()
    except FaberDbError:
        return []
    names = dict.fromkeys(name for d in databases.values() for name in d.environments)
    return [name for name in names if name.startswith(incomplete)]


def _chain(context: Any) -> Iterator[Any]:
    while context is not None:
        yield context
        context = context.parent


EnvironmentArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENVIRONMENT",
        help="An environment of the configuration.",
        autocompletion=environment_names,
    ),
]


@dataclass(frozen=True)
class Common:
    """The options of every verb."""

    json: bool = False
    color: Color = "auto"
    project: str = ""

    def over(self, outer: "Common") -> "Common":
        """These options where they were given, else those that stood before the verb."""
        return Common(
            json=self.json or outer.json,
            color=outer.color if self.color == "auto" else self.color,
            project=self.project or outer.project,
        )


@dataclass
class Call:
    """What a verb is given beside its own arguments."""

    common: Common
    terminal: Terminal = field(init=False)

    def __post_init__(self) -> None:
        self.terminal = Terminal(color=self.common.color)

    @cached_property
    def app(self) -> "App":
        """The project, opened; nothing is connected yet. Who types a command waits for its end."""
        from faber_db.app import build

        return replace(build(self.project, os.environ), waits=True)

    @property
    def project(self) -> Path | None:
        """The folder that was named, or None for the working directory.

        Raises:
            ConfigError: it is not there.
        """
        named = self.common.project
        if not named:
            return None
        if not Path(named).is_dir():
            raise ConfigError(f"there is no folder {named!r}")
        return Path(named)

    @property
    def requester(self) -> "Requester":
        from faber_db.model.plan import Requester

        return Requester(client="command line", account=account())

    def page(self) -> Page:
        """An empty page of the terminal's width."""
        return Page(width=self.terminal.width)

    def show(
        self,
        answer: "Answer[D]",
        draw: "Callable[[Answer[D], Page], None]",
        *,
        contract: Sequence[str] = (),
        drawn: bool = False,
    ) -> int:
        """Write an answer as JSON, or drawn for people with its errors and warnings.

        Args:
            answer: of a service.
            draw: adds it to a page.
            contract: fields of the details that a machine contract has at the top level too.
            drawn: `draw` shows the errors and warnings itself.

        Returns:
            The exit code.
        """
        if self.common.json:
            document = answer.as_json()
            details = document["details"]
            self.terminal.json(document | {name: details[name] for name in contract})
            return answer.exit_code
        page = self.page()
        draw(answer, page)
        if page.lines:
            self.terminal.page(page)
        for problem in () if drawn else (*answer.errors, *answer.warnings):
            hint = f" Hint: {problem.hint}" if problem.hint else ""
            self.terminal.note(f"[{problem.code}] {problem.message.rstrip('.')}.{hint}")
        return answer.exit_code

    @contextmanager
    def cancellable(self) -> Iterator[Callable[[], bool]]:
        """A flag that Ctrl-C and SIGTERM set, so that work stops and cleans up; a second one ends it."""
        pressed = 0

        def press(number: int, frame: FrameType | None) -> None:
            nonlocal pressed
            pressed += 1
            if pressed > 1:
                raise KeyboardInterrupt
            self.terminal.note("cancelling; press Ctrl-C again to stop without waiting")

        before = {
            number: signal.signal(number, press) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield lambda: pressed > 0
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.terminal.clear_progress()


def verb(
    program: typer.Typer,
    *,
    panel: str | None = None,
    name: str | None = None,
    hidden: bool = False,
    takes_anything: bool = False,
) -> Callable[[Callable[Concatenate[Call, P], int]], Callable[Concatenate[Call, P], int]]:
    """Register a function as a verb; the options of every verb are added to its own.

    A parameter that is a dataclass stands for its fields: a row of options that several verbs have.

    Args:
        program: the program, or a group of it.
        panel: heading in the help.
        name: where it is not the function's.
        hidden: left out of the help.
        takes_anything: unknown options and arguments are let through, and dropped.
    """
    settings = (
        {"ignore_unknown_options": True, "allow_extra_args": True} if takes_anything else None
    )

    def register(
        function: Callable[Concatenate[Call, P], int],
    ) -> Callable[Concatenate[Call, P], int]:
        def invoked(
            context: typer.Context,
            as_json: bool = False,
            color: Color = "auto",
            project: str = "",
            **arguments: Any,
        ) -> int:
            outer = context.obj if isinstance(context.obj, Common) else Common()
            own = Common(json=as_json, color=color, project=project)
            bound: Callable[..., int] = function
            try:
                return bound(Call(own.over(outer)), **_in_rows(function, arguments))
            except KeyboardInterrupt as pressed:  # typer would end in silence
                raise Cancelled("cancelled") from pressed

        parameters = _parameters(function)
        invoked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
        invoked.__annotations__ = {p.name: p.annotation for p in parameters}
        invoked.__doc__ = inspect.getdoc(function)
        program.command(
            name or function.__name__.replace("_", "-"),
            rich_help_panel=panel,
            hidden=hidden,
            context_settings=settings,
        )(invoked)
        return function

    return register


def _parameters(function: Callable[..., int]) -> list[inspect.Parameter]:
    """The verb's own parameters, the context, and the options of every verb."""

    def keyword(name: str, annotation: object, default: object) -> inspect.Parameter:
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
        )

    rows = _rows(function).values()
    own = [p for p in _own(function) if not is_dataclass(p.annotation)]
    return [
        *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own),
        *(keyword(f.name, f.type, f.default) for row in rows for f in fields(row)),
        keyword("context", typer.Context, inspect.Parameter.empty),
        keyword("as_json", JsonOption, False),
        keyword("color", ColorOption, "auto"),
        keyword("project", ProjectOption, ""),
    ]


def _own(function: Callable[..., int]) -> list[inspect.Parameter]:
    """All but the call."""
    return list(inspect.signature(function).parameters.values())[1:]


def _rows(function: Callable[..., int]) -> dict[str, Any]:
    """The parameters that stand for several options, with the dataclass of each."""
    return {p.name: p.annotation for p in _own(function) if is_dataclass(p.annotation)}


def _in_rows(function: Callable[..., int], given: dict[str, Any]) -> dict[str, Any]:
    """What typer gives, as the function takes it."""
    rows = {
        name: row(**{field.name: given[field.name] for field in fields(row)})
        for name, row in _rows(function).items()
    }
    taken = {field.name for row in rows.values() for field in fields(row)}
    return {k: v for k, v in given.items() if k not in taken} | rows
