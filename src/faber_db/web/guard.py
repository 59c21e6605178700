"""What every request has to pass, and what every answer carries."""

import base64
import binascii
import hmac
import secrets
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faber_db.web.neighbours import account_of, can_tell
from faber_db.web.site import Site

MAXIMUM_BODY = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_INSIDE = {"iframe", "frame", "object", "embed", "fencedframe"}


class Guard:
    """Refuses foreign names, foreign origins, frames and big bodies before anything is looked at."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _seal(MutableHeaders(scope=message), nonce, self._site)
            await send(message)

        refusal = self._refused_neighbour(scope) or self._refusal(
            scope["method"], Headers(scope=scope)
        )
        if refusal is None:
            await self._app(scope, _limited(receive), sealed)
        else:
            await refusal(scope, receive, sealed)

    def _refused_neighbour(self, scope: Scope) -> PlainTextResponse | None:
        """Another account of this machine reads nothing: the page shows SQL, and rejects."""
        if self._site.account is None or not can_tell():
            return None
        client, server = scope.get("client"), scope.get("server")
        found = account_of((client[0], client[1]), server[1]) if client and server else None
        if found in (0, self._site.account):
            return None
        return _no(HTTPStatus.FORBIDDEN, "This page is another account's")

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        site = self._site
        if headers.getlist("host") != [site.host]:
            return _no(HTTPStatus.MISDIRECTED_REQUEST, f"This page is at {site.url()}")
        if headers.get("sec-fetch-dest", "") in _INSIDE:
            return _no(HTTPStatus.FORBIDDEN, "This page is not shown inside another one")
        if site.access and not _knows(headers.get("authorization", ""), site.access):
            refusal = _no(HTTPStatus.UNAUTHORIZED, "The secret of this page is needed")
            refusal.headers["www-authenticate"] = 'Basic realm="faber-db", charset="UTF-8"'
            return refusal
        return None if method in ("GET", "HEAD") else self._refused_change(headers)

    def _refused_change(self, headers: Headers) -> PlainTextResponse | None:
        """A change is asked for by the page itself, and by nothing else."""
        if headers.getlist("origin") != [self._site.origin]:
            return _no(HTTPStatus.FORBIDDEN, "A change is taken from this page only")
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return _no(HTTPStatus.FORBIDDEN, "A change is taken from this page only")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return _no(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "That is no form of this page")
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdecimal():
            return _no(HTTPStatus.LENGTH_REQUIRED, "The length of the form is missing")
        if len(length) > 6 or int(length) > MAXIMUM_BODY:
            return _no(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too long")
        return None


def _limited(receive: Receive) -> Receive:
    """No more than the limit reaches the parser, whatever the length said."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= MAXIMUM_BODY else {"type": "http.disconnect"}

    return limited


def _knows(authorization: str, access: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    try:
        _, _, password = base64.b64decode(given.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(password, access.encode())


def _seal(headers: MutableHeaders, nonce: str, site: Site) -> None:
    headers["content-security-policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'"
    )
    headers["x-frame-options"] = "DENY"
    headers["x-content-type-options"] = "nosniff"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["cache-control"] = "no-store"
    # `no-referrer` would make browsers send `Origin: null` with our own forms; nothing here leads
    # to another origin, so that this says as little
    headers["referrer-policy"] = "same-origin"
    headers["permissions-policy"] = (
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(),"
        " microphone=(), geolocation=()"
    )
    if site.is_secure:
        headers["strict-transport-security"] = "max-age=31536000"


def _no(status: HTTPStatus, words: str) -> PlainTextResponse:
    return PlainTextResponse(f"{words}.\n", status_code=status)
