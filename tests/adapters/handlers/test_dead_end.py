"""Tools as real processes that are told of a database which is not there: who looks, and who does not."""

import sys
from pathlib import Path

import pytest

from faber_db.adapters.handlers.dead_end import require_obedient
from faber_db.adapters.handlers.user_tool import UserTool
from faber_db.errors import ToolFailed
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Limits, ToolPlace

OBEDIENT = {
    "a URL": (Dialect.POSTGRESQL, "psycopg.connect(os.environ['DATABASE_URL'])"),
    "its parts": (
        Dialect.POSTGRESQL,
        "psycopg.connect(host=os.environ['DB_HOST'], port=os.environ['DB_PORT'],"
        " dbname=os.environ['DB_NAME'], user=os.environ['DB_USER'])",
    ),
    "what the client reads": (Dialect.POSTGRESQL, "psycopg.connect('')"),
    "MariaDB": (
        Dialect.MARIADB,
        "pymysql.connect(host=os.environ['MYSQL_HOST'], port=int(os.environ['MYSQL_PORT']))",
    ),
    "a file": (
        Dialect.SQLITE,
        "sqlite3.connect(os.environ['DATABASE_URL'][7:]).execute('SELECT 1 FROM sqlite_schema')",
    ),
}
DISOBEDIENT = {
    "another file": (
        Dialect.SQLITE,
        "sqlite3.connect('of_the_settings.db').execute('CREATE TABLE a (a)')",
        "elsewhere",
    ),
    "another server": (
        Dialect.POSTGRESQL,
        "psycopg.connect('host=127.0.0.1 port=1 user=a dbname=b')",
        "ended with 1 and said: .*refused",
    ),
    "nothing": (Dialect.POSTGRESQL, "sys.exit('no such command')", "said: no such command"),
}


def looking(root: Path, script: str) -> UserTool:
    file = root / "tool.py"
    modules = (name for name in ("os", "sys", "sqlite3", "psycopg", "pymysql") if name in script)
    file.write_text(f"import {', '.join(modules)}\n{script}\n")
    return UserTool("The tool", (sys.executable, str(file)), root)


def place(root: Path) -> ToolPlace:
    url = "postgresql://app:hunter2-s3cret@127.0.0.1/shop"
    return ToolPlace(root, root, url, ("DATABASE_URL",), {}, Limits())


@pytest.mark.parametrize(("dialect", "script"), OBEDIENT.values(), ids=OBEDIENT)
def test_one_that_looks_where_it_is_told(dialect: Dialect, script: str, tmp_path: Path) -> None:
    require_obedient(lambda _: looking(tmp_path, script), place(tmp_path), dialect)


@pytest.mark.parametrize(("dialect", "script", "said"), DISOBEDIENT.values(), ids=DISOBEDIENT)
def test_one_that_looks_elsewhere(dialect: Dialect, script: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=f"(?s)no migration was run.*{said}") as caught:
        require_obedient(lambda _: looking(tmp_path, script), place(tmp_path), dialect)
    assert "hunter2" not in str(caught.value)
