"""More: the audit trail and the configuration."""

import json
from typing import Annotated

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Exit

PANEL = "More"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
    _register_audit(program)


def _register_audit(program: typer.Typer) -> None:
    audit = typer.Typer(help="Show, verify and export the audit trail.")
    program.add_typer(audit, name="audit", rich_help_panel=PANEL)

    @verb(audit)
    def show(
        call: Call,
        limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
        event: Annotated[
            str, typer.Option("--event", help="Only these: `deploy`, `approval`.")
        ] = "",
        about: Annotated[
            str, typer.Option("--about", help="Only of this plan, job or backup.")
        ] = "",
    ) -> int:
        """Show the newest entries."""
        from faber_db.cli.render import audit as render
        from faber_db.services import audit as service

        request = service.ShowRequest(limit=limit, event=event, about=about)
        return call.show(service.show(request, call.app), render.entries(call.app.now()))

    @verb(audit)
    def verify(call: Call) -> int:
        """Check that no entry was changed, removed, reordered or cut off."""
        from faber_db.cli.render import audit as render
        from faber_db.services import audit as service

        return call.show(service.verify(call.app), render.verdict)

    @verb(audit)
    def export(call: Call) -> int:
        """Write every entry, one JSON object a line."""
        from faber_db.cli.render import audit as render
        from faber_db.services import audit as service

        answer = service.export(call.app)
        if call.common.json:
            return call.show(answer, render.nothing)
        for entry in answer.details.entries:
            call.terminal.text(json.dumps(entry.model_dump(mode="json"), sort_keys=True))
        return Exit.DONE
