"""Serve: the MCP server over standard input and output, or over HTTP with the approval page."""

import os
from pathlib import Path
from typing import Annotated

import typer

from faber_db.cli.call import Call, verb
from faber_db.errors import Exit, InputError

PANEL = "Serve"
PortOption = Annotated[
    int, typer.Option("--port", min=1, max=65_535, help="Passkeys work at the port they were made.")
]
DEFAULT_PORT = 7475


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def serve(
        call: Call,
        http: Annotated[
            bool, typer.Option("--http", help="Over HTTP, with the approval page beside it.")
        ] = False,
        host: Annotated[
            str, typer.Option("--host", help="With --http: the address to listen at.")
        ] = "127.0.0.1",
        port: PortOption = DEFAULT_PORT,
        token: Annotated[
            str,
            typer.Option(
                "--token",
                metavar="REFERENCE",
                help="With --http: what clients show, as env:NAME or file:PATH; else a random one.",
                show_default=False,
            ),
        ] = "",
        name: Annotated[
            list[str] | None,
            typer.Option(
                "--name",
                help="With --http: the host name that clients use, where it is not localhost.",
                show_default=False,
            ),
        ] = None,
        tls_cert: Annotated[
            str, typer.Option("--tls-cert", metavar="FILE", help="A certificate with its chain.")
        ] = "",
        tls_key: Annotated[str, typer.Option("--tls-key", metavar="FILE", help="Its key.")] = "",
    ) -> int:
        """Serve the tools of this project to an MCP client."""
        if not http:
            from faber_db.server import serve as start

            start(call.project)
            return Exit.DONE
        from faber_db.web.extra import require_extra

        require_extra()
        if bool(tls_cert) != bool(tls_key):
            raise InputError("--tls-cert and --tls-key go together")
        from faber_db.server_http import Serving, serve_http
        from faber_db.web.listener import Tls

        serving = Serving(
            host=host,
            port=port,
            token=_token(call, token),
            names=tuple(name or ()),
            tls=Tls(Path(tls_cert), Path(tls_key)) if tls_cert else None,
        )
        serve_http(call.project, serving)
        return Exit.DONE


def _token(call: Call, reference: str) -> str:
    """The token behind a reference; one that stands in the command would be in every process list."""
    from faber_db.config.reference import resolve, split

    if not reference:
        return ""
    if split(reference)[0] not in ("env", "file"):
        raise InputError("--token takes env:NAME or file:PATH, never the token itself")
    return resolve(reference, environ=os.environ, root=call.project or Path.cwd())
