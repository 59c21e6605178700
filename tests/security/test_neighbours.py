"""A protected database is not reached through an unprotected one beside it."""

import json
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.app import build
from faber_db.config.executor import KINDS
from faber_db.errors import MigrationFailed, StatementFailed
from faber_db.executor.jobs import new_job
from faber_db.executor.operations import OPERATIONS, Asked
from faber_db.executor.peers import Client
from faber_db.executor.requests import FindRequest
from faber_db.model.dialect import Dialect
from faber_db.services import status
from faber_db.services.ports import never, silent
from faber_db.services.verdict import Surroundings, refusals, verdict_of
from faber_db.sql.script import parse
from tests.e2e.project import Project

ATTACHED = "ATTACH 'production.db' AS p;\nDROP TABLE p.orders;\n"
ALLOWED = [
    {
        "code": "leaves-database",
        "objects": ["ATTACH 'production.db' AS p", "p.orders"],
        "reason": "the agent says so",
    }
]


@pytest.mark.parametrize("allowed", [False, True], ids=["", "allowed in an unsigned policy"])
def test_a_file_is_not_reached_from_another_one(released: Project, allowed: bool) -> None:
    if allowed:
        released.configure("dev", allow=ALLOWED)
    released.add_migration("20261101000000_reach", ATTACHED)
    code, answer = released.exits("build")
    assert code != 0, answer
    assert released.columns("production", "orders")


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{file}' AS p",
        "ATTACH 'file:{file}?mode=rw' AS p",
        "ATTACH ('{file}' || '') AS p",
        "VACUUM INTO '{file}'",
        "PRAGMA hard_heap_limit = 1",
        'PRAGMA main."SOFT_HEAP_LIMIT"(1)',
        "PRAGMA temp_store_directory = '/tmp'",
    ],
)
def test_sqlite_itself_keeps_a_script_within_its_file(tmp_path: Path, statement: str) -> None:
    """Whatever the rules read in it; some of these would hold for the whole process."""
    text = statement.format(file=tmp_path / "other.db")
    with Sqlite(tmp_path).connect(f"sqlite:{tmp_path / 'own.db'}", create=True) as session:
        with pytest.raises(StatementFailed, match="no other file"):
            session.execute(text)
        with pytest.raises(MigrationFailed, match="no other file"):
            session.run(parse(text, Dialect.SQLITE), wrap=False)
        session.execute("CREATE TABLE works (id INTEGER)")
        session.execute("VACUUM")
    assert not (tmp_path / "other.db").exists()


SERVER_WIDE = [
    "DROP DATABASE shop WITH (FORCE)",
    "ALTER DATABASE shop RENAME TO gone",
    "ALTER DATABASE shop ALLOW_CONNECTIONS false",
    "CREATE DATABASE theirs TEMPLATE shop",
    "ALTER SYSTEM SET session_preload_libraries = 'x'",
    "CREATE ROLE mine SUPERUSER LOGIN",
    "GRANT pg_execute_server_program TO mine",
    "SELECT dblink_exec('dbname=shop', 'DROP TABLE orders')",
]


@pytest.mark.parametrize("statement", SERVER_WIDE)
def test_no_unprotected_database_takes_what_is_about_the_whole_server(statement: str) -> None:
    around = Surroundings(Dialect.POSTGRESQL)
    found = verdict_of([parse(statement, Dialect.POSTGRESQL)], ["m"], [False], around)
    refused = refusals(found, protected=False, allowed=[])
    assert refused, found
    named = [(f.code, f.objects) for f in found.findings]
    kept = refusals(found, protected=False, allowed=named)
    assert bool(kept) is statement.startswith("DROP DATABASE"), "no unsigned policy allows that"


@pytest.mark.slow
def test_a_database_is_not_dropped_from_its_neighbour(postgresql_project: Project) -> None:
    project = postgresql_project
    project.protect()
    ((name,),) = project.rows("production", "SELECT current_database()")
    allowed = [{"code": "drop-database", "objects": [name], "reason": "the agent says so"}]
    project.configure("dev", allow=allowed)
    project.add_migration("20261101000000_drop", f'DROP DATABASE "{name}" WITH (FORCE);\n')
    code, answer = project.exits("build")
    assert (code, answer["errors"][0]["code"]) == (5, "analysis-refused"), json.dumps(answer)
    assert project.rows("production", "SELECT 1") == [(1,)]


def test_the_status_of_one_environment_tells_no_jobs_of_another(released: Project) -> None:
    """An executor's client that may ask about one is told by it."""
    app = build(released.root, released.environ)
    job = new_job(app, "backup", database="main", environment="production")
    app.state.save_job(job)
    for environment, told in (("dev", []), ("production", [job.id]), ("", [job.id])):
        answer = status.run(status.Request(environment=environment), app)
        assert [line.job_id for line in answer.details.jobs] == told


def test_a_client_of_one_environment_finds_no_handle_of_another(released: Project) -> None:
    app = build(released.root, released.environ)
    job = new_job(app, "backup", database="main", environment="production")
    app.state.save_job(job)
    find = OPERATIONS["find"]
    for bound_to, found in (({"dev"}, ""), ({"production"}, job.id), (set(), job.id)):
        client = Client("agent", frozenset(KINDS), frozenset(bound_to))
        asked = Asked(app, client, silent, never)
        for handle in (job.id, job.id[:9]):
            assert find.run(FindRequest(handle=handle), asked) == found
