"""Each format once through the command line on MariaDB: build, then status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.adapters.handlers import HANDLERS
from faber_db.errors import NotSupported
from faber_db.services.ports import Handler
from tests.e2e.project import Project, new_project
from tests.faults.places import NOW

pytestmark = pytest.mark.slow

NATIVE = [handler for handler in HANDLERS if not handler.code]
UP = "CREATE TABLE parcels (id integer NOT NULL PRIMARY KEY);\n"
DOWN = "DROP TABLE parcels;\n"


def project(folder: Path, handler: Handler, engine: str, url: str) -> Project:
    """A project of that format with one migration, and nothing of ours but the folder of it."""
    environ = new_project(folder / "other").environ
    root = folder / "project"
    files = handler.generate("parcels", UP, DOWN, now=NOW, existing=())
    made = [(root / handler.default_folder / file.path, file.content) for file in files]
    try:
        scaffold = handler.scaffold(engine, "env:DATABASE_URL")
    except NotSupported:  # nothing is made for that product; what is there is deployed
        scaffold = ()
    for path, content in [*((root / f.path, f.content) for f in scaffold), *made]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Project(root, environ | {"DATABASE_URL": url}, {"dev": url})


@pytest.mark.parametrize("handler", NATIVE, ids=[h.name for h in NATIVE])
def test_built_on_mariadb(handler: Handler, tmp_path: Path, new_mariadb: Callable[[], str]) -> None:
    shop = project(tmp_path, handler, "mysql", new_mariadb())
    configured(shop, handler)
    code, answer = shop.exits("build")
    assert code == 0, answer
    assert shop.columns("dev", "parcels") == ["id"]
    (line,) = shop.json("status", "dev")["details"]["migrations"].values()
    assert line["state"] == "applied"


def configured(shop: Project, handler: Handler) -> None:
    settings = {
        "handler": handler.name,
        "migrations": handler.default_folder,
        "environments": {"dev": {"url": "env:DATABASE_URL"}},
    }
    (shop.root / "faber-db.json").write_text(json.dumps(settings))
