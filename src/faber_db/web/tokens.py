"""Proof that a POST comes from a page that this process wrote, for this browser and this plan."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from faber_db.web.site import PREFIX, Site

_LIFETIME = timedelta(hours=1)
_SESSION = re.compile(r"[0-9a-f]{32}")


def session_of(request: Request, site: Site) -> str:
    """The browser's session, a new one where it has none. It is no login: it ties forms to a browser."""
    known = request.cookies.get(_cookie(site), "")
    return known if _SESSION.fullmatch(known) else secrets.token_hex(16)


def keep(response: Response, session: str, site: Site) -> None:
    """Have the browser keep the session."""
    response.set_cookie(
        _cookie(site),
        session,
        path="/" if site.is_secure else PREFIX,
        secure=site.is_secure,
        httponly=True,
        samesite="strict",
    )


def token(site: Site, session: str, about: str, now: datetime) -> str:
    """For the forms of one page: about a plan and its digest, or about keys."""
    until = str(int((now + _LIFETIME).timestamp()))
    return f"{until}.{_proof(site, session, about, until)}"


def is_ours(given: str, site: Site, session: str, about: str, now: datetime) -> bool:
    """Whether a form was written here, for this session and thing, less than an hour ago."""
    until, _, proof = given.partition(".")
    expected = _proof(site, session, about, until)
    if not hmac.compare_digest(proof.encode("utf-8", "replace"), expected.encode()):
        return False
    return now.timestamp() < int(until)


def _proof(site: Site, session: str, about: str, until: str) -> str:
    text = "\n".join((session, about, until))
    return hmac.new(site.secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _cookie(site: Site) -> str:
    return "__Host-faber-db" if site.is_secure else "faber-db"
