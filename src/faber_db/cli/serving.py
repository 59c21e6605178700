"""Serve: the MCP server over standard input and output."""

from typing import Annotated

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Exit, NotSupported

PANEL = "Serve"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def serve(
        call: Call,
        http: Annotated[
            str,
            typer.Option(
                "--http", metavar="ADDRESS", help="Over HTTP. Not there yet.", show_default=False
            ),
        ] = "",
    ) -> int:
        """Serve the tools of this project to an MCP client over standard input and output."""
        if http:
            raise NotSupported(
                "serving over HTTP is not there yet",
                hint="Connect the client to `faber-db serve` over standard input and output.",
            )
        from faber_db.server import serve as start

        start(call.project)
        return Exit.DONE
