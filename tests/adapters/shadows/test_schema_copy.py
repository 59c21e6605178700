"""A copy of a schema: what it holds, what it says it lacks, and that nothing of it is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.shadows import PostgresShadow
from faber_db.adapters.shadows.private_server import remove_leftovers
from faber_db.errors import ConnectionFailed, ShadowUnavailable
from faber_db.model.dialect import Dialect
from faber_db.model.target import Marker
from faber_db.sql.script import parse
from tests.faults.watching import wait_until

SCHEMA = """
CREATE EXTENSION citext;
CREATE SCHEMA app;
CREATE TABLE users (id int PRIMARY KEY, email citext, at timestamp);
CREATE TABLE app.orders (id int, user_id int REFERENCES users, state text CHECK (state <> ''));
CREATE TABLE parts (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE VIEW emails AS SELECT email FROM users;
CREATE MATERIALIZED VIEW seen AS SELECT id FROM users;
INSERT INTO users VALUES (1, 'a@example.org', now());
"""
MAJORS = (15, 17, 18)


def run(url: str, text: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


def role(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
        if found.fetchone() is None:  # roles belong to the server, which tests share
            connection.execute(f"CREATE ROLE {name}".encode())


@pytest.mark.parametrize("major", MAJORS)
def test_the_schema_without_its_rows(
    major: int, new_postgresql: Callable[..., str], postgresql_majors: Sequence[int]
) -> None:
    if major not in postgresql_majors:
        pytest.skip(f"no PostgreSQL {major} here")
    url = new_postgresql(major)
    role(url, "faber_reader")
    run(url, SCHEMA + "CREATE POLICY mine ON users TO faber_reader USING (true)")
    with (
        Postgresql().connect(url, read_only=True) as source,
        PostgresShadow(None).copy_of(url) as copy,
    ):
        assert copy.server_version // 10000 == major
        assert copy.catalogue() == source.catalogue()
        assert copy.row_counts(["users"]) == {"users": 0}
        ((superuser,),) = copy.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert not superuser
        (_,) = copy.query("SELECT 1 FROM pg_policy WHERE 'faber_reader'::regrole = ANY (polroles)")


def test_settings_of_the_database_go_along(postgresql_url: str) -> None:
    """The time zone decides whether a timestamp is rewritten, the path which table is meant."""
    run(postgresql_url, SCHEMA)
    name = postgresql_url.partition("dbname=")[2].partition("&")[0]
    run(postgresql_url, f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'")
    run(postgresql_url, f"ALTER DATABASE {name} SET search_path = app, public")
    text = "ALTER TABLE users ALTER at TYPE timestamptz; ALTER TABLE orders ADD c int"
    with PostgresShadow(None).copy_of(postgresql_url) as copy:
        one, two = copy.try_out(parse(text, Dialect.POSTGRESQL), wrap=True)
        assert one.rewritten == ("users",)
        assert dict(two.locks) == {"app.orders": "ACCESS EXCLUSIVE"}


def test_what_cannot_be_copied_is_not_tried(postgresql_url: str) -> None:
    run(
        postgresql_url,
        "CREATE FUNCTION low() RETURNS trigger LANGUAGE internal AS 'suppress_redundant_updates_trigger';"
        "CREATE TABLE t (a int); CREATE TABLE u (a int);"
        "CREATE TRIGGER low BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION low()",
    )
    text = "ALTER TABLE t ADD b int; ALTER TABLE u ADD b int"
    with PostgresShadow(None).copy_of(postgresql_url) as copy:
        one, two = copy.try_out(parse(text, Dialect.POSTGRESQL), wrap=True)
    assert one.not_tried.startswith("t is not whole in the copy")
    assert dict(two.locks) == {"u": "ACCESS EXCLUSIVE"}


def test_extensions_that_reach_out_are_left_out(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        there = connection.execute("SELECT FROM pg_available_extensions WHERE name = 'dblink'")
        if not there.fetchall():
            pytest.skip("no dblink here")
    run(postgresql_url, "CREATE EXTENSION dblink; CREATE TABLE t (a int)")
    with PostgresShadow(None).copy_of(postgresql_url) as copy:
        assert copy.query("SELECT FROM pg_extension WHERE extname = 'dblink'") == []
        assert [t.name for t in copy.catalogue().tables] == ["t"]


def test_objects_can_be_handed_over(postgresql_url: str) -> None:
    role(postgresql_url, "faber_reader")
    run(postgresql_url, SCHEMA)
    text = "ALTER TABLE users OWNER TO faber_reader; GRANT SELECT ON users TO faber_reader; ALTER TABLE users ADD c int"
    with PostgresShadow(None).copy_of(postgresql_url) as copy:
        found = copy.try_out(parse(text, Dialect.POSTGRESQL), wrap=True)
    assert [(t.error, t.not_tried) for t in found] == [("", "")] * 3


def test_a_protected_source_is_only_read(postgresql_url: str) -> None:
    run(postgresql_url, SCHEMA)
    marker = Marker(target_id="t", environment="production", database="main", approvers=(), policy_digest="p", server_digest="s")  # fmt: skip
    with Postgresql().connect(postgresql_url) as source:
        source.write_marker(marker)
        before = source.catalogue(), source.row_counts(["users"])
        with PostgresShadow(None).copy_of(postgresql_url) as copy:
            copy.try_out(parse("DROP TABLE users CASCADE", Dialect.POSTGRESQL), wrap=True)
            assert copy.read_marker() is None
        assert (source.catalogue(), source.row_counts(["users"])) == before
    beside = PostgresShadow(lambda: postgresql_url, private=False)
    with pytest.raises(ShadowUnavailable, match="marker"), beside.copy_of(postgresql_url):
        pass


def test_no_dump_tool(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find", lambda name: () if name == "pg_dump" else (name,))
    with (
        pytest.raises(ShadowUnavailable, match="pg_dump"),
        PostgresShadow(None).copy_of(postgresql_url),
    ):
        pass


def test_no_source() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(ConnectionFailed), PostgresShadow(None).copy_of(url):
        pass


TRY = """
import sys
from faber_db.adapters.shadows import PostgresShadow
from faber_db.adapters.shadows.private_server import remove_leftovers
from faber_db.model.dialect import Dialect
from faber_db.sql.script import parse
source, beside, private = sys.argv[1:4]
shadow = PostgresShadow((lambda: beside) if beside else None, private=private == "private")
with shadow.copy_of(source) as copy:
    ((name,),) = copy.query("SELECT current_database()")
    socket = copy._connection.info.host
    print(name, socket, flush=True)
    copy.try_out(parse("ALTER TABLE users ADD c int; SELECT pg_sleep(60)", Dialect.POSTGRESQL), wrap=True)
"""


def killed(source: str, beside: str, private: str) -> list[str]:
    """Start a trial in a process of its own, and kill that in the middle; what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", TRY, source, beside, private], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.readline().split()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return said


def test_a_private_server_dies_with_a_killed_trial(postgresql_url: str) -> None:
    run(postgresql_url, SCHEMA)
    _, socket = killed(postgresql_url, "", "private")
    wait_until(lambda: not _answers(socket), "the end of the private server")

    def gone() -> bool:
        remove_leftovers("fdbpg-", "postmaster.pid")  # as the next private server does
        return not Path(socket).exists()

    wait_until(gone, "the end of its folder")


def _answers(socket: str) -> bool:
    from psycopg.pq import PGconn, Ping

    return PGconn.ping(f"host={socket} user=postgres dbname=postgres".encode()) == Ping.OK


def test_a_scratch_database_of_a_killed_trial_is_dropped_by_the_next(
    new_postgresql: Callable[..., str],
) -> None:
    source = new_postgresql()
    run(source, SCHEMA.replace("CREATE EXTENSION citext;", "").replace("citext", "text"))
    role(source, "faber_maker")
    run(source, "ALTER ROLE faber_maker LOGIN CREATEDB")
    beside = source.replace("user=postgres", "user=faber_maker")
    name, _ = killed(source, beside, "scratch")

    def left() -> object:
        with psycopg.connect(source) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
            return found.fetchone()

    assert left() is not None
    with PostgresShadow(lambda: beside, private=False).new():
        assert left() is None
