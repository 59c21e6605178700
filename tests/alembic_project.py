"""A project of Alembic revisions that are programs, on SQLite, and what stands in for Alembic."""

import sys
from pathlib import Path

from faber_db.app import build
from faber_db.services import build as building
from faber_db.services.app import App
from faber_db.services.coordinate import Request
from faber_db.services.history import history

TOOL = """#!{python}
import os, pathlib, re, sqlite3, sys
revision = sys.argv[-1]
if revision == "current":
    sqlite3.connect({looks}).execute("SELECT 1 FROM sqlite_schema")
    sys.exit()
if sys.argv[-2] == "downgrade":
    revision = revision.removesuffix("@-1")
    text = pathlib.Path(f"migrations/versions/{{revision}}.py").read_text()
    before = re.search("down_revision = '(.*)'", text)
    database = sqlite3.connect({database})
    with database:
        if "def downgrade" not in text:
            sys.exit("AttributeError: no attribute 'downgrade'")
        database.execute("DELETE FROM alembic_version")
        if before:
            database.execute("INSERT INTO alembic_version VALUES (?)", (before[1],))
        database.execute(f"DROP TABLE made_by_{{revision}}")
    sys.exit()
assert sys.argv[-2] == "upgrade", sys.argv
database = sqlite3.connect({database})
with database:
    database.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    database.execute("DELETE FROM alembic_version")
    database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    database.execute(f"CREATE TABLE made_by_{{revision}} (a integer)")
{more}
"""
GIVEN = 'os.environ["DATABASE_URL"].removeprefix("sqlite:///")'
PROGRAM = "revision = {0!r}\ndown_revision = {1!r}\ndef upgrade(): op.create_table({0!r})\n"


class Project:
    """A project with revisions that only Alembic could run, and what stands in for Alembic."""

    def __init__(self, root: Path, python: Path = Path(sys.executable)) -> None:
        self.root, self.database, self._python = root, root / "dev.db", python
        (root / "migrations" / "versions").mkdir(parents=True)
        (root / "migrations" / "env.py").write_text("from alembic import context\n")
        (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        self.configure("dev")

    def configure(self, environment: str, *, shadow: str = "off") -> None:
        (self.root / "faber-db.json").write_text(
            f'{{"handler": "alembic", "engine": "sqlite", "shadow": "{shadow}",'
            f' "environments": {{"{environment}": {{"url": "env:DATABASE_URL"}}}}}}'
        )

    def add(self, revision: str, down: str | None = None) -> Path:
        file = self.root / "migrations" / "versions" / f"{revision}.py"
        file.write_text(PROGRAM.format(revision, down))
        return file

    def install(self, *, database: str = GIVEN, looks: str = GIVEN, more: str = "") -> None:
        programs = self.root / ".venv" / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        (self.root / ".venv" / "pyvenv.cfg").touch()
        text = TOOL.format(python=self._python, database=database, looks=looks, more=more)
        for name in ("python", "alembic"):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def app(self) -> App:
        self.database.touch()
        environ = {"DATABASE_URL": f"sqlite:{self.database}", "PATH": "/usr/bin:/bin"}
        return build(self.root, {**environ, "XDG_STATE_HOME": str(self.root / "state")})

    def states(self) -> list[str]:
        database = self.app().database()
        with database.engine.connect(str(self.database)) as session:
            found = database.handler.status(history(database), database.handler.ledger(session))
        return [status.state.value for status in found]

    def build(self) -> tuple[list[str], str, str]:
        """What was applied, and code and message of the error."""
        answer = building.run(Request(), self.app())
        problem = answer.errors[0] if answer.errors else None
        return (
            list(answer.details.applied),
            problem.code if problem else "",
            problem.message if problem else "",
        )
