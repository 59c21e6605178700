"""How long the programs of a history take to be recorded: the first time, and again.

Run: python bench/recording.py [--count 50] [--twice] [--venv FOLDER]

Makes a project of as many Alembic revisions on PostgreSQL, each a table with a column, an index and
some rows. `--twice` records as for a protected environment, on two databases. The virtual environment
needs Alembic and psycopg; without one, it is made.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faber_db.app import build
from faber_db.services.history import read_folder
from faber_db.services.recording import recorded
from tests.interop.test_recorded_release import ENV, PYPI

_REVISION = """
import sqlalchemy as sa
from alembic import op
revision = "r{n:04}"
down_revision = {before!r}
def upgrade():
    t = op.create_table("t{n}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))
    op.add_column("t{n}", sa.Column("b", sa.String(80)))
    op.create_index("t{n}_b", "t{n}", ["b"])
    op.bulk_insert(t, [{{"a": "x"}}, {{"a": "y"}}])
def downgrade():
    op.drop_table("t{n}")
"""
_SETTINGS = '{"environments": {"dev": {"url": "env:APP_DATABASE_URL"}}}'


def project(root: Path, count: int, venv: Path) -> None:
    """A project with so many revisions that are programs."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / ".venv").symlink_to(venv.resolve())
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (root / "migrations" / "env.py").write_text(ENV)
    (root / "faber-db.json").write_text(_SETTINGS)
    for n in range(count):
        before = f"r{n - 1:04}" if n else None
        (versions / f"r{n:04}_more.py").write_text(_REVISION.format(n=n, before=before))


def measure(root: Path, *, twice: bool) -> tuple[float, int]:
    """Seconds, and how many have no recording."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))}
    kept |= {"XDG_STATE_HOME": str(root / "state"), "APP_DATABASE_URL": "postgresql:///nowhere"}
    app = build(root, kept)
    database = app.database()
    files = read_folder(database)
    versions = [m.version for m in database.handler.parse(files)] if twice else []
    began = time.perf_counter()
    found = recorded(app, database, files, twice=versions, progress=_told)
    for error in list(found.missing.values())[:1]:
        print(error, file=sys.stderr)
    return time.perf_counter() - began, len(found.missing)


def _told(words: str) -> None:
    print(f"\r\033[K{words}", end="", file=sys.stderr)


def main() -> None:
    """Print a line for each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--venv", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        venv = given.venv or Path(name) / "venv"
        if given.venv is None:
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
            subprocess.run([str(venv / "bin" / "pip"), "install", "-q", *PYPI], check=True)
        project(Path(name) / "app", given.count, venv)
        for when in ("first", "again"):
            seconds, missing = measure(Path(name) / "app", twice=given.twice)
            print(f"\n{when}: {given.count} programs, {missing} not recorded, {seconds:.2f} s")


if __name__ == "__main__":
    main()
