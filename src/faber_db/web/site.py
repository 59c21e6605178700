"""One page's own facts: its address, whose project it shows, and the secrets of this process."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from faber_db.errors import InputError
from faber_db.services.app import App
from faber_db.web.challenges import Challenges

PREFIX = "/approvals"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Site:
    """Where the page is and what it shows.

    Args:
        app: the project, opened for each request, since its configuration may have been edited.
        origin: scheme, name and port as the browser has them. Passkeys are bound to it, and every
            other name is refused, so a name that is made to point here reaches nothing.
        access: a secret that the browser has to give first (HTTP Basic, any user name); what lies
            on loopback only may go without.
        account: the only uid beside root whose programs may read it over loopback; None: any.
    """

    app: Callable[[], App]
    origin: str
    access: str = field(default="", repr=False)
    account: int | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    challenges: Challenges = field(default_factory=Challenges, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.origin)
        if f"{parts.scheme}://{parts.netloc}" != self.origin or not parts.hostname:
            raise InputError(
                f"{self.origin!r} is no address of a page, as http://localhost:7475 is"
            )
        local = parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise InputError("the page needs https, or http on localhost")
        if not local and not self.access:
            raise InputError("a page beyond localhost needs a secret to be read with")

    @property
    def host(self) -> str:
        """What the Host header has to say."""
        return urlsplit(self.origin).netloc

    @property
    def rp_id(self) -> str:
        """The name that passkeys are made for."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https:")

    def url(self, plan_id: str = "") -> str:
        """Of the list, or of one plan."""
        return f"{self.origin}{PREFIX}" + (f"/{plan_id}" if plan_id else "")


def local_origin(port: int) -> str:
    """Of a page on this machine. A passkey works for a name, never for an IP address."""
    return f"http://localhost:{port}"
