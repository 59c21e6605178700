"""What a build says when it cannot go on."""

from pathlib import Path

import pytest

from faber_db.errors import MigrationEdited
from faber_db.services import build
from faber_db.services.app import App
from faber_db.services.coordinate import Request
from tests.services.conftest import AppFactory


def made(app_factory: AppFactory, url: str) -> App:
    Path(url.removeprefix("sqlite:")).touch()
    return app_factory(
        url,
        migrations={
            "001_a.up.sql": "CREATE TABLE a (id integer);",
            "001_a.down.sql": "DROP TABLE a;",
        },
    )


def test_a_failure_names_its_migration(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url)
    (app.database().folder / "002_b.up.sql").write_text("\nINSERT INTO missing VALUES (1);\n")
    (app.database().folder / "002_b.down.sql").write_text("SELECT 1;")
    (problem,) = build.run(Request(), app).errors
    assert problem.code == "migration-failed"
    assert problem.message.startswith("002_b: line 2: ")


def test_an_edited_migration_says_what_to_restore(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url)
    build.run(Request(), app)
    (app.database().folder / "001_a.up.sql").write_text("CREATE TABLE other (id integer);")
    with pytest.raises(MigrationEdited) as caught:
        build.run(Request(), app)
    assert caught.value.message == "001_a was changed after it was applied to dev; nothing ran"
    assert caught.value.hint.startswith(
        "Restore its file from version control, or record it with accept-edit: "
    )
