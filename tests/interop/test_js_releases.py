"""JavaScript in a protected environment: recorded, signed, run as SQL, and accepted by the real tool."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.adapters.handlers.js_program import node_url
from faber_db.model.dialect import Dialect
from tests.e2e.project import Project
from tests.interop.js_projects import CONFIGURATION, MIGRATE, NOTHING_TO_DO, node, packages

__all__ = ["packages"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node"),
]

MIGRATIONS = {  # as people write them: with the tool's own calls, in a transaction of their own or not
    "typeorm": {
        "1763888400000-People.js": """
const { Table, TableIndex } = require("typeorm");
module.exports = class People1763888400000 {
  async up(queryRunner) {
    await queryRunner.createTable(new Table({ name: "people", columns: [
      { name: "id", type: "serial", isPrimary: true }, { name: "name", type: "text" } ] }));
    await queryRunner.createIndex("people", new TableIndex({ name: "people_name", columnNames: ["name"] }));
    await queryRunner.query("INSERT INTO people (name) VALUES ($1)", ["O'Brien"]);
  }
  async down(queryRunner) { await queryRunner.dropTable("people"); }
};
"""
    },
    "sequelize": {
        "20251123090000-people.js": """
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.sequelize.transaction(async (transaction) => {
      await queryInterface.createTable("people", {
        id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
        name: { type: Sequelize.TEXT, allowNull: false } }, { transaction });
      await queryInterface.addIndex("people", ["name"], { name: "people_name", transaction });
      await queryInterface.bulkInsert("people", [{ name: "O'Brien" }], { transaction });
    });
  },
  async down(queryInterface) { await queryInterface.dropTable("people"); },
};
"""
    },
    "knex": {
        "20251123090000_people.js": """
exports.up = async (knex) => {
  await knex.schema.createTable("people", (table) => {
    table.increments();
    table.text("name").notNullable().index("people_name");
  });
  await knex("people").insert({ name: "O'Brien" });
};
exports.down = (knex) => knex.schema.dropTable("people");
"""
    },
}
READS = """
module.exports = class Reads1763888500000 {
  async up(queryRunner) {
    for (const row of await queryRunner.query("SELECT id, name FROM people"))
      await queryRunner.query("UPDATE people SET name = $1 WHERE id = $2", [row.name + "!", row.id]);
  }
  async down() {}
};
"""
PRODUCT = {"typeorm": "postgres", "sequelize": "postgres", "knex": "pg"}


@pytest.fixture(params=MIGRATIONS)
def tool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop(tool: str, tmp_path: Path, new_postgresql: Callable[..., str], packages: Path) -> Project:
    root = tmp_path / "app"
    (root / "migrations").mkdir(parents=True)
    (root / "package.json").write_text("{}")
    (root / "node_modules").symlink_to(packages / "node_modules")
    file, text = CONFIGURATION[tool]
    (root / file).parent.mkdir(exist_ok=True)
    (root / file).write_text(text % PRODUCT[tool])
    for name, program in MIGRATIONS[tool].items():
        (root / "migrations" / name).write_text(program)
    url = new_postgresql()
    settings = {"environments": {"production": {"url": "env:DATABASE_URL"}}}
    (root / "faber-db.json").write_text(json.dumps(settings))
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))}
    environ |= {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_COLOR": "1",
        "DATABASE_URL": url,
    }
    return Project(root, environ, {"production": url})


def test_a_release(tool: str, shop: Project) -> None:
    shop.protect()
    plan = shop.plan("release", "production")
    (name,) = MIGRATIONS[tool]
    assert f"recorded from {name} (SHA-256 " in shop.run("plan", "show", plan, "--sql").stdout
    done = shop.sign(plan, deploy=True)
    assert done.exit_code == 0, done.screen
    assert shop.rows("production", "SELECT id, name FROM people") == [(1, "O'Brien")]
    assert shop.rows(
        "production", "SELECT indexname FROM pg_indexes WHERE indexname = 'people_name'"
    )
    url = node_url(shop.urls["production"], Dialect.POSTGRESQL)
    nothing = node(shop.root, url, *MIGRATE[tool])
    assert NOTHING_TO_DO[tool] in nothing.stdout, nothing.stdout + nothing.stderr
    code, answer = shop.exits("drift", "production")
    assert (code, answer["details"]["differences"]) == (0, []), answer

    plan = shop.plan("rollback", "production")
    shown = shop.run("plan", "show", plan, "--sql").stdout
    assert f"recorded from {name} (SHA-256 " in shown
    assert "DROP TABLE" in shown.upper()
    done = shop.sign(plan, loses=("people",), deploy=True)
    assert done.exit_code == 0, done.screen
    code, answer = shop.exits("status", "production")
    assert answer["details"]["environments"][0]["counts"] == {"pending": 1}, answer
    code, answer = shop.exits("drift", "production")
    assert (code, answer["details"]["differences"]) == (0, []), answer


@pytest.mark.parametrize("tool", ["typeorm"], indirect=True)
def test_a_program_that_reads_data_to_decide(shop: Project) -> None:
    (shop.root / "migrations" / "1763888500000-Reads.js").write_text(READS)
    shop.protect()
    code, answer = shop.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "migration-not-reproducible"), answer
    assert "reads people" in answer["errors"][0]["message"]
