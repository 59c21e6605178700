"""One request, read and checked; and the answers that pages give."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from faber_db.errors import ApprovalError, FaberDbError, InputError, UnknownHandle
from faber_db.services.account import account
from faber_db.services.app import App
from faber_db.sql.visible import visible
from faber_db.web import tokens
from faber_db.web.site import PREFIX, Site

_STATUS: dict[type[FaberDbError], HTTPStatus] = {
    UnknownHandle: HTTPStatus.NOT_FOUND,
    InputError: HTTPStatus.BAD_REQUEST,
    ApprovalError: HTTPStatus.CONFLICT,
}


@dataclass(frozen=True)
class Asked:
    """A request with everything that an answer is made from."""

    request: Request
    site: Site
    app: App
    form: FormData
    session: str

    def field(self, name: str) -> str:
        """A field of the form, or an empty text."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """Every field of that name, in order."""
        return [v for v in self.form.getlist(name) if isinstance(v, str)]

    def token(self, about: str) -> str:
        return tokens.token(self.site, self.session, about, self.app.now())

    def require_token(self, about: str) -> None:
        """Let nothing happen that this page did not ask for.

        Raises:
            ApprovalError: the form is foreign, of another browser, about another plan, or old.
        """
        given = self.field("token")
        if not tokens.is_ours(given, self.site, self.session, about, self.app.now()):
            raise ApprovalError("this page is too old", hint="Load it again, and look again.")

    def write(self, template: str, **values: Any) -> Response:
        """A page."""
        text = _templates().get_template(template).render(self._common() | values)
        return HTMLResponse(text)

    def back_to(self, path: str) -> Response:
        """The way from a change to a page."""
        return RedirectResponse(f"{PREFIX}{path}", HTTPStatus.SEE_OTHER)

    def _common(self) -> dict[str, object]:
        return {
            "nonce": self.request.state.nonce,
            "css": _asset("page.css"),
            "js": _asset("page.js"),
            "prefix": PREFIX,
            "origin": self.site.origin,
            "project": self.app.root.name,
            "serves": self.app.serves,
            "account": account(),
        }


Answering = Callable[[Asked], Response]


def endpoint(site: Site, answer: Answering) -> Callable[[Request], Any]:
    """A Starlette endpoint: what is foreseen becomes a page that says so, or its JSON for the script."""

    async def respond(request: Request) -> Response:
        form = await request.form() if request.method == "POST" else FormData()
        session = tokens.session_of(request, site)
        response = await run_in_threadpool(_answered, request, site, form, session, answer)
        tokens.keep(response, session, site)
        return response

    return respond


def _answered(
    request: Request, site: Site, form: FormData, session: str, answer: Answering
) -> Response:
    app = site.app()
    asked = Asked(request, site, app, form, session)
    try:
        return answer(asked)
    except FaberDbError as error:
        return _failed(asked, error)


def _failed(asked: Asked, error: FaberDbError) -> Response:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), None)
    status = status or HTTPStatus.INTERNAL_SERVER_ERROR
    if asked.request.url.path.endswith("/challenge"):
        words = ". ".join(filter(None, (visible(error.message), error.hint)))
        return JSONResponse({"message": words, "code": error.code}, status)
    response = asked.write("problem.html", code=error.code, message=error.message, hint=error.hint)
    response.status_code = status
    return response


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("faber_db.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_shown,
    )


def _shown(value: object) -> object:
    """Text as it may be shown, whoever wrote it; markup is ours."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _asset(name: str) -> Markup:
    return Markup((files("faber_db.web") / "templates" / name).read_text("utf-8"))  # noqa: S704 ours


def encoded(text: str) -> str:
    """For a `data:` address."""
    return b64encode(text.encode()).decode()


def object_of(text: str) -> dict[str, Any]:
    """A JSON object that the page's script sent.

    Raises:
        InputError: it is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("the passkey's answer cannot be read") from error
    if not isinstance(value, dict):
        raise InputError("the passkey's answer cannot be read")
    return value
