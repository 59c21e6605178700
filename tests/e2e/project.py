"""A project in a folder of its own, driven by the real command line and a pseudo-terminal."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faber_db.demo.pseudo_terminal import Finished, Typed, run_on_terminal

APPROVER = "ada"
PASSPHRASE = "a passphrase of the tests"
SHOP = Path(__file__).parents[2] / "examples" / "shop"


@dataclass(frozen=True)
class Project:
    """A copy of the shop with its own state and keys."""

    root: Path
    environ: dict[str, str]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "faber_db", *words]

    def run(
        self, *words: str, stdin: str | None = None, environ: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """One command without a controlling terminal, as an agent's shell runs it."""
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.environ | (environ or {}),
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            start_new_session=True,
        )

    def json(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def at_terminal(self, *words: str, answers: list[Typed]) -> Finished:
        return run_on_terminal(
            self.command(*words), answers, cwd=self.root, environ=self.environ, seconds=120
        )

    def protect(self, environment: str = "production") -> None:
        done = self.at_terminal(
            "protect",
            environment,
            "--as",
            APPROVER,
            answers=[Typed("New passphrase", PASSPHRASE), Typed("Once more", PASSPHRASE)],
        )
        assert done.exit_code == 0, done.screen

    def sign(self, plan_id: str, *, loses: tuple[str, ...] = (), deploy: bool = False) -> Finished:
        """Approve a plan as its approver would; `loses` is typed where it is asked for."""
        answers = [
            Typed("[q] leave: ", ""),
            *(Typed(f"Type {name} to go on: ", name) for name in loses[:3]),
            Typed(f"Passphrase for {APPROVER}: ", PASSPHRASE),
        ]
        words = ["approve", plan_id]
        if deploy:
            words.append("--deploy")
        else:
            answers.append(Typed("[q] leave it: ", "q"))
        return self.at_terminal(*words, answers=answers)

    def add_migration(self, name: str, up: str, down: str = "SELECT 1;\n") -> None:
        folder = self.root / "migrations"
        (folder / f"{name}.up.sql").write_text(up, "utf-8")
        (folder / f"{name}.down.sql").write_text(down, "utf-8")

    def rows(self, environment: str, sql: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(self.root / f"{environment}.db")
        try:
            found: list[tuple[Any, ...]] = database.execute(sql).fetchall()
            return found
        finally:
            database.close()

    def write(self, environment: str, sql: str) -> None:
        database = sqlite3.connect(self.root / f"{environment}.db")
        with database:
            database.executescript(sql)
        database.close()

    @property
    def state_file(self) -> Path:
        return next((self.root.parent / "state").glob("faber-db/*/state.sqlite3"))


def new_project(folder: Path) -> Project:
    """A copy of the shop below `folder`; production exists and is empty."""
    root = folder / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SHOP, root)
    (root / "production.db").touch()
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))}
    environ |= {
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "NO_COLOR": "1",
    }
    return Project(root, environ)


def release_first(project: Project) -> None:
    """Protect production, release the first migration there, and let a customer come."""
    project.protect()
    plan = project.json("release")["details"]["plan_id"]
    done = project.sign(plan, deploy=True)
    assert done.exit_code == 0, done.screen
    project.write(
        "production",
        "INSERT INTO customers (id, email, name, legacy_token) VALUES (1, 'a@b', 'A', 't');"
        "INSERT INTO orders (customer_id, placed_at, total_cents) VALUES (1, '2026-01-01', 5);",
    )
