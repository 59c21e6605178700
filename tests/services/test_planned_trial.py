"""The trial run within a plan: on a copy, before anything is applied."""

import time
from collections.abc import Callable

import psycopg
import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Confidence, Risk
from faber_db.model.plan import PlanKind, StoredPlan
from faber_db.services import architect, build, coordinate, evaluate
from faber_db.services.app import App
from faber_db.services.history import read_folder
from faber_db.services.ports import Proposal, PublicKey
from faber_db.services.trying import ToTry, on_copy
from faber_db.sql.script import parse
from tests.services.conftest import AppFactory

pytestmark = pytest.mark.alone  # what is measured here is no other test's

FIRST = {
    "001_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY, email text, at timestamp);",
    "001_users.down.sql": "DROP TABLE users;",
}
SECOND = {
    "002_index.up.sql": "CREATE INDEX users_email ON users (email);",
    "002_index.down.sql": "DROP INDEX users_email;",
}
Apply = Callable[[App], None]


def proposed(app: App) -> StoredPlan:
    database = app.database()
    (name,) = database.environments
    return app.executor.propose(
        Proposal(PlanKind.DEPLOY, "main", name, tuple(read_folder(database)))
    )


def filled(app_factory: AppFactory, url: str, apply_all: Apply, **given: object) -> App:
    """The first migration is applied, the second is pending."""
    app = app_factory(url, migrations=FIRST, **given)  # type: ignore[arg-type]  # of the factory
    apply_all(app)
    for path, text in SECOND.items():
        (app.database().folder / path).write_text(text)
    return app


def test_a_plan_holds_what_was_measured(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    app = filled(app_factory, postgresql_url, apply_all)
    stored = proposed(app)
    plan = stored.plan
    (found,) = [f for f in plan.analysis.findings if f.code == "create-index"]
    assert (found.confidence, found.lock) == (Confidence.MEASURED, "SHARE on users")
    assert plan.trial is not None
    assert plan.analysis.trial[0].startswith("1 of 1 statements tried on a copy of the schema")
    assert app.state.plan(plan.id).plan == plan
    assert app.state.plan(plan.id).plan.digest == plan.digest
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT to_regclass('users_email')").fetchone() == (None,)


def test_build_applies_what_was_tried(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    app = filled(app_factory, postgresql_url, apply_all)
    answer = build.run(coordinate.Request(), app)
    assert answer.details.applied == ["002_index"]
    assert answer.details.trial.startswith("1 of 1 statements tried")


def test_what_the_trial_lowered_is_not_stale_when_it_runs(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    """The analysis alone calls it a rewrite: it does not know the server's time zone."""
    app = filled(app_factory, postgresql_url, apply_all)
    folder = app.database().folder
    (folder / "002_index.up.sql").write_text("ALTER TABLE users ALTER at TYPE timestamptz;")
    (folder / "002_index.down.sql").write_text("SELECT 1;")
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET TimeZone = 'UTC'".encode())
        connection.execute("INSERT INTO users SELECT g FROM generate_series(1, 20000) g")
        connection.execute("ANALYZE users")
    (found,) = [f for f in proposed(app).plan.analysis.findings if f.code == "change-type"]
    assert (found.risk, found.rewrite) == (Risk.LOW, False)
    assert build.run(coordinate.Request(), app).details.applied == ["002_index"]


def test_a_protected_target_is_copied_and_only_read(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    app = filled(app_factory, postgresql_url, apply_all, environment="production", protected=True)
    app.executor.protect(
        database="main", environment="production", key=PublicKey("ann", "k1", "ab" * 32)
    )
    plan = proposed(app).plan
    assert plan.protected
    assert plan.trial is not None
    assert plan.analysis.statements[0].measured
    facts = dict(app.executor.show(plan.id).facts)
    assert facts["Trial"].startswith("1 of 1 statements tried")


def test_without_a_copy_the_plan_says_why(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faber_db.adapters.engines.postgresql import binaries

    app = filled(app_factory, postgresql_url, apply_all)
    find = binaries.find
    monkeypatch.setattr(binaries, "find", lambda name: () if name == "pg_dump" else find(name))
    plan = proposed(app).plan
    assert plan.trial is None
    assert plan.analysis.trial[0].startswith("not run: pg_dump for a PostgreSQL")
    assert build.run(coordinate.Request(), app).details.applied == ["002_index"]


def test_an_edited_trial_does_not_lower_a_signed_plan(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    """The digest, which is signed, holds the trial."""
    app = filled(app_factory, postgresql_url, apply_all)
    plan = proposed(app).plan
    assert plan.model_copy(update={"trial": None}).digest != plan.digest


def test_evaluate_without_staging_tries_what_a_release_would_meet(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    app = filled(app_factory, postgresql_url, apply_all, environment="production")
    answer = evaluate.run(coordinate.Request(), app)
    assert "what is pending in production: 1 of 1 statements tried" in answer.details.trial
    (found,) = [f for f in answer.details.findings if f.code == "create-index"]
    assert found.confidence is Confidence.MEASURED


def test_architect_watches_what_it_writes(
    app_factory: AppFactory, postgresql_url: str, apply_all: Apply
) -> None:
    app = app_factory(postgresql_url, migrations=FIRST)
    request = architect.Request(desired_sql="CREATE INDEX users_email ON users (email);")
    answer = architect.run(request, app)
    assert answer.details.proof is not None
    assert answer.details.proof.trial[0].startswith("1 of 1 statements tried")
    (found,) = [f for f in answer.details.findings if f.code == "create-index"]
    assert found.confidence is Confidence.MEASURED


@pytest.mark.slow
def test_it_costs_little(app_factory: AppFactory, postgresql_url: str, apply_all: Apply) -> None:
    """On a small schema, the private server running: under 3 s, the best of five."""
    app = filled(app_factory, postgresql_url, apply_all)
    script = parse(SECOND["002_index.up.sql"], Dialect.POSTGRESQL)
    took = []
    for _ in range(5):
        start = time.monotonic()
        trial, why = on_copy(
            app.database().shadow,
            lambda: postgresql_url,
            ToTry([script], [True], [True]),
            version=None,
        )
        assert trial is not None, why
        took.append(time.monotonic() - start)
    assert min(took) < 3, took
