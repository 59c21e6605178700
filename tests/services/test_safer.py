"""`analyze --fix`: offered when proved, marked when not, withheld when wrong, written when asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.adapters.handlers.prisma import Prisma
from faber_db.app import throw_away
from faber_db.errors import MigrationNotReplaced
from faber_db.model.dialect import Dialect
from faber_db.services import analyze, safer
from faber_db.services.analyze import AnalyzeDetails, Request
from faber_db.services.app import App
from faber_db.services.history import history
from faber_db.services.safer import Fix, Ground, Source
from faber_db.services.verdict import Surroundings, verdict_of
from faber_db.sql.script import parse
from tests.services.conftest import AppFactory

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
UNSAFE = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;\nCREATE INDEX ON users (email);\n"
PAIR = {
    "20260101000000_users.up.sql": USERS,
    "20260101000000_users.down.sql": "DROP TABLE users;",
    "20260102000000_email.up.sql": UNSAFE,
    "20260102000000_email.down.sql": "DROP INDEX users_email_idx;",
}
FILE = "migrations/20260102000000_email.up.sql"


def analysed(app: App | None, **fields: object) -> AnalyzeDetails:
    request = Request.model_validate({"fix": True, "anywhere": True, **fields})
    return analyze.run(request, app, shadow=throw_away).details


def only(details: AnalyzeDetails) -> Fix:
    (fix,) = details.fixes
    return fix


def test_a_plain_script_is_proved_on_its_schema() -> None:
    fix = only(analysed(None, sql=UNSAFE, dialect="postgresql", before=USERS))
    assert fix.proved, fix.proof
    assert [f.name for f in fix.files] == [
        "stdin_1_email_check_not_valid.sql",
        "stdin_2_email_check_validated.sql",
        "stdin_3_email_not_null.sql",
        "stdin_4_users_email_idx_concurrently.sql",
    ]
    assert [f.transaction for f in fix.files] == [True, True, True, False]
    assert fix.files[0].deploy_before == "code that writes email into every new row"
    assert "proved on a private PostgreSQL" in fix.proof


def test_without_a_throw_away_database_it_is_marked() -> None:
    request = Request(sql=UNSAFE, dialect="postgresql", before=USERS, fix=True)
    answer = analyze.run(request, None)
    fix = only(answer.details)
    assert (fix.proved, fix.proof, len(fix.files)) == (False, "not proved: nothing was run", 4)
    assert answer.suggested_fixes[3] == (
        "instead of the script, file 4 of 4, outside a transaction:"
        " stdin_4_users_email_idx_concurrently.sql"
    )


def test_too_long_a_plan_is_left_out_whole() -> None:
    request = Request(sql=UNSAFE, dialect="postgresql", before=USERS, fix=True, fix_characters=100)
    fix = only(analyze.run(request, None).details)
    assert fix.files == ()
    assert fix.proof == "4 files are left out here; `faber-db analyze --fix` prints them"


UNPROVED = {
    "schema that does not run": (
        "CREATE TABLE users (id nothing);",
        "17",
        "as it stands does not run",
    ),
    "file that does not run": ("CREATE TABLE other (id int);", "17", "as it stands does not run"),
    "server of another version": (USERS, "12", "the server is of version 12"),
}


@pytest.mark.parametrize(("before", "version", "why"), UNPROVED.values(), ids=UNPROVED)
def test_what_cannot_be_proved_says_why(before: str, version: str, why: str) -> None:
    details = analysed(
        None, sql=UNSAFE, dialect="postgresql", before=before, server_version=int(version)
    )
    fix = only(details)
    assert not fix.proved
    assert fix.files
    assert why in fix.proof


def test_a_plan_that_ends_elsewhere_is_not_offered() -> None:
    """The second shadow starts with another default, as if the plan had changed it."""
    starts = iter([USERS, USERS.replace("email text", "email text DEFAULT 'x'")])
    script = parse(UNSAFE, Dialect.POSTGRESQL)
    around = Surroundings(Dialect.POSTGRESQL)
    findings = verdict_of([script], [""], [True], around).findings

    shadow = throw_away(Dialect.POSTGRESQL)
    ground = Ground(lambda: shadow.with_schema(next(starts)), shadow.label)
    (fix,) = safer.fixes([Source("", script, True)], findings, around, ground)
    assert fix.files == ()
    assert fix.refused.startswith("the safe form failed its proof: column users.email default")


def test_a_plan_that_does_not_run_is_not_offered() -> None:
    """A default partition, which CONCURRENTLY refuses, hidden behind a name that says otherwise."""
    before = """CREATE TABLE logs (at date) PARTITION BY RANGE (at);
        CREATE TABLE one PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE MATERIALIZED VIEW m AS SELECT at FROM logs;"""
    fix = only(
        analysed(None, sql="REFRESH MATERIALIZED VIEW m", dialect="postgresql", before=before)
    )
    assert fix.files == ()
    assert "failed its proof: refresh m: 55000" in fix.refused


REFUSED = {
    "temporary table": "CREATE TEMP TABLE x (id int);\n",
    "search path": "SET search_path = other;\n",
    "half a transaction": "COMMIT;\n",
    "bad sql": "ALTER TABL users;\n",
}


@pytest.mark.parametrize("first", REFUSED.values(), ids=REFUSED)
def test_what_holds_a_script_together_keeps_it_whole(first: str) -> None:
    fix = only(analysed(None, sql=first + UNSAFE, dialect="postgresql", before=USERS))
    assert fix.files == ()
    assert fix.refused.startswith("line 1 ")


def test_a_safe_script_has_no_fix() -> None:
    sql = "ALTER TABLE users ADD COLUMN note text;"
    assert analysed(None, sql=sql, dialect="postgresql", before=USERS).fixes == []


SHOP = """CREATE TABLE users (id bigint PRIMARY KEY, email text, zip varchar(10) NOT NULL);
CREATE INDEX by_zip ON users (zip);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);"""
PROVED = {
    "type change": ("ALTER TABLE users ALTER zip TYPE integer USING zip::integer", 8),
    "wider type": ("ALTER TABLE orders ALTER user_id TYPE numeric", 4),
    "rename": ("ALTER TABLE users RENAME email TO mail", 3),
    "table renamed": ("ALTER TABLE orders RENAME TO purchases", 2),
    "volatile default": ("ALTER TABLE orders ADD COLUMN u uuid DEFAULT gen_random_uuid()", 2),
    "foreign key": ("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users", 2),
    "refresh": ("REFRESH MATERIALIZED VIEW zips", 1),
}


@pytest.mark.parametrize(("sql", "count"), PROVED.values(), ids=PROVED)
def test_forms_that_are_proved(sql: str, count: int) -> None:
    before = f"""{SHOP} CREATE MATERIALIZED VIEW zips AS SELECT id, 1 AS n FROM orders;
        CREATE UNIQUE INDEX ON zips (id);"""
    if "RENAME TO" in sql:
        before = SHOP
    details = analysed(None, sql=sql, dialect="postgresql", before=before, server_version=0)
    fix = only(details)
    assert fix.proved, (fix.proof, fix.refused, fix.unsolved)
    assert len(fix.files) == count
    assert [f.later for f in fix.files][:-1] == [False] * (count - 1)


ELSEWHERE = {
    "copy": (
        "mysql",
        "ALTER TABLE users MODIFY email varchar(300) DEFAULT 'it''s'",
        "--alter='MODIFY email varchar(300) DEFAULT '\"'\"'it",
    ),
    "full text": (
        "mariadb",
        "CREATE FULLTEXT INDEX words ON users (email)",
        "--table=users --alter='ADD FULLTEXT INDEX words (email)' --execute",
    ),
    "rebuild": ("sqlite", "ALTER TABLE users ADD COLUMN x text UNIQUE", "copy the rows"),
}


@pytest.mark.parametrize(("dialect", "sql", "words"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_products_without_a_form_say_what_to_use(dialect: str, sql: str, words: str) -> None:
    before = "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(60));"
    fix = only(analysed(None, sql=sql, dialect=dialect, before=before))
    assert fix.files == ()
    (left,) = fix.unsolved
    assert words in left.why


def test_a_safe_script_of_another_product_has_no_fix() -> None:
    sql = "ALTER TABLE users ADD COLUMN x text"
    assert analysed(None, sql=sql, dialect="sqlite", before="CREATE TABLE users (id);").fixes == []


@pytest.fixture
def app(app_factory: AppFactory, postgresql_url: str) -> App:
    return app_factory(postgresql_url, migrations=PAIR)


def names(app: App) -> list[str]:
    return sorted(p.name for p in app.database().folder.iterdir())


def test_a_migration_is_planned_in_its_own_format(app: App) -> None:
    before = names(app)
    details = analysed(app, path=str(app.root / FILE))
    fix = only(details)
    assert fix.proved, fix.proof
    assert fix.files[0].name[15:] == "email_1_email_check_not_valid.up.sql"
    assert names(app) == before
    assert details.written == []


def test_written_files_take_the_place_of_the_migration(
    app: App, apply_all: Callable[[App], None]
) -> None:
    details = analysed(app, path=str(app.root / FILE), write=True)
    database = app.database()
    found = history(database)
    assert [m.version[15:] for m in found][:2] == ["users", "email_1_email_check_not_valid"]
    assert len(found) == 1 + len(details.fixes[0].files)
    assert found[1].down == "DROP INDEX users_email_idx;"
    assert all(m.down is None for m in found[2:])
    kept = Path(details.replaced)
    assert (kept / "20260102000000_email.up.sql").read_text() == UNSAFE
    apply_all(app)
    with database.engine.connect(database.environment("dev").resolve_url()) as session:
        table = session.catalogue(leave_out=database.handler.ledger_tables).table("users")
    assert table is not None
    assert [c.nullable for c in table.columns] == [False, False]
    assert [i.name for i in table.indexes] == ["users_email_idx"]
    again = analysed(app, paths=tuple(str(database.folder / m.path) for m in found[1:]))
    assert again.fixes == []


def test_a_folder_of_prisma(app: App) -> None:
    folder = app.root / "prisma" / "migrations"
    for name, sql in (("20260101000000_users", USERS), ("20260102000000_email", UNSAFE)):
        (folder / name).mkdir(parents=True)
        (folder / name / "migration.sql").write_text(sql)
    database = replace(app.database(), handler=Prisma(), folder=folder)
    app = replace(app, databases={"main": database})
    file = folder / "20260102000000_email" / "migration.sql"
    details = analysed(app, path=str(file), write=True)
    found = history(database)
    assert [m.version[15:] for m in found] == [
        "users",
        "email_1_email_check_not_valid",
        "email_2_email_check_validated",
        "email_3_email_not_null",
        "email_4_users_email_idx_concurrently",
    ]
    assert [len(parse(m.up, Dialect.POSTGRESQL).statements) for m in found[1:]] == [1, 1, 2, 1]
    assert not file.parent.exists()
    assert details.written == [m.path for m in found[1:]]


def test_what_was_applied_is_not_replaced(app: App, apply_all: Callable[[App], None]) -> None:
    apply_all(app)
    before = names(app)
    with pytest.raises(MigrationNotReplaced, match="is applied in dev"):
        analysed(app, path=str(app.root / FILE), write=True)
    assert names(app) == before


def test_where_an_environment_cannot_be_asked_nothing_is_replaced(
    app_factory: AppFactory,
) -> None:
    app = app_factory("postgresql://nobody@127.0.0.1:1/x", migrations=PAIR)
    before = names(app)
    with pytest.raises(MigrationNotReplaced, match="is not known"):
        analysed(app, path=str(app.root / FILE), write=True)
    assert names(app) == before


def test_what_others_run_behind_is_not_replaced(
    app_factory: AppFactory, postgresql_url: str
) -> None:
    later = {f"20260103000000_x.{way}.sql": "SELECT 1;" for way in ("up", "down")}
    app = app_factory(postgresql_url, migrations={**PAIR, **later})
    with pytest.raises(MigrationNotReplaced, match="20260103000000_x runs behind"):
        analysed(app, path=str(app.root / FILE), write=True)
    assert len(names(app)) == 6


def test_what_is_pending_in_an_environment(app: App) -> None:
    fixes = analysed(app, environment="dev").fixes
    assert [f.migration for f in fixes] == []  # the table is new in the same pending files
    database = app.database()
    with database.engine.connect(database.environment("dev").resolve_url()) as session:
        (first, _) = history(database)
        database.handler.apply_one(session, first, parse(first.up, session.dialect), now=app.now())
    fix = only(analysed(app, environment="dev"))
    assert fix.proved, fix.proof
    assert json.loads(fix.model_dump_json())["files"][0]["transaction"] is True
