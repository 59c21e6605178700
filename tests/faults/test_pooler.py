"""A real PgBouncer between us and the server: what moves a session is noticed before anything runs."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.child import launched
from faber_db.adapters.handlers import handler_for
from faber_db.services import status
from tests.conftest import _missing
from tests.faults.conftest import new_database
from tests.faults.places import Place, new_place
from tests.faults.watching import wait_until
from tests.plain_user import NOBODY, own_folder

pytestmark = pytest.mark.slow

MOVING = {
    "a single session": "pool_mode = transaction\ndefault_pool_size = 1\n",
    "sessions in turn": "pool_mode = transaction\ndefault_pool_size = 3\nmin_pool_size = 3\n"
    "server_round_robin = 1\n",
    "the newest session first": "pool_mode = transaction\ndefault_pool_size = 3\n",
    "one for each statement": "pool_mode = statement\ndefault_pool_size = 3\n",
}
SESSION = "pool_mode = session\ndefault_pool_size = 5\n"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """With one more migration, which nothing has applied yet."""
    url = new_database(request, "postgresql", tmp_path)
    with new_place(handler_for("sql"), "postgresql", url, tmp_path) as made:
        made.add_next()
        yield made


@contextmanager
def pooled(place: Place, settings: str) -> Iterator[str]:
    """The project's database through a PgBouncer with these settings; the URL."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        _missing("no pgbouncer to start")
    assert program is not None
    assert place.proxy is not None
    with psycopg.connect(place.url) as direct:
        to = f"host=127.0.0.1 port={place.proxy.port} user={direct.info.user}"
        name = direct.info.dbname
    with own_folder() as folder:
        given = folder / "pgbouncer.ini"
        given.write_text(
            f"[databases]\n* = {to}\n[pgbouncer]\nunix_socket_dir = {folder}\n"
            f"listen_port = 6432\nauth_type = any\n{settings}"
        )
        given.chmod(0o644)
        user = str(NOBODY) if os.geteuid() == 0 else ""  # it does not run as root
        command = launched([program, str(given)], death_signal=signal.SIGKILL, uid=user, gid=user)
        with subprocess.Popen(
            command, cwd="/", stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as pooler:
            try:
                wait_until(lambda: listens(folder / ".s.PGSQL.6432"), "a pooler that listens")
                yield f"postgresql://postgres@/{name}?host={folder}&port=6432"
            finally:
                pooler.kill()


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@pytest.mark.parametrize("settings", MOVING.values(), ids=MOVING)
def test_what_moves_the_session_is_refused(place: Place, settings: str) -> None:
    with pooled(place, settings) as url:
        with psycopg.connect(url, autocommit=True) as plain:  # it works
            assert plain.execute("SELECT 1 + 1").fetchone() == (2,)
        place.environ["DEV_URL"] = url
        with place.deployer() as deployer:
            answer = deployer.answer()
        ((code, _, hint),) = answer["errors"]
        assert code == "connection-pooled", answer
        assert "`direct_url`" in hint
        found = status.run(status.Request(environment="dev"), place.app)
        assert [problem.code for problem in found.warnings] == ["connection-pooled"], found
        assert place.there() == set()
        assert place.ledger() == "pending"
        with place.session() as session:  # nothing was set in a session that others get
            assert session.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [
                (0,)
            ]
        with_direct_url(place)
        place.deploy()
    place.environ["DEV_URL"] = place.project_url
    assert place.told().state == "applied"


def with_direct_url(place: Place) -> None:
    """As the hint says."""
    settings = json.loads((place.root / "faber-db.json").read_text())
    settings["environments"]["dev"]["direct_url"] = "env:DIRECT_URL"
    (place.root / "faber-db.json").write_text(json.dumps(settings))
    place.environ["DIRECT_URL"] = place.project_url


def test_what_keeps_the_session_serves(place: Place) -> None:
    with pooled(place, SESSION) as url:
        place.environ["DEV_URL"] = url
        place.deploy()
        assert place.told().state == "applied"
        assert place.there() == place.objects
