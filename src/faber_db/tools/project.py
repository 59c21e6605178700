"""The project that one server process serves: opened at the first call, opened again when it changes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded by the first call, not at the start
    from faber_db.services.app import App

CONFIG_FILES = (
    "faber-db.json",
    ".fractary/plugins/faber-db/config.json",
    ".fractary/faber-db/config.json",
)

Stamp = tuple[tuple[str, int, int], ...]


@dataclass
class OpenProject:
    """Gives the `App` to every call.

    A configuration that cannot be read fails the call, not the server, and is read again at the
    next one; so is a file that was edited, since an assistant repairs it while the server runs.
    """

    root: Path
    build: "Callable[[], App]"
    _app: "App | None" = None
    _stamp: Stamp = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> "App":
        """The project, opened.

        Raises:
            ConfigError: the configuration cannot be used.
        """
        with self._lock:
            stamp = self._configuration()
            if self._app is None or stamp != self._stamp:
                self._app = self.build()
                self._stamp = stamp if self._app.config_path is None else self._configuration()
            return self._app

    def _configuration(self) -> Stamp:
        """Name, size and time of every file that may be the configuration."""
        named = self._app.config_path if self._app else None
        files = [self.root / name for name in CONFIG_FILES] + ([named] if named else [])
        found = []
        for file in files:
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_size, stat.st_mtime_ns))
        return tuple(found)
