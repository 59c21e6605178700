import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.errors import BackupDamaged, BackupFailed, Cancelled, RestoreFailed
from faber_db.services.ports import never, silent


def fill(url: str, rows: int = 2000) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int PRIMARY KEY, b text)")
        connection.execute(
            "INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, %s) i", (rows,)
        )
        connection.execute("CREATE VIEW v AS SELECT a FROM t")
        return connection.execute("SELECT * FROM t ORDER BY a").fetchall()


def test_dump_restore_swap_on_every_version(
    engine: Postgresql,
    new_postgresql: Callable[..., str],
    postgresql_majors: tuple[int, ...],
    tmp_path: Path,
) -> None:
    for major in postgresql_majors:
        url = new_postgresql(major)
        expected = fill(url)
        file = tmp_path / f"{major}.part"
        info = engine.dump(url, file, progress=silent, cancelled=never)
        assert info.tool.startswith(f"pg_dump {major}.")
        assert info.server_version.startswith(f"PostgreSQL {major}.")
        assert file.stat().st_mode & 0o777 == 0o600
        engine.decode(file)
        with psycopg.connect(url, autocommit=True) as live:
            live.execute("DELETE FROM t WHERE a > 10")
            live.execute(
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, \"$user\", public', current_database()); END $$"
            )
            copy = engine.restore_beside(url, file, progress=silent, cancelled=never)
            assert live.execute("SELECT count(*) FROM t").fetchone() == (10,)
            with engine.connect(copy.url) as session:
                assert session.query("SELECT * FROM public.t ORDER BY a") == expected
                assert session.query("SHOW search_path") == [('app, "$user", public',)]
            undo = engine.swap(url, copy)
            with pytest.raises(psycopg.OperationalError):  # 57P01, once
                live.execute("SELECT 1")
        with engine.connect(url) as session:
            assert session.query("SELECT * FROM public.t ORDER BY a") == expected
            kept = session.query(
                "SELECT datname FROM pg_database WHERE NOT datallowconn AND datname LIKE 't\\_%before\\_restore%'"
            )
        assert str(kept[0][0]) in undo
        _drop(url, str(kept[0][0]))


def test_drop_copy(engine: Postgresql, postgresql_url: str, tmp_path: Path) -> None:
    fill(postgresql_url)
    engine.dump(postgresql_url, tmp_path / "b", progress=silent, cancelled=never)
    copy = engine.restore_beside(postgresql_url, tmp_path / "b", progress=silent, cancelled=never)
    assert copy.label in databases(postgresql_url)
    engine.drop_copy(copy)
    assert copy.label not in databases(postgresql_url)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_cut_archive_is_noticed_and_leaves_no_copy(
    engine: Postgresql, postgresql_url: str, tmp_path: Path, keep: float
) -> None:
    fill(postgresql_url)
    file = tmp_path / "b"
    engine.dump(postgresql_url, file, progress=silent, cancelled=never)
    os.truncate(file, int(file.stat().st_size * keep))
    before = databases(postgresql_url)
    with pytest.raises(BackupDamaged):
        engine.decode(file)
    with pytest.raises(RestoreFailed):
        engine.restore_beside(postgresql_url, file, progress=silent, cancelled=never)
    assert databases(postgresql_url) == before


def test_a_dump_that_fails_or_is_cancelled_leaves_no_file(
    engine: Postgresql, postgresql_url: str, tmp_path: Path
) -> None:
    fill(postgresql_url)
    with psycopg.connect(postgresql_url) as other:
        other.execute("LOCK TABLE t")
        with pytest.raises(Cancelled):
            engine.dump(postgresql_url, tmp_path / "b", progress=silent, cancelled=lambda: True)
    missing = tmp_path / "no folder" / "b"
    with pytest.raises(BackupFailed):
        engine.dump(postgresql_url, missing, progress=silent, cancelled=never)
    assert list(tmp_path.iterdir()) == []


DUMP = """
import sys
from pathlib import Path
from faber_db.adapters.engines.postgresql import Postgresql
def told(words):
    print(words, flush=True)
Postgresql().dump(sys.argv[1], Path(sys.argv[2]), progress=told, cancelled=lambda: False)
"""


def test_a_killed_process_takes_its_dump_along(postgresql_url: str, tmp_path: Path) -> None:
    fill(postgresql_url)
    question = "SELECT pid FROM pg_stat_activity WHERE application_name = 'faber-db backup' AND datname = current_database()"
    with (
        psycopg.connect(postgresql_url) as other,
        psycopg.connect(postgresql_url, autocommit=True) as look,
    ):
        other.execute("LOCK TABLE t")  # which the dump waits for
        command = [sys.executable, "-c", DUMP, postgresql_url, str(tmp_path / "b.part")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        other.rollback()
        for _ in range(200):
            if not look.execute(question).fetchall():
                break
            look.execute("SELECT pg_sleep(0.05)")
        assert look.execute(question).fetchall() == []
    with pytest.raises(BackupDamaged):
        Postgresql().decode(tmp_path / "b.part")


def databases(url: str) -> set[object]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def _drop(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("DROP DATABASE {}").format(psycopg.sql.Identifier(name)))
