"""A program's way back is recorded when it is wanted; the roll-back runs that SQL, or says why not."""

import sqlite3
from pathlib import Path

import pytest

from faber_db.errors import MigrationIrreversible
from faber_db.model.migration import Migration
from faber_db.services import rollback
from faber_db.services.rollback import RollbackRequest
from faber_db.services.undone import taken_back
from tests.alembic_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "shop")
    made.configure("dev", shadow="auto")
    made.add("aaa")
    file = made.add("bbb", "aaa")
    file.write_text(file.read_text() + "def downgrade(): op.drop_table('bbb')\n")
    made.install()
    assert made.build() == (["aaa", "bbb"], "", "")
    return made


def test_the_recording_is_run_and_why_there_is_none_is_told(project: Project) -> None:
    app = project.app()
    planned = rollback.run(RollbackRequest(environment="dev", dry_run=True), app).details
    shown = app.executor.show(planned.plan_id).sql
    assert "recorded from versions/bbb.py" in shown
    assert "DROP TABLE made_by_bbb;" in shown
    assert any(words.startswith("way back: leads back") for words in planned.checked)
    done = rollback.run(RollbackRequest(environment="dev", plan_id=planned.plan_id), app)
    assert done.details.applied == ["bbb"]
    assert project.states() == ["applied", "pending"]
    with sqlite3.connect(project.database) as database:
        tables = database.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'made%'")
        assert tables.fetchall() == [("made_by_aaa",)]
        database.execute("INSERT INTO made_by_aaa VALUES (1)")  # so that we make none either
    database.close()
    with pytest.raises(MigrationIrreversible) as refused:
        rollback.run(RollbackRequest(environment="dev"), app)
    assert refused.value.message.startswith("the way back of aaa: Alembic ended with 1")
    assert "no attribute 'downgrade'" in refused.value.message
    assert project.states() == ["applied", "pending"]


def test_what_is_taken_back() -> None:
    a, b, c = (Migration(v, v, f"{v}.sql", b"", "") for v in "abc")
    assert taken_back([a, b, c], "") == (c,)
    assert taken_back([a, b, c], "a") == (c, b)
    assert taken_back([a, b, c], "c") == ()
    assert taken_back([], "") == ()
