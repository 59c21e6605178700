"""Earlier versions of a file from Git, read without running anything that the repository names.

The configuration of a repository can name programs: hooks, pagers, filters, a monitor of files, ways to
fetch what is missing. Only `log` and `cat-file` are asked, which run none of these, with every way to
fetch closed; the configuration of the account and of the system is not read.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from faber_db.adapters.engines.child import clean_environment

_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin")
_SECONDS = 10
_MOST = 200  # commits that are looked at
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "log.showSignature=false",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}


class Git:
    """What Git knows of files; nothing where there is no Git or no repository."""

    def earlier(self, file: Path) -> Iterator[bytes]:
        """Every committed version of a file, newest first, on any branch; none twice in a row."""
        told = self._ask(
            file.parent,
            *("log", "--all", "--no-ext-diff", "--no-textconv", "--no-renames"),
            *(f"--max-count={_MOST}", "--format=%H", "--", file.name),
        )
        before = None
        for commit in told.decode("ascii", "replace").split():
            content = self._ask(file.parent, "cat-file", "blob", f"{commit}:./{file.name}")
            if content and content != before:
                yield content
            before = content

    def _ask(self, folder: Path, *words: str) -> bytes:
        """What Git answers; empty where it does not."""
        program = next(
            (p for p in (Path(f, "git") for f in _FOLDERS) if os.access(p, os.X_OK)), None
        )
        if program is None or not folder.is_dir():
            return b""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        try:
            done = subprocess.run(  # noqa: S603 - absolute path, no shell
                [str(program), "--no-pager", "--literal-pathspecs", *settings, *words],
                cwd=folder,
                env=clean_environment(_ENVIRONMENT),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return b""
        return done.stdout if done.returncode == 0 else b""
