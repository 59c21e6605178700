"""Programs of PostgreSQL as children that never hold a password where it shows."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from faber_db.adapters.engines import child


@contextmanager
def password_file(password: str) -> Iterator[dict[str, str]]:
    """The environment that hands a password over in a file of mode 0600, gone afterwards."""
    if not password:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="faber-db-") as folder:  # mode 0700
        file = Path(folder) / "pgpass"
        file.touch(mode=0o600)
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        yield {"PGPASSFILE": str(file)}


def run(
    argv: Sequence[str],
    *,
    password: str = "",
    output: IO[bytes] | int = subprocess.DEVNULL,
    watch: Callable[[], bool] = lambda: True,
    every: float = 0.5,
) -> tuple[int | None, str]:
    """As `engines.child.run`, with a password handed over in a file."""
    with password_file(password) as more:
        return child.run(argv, more=more, output=output, watch=watch, every=every)
