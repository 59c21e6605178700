"""Private servers are set up once and copied afterwards, and nothing by halves is ever used."""

import os
from collections.abc import Callable
from pathlib import Path
from time import time

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql import binaries as mysql_binaries
from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.adapters.shadows.private_server import PrivateServer
from faber_db.adapters.shadows.templates import Templates, key_of

DAY = 24 * 60 * 60


def postgresql(templates: Templates) -> PrivatePostgresql:
    return PrivatePostgresql(binaries.find("initdb")[0].folder, templates=templates)


def mariadb(templates: Templates) -> PrivateMariadb:
    return PrivateMariadb(mysql_binaries.find()[0], templates=templates)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "servers"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A data folder that was just set up."""
    data = tmp_path / "data"
    (data / "base").mkdir(parents=True, mode=0o700)
    (data / "base" / "1").write_text("rows")
    return data


def start(
    make: Callable[[Templates], PrivatePostgresql | PrivateMariadb], templates: Templates
) -> None:
    with make(templates) as server:
        engine = Postgresql() if isinstance(server, PrivatePostgresql) else Mysql()
        database = "postgres" if isinstance(server, PrivatePostgresql) else "mysql"
        with engine.connect(server.url(database)) as session:
            if isinstance(server, PrivatePostgresql):
                assert session.catalogue().tables == ()
            session.execute("CREATE TABLE kept_by_no_template (a int)")


@pytest.mark.parametrize("make", [postgresql, mariadb])
def test_a_second_server_is_a_copy(
    make: Callable[[Templates], PrivatePostgresql | PrivateMariadb],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    templates = Templates(place)
    if make is mariadb and not mysql_binaries.find():
        pytest.skip("no MariaDB")
    start(make, templates)
    (kept,) = place.iterdir()
    assert kept.stat().st_mode & 0o777 == place.stat().st_mode & 0o777 == 0o700

    def never(_: PrivateServer) -> None:
        pytest.fail("it was set up again")

    for server in (PrivatePostgresql, PrivateMariadb):
        monkeypatch.setattr(server, "_initialise", never)
    start(make, templates)
    start(make, templates)


def test_whoever_is_second_changes_nothing(place: Path, fresh: Path, tmp_path: Path) -> None:
    templates = Templates(place)
    templates.keep("k", fresh)
    (fresh / "base" / "1").write_text("other")
    templates.keep("k", fresh)
    assert [entry.name for entry in place.iterdir()] == ["k"]
    assert templates.take("k", tmp_path / "copy")
    assert (tmp_path / "copy" / "base" / "1").read_text() == "rows"


def test_nothing_by_halves(
    place: Path, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    templates = Templates(place)
    templates.keep("k", fresh)
    assert list(place.iterdir()) == []
    assert not templates.take("k", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_what_others_may_touch_is_not_taken(place: Path, fresh: Path, tmp_path: Path) -> None:
    templates = Templates(place)
    templates.keep("k", fresh)
    for folder, mode in ((place / "k", 0o770), (place, 0o755)):
        folder.chmod(mode)
        assert not templates.take("k", tmp_path / "copy")
        folder.chmod(0o700)
    (place / "link").symlink_to(place / "k")
    assert not templates.take("link", tmp_path / "copy")
    assert templates.take("k", tmp_path / "copy")


def test_what_nobody_uses_goes(place: Path, fresh: Path) -> None:
    templates = Templates(place)
    for name, days in (("used", 29), ("unused", 31), ("unfinished-x", 2), ("unfinished-y", 0)):
        templates.keep(name, fresh)
        os.utime(place / name, (time() - days * DAY,) * 2)
    templates.keep("new", fresh)
    assert {entry.name for entry in place.iterdir()} == {"new", "used", "unfinished-y"}


def test_another_build_or_option_is_another_key(tmp_path: Path) -> None:
    program = tmp_path / "initdb"
    program.write_text("1")
    first = key_of([program], ["--a"])
    assert key_of([program], ["--a"]) == first
    assert key_of([program], ["--b"]) != first
    os.utime(program, (1, 1))
    assert key_of([program], ["--a"]) != first
