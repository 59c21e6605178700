"""Start: set a project up, and see that everything works."""

from typing import Annotated

import typer

from faber_db.cli.call import Call, verb

PANEL = "Start"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def doctor(
        call: Call,
        footprint: Annotated[
            bool, typer.Option("--footprint", help="List every file and database object of ours.")
        ] = False,
    ) -> int:
        """Check configuration, connections, tools and how far the protection reaches."""
        from faber_db.cli.machine import machine
        from faber_db.cli.render.doctor import draw
        from faber_db.services import doctor as service

        request = service.Request(footprint=footprint)
        return call.show(service.run(request, lambda: call.app, machine()), draw, drawn=True)
