"""Backups of MariaDB: made whole, restored beside, swapped in, and noticed where they are damaged."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql, clients
from faber_db.adapters.engines.mysql.address import parse
from faber_db.errors import (
    BackupDamaged,
    BackupFailed,
    BackupToolMissing,
    Cancelled,
    PermissionMissing,
    RestoreFailed,
)
from faber_db.services.ports import Copy, Session, never, silent

SCHEMA = r"""
CREATE TABLE parents (id int AUTO_INCREMENT PRIMARY KEY, child int, body text) DEFAULT CHARSET utf8mb4
CREATE TABLE children (id int PRIMARY KEY, parent int, bin varbinary(20), FOREIGN KEY (parent) REFERENCES parents (id))
ALTER TABLE parents ADD CONSTRAINT loop_key FOREIGN KEY (child) REFERENCES children (id)
CREATE TABLE log (n int, twice int GENERATED ALWAYS AS (n * 2) STORED, CHECK (n > 0))
CREATE SEQUENCE numbers START WITH 100
CREATE VIEW seen AS SELECT id, body FROM parents
CREATE VIEW again AS SELECT id FROM seen
CREATE FUNCTION one() RETURNS int DETERMINISTIC RETURN 1
CREATE PROCEDURE two() BEGIN SELECT 1; SELECT ';'; END
CREATE TRIGGER counted BEFORE INSERT ON parents FOR EACH ROW BEGIN INSERT INTO log (n) VALUES (1); END
CREATE TRIGGER twice BEFORE INSERT ON parents FOR EACH ROW FOLLOWS counted SET NEW.body = concat(NEW.body, '!')
CREATE EVENT later ON SCHEDULE EVERY 1 YEAR DO SELECT 1
INSERT INTO parents (id, body) VALUES (1, 'it''s \\ \n é 😀 \0 end'), (2, 'two')
INSERT INTO children VALUES (1, 1, x'00ff27'), (2, 2, NULL)
UPDATE parents SET child = 2 WHERE id = 1
"""


def fill(url: str) -> None:
    with Mysql().connect(url) as session:
        for line in SCHEMA.strip().splitlines():
            session.execute(line)


def everything(session: Session) -> tuple[object, ...]:
    """Schema and rows."""
    rows = [session.query(f"SELECT * FROM {t} ORDER BY 1") for t in ("parents", "children", "log")]
    return session.catalogue().fingerprint(), *rows


def dumped(url: str, folder: Path) -> Path:
    file = folder / "backup.part"
    Mysql().dump(url, file, progress=silent, cancelled=never)
    return file


@pytest.fixture
def database(mariadb_url: str) -> Iterator[str]:
    """A filled database; what restores made beside it goes afterwards."""
    fill(mariadb_url)
    yield mariadb_url
    with Mysql().connect(mariadb_url) as session:
        for name in databases(session, mariadb_url):
            session.execute(f"DROP DATABASE `{name}`")


def databases(session: Session, url: str) -> list[str]:
    """What lies beside a database under its name."""
    name = parse(url).database
    return [str(n) for (n,) in session.query("SHOW DATABASES") if str(n).startswith(f"{name}_")]


def test_dump_restore_swap(database: str, tmp_path: Path) -> None:
    engine = Mysql()
    with engine.connect(database) as session:
        expected = everything(session)
    info = engine.dump(database, tmp_path / "b", progress=silent, cancelled=never)
    assert info.format == "mariadb-dump"
    assert re.fullmatch(r"mariadb-dump \d+\.\d+\.\d+", info.tool)
    assert info.server_version.startswith("MariaDB ")
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    engine.decode(tmp_path / "b")
    with engine.connect(database) as live:
        live.execute("DELETE FROM children WHERE id = 1")
        live.execute("DROP VIEW again")
        live.execute("CREATE TABLE since (a int)")
        live.execute("CREATE VIEW log_view AS SELECT n FROM log")
        changed = everything(live)
        copy = engine.restore_beside(database, tmp_path / "b", progress=silent, cancelled=never)
        assert everything(live) == changed
        with engine.connect(copy.url) as session:
            assert everything(session) == expected
        undo = engine.swap(database, copy)
        assert everything(live) == expected
        (kept,) = databases(live, database)
        assert kept in undo
        assert live.query(f"SELECT id FROM `{kept}`.children") == [(2,)]
        assert live.query(f"SELECT * FROM `{kept}`.since") == []
        live.execute("INSERT INTO parents (body) VALUES ('new')")  # both triggers are there
        assert live.query("SELECT body FROM parents WHERE id > 2") == [("new!",)]
        assert live.query("SELECT count(*) FROM again") == [(3,)]
        assert live.query("SELECT count(*) FROM log") == [(3,)]
        names = "SELECT referenced_table_name FROM information_schema.key_column_usage WHERE table_schema = %s AND referenced_table_schema = %s ORDER BY 1"
        for name in (kept, parse(database).database):  # no key crosses from one to the other
            assert live.query(names, (name, name)) == [("children",), ("parents",)]


def test_a_busy_table_is_not_swapped(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faber_db.adapters.engines.mysql import restore

    monkeypatch.setattr(restore, "_PATIENCE", 1)
    engine, file = Mysql(), dumped(database, tmp_path)
    with engine.connect(database) as live, engine.connect(database) as other:
        before = everything(live)
        copy = engine.restore_beside(database, file, progress=silent, cancelled=never)
        with other.transaction():
            other.query("SELECT * FROM parents")
            with pytest.raises(RestoreFailed, match="nothing was put in its place"):
                engine.swap(database, copy)
        assert everything(live) == before
        assert databases(live, database) == [copy.label]
        engine.drop_copy(copy)
        assert databases(live, database) == []


def test_what_cannot_be_made_again_is_taken_back(database: str, tmp_path: Path) -> None:
    """A view of the copy that breaks in its new place: the live database is as it was."""
    engine, file = Mysql(), dumped(database, tmp_path)
    with engine.connect(database) as live:
        before = everything(live)
        copy = engine.restore_beside(database, file, progress=silent, cancelled=never)
        with engine.connect(copy.url) as session:
            session.execute(f"CREATE VIEW lost AS SELECT * FROM `{copy.label}`.log")
            session.execute("CREATE TABLE gone (a int)")
            session.execute("CREATE VIEW broken AS SELECT a FROM gone")
            session.execute("DROP TABLE gone")
        with pytest.raises(RestoreFailed):
            engine.swap(database, copy)
        assert everything(live) == before
        engine.drop_copy(copy)
        assert databases(live, database) == []


def test_a_key_from_another_database_is_refused(
    database: str, new_mariadb: Callable[[], str], tmp_path: Path
) -> None:
    engine, file = Mysql(), dumped(database, tmp_path)
    name = parse(database).database
    copy = engine.restore_beside(database, file, progress=silent, cancelled=never)
    with engine.connect(new_mariadb()) as other:
        other.execute(f"CREATE TABLE o (p int, FOREIGN KEY (p) REFERENCES `{name}`.parents (id))")
        with pytest.raises(RestoreFailed, match="refers to this database"):
            engine.swap(database, copy)
        other.execute("DROP TABLE o")


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.97])
def test_a_cut_dump_is_noticed_and_leaves_no_copy(
    database: str, tmp_path: Path, keep: float
) -> None:
    engine, file = Mysql(), dumped(database, tmp_path)
    os.truncate(file, int(file.stat().st_size * keep))
    with pytest.raises(BackupDamaged):
        engine.decode(file)


def test_a_dump_that_does_not_run_leaves_no_copy(database: str, tmp_path: Path) -> None:
    file = dumped(database, tmp_path)
    text = file.read_bytes().replace(b"INSERT INTO `children`", b"INSERT INTO `kinder`")
    file.write_bytes(text)
    with Mysql().connect(database) as session:
        with pytest.raises(RestoreFailed, match=r"error 1100 at line \d+ of the dump"):
            Mysql().restore_beside(database, file, progress=silent, cancelled=never)
        assert databases(session, database) == []
        file.write_bytes(b"SELECT sleep(60);\n" + text)
        with pytest.raises(Cancelled):
            Mysql().restore_beside(database, file, progress=silent, cancelled=lambda: True)
        assert databases(session, database) == []


def test_a_dump_holds_no_command(database: str, tmp_path: Path) -> None:
    """A line of the client's own would run a program; the client is told to know none."""
    file, trace = dumped(database, tmp_path), tmp_path / "trace"
    for line in (f"\\! touch {trace}\n", f"system touch {trace}\n", f"\\T {trace}\n"):
        hostile = tmp_path / "hostile"
        hostile.write_bytes(line.encode() + file.read_bytes())
        with pytest.raises(RestoreFailed):
            Mysql().restore_beside(database, hostile, progress=silent, cancelled=never)
        assert not trace.exists()


@contextmanager
def account(url: str, password: str, grants: str) -> Iterator[str]:
    name = parse(url).database
    with Mysql().connect(url) as root:
        root.execute("CREATE OR REPLACE USER clerk@localhost IDENTIFIED BY %s", (password,))
        root.execute(f"GRANT {grants} ON `{name}`.* TO clerk@localhost")
        try:
            from urllib.parse import quote

            yield url.replace("root@", f"clerk:{quote(password, safe='')}@")
        finally:
            root.execute("DROP USER clerk@localhost")


SECRET = "it's \\ \"#;%s hush"
DUMP = """
import sys
from pathlib import Path
from faber_db.adapters.engines.mysql import Mysql
def told(words):
    print(words, flush=True)
Mysql().dump(sys.stdin.readline().strip(), Path(sys.argv[1]), progress=told, cancelled=lambda: False)
"""


def test_the_password_is_on_no_command_line_and_on_no_disk(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    seen: list[str] = []
    with account(database, SECRET, "ALL") as url, Mysql().connect(database) as other:
        for code in ("PROCEDURE two", "FUNCTION one"):  # another account's, and hidden
            other.execute(f"DROP {code}")
        other.execute("LOCK TABLES parents WRITE")  # which the dump waits for

        def look() -> bool:
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # gone meanwhile
                    seen.append(file.read_bytes().decode(errors="replace"))
            assert [p.name for p in tmp_path.iterdir()] == ["b"]
            other.execute("UNLOCK TABLES")
            return False

        Mysql().dump(url, tmp_path / "b", progress=silent, cancelled=look)
    assert any("mariadb-dump" in text and parse(url).database in text for text in seen)
    assert not any("hush" in text for text in seen)


def test_an_account_that_may_not_make_databases(database: str, tmp_path: Path) -> None:
    file = dumped(database, tmp_path)
    with account(database, "p", "ALL") as url, pytest.raises(PermissionMissing) as caught:
        Mysql().restore_beside(url, file, progress=silent, cancelled=never)
    assert "CREATE" in caught.value.hint


def test_an_account_that_may_not_read_all(database: str, tmp_path: Path) -> None:
    with account(database, "p", "INSERT") as url, pytest.raises(BackupFailed) as caught:
        Mysql().dump(url, tmp_path / "b", progress=silent, cancelled=never)
    assert re.search(r"error 1\d\d\d", caught.value.message)
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_is_cancelled_or_cannot_be_written(database: str, tmp_path: Path) -> None:
    with Mysql().connect(database) as other:
        other.execute("LOCK TABLES parents WRITE")  # which the dump waits for
        with pytest.raises(Cancelled):
            Mysql().dump(database, tmp_path / "b", progress=silent, cancelled=lambda: True)
        other.execute("UNLOCK TABLES")
    with pytest.raises(BackupFailed):
        Mysql().dump(database, tmp_path / "no" / "b", progress=silent, cancelled=never)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_takes_its_dump_along(database: str, tmp_path: Path) -> None:
    question = (
        "SELECT count(*) FROM information_schema.processlist"
        " WHERE db = database() AND id NOT IN (connection_id(), %s)"
    )
    with Mysql().connect(database) as other, Mysql().connect(database) as look:
        other.execute("LOCK TABLES parents WRITE")
        ((holder,),) = other.query("SELECT connection_id()")
        with subprocess.Popen(
            [sys.executable, "-c", DUMP, str(tmp_path / "b.part")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(database.encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        other.execute("UNLOCK TABLES")
        deadline = time.monotonic() + 20
        while look.query(question, (holder,)) != [(0,)]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    with pytest.raises(BackupDamaged):
        Mysql().decode(tmp_path / "b.part")


def test_the_tool_of_an_older_series_is_not_taken() -> None:
    from faber_db.adapters.engines.mysql.connect import Server
    from faber_db.model.dialect import Dialect

    newer = Server(Dialect.MARIADB, 990100, "MariaDB 99.1.0")
    with pytest.raises(BackupToolMissing, match=r"mariadb-dump 99\.1 or newer"):
        clients.find("mariadb-dump", newer)


def test_a_program_in_path_comes_after_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "mariadb-dump"
    fake.write_text("#!/bin/sh\necho 'mariadb-dump from 99.1.1-MariaDB'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert clients.find("mariadb-dump").path != fake


def test_drop_copy_of_nothing(mariadb_url: str) -> None:
    Mysql().drop_copy(Copy(mariadb_url, "gone"))
    with pytest.raises(Exception, match="Unknown database"):
        fill(mariadb_url)
