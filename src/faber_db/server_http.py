"""The MCP server over HTTP with the approval page beside it, in one process, for one project.

A client of `/mcp` shows a token, which says who it is and approves nothing. The page is served on
loopback only: it shows SQL to whoever can reach it. For other machines there is the executor.
"""

import hmac
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from faber_db.errors import ConfigError
from faber_db.server import create_server, opened
from faber_db.tools.project import OpenProject
from faber_db.web.listener import Tls, is_loopback, listen, serve
from faber_db.web.page import Beside, page
from faber_db.web.site import PREFIX, Site

MCP_PATH = "/mcp"
_SHORTEST = 16  # characters of a token that somebody else made


@dataclass(frozen=True)
class Serving:
    """Where to serve, and to whom."""

    host: str
    port: int
    token: str = field(default="", repr=False)  # empty: a random one, shown once
    names: tuple[str, ...] = ()  # by which clients call a host that is not loopback
    tls: Tls | None = None

    @property
    def is_local(self) -> bool:
        return is_loopback(self.host)

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"

    def checked(self) -> "Serving":
        """This, if it may be served.

        Raises:
            ConfigError: others could read along, or come in.
        """
        if not self.is_local and (self.tls is None or not self.token or not self.names):
            raise ConfigError(
                f"{self.host} can be reached from other machines",
                hint="Serve on 127.0.0.1, or give --tls-cert, --tls-key, --token and --name.",
            )
        if self.token and len(self.token) < _SHORTEST:
            raise ConfigError(f"the token has fewer than {_SHORTEST} characters")
        return self


def serve_http(project: Path | None, serving: Serving) -> None:
    """Serve until it is stopped.

    Raises:
        ConfigError, AddressTaken: it cannot be served there.
    """
    serving.checked()
    root = (project or Path.cwd()).resolve()
    with listen(serving.host, serving.port) as listening:
        port = listening.getsockname()[1]
        token = serving.token or secrets.token_urlsafe(24)
        app = _application(opened(root), serving, port, token)
        _announce(serving, port, "" if serving.token else token)
        serve(app, listening, tls=serving.tls)


def _announce(serving: Serving, port: int, token: str) -> None:
    """Say where it is, on standard error; a token that was made here is shown this once."""
    name = serving.names[0] if serving.names else "localhost"
    lines = [f"tools      {serving.scheme}://{name}:{port}{MCP_PATH}"]
    if token:
        lines.append(f"token      {token}   (Authorization: Bearer; it approves nothing)")
    if serving.is_local:
        lines.append(f"approvals  {serving.scheme}://localhost:{port}{PREFIX}")
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _application(project: OpenProject, serving: Serving, port: int, token: str) -> ASGIApp:
    hosts = serving.names or ("localhost", "127.0.0.1", "[::1]")
    mcp = create_server(project).streamable_http_app(
        streamable_http_path=MCP_PATH,
        host=serving.host,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=[f"{host}:{port}" for host in hosts],
            allowed_origins=[f"{serving.scheme}://{host}:{port}" for host in hosts],
        ),
    )
    tools = _Bearer(mcp, token)
    if not serving.is_local:
        return tools
    site = Site(project.app, f"{serving.scheme}://localhost:{port}", account=os.geteuid())
    return Beside(tools, page(site))


class _Bearer:
    """Lets in who shows the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        shown = f"{scheme.lower()} {given.strip()}".encode("utf-8", "replace")
        if scope["type"] == "http" and hmac.compare_digest(shown, self._expected):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse(
            "The token of this server is needed.\n",
            401,
            {"www-authenticate": "Bearer", "cache-control": "no-store"},
        )
        await refusal(scope, receive, send)
