"""`notify`: a command or a webhook of the configuration that is told that a person is wanted.

Either runs in a process of its own that nobody waits for, so that a slow or broken notice holds up
nothing, and one that is sent by a command which ends at once still arrives.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from faber_db.config.settings import Webhook, is_webhook_url
from faber_db.errors import ConfigError, FaberDbError
from faber_db.model.plan import Plan
from faber_db.services.app import App, Environment

_POST = (sys.executable, "-P", "-m", "faber_db.executor.webhook")


def notify(app: App, environment: Environment, event: str, plan: Plan) -> None:
    """Tell event, plan id, risk and environment; nothing of the plan itself.

    It is not waited for, and cannot stop anything. That it cannot be sent stands in the trail.
    """
    wanted = environment.settings.notify
    if not wanted:
        return
    try:
        if isinstance(wanted, Webhook) or is_webhook_url(wanted):
            _post(environment, event, plan, app.root)
        else:
            words = (event, plan.id, plan.risk.value, environment.name)
            _start([*shlex.split(wanted), *words], app.root)
    except (OSError, ValueError, FaberDbError) as error:
        code = error.code if isinstance(error, FaberDbError) else "not-started"
        with suppress(FaberDbError):
            app.state.append_audit(
                "notice.failed", {"plan_id": plan.id, "event": event, "code": code}
            )


def _post(environment: Environment, event: str, plan: Plan, root: Path) -> None:
    url = environment.resolve_notify()
    if not is_webhook_url(url):
        raise ConfigError("`notify` does not lead to an https URL")
    body = {
        "event": event,
        "plan_id": plan.id,
        "risk": plan.risk.value,
        "environment": environment.name,
    }
    process = _start(_POST, root, stdin=subprocess.PIPE)
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with process.stdin as pipe:  # never an argument: everybody can read those
        pipe.write(json.dumps({"url": url, "body": body}).encode())


def _start(
    command: Sequence[str], root: Path, stdin: int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 the command of the configuration, or our own
        command,
        cwd=root,
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
