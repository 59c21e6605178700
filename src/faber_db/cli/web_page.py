"""`approve --web`: the page of a running server, or one of its own for as long as it is looked at."""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from faber_db.cli.call import Call
from faber_db.errors import AddressTaken, Exit, InputError

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from faber_db.model.plan import Plan
    from faber_db.services.app import App
    from faber_db.web.site import Site

IDLE = 30 * 60.0  # seconds without a request, after which the page is taken for closed
_SECONDS = 2


def open_page(call: Call, plan_id: str, port: int) -> int:
    """Open the page of this project in a browser; where there is none, say where it is."""
    from faber_db.web.extra import require_extra

    require_extra()
    from faber_db.services import approve as service
    from faber_db.web.page import identity
    from faber_db.web.site import Site, local_origin

    app = call.app
    plan = service.show(app, plan_id).stored.plan if plan_id else None
    found = plan.id if plan else ""
    away = _executor_page(app, plan) if plan else ""
    if away:
        call.terminal.note(away)
        _browse(away)
        return Exit.DONE
    for page in () if plan else _executor_pages(app):
        call.terminal.note(f"{page}   (of an executor)")
    site = Site(lambda: app, local_origin(port), account=os.geteuid())
    if _runs(site.origin, identity(app)):
        call.terminal.note(site.url(found))
        _browse(site.url(found))
        return Exit.DONE
    return _serve(call, site, port, found)


def _executor_page(app: "App", plan: "Plan") -> str:
    """Where the executor of a plan's environment shows it; empty where it is in this process.

    Raises:
        InputError: it has one, and the configuration does not say where its page is.
    """
    settings = app.database(plan.database).environment(plan.environment).settings
    if settings.executor is None:
        return ""
    if settings.executor_page is None:
        raise InputError(
            f"the configuration does not say where the page of {plan.environment}'s executor is",
            hint='Add "executor_page" to the environment, or sign in a terminal:'
            f" faber-db approve {plan.id}",
        )
    return f"{settings.executor_page}/approvals/{plan.id}"


def _executor_pages(app: "App") -> list[str]:
    """The lists of all executors that are known."""
    found = (
        environment.executor_page
        for database in app.settings.all_databases().values()
        for environment in database.environments.values()
    )
    return [f"{page}/approvals" for page in dict.fromkeys(found) if page]


def _serve(call: Call, site: "Site", port: int, plan_id: str) -> int:
    from faber_db.web.listener import listen, serve
    from faber_db.web.page import page

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
