"""Look: what is there, what would happen, and what a code means."""

from typing import Annotated

import typer

from faber_db.cli.call import Call, verb

PANEL = "Look"


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def explain(
        call: Call,
        code: Annotated[str, typer.Argument(metavar="CODE", help="Of a finding or error.")],
    ) -> int:
        """Explain the code of a finding or of an error."""
        from faber_db.cli.render.explain import draw
        from faber_db.services import explain as service

        return call.show(service.run(code), draw)
