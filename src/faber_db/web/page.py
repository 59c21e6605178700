"""The page as an ASGI application, to be served by itself or below something else."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from faber_db.services.app import App
from faber_db.web import keys, plans
from faber_db.web.asked import Answering, Asked, endpoint
from faber_db.web.guard import Guard
from faber_db.web.site import PREFIX, Site


def page(site: Site) -> ASGIApp:
    """Everything below `/approvals`."""

    def get(path: str, answer: Answering) -> Route:
        return Route(f"{PREFIX}{path}", endpoint(site, answer), methods=["GET"])

    def post(path: str, answer: Answering) -> Route:
        return Route(f"{PREFIX}{path}", endpoint(site, answer), methods=["POST"])

    routes = [
        get("", plans.waiting),
        get("/where", where),
        get("/keys", keys.form),
        post("/keys", keys.registered),
        post("/keys/challenge", keys.challenge),
        get("/{plan_id}", plans.show),
        post("/{plan_id}/challenge", plans.challenge),
        post("/{plan_id}/sign", plans.sign),
        post("/{plan_id}/reject", plans.reject),
        post("/{plan_id}/start", plans.start),
    ]
    return Guard(Starlette(routes=routes), site)


def where(asked: Asked) -> Response:
    """Whose page this is, for `approve --web`, which opens it instead of a second one."""
    return JSONResponse({"faber_db": identity(asked.app)})


def identity(app: App) -> str:
    """Of a project, without its path."""
    return app.state_folder.name


class Beside:
    """An application with the page below its own path."""

    def __init__(self, app: ASGIApp, approvals: ASGIApp) -> None:
        self._app = app
        self._approvals = approvals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        ours = scope["type"] == "http" and (path == PREFIX or path.startswith(f"{PREFIX}/"))
        await (self._approvals if ours else self._app)(scope, receive, send)
