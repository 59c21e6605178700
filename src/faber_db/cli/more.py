"""More: the audit trail and the configuration."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, environment_names, verb
from faber_db.errors import Exit

PANEL = "More"
TrailArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENVIRONMENT",
        help="Of its executor, where that is another account's; without one, of this account.",
        autocompletion=environment_names,
    ),
]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
    _register_audit(program)
    _register_config(program)


def _register_audit(program: typer.Typer) -> None:
    audit = typer.Typer(help="Show, verify and export the audit trail.")
    program.add_typer(audit, name="audit", rich_help_panel=PANEL)

    @verb(audit)
    def show(
        call: Call,
        environment: TrailArgument = "",
        limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
        event: Annotated[
            str, typer.Option("--event", help="Only these: `deploy`, `approval`.")
        ] = "",
        about: Annotated[
            str, typer.Option("--about", help="Only of this plan, job or backup.")
        ] = "",
        database: DatabaseOption = "",
    ) -> int:
        """Show the newest entries."""
        from faber_db.cli.render import audit as render
        from faber_db.services import audit as service
        from faber_db.services.elsewhere import away_of

        request = service.ShowRequest(limit=limit, event=event, about=about)
        away = away_of(environment, database, call.app)
        return call.show(service.show(request, call.app, away), render.entries(call.app.now()))

    @verb(audit)
    def verify(
        call: Call,
        environment: TrailArgument = "",
        database: DatabaseOption = "",
        file: Annotated[
            Path | None,
            typer.Option("--file", help="Of an export in place of the state; connects nowhere."),
        ] = None,
    ) -> int:
        """Check that no entry was changed, removed, reordered or cut off."""
        from faber_db.cli.render import audit as render
        from faber_db.services import audit as service
        from faber_db.services.elsewhere import away_of

        if file is not None:
            return call.show(service.verify_file(file), render.verdict)
        away = away_of(environment, database, call.app)
        return call.show(service.verify(call.app, away), render.verdict)

    @verb(audit)
    def export(call: Call, environment: TrailArgument = "", database: DatabaseOption = "") -> int:
        """Write every entry, one JSON object a line."""
        from faber_db.cli.render import audit as render
        from faber_db.services import audit as service
        from faber_db.services.elsewhere import away_of

        away = away_of(environment, database, call.app)
        if away is None and not call.common.json:
            for line in service.lines(call.app):  # never the whole trail in memory
                call.terminal.text(line)
            return Exit.DONE
        answer = service.export(call.app, away)
        if call.common.json:
            return call.show(answer, render.nothing)
        for entry in answer.details.entries:
            call.terminal.text(json.dumps(entry.model_dump(mode="json"), sort_keys=True))
        return Exit.DONE


def _register_config(program: typer.Typer) -> None:
    config = typer.Typer(help="Check and show the configuration, and its JSON Schema.")
    program.add_typer(config, name="config", rich_help_panel=PANEL)

    @verb(config)
    def check(call: Call) -> int:
        """Name every problem of the file with its line; else say who decides where."""
        from faber_db.cli.render import configuration as render
        from faber_db.services import config as service

        start = call.project or Path.cwd()
        answer = service.check(start, os.environ, lambda: call.app)
        return call.show(answer, render.shown, drawn=bool(answer.errors))

    @verb(config)
    def show(call: Call) -> int:
        """Show what was detected, and who or what decides in each environment."""
        from faber_db.cli.render import configuration as render
        from faber_db.services import config as service

        return call.show(service.show(call.app), render.shown)

    @verb(config)
    def schema(call: Call) -> int:
        """Write the JSON Schema of the file, for editors."""
        from faber_db.services import config as service

        call.terminal.json(service.schema().details.json_schema)
        return Exit.DONE
