from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.postgresql.address import parse, url_of
from faber_db.errors import (
    ConnectionFailed,
    ConnectionRefusedByServer,
    FaberDbError,
    LockBusy,
    PermissionMissing,
    StatementFailed,
)
from faber_db.model.catalogue import Catalogue
from faber_db.model.target import Marker
from faber_db.services.ports import Limits

MARKER = Marker(
    target_id="t1", environment="production", database="main", approvers=(), policy_digest="p",
    server_digest="s",
)  # fmt: skip


def test_limits_are_in_force(engine: Postgresql, postgresql_url: str) -> None:
    limits = Limits(lock_timeout=timedelta(seconds=3), statement_timeout=timedelta(minutes=2))
    asked = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"
    with engine.connect(postgresql_url, limits=limits) as session:
        assert session.query(asked) == [("3s", "2min", "1min")]
        session.execute("SET lock_timeout = 0")
        with session.transaction():
            assert session.query(asked) == [("3s", "2min", "1min")]


def test_refused_and_unreachable_are_told_apart(engine: Postgresql, postgresql_url: str) -> None:
    address = parse(postgresql_url)
    nowhere = type(address)({**address.parameters, "host": "/nowhere", "password": "hush"})
    nobody = type(address)({**address.parameters, "user": "nobody_at_all", "password": "hush"})
    with pytest.raises(ConnectionRefusedByServer) as refused, engine.connect(url_of(nobody)):
        pass
    with pytest.raises(ConnectionFailed) as failed, engine.connect(url_of(nowhere)):
        pass
    assert type(failed.value) is ConnectionFailed
    assert "hush" not in str(refused.value) + str(failed.value)


def test_read_only(engine: Postgresql, postgresql_url: str) -> None:
    with (
        engine.connect(postgresql_url, read_only=True) as session,
        pytest.raises(StatementFailed) as caught,
    ):
        session.execute("CREATE TABLE t (a int)")
    assert caught.value.state == "25006"


def test_the_schema_of_prismas_url(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE SCHEMA app")
    with engine.connect(postgresql_url + "&schema=app") as session:
        session.execute("CREATE TABLE t (a int)")
        assert [t.full_name for t in session.catalogue().tables] == ["app.t"]


def test_identity(engine: Postgresql, new_postgresql: Callable[..., str]) -> None:
    one, two = new_postgresql(), new_postgresql()
    with engine.connect(one) as a, engine.connect(one) as again, engine.connect(two) as b:
        assert a.identity() == again.identity()
        assert a.identity().server_digest != b.identity().server_digest
        found = a.identity()
        assert found.parts["role_in_replication"] == "primary"
        assert found.parts["system_identifier"].isdecimal()
        a.execute("SET search_path = pg_catalog")
        assert a.identity().bound != found.bound
        a.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        a.execute("CREATE ROLE plain_reader_of_identity")
        a.execute("SET ROLE plain_reader_of_identity")
        assert a.identity().missing == ("system_identifier",)
        a.execute("RESET ROLE")
        a.execute("DROP ROLE plain_reader_of_identity")


def test_marker_and_nonces(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:
        assert session.read_marker() is None
        assert session.used_nonces() == []
        session.write_marker(MARKER)
        with session.transaction():
            session.write_marker(MARKER.model_copy(update={"policy_digest": "q"}))
        assert session.use_nonce("n", "d", "2026-01-01T00:00:00Z")
        assert not session.use_nonce("n", "e", "2026-01-02T00:00:00Z")
        with session.transaction(), pytest.raises(StatementFailed):
            session.use_nonce("m", "d", "2026-01-01T00:00:00Z")
    with engine.connect(postgresql_url) as session:
        found = session.read_marker()
        assert found is not None
        assert found.policy_digest == "q"
        assert session.used_nonces() == [("n", "d", "2026-01-01T00:00:00Z")]
        assert session.catalogue() == Catalogue()
        session.execute("CREATE ROLE kept_out")
        session.execute("SET ROLE kept_out")
        with pytest.raises(PermissionMissing):
            session.read_marker()
        session.execute("RESET ROLE")
        session.execute("DROP ROLE kept_out")


def test_deploy_lock(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as one, engine.connect(postgresql_url) as two:
        with one.deploy_lock(wait=timedelta(0)):
            ((process,),) = one.query("SELECT pg_backend_pid()")
            assert one.deploy_lock_holder() is None  # nobody else
            holder = two.deploy_lock_holder()
            assert holder is not None
            assert holder.who == f"session {process}, faber-db"
            assert holder.since is not None
            assert timedelta(0) <= two.now() - holder.since < timedelta(minutes=5)
            with (
                pytest.raises(LockBusy, match=rf"session {process}, faber-db since 20\d\d-"),
                two.deploy_lock(wait=timedelta(milliseconds=150)),
            ):
                pass
        assert two.deploy_lock_holder() is None
        with two.deploy_lock(wait=timedelta(0)):
            pass


ERRORS = {
    "unique": ("INSERT INTO t VALUES (1)", "connection-statement-failed", "23505"),
    "missing": ("SELECT * FROM nowhere", "connection-statement-failed", "42P01"),
    "right": ("SELECT pg_read_file('x')", "connection-permission", ""),
    "time": ("SELECT pg_sleep(30)", "connection-statement-timeout", ""),
}


@pytest.mark.parametrize(("sql", "code", "state"), ERRORS.values(), ids=ERRORS)
def test_errors_by_state(
    engine: Postgresql, postgresql_url: str, sql: str, code: str, state: str
) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int PRIMARY KEY)")
        session.execute("INSERT INTO t VALUES (1)")
        session.execute("GRANT INSERT ON t TO pg_monitor")
    limits = Limits(statement_timeout=timedelta(seconds=1 if "pg_sleep" in sql else 60))
    with engine.connect(postgresql_url, limits=limits) as session:
        session.execute("SET ROLE pg_monitor")
        with pytest.raises(FaberDbError) as caught:
            session.query(sql)
        assert caught.value.code == code
        assert getattr(caught.value, "state", "") == state
        assert "(1)" not in caught.value.message


def test_sizes(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE empty (a int)")
        session.execute("CREATE TABLE fresh AS SELECT generate_series(1, 500) a")
        session.execute("CREATE TABLE known AS SELECT generate_series(1, 5000) a")
        session.execute("CREATE TABLE parted (a int) PARTITION BY RANGE (a)")
        session.execute("CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (9999)")
        session.execute("INSERT INTO parted SELECT generate_series(1, 3000)")
        session.execute("ANALYZE known")
        session.execute("ANALYZE part_1")
        with psycopg.connect(postgresql_url) as other:  # whom nobody waits for
            other.execute("LOCK TABLE known")
            found = session.sizes()
        assert (found["empty"].rows, found["empty"].exact) == (0, True)
        assert (found["fresh"].rows, found["fresh"].exact) == (500, True)
        assert (found["known"].rows, found["known"].exact) == (5000, False)
        assert found["parted"].rows == found["part_1"].rows == 3000
        assert session.row_counts(["known", "parted"]) == {"known": 5000, "parted": 3000}
        assert session.database_size() > 1_000_000
