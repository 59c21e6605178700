"""Projects of TypeORM, Sequelize and Knex for tests: the pinned packages, how they find a database."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.interop.npm_packages import installed

REPOSITORY = Path(__file__).parents[2]
PACKAGES = REPOSITORY / ".cache" / "npm-js"
PINNED = [  # the drivers are plain JavaScript: nothing is built
    "typeorm@1.1.1",
    "sequelize@6.37.8",
    "sequelize-cli@6.6.5",
    "knex@3.3.0",
    "pg@8.23.1",
    "mysql2@3.24.6",
    "reflect-metadata@0.2.2",
    "ts-node@10.9.2",
    "typescript@5.9.3",
    "@types/node@22.10.0",
]
WHERE = """\
const url = new URL(process.env.DATABASE_URL);
const where = {
  host: url.searchParams.get("host") || url.hostname, port: Number(url.port) || undefined,
  user: url.username, username: url.username, password: url.password,
  database: url.pathname.slice(1), socketPath: url.searchParams.get("socketPath") || undefined,
};
"""
CONFIGURATION = {
    "typeorm": (
        "data-source.js",
        'const { DataSource } = require("typeorm");\n' + WHERE + "module.exports = new DataSource({"
        ' type: "%s", ...where, extra: { socketPath: where.socketPath },'
        ' migrations: [__dirname + "/migrations/*.{js,ts}"] });\n',
    ),
    "sequelize": (
        "config/config.js",
        WHERE + 'module.exports = { development: { dialect: "%s", logging: false, ...where,'
        " dialectOptions: where.socketPath ? { socketPath: where.socketPath } : {} } };\n",
    ),
    "knex": (
        "knexfile.js",
        WHERE + 'module.exports = { client: "%s", connection: where, pool: { min: 0, max: 2 } };\n',
    ),
}
MIGRATE = {
    "typeorm": ["typeorm/cli.js", "migration:run", "-d", "data-source.js"],
    "sequelize": ["sequelize-cli/lib/sequelize", "db:migrate"],
    "knex": ["knex/bin/cli.js", "migrate:latest"],
}
NOTHING_TO_DO = {
    "typeorm": "No migrations are pending",
    "sequelize": "schema was already up to date",
    "knex": "Already up to date",
}


@pytest.fixture(scope="session")
def packages() -> Path:
    """The tools, installed once into the cache folder of the repository."""
    return installed("js", PINNED)


def node(root: Path, url: str, entry: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the packages in a project, told one database."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "DATABASE_URL": url}
    command = ["node", str(PACKAGES / "node_modules" / entry), *words]
    return subprocess.run(
        command, cwd=root, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
