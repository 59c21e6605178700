"""`faber-db` alone: where this project stands, and the one next command."""

from typing import TYPE_CHECKING

from faber_db.cli.call import Call

if TYPE_CHECKING:
    from faber_db.services.app import App


def home(call: Call) -> int:
    """Show every environment in a line, then the next command."""
    from faber_db.cli.render.status import project
    from faber_db.services import status as service

    app = call.app
    answer = service.run(service.Request(), app)
    draw = project(app.root.name, _made_of(app), app.now())
    return call.show(answer, draw, drawn=bool(answer.details.environments))


def _made_of(app: "App") -> list[str]:
    """Format and product, as far as they are known without a connection."""
    from faber_db.errors import FaberDbError

    words: dict[str, None] = {}
    for name in app.databases:
        try:
            database = app.databases[name]
        except FaberDbError:  # the answer says what is wrong with it
            continue
        words |= {database.handler.name: None, database.engine.name: None}
    return list(words)
