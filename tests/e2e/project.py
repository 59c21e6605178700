"""A project in a folder of its own, driven by the real command line and a pseudo-terminal."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from faber_db.adapters.engines.mysql import address
from faber_db.demo.pseudo_terminal import Finished, Typed, run_on_terminal

APPROVER = "ada"
PASSPHRASE = "a passphrase of the tests"
SHOP = Path(__file__).parents[2] / "examples" / "shop"


@dataclass(frozen=True)
class Project:
    """A copy of the shop with its own state and keys."""

    root: Path
    environ: dict[str, str]
    urls: Mapping[str, str] = field(default_factory=dict)  # of servers; empty for SQLite files

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
        return self.exits(*words)[1]

    def exits(self, *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the answer of one command."""
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, answer

    def plan(self, *words: str) -> str:
        """The id of the plan that a command makes, which has to wait for a signature."""
        answer = self.json(*words)
        assert answer["details"]["state"] == "approval_required", answer
        return str(answer["details"]["plan_id"])

    def release(self, *, loses: tuple[str, ...] = ()) -> Finished:
        """Release to production, signed."""
        done = self.sign(self.plan("release", "production"), loses=loses, deploy=True)
        assert done.exit_code == 0, done.screen
        return done

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

    def configure(self, environment: str = "", **settings: object) -> None:
        """Set keys of an environment, or of the top level, in `faber-db.json`."""
        file = self.root / "faber-db.json"
        whole = json.loads(file.read_text("utf-8"))
        (whole["environments"][environment] if environment else whole).update(settings)
        file.write_text(json.dumps(whole), "utf-8")

    def rows(self, environment: str, sql: str) -> list[tuple[Any, ...]]:
        """What the application sees: by a connection of its own, not by ours."""
        if self.is_mysql:
            with _mysql(self.urls[environment]) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        if self.urls:
            with psycopg.connect(self.urls[environment], autocommit=True) as postgresql:
                return postgresql.execute(sql.encode()).fetchall()
        database = sqlite3.connect(self.root / f"{environment}.db")
        try:
            found: list[tuple[Any, ...]] = database.execute(sql).fetchall()
            return found
        finally:
            database.close()

    def write(self, environment: str, sql: str) -> None:
        if self.is_mysql:
            with _mysql(self.urls[environment]) as connection, connection.cursor() as cursor:
                for statement in filter(str.strip, sql.split(";")):
                    cursor.execute(statement)
            return
        if self.urls:
            with psycopg.connect(self.urls[environment]) as postgresql:
                postgresql.execute(sql.encode())
            return
        database = sqlite3.connect(self.root / f"{environment}.db")
        with database:
            database.executescript(sql)
        database.close()

    def columns(self, environment: str, table: str) -> list[str]:
        """Names of the columns of a table, in order; none where it is not there."""
        sql = f"SELECT name FROM pragma_table_info('{table}')"
        if self.urls:
            schema = "database()" if self.is_mysql else "'public'"
            sql = (
                f"SELECT column_name FROM information_schema.columns WHERE table_schema = {schema}"
                f" AND table_name = '{table}' ORDER BY ordinal_position"
            )
        return [str(name) for (name,) in self.rows(environment, sql)]

    @property
    def is_mysql(self) -> bool:
        return any(url.startswith("mysql") for url in self.urls.values())

    @property
    def state_file(self) -> Path:
        return next((self.root.parent / "state").glob("faber-db/*/state.sqlite3"))


def _mysql(url: str) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
    at = address.parse(url)
    return pymysql.connect(
        unix_socket=at.socket or None,
        host=at.host or "localhost",
        port=at.port,
        user=at.user,
        password=at.password,
        database=at.database,
        autocommit=True,
    )


def new_project(folder: Path, urls: Mapping[str, str] | None = None) -> Project:
    """A copy of the shop below `folder`; production exists and is empty.

    With `urls` (by environment) its databases are on a server, and the configuration names
    variables; else they are SQLite files.
    """
    root = folder / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SHOP, root)
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))}
    environ |= {
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "NO_COLOR": "1",
    }
    if urls is None:
        (root / "production.db").touch()
        return Project(root, environ)
    environ |= {f"SHOP_{name.upper()}_URL": url for name, url in urls.items()}
    environments = {name: {"url": f"env:SHOP_{name.upper()}_URL"} for name in urls}
    (root / "faber-db.json").write_text(json.dumps({"environments": environments}), "utf-8")
    return Project(root, environ, urls)


def release_first(project: Project) -> None:
    """Protect production, release the first migration there, and let a customer come."""
    project.protect()
    plan = project.json("release")["details"]["plan_id"]
    done = project.sign(plan, deploy=True)
    assert done.exit_code == 0, done.screen
    project.write(
        "production",
        "INSERT INTO customers (id, email, name, legacy_token) VALUES (1, 'a@b', 'A', 't');"
        "INSERT INTO orders (id, customer_id, placed_at, total_cents)"
        " VALUES (1, 1, '2026-01-01', 5);",
    )
