"""Change: from a work item to a released migration."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faber_db.cli import standard_input
from faber_db.cli.call import Call, verb
from faber_db.errors import ConfigMissing, Exit, InputError

if TYPE_CHECKING:
    from faber_db.config.settings import DetectionSettings

PANEL = "Change"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def detect(
        call: Call,
        title: Annotated[str, typer.Argument(help="Title of the work item.")] = "",
        description: Annotated[
            str, typer.Option("--description", help="Its text; `-` reads standard input.")
        ] = "",
        label: Annotated[
            list[str] | None, typer.Option("--label", help="A label; may be repeated.")
        ] = None,
        jsonl: Annotated[
            bool,
            typer.Option("--jsonl", help="Work items on standard input, one JSON object a line."),
        ] = False,
    ) -> int:
        """Judge whether a work item needs a database change."""
        from faber_db.cli.render.detect import draw
        from faber_db.services import detect as service

        if jsonl:
            for verdict in service.detect_lines(standard_input.lines(), _words(call)):
                call.terminal.text(verdict)
            return Exit.DONE
        if not title:
            raise InputError(
                "no title", hint='Give one: `faber-db detect "Add a table of invoices"`.'
            )
        request = service.Request(
            title=title,
            description=standard_input.read_all() if description == "-" else description,
            labels=tuple(label or ()),
        )
        return call.show(service.run(request, call.app), draw)


def _words(call: Call) -> "DetectionSettings | None":
    """The project's own words for detection; none where there is no configuration."""
    from faber_db.config import load

    try:
        return load(call.project or Path.cwd(), os.environ).settings.detection
    except ConfigMissing:
        return None
