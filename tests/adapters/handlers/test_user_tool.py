"""A project's own tool as a real process: what it is told, and what becomes of one that misbehaves."""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers.user_tool import UserTool, require_row, run_tool
from faber_db.errors import Cancelled, ToolFailed, ToolMissing
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services.ports import Cancelled as IsCancelled
from faber_db.services.ports import Limits, Session, ToolPlace, never

URL = "postgresql://app:hunter2-s3cret@127.0.0.1/shop"
LIMITS = Limits(lock_timeout=timedelta(seconds=1), statement_timeout=timedelta(seconds=30))
MIGRATION = Migration(version="0001_a", name="0001_a", path="0001_a.py", content=b"", up="")


@pytest.fixture
def session(tmp_path: Path, sqlite_url: str) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(sqlite_url, create=True) as session:
        yield session


def place(
    root: Path,
    *,
    url: str = URL,
    environ: Mapping[str, str] | None = None,
    cancelled: IsCancelled = never,
) -> ToolPlace:
    return ToolPlace(root, root, url, ("DATABASE_URL",), environ or {}, LIMITS, cancelled=cancelled)


def tool(root: Path, script: str) -> UserTool:
    file = root / "tool.py"
    file.write_text(script)
    return UserTool("The tool", (sys.executable, str(file)), root)


def ends(pid: int) -> bool:
    """Whether a process that was killed is gone; the kernel takes a moment."""
    until = monotonic() + 30
    while alive(pid) and monotonic() < until:
        sleep(0.01)
    return not alive(pid)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # nobody may have collected it yet


def test_what_it_prints_is_given_back(tmp_path: Path, session: Session) -> None:
    assert run_tool(session, tool(tmp_path, "print('done')"), place(tmp_path)) == "done\n"


def test_a_missing_tool(tmp_path: Path, session: Session) -> None:
    for path in (str(tmp_path / "none"), "alembic", str(tmp_path)):
        with pytest.raises(ToolMissing, match="Alembic of this project"):
            run_tool(session, UserTool("Alembic", (path,), tmp_path), place(tmp_path))


def test_a_failure_tells_the_last_lines(tmp_path: Path, session: Session) -> None:
    script = "import sys; print('\\n'.join(map(str, range(99)))); sys.exit('it \\x1b[31mbroke')"
    with pytest.raises(ToolFailed) as caught:
        run_tool(session, tool(tmp_path, script), place(tmp_path))
    assert "ended with 1. It said: " in caught.value.message
    assert caught.value.message.endswith("97 | 98 | it \\u{1b}[31mbroke")
    assert "90" not in caught.value.message


ASKING = {
    "standard input": "input('Did you rename the model? [y/N] ')",
    "the terminal": "open('/dev/tty')",
    "and goes away": "import sys; print('Proceed (y/n)? ', end='', flush=True); sys.exit(3)",
}


@pytest.mark.parametrize("script", ASKING.values(), ids=ASKING)
def test_one_that_asks_fails_at_once(tmp_path: Path, session: Session, script: str) -> None:
    with pytest.raises(ToolFailed, match="asked a question, got no answer and ended with"):
        run_tool(session, tool(tmp_path, script), place(tmp_path))


def test_one_that_hangs_is_stopped(tmp_path: Path, session: Session) -> None:
    script = "import time; print('waiting', flush=True); time.sleep(600)"
    with pytest.raises(ToolFailed, match="did not end within 1 s and was stopped"):
        run_tool(session, tool(tmp_path, script), place(tmp_path), limit=timedelta(seconds=1))


def test_cancellation_ends_its_children_too(tmp_path: Path, session: Session) -> None:
    pids = tmp_path / "pids"
    script = (
        "import os, pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        f"if child: pathlib.Path({str(tmp_path / 'new')!r}).write_text(f'{{os.getpid()}} {{child}}')\n"
        f"if child: os.rename({str(tmp_path / 'new')!r}, {str(pids)!r})\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(Cancelled):
        run_tool(session, tool(tmp_path, script), place(tmp_path, cancelled=pids.exists))
    first, second = (int(pid) for pid in pids.read_text().split())
    assert ends(first)
    assert ends(second)


def test_a_child_that_stays_is_not_waited_for(tmp_path: Path, session: Session) -> None:
    script = (
        "import os, time\n"
        "if child := os.fork(): print(child, flush=True); os._exit(0)\n"
        "time.sleep(600)\n"
    )
    assert ends(int(run_tool(session, tool(tmp_path, script), place(tmp_path))))


def test_no_password_is_shown(tmp_path: Path, session: Session) -> None:
    script = (
        "import os, sys; print(os.environ['DATABASE_URL']); print('with hunter2-s3cret');"
        "print('password=other-one'); sys.exit(os.environ['DATABASE_URL'][17:])"
    )
    with pytest.raises(ToolFailed) as caught:
        run_tool(session, tool(tmp_path, script), place(tmp_path))
    assert "hunter2" not in str(caught.value)
    assert "other-one" not in str(caught.value)
    assert "with ***" in str(caught.value)


def test_much_output_is_cut(tmp_path: Path, session: Session) -> None:
    script = "for n in range(300): print('x' * 9999)\nprint('end')"
    said = run_tool(session, tool(tmp_path, script), place(tmp_path))
    assert said.endswith("x\nend\n")
    assert len(said) <= 64_000


GIVEN = {
    "PATH": "/usr/bin:/bin",
    "SECRET_KEY": "for-cookies",
    "REDIS_URL": "redis://127.0.0.1",
    "DATABASE_URL": "postgresql://another/one",
}
OTHERS = {
    "PROD_DATABASE_URL": "postgresql://root:pw@prod/shop",
    "WAREHOUSE": "mysql+pymysql://root:pw@prod/shop",
    "LEGACY": "host=prod dbname=shop",
    "REPLICA_DB_PASSWORD": "pw",
    "PGSERVICE": "prod",
    "MYSQL_PWD": "pw",
}


def test_it_is_told_one_database(tmp_path: Path, session: Session) -> None:
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    of_ours = {"FABER_DB_CONFIG": "x"}
    given = place(tmp_path, environ={**GIVEN, **OTHERS, **of_ours})
    said = run_tool(session, tool(tmp_path, script), given)
    assert not [name for name in (*OTHERS, *of_ours) if f'"{name}"' in said]
    assert '"SECRET_KEY"' in said
    assert '"REDIS_URL": "redis://127.0.0.1"' in said
    assert "another/one" not in said


def test_what_was_left_out_is_named(tmp_path: Path, session: Session) -> None:
    given = place(tmp_path, environ={"ANALYTICS_DATABASE_URL": "postgresql://a/b"})
    with pytest.raises(ToolFailed) as caught:
        run_tool(session, tool(tmp_path, "import sys; sys.exit(1)"), given)
    assert "It was not given ANALYTICS_DATABASE_URL" in caught.value.hint


def test_the_row_is_looked_for(tmp_path: Path) -> None:
    row = LedgerRow(MIGRATION.version, MIGRATION.name, None, None)
    nothing = tool(tmp_path, "")
    require_row(nothing, MIGRATION, lambda: [row], "")
    unfinished = LedgerRow(MIGRATION.version, MIGRATION.name, None, None, finished=False)
    for rows in ([], [unfinished]):
        with pytest.raises(ToolFailed, match="it reached another database, or did nothing"):
            require_row(nothing, MIGRATION, lambda rows=rows: rows, "OK\n")  # type: ignore[misc]


@pytest.mark.slow
def test_limits_on_postgresql_and_the_session_that_it_leaves(
    tmp_path: Path, postgresql_url: str
) -> None:
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%%'"
    script = (
        "import os, psycopg\n"
        "connection = psycopg.connect(os.environ['DATABASE_URL'])\n"
        "for name in ('lock_timeout', 'statement_timeout', 'application_name'):\n"
        "    print(connection.execute(f'SHOW {name}').fetchone()[0], flush=True)\n"
        "if 'SLEEP' in os.environ: connection.execute('SELECT pg_sleep(600)')\n"
    )
    with Postgresql().connect(postgresql_url) as session:
        environ = {"PGOPTIONS": "-c lock_timeout=0", "PATH": os.environ["PATH"]}
        there = place(tmp_path, url=postgresql_url, environ=environ)
        lock, statement, name = run_tool(session, tool(tmp_path, script), there).split()
        assert (lock, statement) == ("1s", "30s")
        assert name.startswith("faber-db-tool-")

        def is_asleep() -> bool:
            return session.query(asleep) == [(1,)]

        sleeping = place(
            tmp_path, url=postgresql_url, environ={"SLEEP": "yes"}, cancelled=is_asleep
        )
        with pytest.raises(Cancelled):
            run_tool(session, tool(tmp_path, script), sleeping)
        until = monotonic() + 15  # its own limit would end it after 30 s
        while is_asleep():
            assert monotonic() < until
            sleep(0.05)
