"""What `doctor` asks of this machine."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from faber_db.services.doctor import Machine


def machine(environ: Mapping[str, str] = os.environ) -> Machine:
    """The machine this process runs on."""
    return Machine(
        becomes_root=_becomes_root,
        is_writable=lambda path: os.access(path, os.W_OK),
        keys_folder=_home(environ, "XDG_CONFIG_HOME", ".config") / "keys",
        cache_folder=_home(environ, "XDG_CACHE_HOME", ".cache"),
    )


def _home(environ: Mapping[str, str], variable: str, default: str) -> Path:
    named = environ.get(variable, "")
    base = Path(named) if named.startswith("/") else Path.home() / default
    return base / "faber-db"


def _becomes_root() -> bool:
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    if sudo is None:
        return False
    try:
        asked = subprocess.run([sudo, "-n", "true"], capture_output=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
