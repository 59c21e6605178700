"""Programs in a protected environment: recorded, signed, run as SQL, and accepted by the real tool."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.adapters.handlers.python_project import library_url
from tests.e2e.project import Project

_CACHE = Path(__file__).parents[2] / ".cache"
PYPI = ("alembic==1.20.1", "psycopg[binary]>=3.2,<4")
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
engine = create_engine(os.environ["APP_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_FIRST = """
import sqlalchemy as sa
from alembic import op
revision = "aaaa1111"
down_revision = None
def upgrade():
    people = op.create_table(
        "people", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now()))
    op.bulk_insert(people, [{"name": "O'Brien"}, {"name": "tab\\tand \\\\ and 100%"}])
"""
_SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "bbbb2222"
down_revision = "aaaa1111"
def upgrade():
    op.add_column("people", sa.Column("mail", sa.String(80)))
    with op.get_context().autocommit_block():
        op.create_index("people_mail", "people", ["mail"], postgresql_concurrently=True)
def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("people_mail", "people", postgresql_concurrently=True)
    op.drop_column("people", "mail")
"""
_READS = """
import sqlalchemy as sa
from alembic import op
revision = "cccc3333"
down_revision = "bbbb2222"
def upgrade():
    for row in op.get_bind().execute(sa.text("SELECT id, name FROM people")).all():
        op.execute(sa.text("UPDATE people SET mail = :n WHERE id = :i").bindparams(n=row.name, i=row.id))
"""


@pytest.fixture(scope="session")
def alembic() -> Path:
    """A virtual environment with the real Alembic."""
    folder = _CACHE / "pypi-alembic"
    if not (folder / "bin" / "alembic").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        done = subprocess.run(
            [folder / "bin" / "pip", "install", "-q", *PYPI], capture_output=True, check=False
        )
        if done.returncode != 0 and not os.environ.get("CI"):
            pytest.skip("Alembic cannot be installed here")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def shop(tmp_path: Path, new_postgresql: Callable[..., str], alembic: Path) -> Project:
    root = tmp_path / "app"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / ".venv").symlink_to(alembic)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (root / "migrations" / "env.py").write_text(ENV)
    url, dev = new_postgresql(), new_postgresql()
    settings = {
        "environments": {
            "dev": {"url": "env:DEV_DATABASE_URL"},
            "production": {"url": "env:APP_DATABASE_URL"},
        }
    }
    (root / "faber-db.json").write_text(json.dumps(settings))
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))}
    environ |= {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_COLOR": "1",
        "APP_DATABASE_URL": url,
        "DEV_DATABASE_URL": dev,
    }
    return Project(root, environ, {"production": url, "dev": dev})


def _write(shop: Project, name: str, text: str) -> None:
    (shop.root / "migrations" / "versions" / f"{name}.py").write_text(text)


def _alembic(shop: Project, *words: str) -> str:
    done = subprocess.run(
        [shop.root / ".venv" / "bin" / "alembic", *words],
        cwd=shop.root,
        env=shop.environ | {"APP_DATABASE_URL": library_url(shop.urls["production"])},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
def test_alembic(shop: Project) -> None:
    _write(shop, "aaaa1111_first", _FIRST)
    _write(shop, "bbbb2222_second", _SECOND)
    shop.protect()
    plan = shop.plan("release", "production")
    shown = shop.run("plan", "show", plan, "--sql").stdout
    assert "recorded from versions/aaaa1111_first.py (SHA-256 " in shown
    done = shop.sign(plan, deploy=True)
    assert done.exit_code == 0, done.screen
    assert "Recorded" in done.screen
    assert _alembic(shop, "current").split() == ["bbbb2222", "(head)"]
    assert "No new upgrade operations" not in _alembic(shop, "upgrade", "head")
    assert shop.rows("production", "SELECT name FROM people ORDER BY id") == [
        ("O'Brien",),
        ("tab\tand \\ and 100%",),
    ]
    assert shop.rows("production", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'people_mail'::regclass") == [(True,)]  # fmt: skip
    code, answer = shop.exits("drift", "production")
    assert (code, answer["details"]["differences"]) == (0, []), answer

    plan = shop.plan("rollback", "production")
    shown = shop.run("plan", "show", plan, "--sql").stdout
    assert "DROP INDEX CONCURRENTLY people_mail;" in shown
    assert shown.count("recorded from versions/bbbb2222_second.py (SHA-256 ") >= 1
    done = shop.sign(plan, loses=("people.mail",), deploy=True)
    assert done.exit_code == 0, done.screen
    assert _alembic(shop, "current").split() == ["aaaa1111"]
    code, answer = shop.exits("drift", "production")
    assert (code, answer["details"]["differences"]) == (0, []), answer

    _write(shop, "cccc3333_reads", _READS)
    code, answer = shop.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "migration-not-reproducible"), answer
    assert "reads people" in answer["errors"][0]["message"]
    assert shop.rows("production", "SELECT version_num FROM alembic_version") == [("aaaa1111",)]

    code, answer = shop.exits("build", "dev")  # open: Alembic itself applies all three
    assert code == 0, answer
    found = {f["code"] for f in answer["details"]["findings"]}
    assert "program-not-recorded" in found
    assert answer["details"]["applied"] == ["aaaa1111", "bbbb2222", "cccc3333"]
    assert shop.rows("dev", "SELECT count(*) FROM people WHERE mail = name") == [(2,)]
