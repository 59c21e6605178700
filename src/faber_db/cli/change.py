"""Change: from a work item to a released migration."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faber_db.cli import standard_input
from faber_db.cli.call import Call, DatabaseOption, verb
from faber_db.cli.coordinate import (
    Asked,
    DryRunOption,
    OptionalEnvironment,
    WaitOption,
    WorkOption,
    coordinate,
)
from faber_db.errors import ConfigMissing, Exit, InputError

if TYPE_CHECKING:
    from faber_db.config.settings import DetectionSettings
    from faber_db.services.architect import Request as ArchitectRequest

PANEL = "Change"
AnswerOption = Annotated[
    list[str] | None,
    typer.Option("--answer", metavar="ID=OPTION", help="To a question; may be repeated."),
]
NameOption = Annotated[
    str, typer.Option("--name", metavar="WORDS", help="Of the migration, instead of the file's.")
]


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
                call.terminal.json_line(json.loads(verdict))
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

    @verb(program, panel=PANEL)
    def architect(
        call: Call,
        spec_file: Annotated[
            str, typer.Argument(metavar="FILE", help="A specification in the project.")
        ],
        answer: AnswerOption = None,
        name: NameOption = "",
        work_id: WorkOption = "",
        dry_run: DryRunOption = False,
        database: DatabaseOption = "",
    ) -> int:
        """Write the migration that a specification asks for, proved on a throw-away database."""
        from faber_db.services.architect import Request

        request = Request(
            spec_file=spec_file,
            answers=_answers(answer),
            name=name,
            work_id=work_id,
            dry_run=dry_run,
            database=database,
        )
        return _architect(call, request)

    @verb(program, panel=PANEL)
    def generate(
        call: Call,
        sql: Annotated[
            str,
            typer.Argument(
                metavar="SQL", help="Wanted tables or changes; `-` reads standard input."
            ),
        ],
        answer: AnswerOption = None,
        name: NameOption = "",
        work_id: WorkOption = "",
        dry_run: DryRunOption = False,
        database: DatabaseOption = "",
    ) -> int:
        """Write the migration that SQL asks for, proved on a throw-away database."""
        from faber_db.services.architect import Request

        request = Request(
            desired_sql=standard_input.read_all() if sql == "-" else sql,
            answers=_answers(answer),
            name=name,
            work_id=work_id,
            dry_run=dry_run,
            database=database,
        )
        return _architect(call, request)

    @verb(program, panel=PANEL)
    def build(
        call: Call,
        asked: Asked,
        environment: OptionalEnvironment = "",
        wait: WaitOption = True,
    ) -> int:
        """Apply what is pending to the build environment (dev), and check it."""
        from faber_db.services import build as service
        from faber_db.services.coordinate import Request

        request = asked.request(call, Request, environment)
        return coordinate(call, service.run, request, wait=wait)

    @verb(program, panel=PANEL)
    def evaluate(
        call: Call,
        asked: Asked,
        environment: OptionalEnvironment = "",
        wait: WaitOption = True,
    ) -> int:
        """Apply what is pending to staging, with findings, drift and measured times."""
        from faber_db.services import evaluate as service
        from faber_db.services.coordinate import Request

        request = asked.request(call, Request, environment)
        return coordinate(call, service.run, request, wait=wait)

    @verb(program, panel=PANEL)
    def release(
        call: Call,
        asked: Asked,
        environment: OptionalEnvironment = "",
        wait: WaitOption = True,
    ) -> int:
        """Release what is pending to production, once a person has signed."""
        from faber_db.services import release as service
        from faber_db.services.coordinate import Request

        request = asked.request(call, Request, environment)
        return coordinate(call, service.run, request, wait=wait)


def _architect(call: Call, request: "ArchitectRequest") -> int:
    from faber_db.cli.render.architect import outcome
    from faber_db.services import architect as service

    with call.cancellable() as cancelled:
        answer = service.run(
            request, call.app, progress=call.terminal.progress, cancelled=cancelled
        )
    return call.show(answer, outcome)


def _answers(given: list[str] | None) -> dict[str, str]:
    """`ID=OPTION` words as a mapping.

    Raises:
        InputError: one has no `=`, or an id comes twice.
    """
    answers: dict[str, str] = {}
    for word in given or ():
        name, equals, option = word.partition("=")
        if not equals or not name:
            raise InputError(f"{word!r} is no answer", hint="Write `--answer ID=OPTION`.")
        if name in answers:
            raise InputError(f"{name!r} is answered twice")
        answers[name] = option
    return answers


def _words(call: Call) -> "DetectionSettings | None":
    """The project's own words for detection; none where there is no configuration."""
    from faber_db.config import load

    try:
        return load(call.project or Path.cwd(), os.environ).settings.detection
    except ConfigMissing:
        return None
