"""How long `status` takes over a long history (goal: 10,000 migrations in at most 1 s).

Run: python bench/status.py [number of migrations]

For a format with a folder for each migration, and one with two files, a project of that many migrations is
made with a SQLite database whose ledger holds all but the last three. Timed are the whole command (`faber-db status dev`, a
process of its own) and the service in this process, each the best of three rounds; the goal is held against
the service's processor time, which a busy machine changes least. Exits 1 when it is over.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from faber_db.adapters.handlers import handler_for
from faber_db.app import build
from faber_db.model.migration import MigrationState, SourceFile
from faber_db.services import status
from faber_db.services.history import history

NOW = datetime(2000, 1, 1, tzinfo=UTC)
PENDING = 3
FORMATS = ("prisma", "sql")
GOAL = 1.0  # seconds


def project(root: Path, name: str, number: int) -> None:
    """A project of one format, its files and a ledger."""
    handler = handler_for(name)
    folder = root / handler.default_folder
    for file in handler.scaffold("sqlite", "sqlite:dev.db"):
        write(root, file)
    first = handler.generate(
        "t", "CREATE TABLE t (a integer);", "DROP TABLE t;", now=NOW, existing=()
    )
    (version,) = [m.version for m in handler.parse(first)]
    for n in range(number):
        at = f"{NOW + timedelta(minutes=n):%Y%m%d%H%M%S}"
        for file in first:
            named = file.path.replace(version, f"{at}_t{n}")
            write(folder, SourceFile(named, file.content.replace(b" t", b" t%d" % n)))
    config = f'{{"handler": "{name}", "environments": {{"dev": {{"url": "sqlite:dev.db"}}}}}}'
    (root / "faber-db.json").write_text(config)
    database = build(root, {}).database()
    url = database.environment("dev").resolve_url()
    with database.engine.connect(url, create=True) as session, session.transaction():
        for migration in history(database)[:-PENDING]:
            handler.mark(session, migration, "applied", now=NOW)


def write(folder: Path, file: SourceFile) -> None:
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)


def best_of_three(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor for this process and those that it starts."""
    times = []
    for _ in range(3):
        began, before = time.perf_counter(), os.times()
        run()
        took, after = time.perf_counter() - began, os.times()
        times.append((took, sum(after[:4]) - sum(before[:4])))
    return min(t for t, _ in times), min(t for _, t in times)


def command(root: Path) -> None:
    words = [sys.executable, "-m", "faber_db", "--project", str(root), "status", "dev", "--json"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def service(root: Path) -> None:
    answer = status.run(status.Request(environment="dev"), build(root, dict(os.environ)))
    (line,) = answer.details.environments
    if line.problem or line.counts.get(MigrationState.PENDING) != PENDING:
        raise SystemExit(f"the project is not as it was made: {line}")


def main() -> int:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    worst = 0.0
    print(f"{number:,} migrations     in this process           as a command")
    for name in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            os.environ["XDG_STATE_HOME"] = str(root / "state")
            project(root, name, number)
            inside = best_of_three(partial(service, root))
            whole = best_of_three(partial(command, root))
        seconds = "".join(f"{w:8.2f} s ({c:.2f} s processor)" for w, c in (inside, whole))
        print(f"{name:16} {seconds}")
        worst = max(worst, inside[1])
    return int(worst > GOAL)


if __name__ == "__main__":
    sys.exit(main())
