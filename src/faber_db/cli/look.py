"""Look: what is there, what would happen, and what a code means."""

from typing import Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, EnvironmentArgument, verb

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

    @verb(program, panel=PANEL)
    def drift(call: Call, environment: EnvironmentArgument, database: DatabaseOption = "") -> int:
        """Compare a live schema with its applied migrations."""
        from faber_db.cli.render.drift import draw
        from faber_db.services import show_drift as service

        request = service.Request(environment=environment, database=database)
        return call.show(service.run(request, call.app), draw)

    @verb(program, panel=PANEL)
    def health(
        call: Call,
        environment: EnvironmentArgument,
        check: Annotated[
            list[str] | None, typer.Option("--check", help="Only this one; may be repeated.")
        ] = None,
        database: DatabaseOption = "",
    ) -> int:
        """Look whether a database is well enough to be changed."""
        from faber_db.cli.render.health import draw
        from faber_db.services import health as service

        request = service.Request(
            environment=environment,
            checks=tuple(check or ()),
            detail="full" if call.common.json else "summary",
            database=database,
        )
        answer = service.run(request, call.app)
        return call.show(answer, draw, contract=("overall", "checks"), drawn=True)
