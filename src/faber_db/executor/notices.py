"""`notify`: a command of the configuration that is told that a person is wanted."""

import shlex
import subprocess
from pathlib import Path

from faber_db.model.plan import Plan
from faber_db.services.app import Environment


def notify(environment: Environment, event: str, plan: Plan, root: Path) -> None:
    """Run the environment's `notify` command with event, plan id, risk and environment.

    It is told nothing of the plan itself, is not waited for, and cannot stop anything.
    """
    if not environment.settings.notify:
        return
    command = [
        *shlex.split(environment.settings.notify),
        event,
        plan.id,
        plan.risk.value,
        environment.name,
    ]
    try:
        subprocess.Popen(  # noqa: S603 the command of the configuration
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return  # a broken notice must not break a release
