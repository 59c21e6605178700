"""The script for the server's own client leaves what we would have left, ledger included."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import handler_for
from faber_db.model.migration import Migration, MigrationState, SourceFile, recorded_file
from faber_db.services.ports import Engine, Handler
from faber_db.sql.script import parse
from tests import own_clients

NAME = "20261101000000_o'clock"  # quoted, or it ends a string
UP = "CREATE TABLE t (a text DEFAULT 'x;''y'); -- no end"
DOWN = "DROP TABLE t"
ALONE = {
    "sqlite": f"{UP}\n;\nVACUUM;\n",
    "postgresql": f"{UP}\n;\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n",
}


PROGRAMS = {"typeorm": "1795424400000-A.js", "sequelize": f"{NAME}.js", "knex": f"{NAME}.ts"}
NATIVES = ("dbmate", "golang-migrate", "drizzle")
TIMELESS = {"typeorm", "sequelize", *NATIVES}  # no time either
BLIND = {"goose", "flyway", "yoyo", "dbmate", "golang-migrate", *PROGRAMS}  # no SHA-256 there


def files(handler: str, up: str) -> list[SourceFile]:
    if handler == "goose":
        text = f"-- +goose Up\n{up}\n-- +goose Down\n{DOWN};\n"
        return [SourceFile(f"{NAME}.sql", text.encode())]
    if handler == "dbmate":
        text = f"-- migrate:up\n{up}\n-- migrate:down\n{DOWN};\n"
        return [SourceFile(f"{NAME}.sql", text.encode())]
    if handler == "drizzle":
        return [
            *handler_for(handler).generate("o'clock", up, DOWN, now=datetime.now(UTC), existing=())
        ]
    if handler in PROGRAMS:
        version = PROGRAMS[handler].rpartition(".")[0]
        program = SourceFile(PROGRAMS[handler], b"class A1795424400000 {}")
        return [program, recorded_file(version, up), recorded_file(version, DOWN, back=True)]
    paths = {
        "sql": (f"{NAME}.up.sql", f"{NAME}.down.sql"),
        "golang-migrate": (f"{NAME}.up.sql", f"{NAME}.down.sql"),
        "prisma": (f"{NAME}/migration.sql", f"{NAME}/down.sql"),
        "flyway": ("V1__o'clock.sql", "U1__o'clock.sql"),
        "yoyo": (f"{NAME}.sql", f"{NAME}.rollback.sql"),
    }[handler]
    return [SourceFile(path, text.encode()) for path, text in zip(paths, (up, DOWN), strict=True)]


def client(engine: str, url: str, script: str, tmp_path: Path) -> None:
    file = tmp_path / "script.sql"
    file.write_text(script, "utf-8")
    program = own_clients.psql() if engine == "postgresql" else own_clients.sqlite3()
    words = {
        "sqlite": ["-bail", url],
        "postgresql": ["-X", "-v", "ON_ERROR_STOP=1", "-f", str(file), url],
    }[engine]
    with file.open() as stream:
        done = subprocess.run(
            [program, *words], stdin=stream, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr


def state(engine: Engine, handler: Handler, url: str, history: tuple[Migration, ...]) -> str:
    with engine.connect(url) as session:
        (found,) = handler.status(history, handler.ledger(session))
    return found.state.value


@pytest.mark.parametrize("whole", [True, False], ids=["in one transaction", "one by one"])
@pytest.mark.parametrize("name", ["sql", "prisma", "goose", "flyway", "yoyo", *NATIVES, *PROGRAMS])
@pytest.mark.parametrize("product", ["sqlite", "postgresql"])
def test_the_clients_own_run_stands_in_the_ledger(
    product: str, name: str, whole: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    engine: Engine
    if product == "sqlite":
        engine, url = Sqlite(tmp_path / "locks"), str(tmp_path / "a.db")
        (tmp_path / "a.db").touch()
    else:
        engine, url = Postgresql(), request.getfixturevalue("postgresql_url")
    handler = handler_for(name)
    history = handler.parse(files(name, UP if whole else ALONE[product]))
    (migration,) = history
    dialect = engine.dialect
    up = handler.by_hand(dialect, migration, parse(migration.up, dialect), back=False)
    assert ("BEGIN" in up) is whole
    client(product, url, up, tmp_path)
    assert state(engine, handler, url, history) == MigrationState.APPLIED
    with engine.connect(url) as session:
        (row,) = handler.ledger(session)
        assert (row.sha256, row.finished) == (None if name in BLIND else migration.sha256, True)
        if name not in TIMELESS:
            assert row.applied_at is not None
            assert abs(row.applied_at - session.now()).total_seconds() < 60
        assert session.catalogue(leave_out=handler.ledger_tables).fingerprint()
    down = handler.by_hand(dialect, migration, parse(migration.down or "", dialect), back=True)
    client(product, url, down, tmp_path)
    assert state(engine, handler, url, history) in (
        MigrationState.PENDING,
        MigrationState.ROLLED_BACK,
    )


def test_a_script_that_fails_leaves_no_row(tmp_path: Path) -> None:
    handler, engine = handler_for("sql"), Sqlite(tmp_path / "locks")
    (migration,) = handler.parse(files("sql", f"{UP}\n;\nINSERT INTO nowhere VALUES (1);\n"))
    text = handler.by_hand(
        engine.dialect, migration, parse(migration.up, engine.dialect), back=False
    )
    url = str(tmp_path / "a.db")
    with pytest.raises(AssertionError, match="nowhere"):
        client("sqlite", url, text, tmp_path)
    assert state(engine, handler, url, (migration,)) == MigrationState.PENDING
