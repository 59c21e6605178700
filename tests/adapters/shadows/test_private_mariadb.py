"""The private MariaDB: closed to everybody else, and gone with its maker."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest

from faber_db.adapters.engines.mysql import address, binaries
from faber_db.adapters.shadows import private_server
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.errors import ShadowUnavailable

START = """
import sys
import pymysql
from faber_db.adapters.engines.mysql import address, binaries
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
with PrivateMariadb(binaries.find()[0]) as server:
    at = address.parse(server.url())
    with pymysql.connect(unix_socket=at.socket, user=at.user) as connection:
        print(connection.get_server_info(), server.process_id, at.socket, flush=True)
        sys.stdin.read()
"""

pytestmark = pytest.mark.usefixtures("mariadb_server")  # skips or fails where there is none


def asked(url: str, question: str) -> tuple[object, ...]:
    at = address.parse(url)
    host = at.host or "localhost"
    with pymysql.connect(
        host=host, port=at.port, unix_socket=at.socket or None, user=at.user, password=at.password
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(question)
        return cursor.fetchone() or ()


def test_it_listens_on_a_socket_that_others_cannot_reach(mariadb_server: str) -> None:
    assert asked(mariadb_server, "SELECT @@skip_networking, @@local_infile") == (1, 0)
    folder = Path(address.parse(mariadb_server).socket).parent
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow  # starts a server of its own
def test_settings_and_leftovers_and_stop() -> None:
    left = Path("/tmp/fdbmy-999999999-left")
    left.mkdir()
    with PrivateMariadb(binaries.find()[0], settings={"lower-case-table-names": "1"}) as server:
        assert not left.exists()
        assert asked(server.url(), "SELECT @@lower_case_table_names") == (1,)
        folder = Path(address.parse(server.url()).socket).parent
        pid = server.process_id
        assert pid is not None
        if os.geteuid() == 0:
            assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert not folder.exists()


@pytest.mark.slow
def test_the_server_dies_with_its_maker() -> None:
    command = [sys.executable, "-c", START]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        _, number, socket = process.stdout.readline().split()
        process.kill()
    state = Path(f"/proc/{int(number)}/stat")
    for _ in range(200):
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        subprocess.run(["sleep", "0.05"], check=True)
    else:
        pytest.fail("the server outlived its maker")
    folder = Path(socket.decode()).parent
    assert folder.exists()
    private_server.remove_leftovers(PrivateMariadb.prefix, PrivateMariadb.pid_file)
    assert not folder.exists()


@pytest.mark.slow
def test_as_a_plain_user() -> None:
    """Run by the system's own Python, since the one of these tests may lie in root's home."""
    python = Path("/usr/bin/python3")
    same = f"{sys.version_info.major}.{sys.version_info.minor}"
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    if not python.exists() or same not in subprocess.check_output([python, "--version"], text=True):
        pytest.skip(f"needs a Python {same} that every account can run")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", START],
        env={"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PATH": os.environ["PATH"]},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "MariaDB" in done.stdout


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    for name in ("mariadbd", "mariadb-install-db"):
        (tmp_path / name).write_text("#!/bin/sh\necho broken on purpose >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    broken = binaries.Programs(tmp_path / "mariadbd", "10.11.0")
    with pytest.raises(ShadowUnavailable, match=r"nobody|broken on purpose"):
        PrivateMariadb(broken).start()


def test_what_belongs_together_is_found() -> None:
    for found in binaries.find():
        assert found.tool("mariadb-install-db") is not None
        assert found.version.startswith(found.series)
        assert found.tool("no-such-program") is None
