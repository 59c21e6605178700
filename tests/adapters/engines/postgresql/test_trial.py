"""What a trial run reads from a real server while a script runs."""

from collections.abc import Callable, Sequence

import pytest

from faber_db.adapters.engines.postgresql import Postgresql, trial
from faber_db.adapters.shadows import PostgresShadow
from faber_db.errors import NotSupported
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Tried
from faber_db.sql.script import parse

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email text, born date);
CREATE TABLE orders (id int PRIMARY KEY, user_id int, note varchar(20));
CREATE TABLE parts (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX users_email ON users (email);
CREATE MATERIALIZED VIEW seen AS SELECT id FROM users;
CREATE VIEW emails AS SELECT email FROM users;
CREATE SCHEMA archive;
CREATE TABLE archive.users (id int)
"""
AEL = "ACCESS EXCLUSIVE"


def tried(text: str, *, wrap: bool = True, queries: Sequence[str] = ()) -> tuple[Tried, ...]:
    with PostgresShadow(None).new() as session:
        session.run(parse(SCHEMA, Dialect.POSTGRESQL), wrap=True)
        return session.try_out(parse(text, Dialect.POSTGRESQL), wrap=wrap, queries=queries)


# statement: its strong locks, what it rewrites, what it scans
EFFECTS: dict[str, tuple[str, dict[str, str], list[str], list[str]]] = {
    "nullable column": ("ALTER TABLE users ADD c int", {"users": AEL}, [], []),
    "volatile default": (
        "ALTER TABLE users ADD c uuid DEFAULT gen_random_uuid()",
        {"users": AEL},
        ["users"],
        ["users"],
    ),
    "not null": ("ALTER TABLE users ALTER email SET NOT NULL", {"users": AEL}, [], ["users"]),
    "wider": ("ALTER TABLE orders ALTER note TYPE varchar(40)", {"orders": AEL}, [], []),
    "narrower": ("ALTER TABLE orders ALTER note TYPE varchar(9)", {"orders": AEL}, ["orders"], ["orders"]),
    "foreign key": (
        "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users",
        {"orders": "SHARE ROW EXCLUSIVE", "users": "SHARE ROW EXCLUSIVE"},
        [],
        ["orders"],
    ),
    "foreign key not valid": (
        "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID",
        {"orders": "SHARE ROW EXCLUSIVE", "users": "SHARE ROW EXCLUSIVE"},
        [],
        [],
    ),
    "index": ("CREATE INDEX ON orders (user_id)", {"orders": "SHARE"}, [], ["orders"]),
    "index of a parent": ("CREATE INDEX ON parts (id)", {"parts": "SHARE", "parts_1": "SHARE"}, [], ["parts_1"]),
    "index dropped": ("DROP INDEX users_email", {"users": AEL}, [], []),
    "truncate": ("TRUNCATE orders", {"orders": AEL}, [], []),
    "dropped": ("DROP TABLE orders", {"orders": AEL}, [], []),
    "renamed": ("ALTER TABLE orders RENAME TO o", {"orders": AEL}, [], []),
    "other schema": ("ALTER TABLE archive.users ADD c int", {"archive.users": AEL}, [], []),
    "matview": ("REFRESH MATERIALIZED VIEW seen", {"seen": AEL}, ["seen"], ["users"]),
    "nothing old": ("CREATE TABLE n (a int); CREATE INDEX ON n (a)", {}, [], []),
    "do block": ("DO $$ BEGIN ALTER TABLE users ADD c int; END $$", {"users": AEL}, [], []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "locks", "rewritten", "scanned"), EFFECTS.values(), ids=EFFECTS)
def test_what_one_statement_does(
    text: str, locks: dict[str, str], rewritten: list[str], scanned: list[str]
) -> None:
    found = tried(text, wrap=len(text) % 2 == 0)[-1]
    strong = {t: m for t, m in found.locks if m not in ("ACCESS SHARE", "ROW SHARE")}
    assert (found.error, found.not_tried, found.unseen) == ("", "", "")
    assert strong == locks
    assert (list(found.rewritten), list(found.scanned)) == (rewritten, scanned)


def test_locks_are_held_until_the_transaction_ends() -> None:
    text = "ALTER TABLE users ADD c int; CREATE INDEX ON orders (user_id)"
    assert dict(tried(text)[1].held)["users"] == AEL
    assert tried(text, wrap=False)[1].held == ()
    assert tried(f"BEGIN; {text.replace(';', '; COMMIT;')}", wrap=True)[1].held == ()


def test_an_isolation_level_that_the_trial_is_too_late_for_is_no_failure() -> None:
    level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    found = tried(f"BEGIN; {level}; UPDATE users SET email = ''; SELECT 1 FROM nowhere; COMMIT")
    assert [t.error[:5] for t in found] == ["", "", "42P01"]
    assert found[0].not_tried.startswith("the trial reads before it")


def test_a_lock_outlives_its_table() -> None:
    found = tried("DROP TABLE orders; CREATE INDEX ON users (born)")
    assert dict(found[1].held) == {"orders": AEL}
    assert dict(tried("DROP TABLE orders; CREATE TABLE n (a int)", wrap=False)[1].held) == {}


def test_counters_begin_anew_in_each_transaction() -> None:
    """Counts of an earlier transaction may reach the statistics between two readings."""
    text = "; ".join(["CREATE INDEX ON users (born)"] * 3)
    assert [t.scanned for t in tried(text, wrap=False)] == [("users",)] * 3


def test_what_stands_alone_is_run_and_its_locks_are_unseen() -> None:
    found = tried("CREATE INDEX CONCURRENTLY i ON users (born); VACUUM FULL orders")
    assert all(t.unseen and not t.error for t in found)
    assert found[1].rewritten == ("orders",)


def test_a_procedure_that_commits_runs_alone() -> None:
    text = """CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
        ALTER TABLE users ADD c int; COMMIT; END $$; CALL p()"""
    found = tried(text, wrap=False)[1]
    assert (found.error, bool(found.unseen)) == ("", True)
    assert tried(text, wrap=True)[1].error.startswith("2D000")


def test_a_failure_ends_the_trial() -> None:
    found = tried("ALTER TABLE users ADD c int;\nALTER TABLE users ADD c int;\nDROP TABLE users")
    assert [bool(t.error) for t in found] == [False, True]
    assert found[1].error.startswith('42701: column "c" of relation "users" already exists')
    assert found[1].line == 2


OUTSIDE = (
    "COPY users TO PROGRAM 'true'",
    "COPY users TO '/tmp/x'",
    "CREATE ROLE somebody",
    "GRANT pg_monitor TO CURRENT_USER",
    "CREATE DATABASE d",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "CREATE TABLESPACE t LOCATION '/tmp'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION plpython3u",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
    "SELECT dblink_connect('host=x')",
    "SELECT pg_read_file('/etc/passwd')",
    "REASSIGN OWNED BY CURRENT_USER TO postgres",
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION nobody()",
    "LOAD 'auto_explain'",
)


def test_what_has_effects_outside_is_not_tried() -> None:
    text = "; ".join(["ALTER TABLE users ADD c int", *OUTSIDE, "ALTER TABLE orders ADD c int"])
    first, *outside, last = tried(text)
    assert [o.text for o in outside if not o.not_tried or o.error] == []
    assert len(outside) == len(OUTSIDE)
    assert [dict(t.locks) for t in (first, last)] == [{"users": AEL}, {"orders": AEL}]


def test_a_trial_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.0)
    found = tried("ALTER TABLE users ADD c int; DROP TABLE orders")
    assert [t.not_tried for t in found] == ["the trial took longer than 0 s"] * 2


def test_what_fails_behind_one_that_was_left_out_is_not_called_a_failure() -> None:
    found = tried("CREATE ROLE somebody; GRANT SELECT ON users TO somebody")
    assert found[1].error == ""
    assert "42704" not in found[1].not_tried
    assert "somebody" in found[1].not_tried


def test_settings_last_from_one_statement_to_the_next() -> None:
    text = "SET search_path = archive; CREATE INDEX CONCURRENTLY i ON users (id); ALTER TABLE users ADD c int"
    for wrap in (True, False):
        assert dict(tried(text, wrap=wrap)[2].locks) == {"archive.users": AEL}


def test_the_time_zone_decides_a_rewrite() -> None:
    schema = "CREATE TABLE t (at timestamp)"
    text = parse("ALTER TABLE t ALTER at TYPE timestamptz", Dialect.POSTGRESQL)
    for zone, rewritten in (("UTC", ()), ("Asia/Tokyo", ("t",))):
        with PostgresShadow(None).new() as session:
            session.execute(schema)
            session.execute(f"SET TimeZone = '{zone}'")
            assert session.try_out(text, wrap=True)[0].rewritten == rewritten


def test_several_scripts_of_one_session() -> None:
    with PostgresShadow(None).new() as session:
        session.run(parse(SCHEMA, Dialect.POSTGRESQL), wrap=True)
        texts = ("CREATE TABLE n (a int)", "CREATE INDEX ON n (a)", "CREATE INDEX ON users (id)")
        one, two, three = (
            session.try_out(parse(t, Dialect.POSTGRESQL), wrap=True)[0] for t in texts
        )
        assert (one.locks, two.locks, two.scanned) == ((), (), ())
        assert dict(three.locks) == {"users": "SHARE"}


QUERIES = (
    "SELECT email FROM users WHERE id = $1",
    "SELECT * FROM emails",
    "INSERT INTO orders (id, note) VALUES ($1, $2)",
    "SELECT nonsense FROM users",
)


def test_queries_name_the_statement_that_breaks_them() -> None:
    text = """
        ALTER TABLE orders RENAME note TO remark;
        DROP VIEW emails;
        ALTER TABLE users DROP email;
        CREATE VIEW emails AS SELECT id FROM users"""
    for wrap in (True, False):
        found = tried(text, wrap=wrap, queries=QUERIES)
        assert [[q for q, _ in t.breaks] for t in found] == [[2], [], [0], []]
        assert found[2].breaks[0][1] == '42703: column "email" does not exist'
        assert {t: m for one in found for t, m in one.locks if m == AEL} == {
            "orders": AEL,
            "users": AEL,
        }


def test_queries_that_cannot_be_prepared_are_told() -> None:
    with PostgresShadow(None).new() as session:
        session.run(parse(SCHEMA, Dialect.POSTGRESQL), wrap=True)
        assert list(session.unprepared(QUERIES)) == [3]


def test_nothing_is_tried_as_a_superuser(postgresql_url: str) -> None:
    with Postgresql().connect(postgresql_url) as session, pytest.raises(NotSupported, match="role"):
        session.try_out(parse("SELECT 1", Dialect.POSTGRESQL), wrap=True)


@pytest.mark.parametrize("major", [15, 17, 18])
def test_each_version(major: int, postgresql_majors: Sequence[int]) -> None:
    if major not in postgresql_majors:
        pytest.skip(f"no PostgreSQL {major} here")
    made: Callable[[], int] = lambda: major  # noqa: E731
    with PostgresShadow(None, major=made).new() as session:
        session.run(parse(SCHEMA, Dialect.POSTGRESQL), wrap=True)
        text = "ALTER TABLE users ADD c uuid DEFAULT gen_random_uuid()"
        (found,) = session.try_out(parse(text, Dialect.POSTGRESQL), wrap=True)
        assert (dict(found.locks), found.rewritten, found.scanned) == (
            {"users": AEL},
            ("users",),
            ("users",),
        )
