"""The real Claude Code reads what `init --client claude` writes, and asks or refuses accordingly.

The model is a script (`scripted_model.py`), so nothing is sent anywhere and no login is needed.
"""

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from faber_db.adapters.handlers import detect_handler, handler_for
from faber_db.services import init
from tests.interop.scripted_model import scripted_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm"),
    pytest.mark.skipif(platform.system() != "Linux", reason="was tried on Linux only"),
]

PACKAGES = Path(__file__).parents[2] / ".cache" / "npm-claude-code"
PINNED = "@anthropic-ai/claude-code@2.1.197"
REFUSED = {
    "npx prisma migrate reset --force": "asks",
    "pnpm exec prisma migrate reset": "asks",
    "true && npx prisma migrate reset": "asks",
    "npx prisma db push --skip-generate --force-reset": "asks",
    "npx prisma db push --accept-data-loss": "asks",
    "npx drizzle-kit push --config x.ts --force": "asks",
    "npx supabase db reset --linked": "asks",
    "alembic downgrade base": "asks",
    "poetry run alembic -c db.ini downgrade base": "asks",
    "bin/rails db:drop": "asks",
    "RAILS_ENV=production bundle exec rake db:reset": "asks",
    "npx knex migrate:rollback --env production --all": "asks",
    "npx sequelize-cli db:drop": "asks",
    "npx typeorm -d x.js schema:drop": "asks",
    "flyway -url=jdbc:x clean": "asks",
    "dropdb shop": "asks",
    "psql -h db-prod-1 -c 'select 1'": "denied",
    "echo a; psql postgres://u@db-prod-1/shop": "denied",
    "PGPASSWORD=x pg_restore -h db-prod-1 -d shop dump": "denied",
    "mysql -h db-prod-1 shop": "denied",
}
RUN = (
    "npx prisma migrate status",
    "flyway -cleanDisabled=true migrate",
    "psql -h localhost shop",
    "alembic upgrade head",
)
PROGRAMS = [
    "npx",
    "pnpm",
    "alembic",
    "poetry",
    "bundle",
    "flyway",
    "dropdb",
    "psql",
    "pg_restore",
    "mysql",
]
WORDS = {"asks": "requested permissions", "denied": "has been denied"}


@pytest.fixture(scope="session")
def claude() -> Path:
    """The client, installed once into the cache folder of the repository; its scripts do not run.

    So it is the program of the package for this platform, which they would link to.
    """
    packages = PACKAGES / "node_modules" / "@anthropic-ai"
    if not packages.exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        (PACKAGES / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", PINNED]
        done = subprocess.run(command, cwd=PACKAGES, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"npm install failed: {done.stderr[-500:]}")
            pytest.skip("the pinned npm package cannot be installed here")
    return next(packages.glob("claude-code-linux-*/claude"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose settings allow every command, with our rules added; programs only say so."""
    root = tmp_path / "shop"
    (root / ".claude").mkdir(parents=True)
    (root / ".claude" / "settings.json").write_text('{"permissions": {"allow": ["Bash(*)"]}}')
    (root / "faber-db.json").write_text(
        json.dumps({"environments": {"production": {"url": "env:PROD_URL"}}})
    )
    init.run(
        init.Request(client="claude"),
        root,
        environ={"PROD_URL": "postgresql://shop:geheim@db-prod-1/shop"},
        detect=detect_handler,
        handler_for=handler_for,
    )
    for name in (*PROGRAMS, "rails"):
        program = (root / "bin" if name == "rails" else tmp_path / "programs") / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {name} ran\n")
        program.chmod(0o755)
    trusted = {"projects": {str(root): {"hasTrustDialogAccepted": True}}}
    (tmp_path / ".claude.json").write_text(json.dumps(trusted))
    return root


def environ(project: Path, url: str = "http://127.0.0.1:1") -> dict[str, str]:
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    return {
        "HOME": str(project.parent),
        "PATH": f"{project.parent / 'programs'}:/usr/bin:/bin:{node}",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }


def test_it_asks_and_refuses_although_everything_is_allowed(claude: Path, project: Path) -> None:
    commands = (*REFUSED, *RUN)
    with scripted_model(commands) as script:
        done = subprocess.run(
            [str(claude), "-p", "go", "--permission-mode", "default"],
            cwd=project,
            env=environ(project, script.url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert len(script.answers) == len(commands), done.stdout + done.stderr
    told = dict(zip(commands, script.answers, strict=True))
    for command, how in REFUSED.items():
        assert WORDS[how] in told[command], (command, told[command])
        assert " ran" not in told[command]
    for command in RUN:
        assert " ran" in told[command], (command, told[command])


def test_it_knows_the_server(claude: Path, project: Path) -> None:
    done = subprocess.run(
        [str(claude), "mcp", "list"],
        cwd=project,
        env=environ(project),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "faber-db: faber-db serve" in done.stdout, done.stdout + done.stderr
