"""The whole program: every verb, in the panels that the help shows."""

from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from faber_db.cli import (
    change,
    decide,
    demo,
    enrol,
    executing,
    look,
    more,
    not_yet,
    repair,
    serving,
    start,
    undo,
)
from faber_db.cli.call import Call, ColorOption, Common, JsonOption, ProjectOption
from faber_db.errors import Exit

GROUPS = (start, demo, change, look, decide, enrol, undo, repair, serving, executing, more, not_yet)
PANELS = ("Start", "Change", "Look", "Decide", "Undo", "Repair", "Serve", "More")


class _InPanels(TyperGroup):
    """The program's verbs in the order of `PANELS`; typer alone lists groups after verbs."""

    def list_commands(self, ctx: object) -> list[str]:
        def place(name: str) -> int:
            command = self.commands[name]
            if not isinstance(command, TyperCommand | TyperGroup):
                return len(PANELS)
            panel = command.rich_help_panel
            return PANELS.index(panel) if panel in PANELS else len(PANELS)

        return sorted(self.commands, key=place)


def program() -> typer.Typer:
    """The program with all its verbs. Completion is typer's: `--install-completion`."""
    made = typer.Typer(
        name="faber-db",
        cls=_InPanels,
        help="Carry database changes safely to production.",
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @made.callback(invoke_without_command=True)
    def alone(
        context: typer.Context,
        as_json: JsonOption = False,
        color: ColorOption = "auto",
        project: ProjectOption = "",
        version: Annotated[
            bool, typer.Option("--version", "-V", help="Print the version.", show_default=False)
        ] = False,
    ) -> int:
        """Carry database changes safely to production."""
        if version:
            from faber_db import __version__

            typer.echo(f"faber-db {__version__}")
            raise typer.Exit(Exit.DONE)
        context.obj = Common(json=as_json, color=color, project=project)
        if context.invoked_subcommand is None:
            from faber_db.cli.home import home

            return home(Call(context.obj))
        return Exit.DONE

    for group in GROUPS:
        group.register(made)
    return made
