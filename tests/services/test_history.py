from pathlib import Path

import pytest

from faber_db.errors import MigrationsMissing, PathOutsideProject
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
