"""The disk under a database takes no more: ENOSPC on a small file system, EFBIG by a limit.

Both are the kernel's own answers. The limit (RLIMIT_FSIZE) needs no rights, so that it is there too
where no file system can be mounted.
"""

import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faber_db.adapters.handlers import handler_for
from tests.faults.conftest import database_on
from tests.faults.crashing import CrashingPostgresql, crashing
from tests.faults.places import Place, new_place
from tests.faults.small_disk import KIB, can_mount, fill, make_room, small_disk
from tests.faults.test_every_handler import go_on

MOUNTS = [True] if can_mount() else []
CODES = ("migration-failed", "connection-statement-failed", "state-unusable")
HANDLERS = ("sql", "prisma", "dbmate")
UP = (
    "CREATE TABLE first_{n} (a text);\n"
    "CREATE TABLE second_{n} (a integer);\n"
    "INSERT INTO there VALUES ({n});\n"
)
ROWS = {  # so many of one KiB
    "sqlite": "INSERT INTO first_{n} WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
    " LIMIT {kib}) SELECT hex(randomblob(512)) FROM c;\n",
    "postgresql": "INSERT INTO first_{n} SELECT repeat(md5(i::text), 32) FROM"
    " generate_series(1, {kib}) i;\n",
}
SPILLS = 4 * KIB  # more than SQLite keeps in memory until COMMIT


def add_next(place: Place, kib: int) -> None:
    place.number += 1
    up = (UP + ROWS[place.engine.name]).format(n=place.number, kib=kib)
    place.add(f"next{place.number}", up, "SELECT 1;\n")


def require_truth(place: Place, answer: dict[str, Any], about: object) -> None:
    """Once there is room again: it failed, all agree on that, and a command goes on."""
    ((code, message, hint),) = answer["errors"]
    assert answer["exit"] == 2, (about, answer)
    assert code in CODES, (about, answer)
    if "full" in message or "No space left" in message:  # the kernel says less of a limit
        assert "Make room" in hint, (about, answer)
    told, there = place.told(), place.there()
    assert told.state.value == place.ledger(), (about, told)
    assert there == set(), (about, told)
    if told.state == "failed":  # in Prisma's words, with ours where it could still be written
        assert re.search("nothing (of it )?was kept|never finished", told.detail), (about, told)
    else:
        assert told.state == "pending", (about, told)
    go_on(place, told.state.value, back=False)


@pytest.mark.parametrize(
    "handler", ["sql", *(pytest.param(h, marks=pytest.mark.slow) for h in HANDLERS[1:])]
)
def test_a_file_that_cannot_grow(handler: str, tmp_path: Path) -> None:
    file = tmp_path / "dev.db"
    with new_place(handler_for(handler), "sqlite", f"sqlite:{file}", tmp_path) as place:
        with place.session() as session:  # larger than files of our own, which shall not be hit
            session.execute("CREATE TABLE ballast (a blob)")
            session.execute(f"INSERT INTO ballast VALUES (zeroblob({4 * KIB * KIB}))")
        for kib, rows in ((0, 1), (64, KIB), (2 * KIB, SPILLS)):
            add_next(place, rows)
            with place.deployer(largest=file.stat().st_size + kib * KIB) as deployer:
                answer = deployer.answer()
            require_truth(place, answer, (kib, rows))


@pytest.mark.slow
@pytest.mark.parametrize("_mounts", MOUNTS)
@pytest.mark.parametrize("handler", HANDLERS)
def test_sqlite_on_a_full_disk(handler: str, _mounts: bool, tmp_path: Path) -> None:
    with (
        small_disk(32 * KIB) as disk,
        new_place(handler_for(handler), "sqlite", f"sqlite:{disk}/dev.db", tmp_path) as place,
    ):
        for kib, rows in ((0, 1), (4, 1), (16, KIB), (256, KIB), (2 * KIB, SPILLS)):
            add_next(place, rows)
            fill(disk, but_kib=kib)
            with place.deployer() as deployer:
                answer = deployer.answer()
            make_room(disk)
            require_truth(place, answer, (kib, rows))


@pytest.fixture(scope="module")
def server() -> Iterator[CrashingPostgresql]:
    made = crashing("postgresql17")
    assert isinstance(made, CrashingPostgresql)
    with made:
        yield made


@contextmanager
def limited(server: CrashingPostgresql, largest: int) -> Iterator[None]:
    """Started again within the limit, and once more without."""
    with psycopg.connect(server.url(), autocommit=True) as administrator:
        administrator.execute("CHECKPOINT")  # larger files of before are not written anew
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        server.crash()
        server.come_back()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    try:
        yield
    finally:
        server.crash()
        server.come_back()


@pytest.mark.slow
@pytest.mark.parametrize("handler", HANDLERS)
def test_a_servers_file_that_cannot_grow(
    handler: str, server: CrashingPostgresql, tmp_path: Path
) -> None:
    """Above 16 MiB, so that its log is not hit, which it would not outlive."""
    url = database_on(server.url())
    with new_place(handler_for(handler), "postgresql", url, tmp_path) as place:
        add_next(place, 24 * KIB)
        with limited(server, 18 * KIB * KIB), place.deployer() as deployer:
            answer = deployer.answer()
        require_truth(place, answer, "limit")


@pytest.mark.slow
@pytest.mark.parametrize("_mounts", MOUNTS)
@pytest.mark.parametrize("handler", HANDLERS)
def test_a_tablespace_on_a_full_disk(
    handler: str, _mounts: bool, server: CrashingPostgresql, tmp_path: Path
) -> None:
    """With the ledger on it, too; only the server's log lies elsewhere."""
    url = database_on(server.url())
    with psycopg.connect(url) as connection:
        name = connection.info.dbname
    with small_disk(64 * KIB) as disk:
        space = disk / "space"
        space.mkdir()
        account = server.data.stat()
        os.chown(space, account.st_uid, account.st_gid)
        with psycopg.connect(server.url(), autocommit=True) as administrator:
            administrator.execute(f"CREATE TABLESPACE small_{handler} LOCATION '{space}'".encode())
            administrator.execute(f"ALTER DATABASE {name} SET TABLESPACE small_{handler}".encode())
            with new_place(handler_for(handler), "postgresql", url, tmp_path) as place:
                for kib in (0, 128, KIB):
                    add_next(place, SPILLS)
                    fill(disk, but_kib=kib)
                    with place.deployer() as deployer:
                        answer = deployer.answer()
                    make_room(disk)
                    require_truth(place, answer, kib)
            place.wait_until_nobody_is_left()
            administrator.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            administrator.execute(f"DROP TABLESPACE small_{handler}".encode())
