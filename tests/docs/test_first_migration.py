"""Every command of docs/first-migration.md, from the first to a released change."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.docs.walkthrough import Reader, sections

SECTIONS = sections(Path(__file__).parents[2] / "docs" / "first-migration.md")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def _columns(file: Path, table: str) -> list[str]:
    database = sqlite3.connect(file)
    try:
        return [str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")]
    finally:
        database.close()


def test_from_an_empty_folder(reader: Reader) -> None:
    said = [reader.copy(block) for block in SECTIONS["From an empty folder"]]
    assert _columns(reader.start / "shop" / "production.db", "customers") == ["id", "email"]
    assert "up to date" in said[-1]
    assert "good" in said[-1]
    assert "WHOLE" in said[-1]


def test_from_a_prisma_project(reader: Reader) -> None:
    _prisma_project(reader)
    said = [reader.copy(block) for block in SECTIONS["From a Prisma project"]]
    assert _columns(reader.start / "production.db", "User") == ["id", "email", "nickname"]
    assert "up to date   2 applied" in said[-1]


def _prisma_project(reader: Reader) -> None:
    """A project with one migration that dev and production have."""
    root = reader.start
    folder = root / "prisma" / "migrations"
    (folder / "20261001090000_init").mkdir(parents=True)
    (folder / "migration_lock.toml").write_text('provider = "sqlite"\n', "utf-8")
    (folder / "20261001090000_init" / "migration.sql").write_text(
        'CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY, "email" TEXT NOT NULL);\n', "utf-8"
    )
    (root / "prisma" / "schema.prisma").write_text(
        'datasource db {\n  provider = "sqlite"\n  url = env("DATABASE_URL")\n}\n', "utf-8"
    )
    (root / ".env").write_text(
        f"DATABASE_URL=file:{root / 'dev.db'}\nPROD_DATABASE_URL=file:{root / 'production.db'}\n",
        "utf-8",
    )
    reader.copy("set -a; . ./.env; set +a\nfaber-db init\nfaber-db build\n")
    shutil.copy(root / "dev.db", root / "production.db")
    (root / "faber-db.json").unlink()
