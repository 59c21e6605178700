"""The variables that an executor and its jobs live with: those that it needs, and no others."""

from collections.abc import MutableMapping
from pathlib import Path

from faber_db.config.executor import ExecutorSettings
from faber_db.config.file import VARIABLE
from faber_db.config.reference import split

_KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "FABER_DB_DEBUG",
    "NO_COLOR",
)


def only_needed(environ: MutableMapping[str, str], settings: ExecutorSettings, path: Path) -> None:
    """Drop whatever else was inherited (`PG*`, `LD_*`, `PYTHON*`, …); jobs find the configuration.

    What a reference of the configuration names stays.
    """
    named = set(_KEPT)
    for database in settings.all_databases().values():
        for environment in database.environments.values():
            for reference in (environment.url, environment.direct_url):
                kind, name = split(reference) if reference else ("", "")
                if kind == "env":
                    named.add(name)
    for name in list(environ):
        if name not in named and not name.startswith("LC_"):
            del environ[name]
    environ[VARIABLE] = str(path)
