"""The real Alembic and Django accept the rows that we write, and we read theirs."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, handler_for, in_project
from faber_db.adapters.handlers.python_project import library_url
from faber_db.errors import MigrationFailed, ToolFailed
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.model.target import Marker
from faber_db.services.ports import CodeHandler, Engine, Limits, Session, ToolPlace
from faber_db.sql.script import parse

pytestmark = pytest.mark.slow

HOME = Path(__file__).parents[2] / ".cache" / "pypi-python-tools"
PINNED = ["alembic==1.20.1", "django==5.2.19", "psycopg[binary]>=3.2,<4", "pymysql>=1.1,<2"]
ALEMBIC_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, make_url
url = make_url(os.environ["DATABASE_URL"])
drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite"}
engine = create_engine(url.set(drivername=drivers[url.get_backend_name()]))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
import sqlalchemy as sa
from alembic import op
revision = {0!r}
down_revision = {1!r}
def upgrade():
    op.create_table({0!r}, sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table({0!r})
"""
MERGE = "revision = {0!r}\ndown_revision = {1!r}\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n"
SETTINGS = """
import os
from urllib.parse import parse_qs, unquote, urlsplit
SECRET_KEY = "x"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
url = urlsplit(os.environ["DATABASE_URL"])
given = parse_qs(url.query)
one = {"NAME": unquote(url.path[1:]), "USER": url.username, "PASSWORD": url.password or ""}
if url.scheme == "sqlite":
    one = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path[1:]}
else:
    one |= {"ENGINE": "django.db.backends.postgresql"}
    one |= {"HOST": given.get("host", [url.hostname])[0], "PORT": given.get("port", [url.port])[0]}
DATABASES = {"default": one}
"""
DJANGO = """
from django.conf import settings
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = {1}
    operations = [migrations.CreateModel({0!r}, [("id", models.BigAutoField(primary_key=True))])]
"""

MARKER = Marker(
    target_id="f" * 32,
    environment="dev",
    database="main",
    approvers=(),
    policy_digest="0" * 64,
    server_digest="0" * 64,
)


@pytest.fixture(scope="session")
def tools() -> Path:
    """A virtual environment with both, made once."""
    if not (HOME / "bin" / "django-admin").exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip = [str(HOME / "bin" / "pip"), "install", "-q", *PINNED]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"pip install failed: {done.stderr[-500:]}")
            pytest.skip("the pinned packages cannot be installed here")
    return HOME


class Project:
    """A project on disk, seen by its own tool and by our handler."""

    def __init__(self, root: Path, tools: Path, engine: Engine, url: str) -> None:
        self.root, self.engine, self.url = root, engine, url
        self.environ = {"PATH": os.environ["PATH"], "DATABASE_URL": library_url(url)}
        root.mkdir(exist_ok=True)
        (root / ".venv").symlink_to(tools)
        self._lay_out()
        found = detect_handler(root)
        assert found is not None
        self.folder = found.folder
        self.handler: CodeHandler = in_project(handler_for(found.handler), root, found.folder)  # type: ignore[assignment]
        self.recordings: list[SourceFile] = []

    def _lay_out(self) -> None: ...

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [self.root / ".venv" / "bin" / "python", *words],
            cwd=self.root, env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def history(self) -> tuple[Migration, ...]:
        files = [
            SourceFile(p.relative_to(self.folder).as_posix(), p.read_bytes())
            for p in sorted(self.folder.rglob("*.py"))
            if self.handler.wants(p.relative_to(self.folder).as_posix())
        ]
        return self.handler.parse([*files, *self.recordings])

    def one(self, version: str) -> Migration:
        return next(m for m in self.history() if m.version == version)

    def record(self, version: str, up: str, down: str = "") -> None:
        self.recordings.append(recorded_file(version, up))
        if down:
            self.recordings.append(recorded_file(version, down, back=True))

    def apply(self, session: Session, version: str) -> None:
        migration = self.one(version)
        script = parse(migration.up, session.dialect)
        self.handler.apply_one(session, migration, script, now=datetime.now(UTC))

    def roll_back(self, session: Session, version: str) -> None:
        migration = self.one(version)
        script = parse(migration.down or "", session.dialect)
        self.handler.roll_back(session, migration, script, now=datetime.now(UTC))

    def by_tool(self, session: Session, version: str) -> None:
        place = ToolPlace(
            self.root, self.folder, self.url, ("DATABASE_URL",),
            {"PATH": "/usr/bin:/bin", "PROD_DATABASE_URL": "postgresql://prod/x"}, Limits(),
        )  # fmt: skip
        self.handler.run_tool(session, self.one(version), place)

    def applied(self, session: Session) -> set[str]:
        found = self.handler.status(self.history(), self.handler.ledger(session))
        return {s.version for s in found if s.state == "applied"}


class AlembicProject(Project):
    def _lay_out(self) -> None:
        self.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
        self.write("migrations/env.py", ALEMBIC_ENV)
        for revision, down in (
            ("aaaa1111", None),
            ("bbbb2222", "aaaa1111"),
            ("cccc3333", "aaaa1111"),
        ):
            self.write(f"migrations/versions/{revision}_x.py", REVISION.format(revision, down))
        text = MERGE.format("dddd4444", ("bbbb2222", "cccc3333"))
        self.write("migrations/versions/dddd4444_x.py", text)
        self.write("migrations/versions/eeee5555_x.py", REVISION.format("eeee5555", "dddd4444"))

    def current(self) -> set[str]:
        """The revisions at which the database stands, as Alembic says it."""
        return set(re.findall(r"\b[a-e]{4}\d{4}\b", self.run("-m", "alembic", "current")))

    def record_all(self) -> None:
        for migration in self.history():
            if migration.code:
                name = migration.version
                self.record(
                    name, f"CREATE TABLE {name} (id INTEGER PRIMARY KEY);", f"DROP TABLE {name};"
                )


ENGINES: dict[str, Callable[[Path], Engine]] = {
    "postgresql": lambda _: Postgresql(),
    "mariadb": lambda _: Mysql(),
    "sqlite": lambda folder: Sqlite(folder / "locks"),
}


@pytest.mark.parametrize("product", ENGINES)
def test_alembic(product: str, tools: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(f"{product}_url")
    project = AlembicProject(tmp_path / "app", tools, ENGINES[product](tmp_path), url)
    project.record_all()
    with project.engine.connect(url, create=True) as session:
        for version, heads in (
            ("aaaa1111", {"aaaa1111"}), ("bbbb2222", {"bbbb2222"}), ("cccc3333", {"bbbb2222", "cccc3333"}),
            ("dddd4444", {"dddd4444"}), ("eeee5555", {"eeee5555"}),
        ):  # fmt: skip
            project.apply(session, version)
            if product == "postgresql" or len(heads) > 1:  # each look is a new process
                assert project.current() == heads
        assert "Running upgrade" not in project.run("-m", "alembic", "upgrade", "head")
        project.roll_back(session, "eeee5555")
        project.roll_back(session, "dddd4444")
        assert project.current() == {"bbbb2222", "cccc3333"}
        project.run("-m", "alembic", "downgrade", "aaaa1111")
        assert project.applied(session) == {"aaaa1111"}
        project.by_tool(session, "bbbb2222")
        assert (
            project.applied(session) == {"aaaa1111", "bbbb2222"} == {"aaaa1111", *project.current()}
        )
        project.run("-m", "alembic", "upgrade", "heads")
        assert project.applied(session) == {m.version for m in project.history()}
        session.write_marker(MARKER)
        project.run("-m", "alembic", "downgrade", "base")
        assert project.handler.ledger(session) == ()
        assert session.read_marker() == MARKER


def test_alembic_and_we_deploy_at_once(tools: Path, tmp_path: Path, postgresql_url: str) -> None:
    """One of the two applies each revision; what the other tried is rolled back."""
    project = AlembicProject(tmp_path / "app", tools, Postgresql(), postgresql_url)
    project.record_all()

    def ours() -> None:
        with project.engine.connect(postgresql_url) as session:
            for migration in project.history():
                if migration.version not in project.applied(session):
                    with suppress(MigrationFailed):  # Alembic was first
                        project.apply(session, migration.version)

    def theirs() -> str:
        return project.run("-m", "alembic", "upgrade", "heads", check=False)

    with ThreadPoolExecutor(1) as pool:
        alembic = pool.submit(theirs)
        ours()
        alembic.result()
    ours()
    with project.engine.connect(postgresql_url) as session:
        assert project.applied(session) == {m.version for m in project.history()}
    assert project.current() == {"eeee5555"}
    assert "Running upgrade" not in project.run("-m", "alembic", "upgrade", "head")


def test_a_url_in_the_configuration_is_replaced(tools: Path, tmp_path: Path) -> None:
    project = AlembicProject(tmp_path / "app", tools, Sqlite(tmp_path), f"sqlite:{tmp_path}/a.db")
    env = ALEMBIC_ENV.replace(
        'os.environ["DATABASE_URL"]', 'context.config.get_main_option("sqlalchemy.url")'
    )
    project.write("migrations/env.py", env)
    ini = f"[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///{tmp_path}/b.db\n"
    project.write("alembic.ini", ini)
    with project.engine.connect(project.url, create=True) as session:
        project.by_tool(session, "aaaa1111")
        assert project.applied(session) == {"aaaa1111"}
    project.write(
        "migrations/env.py", env.replace(".get_main_option(", ".file_config.defaults().get(")
    )
    project.write("alembic.ini", ini.replace("[alembic]", f"[DEFAULT]\nsqlalchemy.url = sqlite:///{tmp_path}/b.db\n[alembic]"))  # fmt: skip
    with (
        project.engine.connect(project.url) as session,
        pytest.raises(ToolFailed, match="it reached another database"),
    ):
        project.by_tool(session, "bbbb2222")


class DjangoProject(Project):
    def _lay_out(self) -> None:
        self.write(
            "manage.py",
            "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of.settings')\n"
            "from django.core.management import execute_from_command_line\n"
            "execute_from_command_line(sys.argv)\n",
        )
        self.write("site_of/__init__.py", "")
        self.write("site_of/settings.py", SETTINGS)
        self.write("shop/__init__.py", "")
        self.write("shop/migrations/__init__.py", "")
        auth = "[('auth', '0012_alter_user_first_name_max_length'), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]"
        self.write("shop/migrations/0001_x.py", DJANGO.format("A", auth))
        self.write("shop/migrations/0002_y.py", DJANGO.format("B", "[('shop', '0001_x')]"))
        self.write("shop/migrations/0003_z.py", DJANGO.format("C", "[('shop', '0002_y')]"))

    def shown(self) -> set[str]:
        """What `showmigrations` marks as applied, of the project's own app."""
        said = self.run("manage.py", "showmigrations", "--plan", "shop")
        return set(re.findall(r"\[X\]\s+(shop\.\w+)", said))


@pytest.mark.parametrize("product", ["postgresql", "sqlite"])
def test_django(product: str, tools: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(f"{product}_url")
    project = DjangoProject(tmp_path / "app", tools, ENGINES[product](tmp_path), url)
    for letter, version in (("b", "shop.0002_y"), ("c", "shop.0003_z")):
        key = "bigint PRIMARY KEY" if product == "postgresql" else "integer PRIMARY KEY"
        project.record(
            version, f"CREATE TABLE shop_{letter} (id {key});", f"DROP TABLE shop_{letter};"
        )
    with project.engine.connect(url, create=True) as session:
        project.by_tool(session, "shop.0001_x")
        assert project.applied(session) == project.shown() == {"shop.0001_x"}
        (note,) = project.handler.notes(session, project.history(), project.handler.ledger(session))
        assert note.message.endswith(": auth, contenttypes")
        project.apply(session, "shop.0002_y")
        assert project.applied(session) == project.shown() == {"shop.0001_x", "shop.0002_y"}
        project.apply(session, "shop.0003_z")
        assert "No migrations to apply" in project.run("manage.py", "migrate")
        project.run("manage.py", "migrate", "--check")
        project.roll_back(session, "shop.0003_z")
        assert project.applied(session) == project.shown() == {"shop.0001_x", "shop.0002_y"}
        session.write_marker(MARKER)
        project.run("manage.py", "migrate")
        assert project.applied(session) == {m.version for m in project.history()}
        project.run("manage.py", "migrate", "shop", "zero")
        assert project.applied(session) == set()
        assert session.read_marker() == MARKER
