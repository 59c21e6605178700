import os
from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.adapters.handlers.prisma import Prisma
from faber_db.errors import FileUnreadable, MigrationsMissing, PathOutsideProject
from faber_db.services.app import Database
from faber_db.services.history import history, read_folder
from tests.services.conftest import AppFactory

PAIR = {"0001_a.up.sql": "create table a (b int);\n", "0001_a.down.sql": "drop table a;\n"}


def database(app_factory: AppFactory, tmp_path: Path, migrations: dict[str, str]) -> Database:
    return app_factory(str(tmp_path / "live.sqlite3"), migrations=migrations).database()


def test_only_what_belongs_to_the_history_in_order(app_factory: AppFactory, tmp_path: Path) -> None:
    found = database(app_factory, tmp_path, {**PAIR, "notes.txt": "x", ".gitkeep": ""})
    files = read_folder(found)
    assert [f.path for f in files] == ["0001_a.down.sql", "0001_a.up.sql"]
    assert files[1].content == PAIR["0001_a.up.sql"].encode()
    assert [m.version for m in history(found)] == ["0001_a"]


def test_links_that_lead_out_are_refused(app_factory: AppFactory, tmp_path: Path) -> None:
    found = database(app_factory, tmp_path, PAIR)
    outside = tmp_path / "outside.sql"
    outside.write_text("drop table users;\n")
    (found.folder / "0002_b.up.sql").symlink_to(outside)
    with pytest.raises(PathOutsideProject, match="0002_b"):
        read_folder(found)


def test_no_migrations(app_factory: AppFactory, tmp_path: Path) -> None:
    found = database(app_factory, tmp_path, {})
    with pytest.raises(MigrationsMissing, match="holds no migration"):
        history(found)
    found.folder.rmdir()
    assert read_folder(found) == ()
    with pytest.raises(MigrationsMissing, match="does not exist"):
        history(found)


def test_a_pipe_in_the_folder_is_refused_and_not_waited_for(
    app_factory: AppFactory, tmp_path: Path
) -> None:
    found = database(app_factory, tmp_path, PAIR)
    os.mkfifo(found.folder / "0002_b.up.sql")
    with pytest.raises(FileUnreadable, match=r"'0002_b\.up\.sql' .* is not a file"):
        read_folder(found)


def test_files_of_folders_below_come_in_order_of_their_paths(
    app_factory: AppFactory, tmp_path: Path
) -> None:
    found = replace(database(app_factory, tmp_path, {}), handler=Prisma())
    names = ["2_b", "1_a", "1_a.old"]
    for name in names:
        (found.folder / name).mkdir()
        (found.folder / name / "migration.sql").write_text("SELECT 1;")
    (found.folder / "3_c").symlink_to(found.folder / "1_a")  # a link is not entered
    expected = ["1_a.old/migration.sql", "1_a/migration.sql", "2_b/migration.sql"]
    assert [f.path for f in read_folder(found)] == expected
