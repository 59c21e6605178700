"""`approve --web`: the page of a running server, or one of its own for as long as it is looked at."""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from faber_db.cli.call import Call
from faber_db.errors import AddressTaken, Exit, NotSupported

if TYPE_CHECKING:
    pass

IDLE = 30 * 60.0  # seconds without a request, after which the page is taken for closed
_SECONDS = 2


def require_extra() -> None:
    """Let nothing begin without what the page is made with.

    Raises:
        NotSupported: the extra `web` is not installed.
    """
    from importlib.util import find_spec

    missing = [name for name in ("jinja2", "webauthn", "uvicorn") if find_spec(name) is None]
    if missing:
        raise NotSupported(
            f"the approval page needs {', '.join(missing)}",
            hint="Install the extra `web`: pip install 'faber-db[web]'.",
        )


def open_page(call: Call, plan_id: str, port: int) -> int:
    """Open the page of this project in a browser; where there is none, say where it is."""
    require_extra()
    from faber_db.services import approve as service
    from faber_db.web.page import identity
    from faber_db.web.site import Site, local_origin

    app = call.app
    found = service.show(app, plan_id).stored.plan.id if plan_id else ""
    site = Site(lambda: app, local_origin(port))
    if _runs(site.origin, identity(app)):
        call.terminal.note(site.url(found))
        _browse(site.url(found))
        return Exit.DONE
    return _serve(call, site, port, found)


def _serve(call: Call, site: "Site", port: int, plan_id: str) -> int:
    from faber_db.web import page
    from faber_db.web.listener import listen, serve

    with listen("127.0.0.1", port) as listening:
        call.terminal.note(f"{site.url(plan_id)}   (Ctrl-C ends it)")
        _browse(site.url(plan_id))
        serve(page(site), listening, idle=IDLE)
    return Exit.DONE


def _runs(origin: str, project: str) -> bool:
    """Whether a page of this project is served there.

    Raises:
        AddressTaken: something else is, or another project's page.
    """
    try:
        with urllib.request.urlopen(f"{origin}/approvals/where", timeout=_SECONDS) as answer:  # noqa: S310 localhost
            said = json.loads(answer.read(1_000))
    except urllib.error.HTTPError:
        said = None
    except (urllib.error.URLError, TimeoutError):
        return False
    except (ValueError, OSError):
        said = None
    if isinstance(said, dict) and said.get("faber_db") == project:
        return True
    raise AddressTaken(
        f"something else answers at {origin}",
        hint="Stop it, or take another port with --port; a passkey works at the port where it"
        " was made.",
    )


def _browse(url: str) -> None:
    """Open a browser where there is a screen; a text browser would take the terminal."""
    import webbrowser

    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


if TYPE_CHECKING:
    from faber_db.web.site import Site
