"""A history of three hundred migrations, deployed by us and by the real Prisma CLI: one and the same."""

import re
from collections.abc import Callable
from pathlib import Path

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.model.dialect import Dialect
from faber_db.model.migration import SourceFile
from faber_db.services.ports import Session
from tests.interop.generated_history import generated
from tests.interop.test_prisma import HANDLER, LIMITS, Project, cli, pytestmark

__all__ = ["cli", "pytestmark"]
COUNT = 300


def test_a_long_history_is_deployed_from_nothing(
    new_postgresql: Callable[..., str], tmp_path: Path, cli: Path
) -> None:
    ours, theirs = (project(tmp_path / name, cli, new_postgresql()) for name in ("ours", "theirs"))
    with ours.engine.connect(ours.url, limits=LIMITS) as session:
        for migration in ours.history():
            ours.apply(session, migration)
    status = ours.prisma("status")
    assert "Database schema is up to date" in status.stdout, status.stdout + status.stderr
    deploy = ours.prisma("deploy")
    assert "No pending migrations to apply" in deploy.stdout, deploy.stdout + deploy.stderr
    deployed = theirs.prisma("deploy")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    with (
        ours.engine.connect(ours.url) as one,
        theirs.engine.connect(theirs.url) as other,
    ):
        assert shape(one) == shape(other)
        assert [r.sha256 for r in HANDLER.ledger(one)] == [r.sha256 for r in HANDLER.ledger(other)]
        assert {s.state.value for s in HANDLER.status(theirs.history(), HANDLER.ledger(other))} == {
            "applied"
        }


def project(root: Path, cli: Path, url: str) -> Project:
    root.mkdir()
    found = Project(root, cli, Postgresql(), url)
    for name, sql in generated(COUNT, Dialect.POSTGRESQL):
        found.write(found.folder, SourceFile(f"{name}/migration.sql", sql.encode()))
    assert len(found.history()) == COUNT
    return found


def shape(session: Session) -> str:
    return session.catalogue(leave_out=HANDLER.ledger_tables).fingerprint()


def test_the_history_is_the_same_each_time_and_has_everything() -> None:
    scripts = [sql for _, sql in generated(COUNT, Dialect.POSTGRESQL)]
    assert scripts == [sql for _, sql in generated(COUNT, Dialect.POSTGRESQL)]
    for word in ("CREATE TABLE", "ADD COLUMN", "INDEX", "AS ENUM", "ADD VALUE", "FOREIGN KEY"):
        assert any(re.search(word, sql) for sql in scripts), word
