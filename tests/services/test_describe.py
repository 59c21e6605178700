"""A schema in few words: within its budget, whole where it was asked for, by pages beyond."""

import sqlite3
from pathlib import Path

import pytest

from faber_db.errors import InputError
from faber_db.services.app import App
from faber_db.services.describe import DescribeDetails, Request, run
from faber_db.tools.boundary import as_result
from faber_db.tools.fit import BYTES_PER_TOKEN, size_of
from faber_db.tools.text import render
from tests.services.conftest import AppFactory

COLUMNS = (
    "id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts (id), "
    "customer_email TEXT NOT NULL, display_name TEXT, status TEXT NOT NULL DEFAULT 'new', "
    "amount NUMERIC CHECK (amount >= 0), currency TEXT, created_at TEXT NOT NULL, "
    "updated_at TEXT, deleted_at TEXT, notes TEXT"
)


def _app(app_factory: AppFactory, tmp_path: Path, tables: int) -> App:
    file = tmp_path / "wide.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    for number in range(tables - 1):
        connection.execute(f"CREATE TABLE invoice_items_{number:03} ({COLUMNS})")
        connection.execute(
            f"CREATE INDEX items_{number:03}_open ON invoice_items_{number:03} (status, created_at)"
            " WHERE deleted_at IS NULL"
        )
    connection.execute("CREATE VIEW open_accounts AS SELECT id FROM accounts")
    connection.commit()
    connection.close()
    return app_factory(f"sqlite:{file}")


def describe(app: App, **arguments: object) -> DescribeDetails:
    return run(Request.model_validate(arguments), app).details


def _tokens(app: App, limit: int, **arguments: object) -> float:
    """Of the longer of the two parts of the tool's answer."""
    result = as_result(run(Request.model_validate(arguments), app), limit)
    content = result.structured_content
    assert isinstance(content, dict)
    assert "answer-cut" not in str(content)
    return max(size_of(content), len(render(content).encode())) / BYTES_PER_TOKEN


def test_fifty_tables_in_one_page(app_factory: AppFactory, tmp_path: Path) -> None:
    app = _app(app_factory, tmp_path, 50)
    assert len(describe(app).tables) == 50
    assert _tokens(app, 10_000) <= 2_500


def test_one_table(app_factory: AppFactory, tmp_path: Path) -> None:
    app = _app(app_factory, tmp_path, 5)
    assert _tokens(app, 10_000, tables=("invoice_items_001",)) <= 600
    (table,) = describe(app, tables=("invoice_items_001",)).tables
    assert table.columns[0].startswith("id INTEGER")
    assert table.primary_key == ["id"]
    assert table.foreign_keys == ["account_id > accounts(id)"]
    assert table.indexes == ["items_001_open (status, created_at) where deleted_at IS NULL"]


def test_overview_marks_keys_and_references(app_factory: AppFactory, tmp_path: Path) -> None:
    details = describe(_app(app_factory, tmp_path, 2))
    overview = {table.name: table.overview for table in details.tables}
    assert overview["accounts"] == "id* name"
    assert overview["invoice_items_000"].startswith("id* account_id>accounts customer_email")
    assert details.views == ["open_accounts"]


@pytest.mark.parametrize("detail", ["summary", "full"])
def test_pages_hold_every_table_once(app_factory: AppFactory, tmp_path: Path, detail: str) -> None:
    app = _app(app_factory, tmp_path, 260)
    seen: list[str] = []
    cursor = ""
    for _ in range(60):
        page = describe(app, detail=detail, cursor=cursor)
        seen += [table.name for table in page.tables]
        assert page.left_out == 260 - len(seen)
        if not page.cursor:
            break
        assert page.next is not None
        cursor = page.cursor
    assert len(seen) == len(set(seen)) == 260


def test_search(app_factory: AppFactory, tmp_path: Path) -> None:
    app = _app(app_factory, tmp_path, 20)
    (table,) = describe(app, search="ACCOUNTS").tables
    assert table.columns
    by_column = describe(app, search="currency")
    assert len(by_column.tables) == 19
    assert not by_column.tables[0].columns
    assert describe(app, search="nothing_like_it").tables == []


def test_unknown_table_names_the_nearest(app_factory: AppFactory, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        describe(_app(app_factory, tmp_path, 2), tables=("acounts",))
    assert "accounts" in caught.value.hint


def test_fingerprint_changes_with_the_schema(app_factory: AppFactory, tmp_path: Path) -> None:
    app = _app(app_factory, tmp_path, 2)
    before = describe(app).schema_fingerprint
    assert describe(app).schema_fingerprint == before
    connection = sqlite3.connect(tmp_path / "wide.sqlite3")
    connection.execute("ALTER TABLE accounts ADD COLUMN extra TEXT")
    connection.close()
    assert describe(app).schema_fingerprint != before


def test_postgresql(app_factory: AppFactory, postgresql_url: str) -> None:
    app = app_factory(postgresql_url)
    with app.database().engine.connect(postgresql_url) as session, session.transaction():
        session.execute("CREATE TYPE mood AS ENUM ('happy', 'sad')")
        session.execute("CREATE SCHEMA sales")
        session.execute(
            "CREATE TABLE sales.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " state mood NOT NULL DEFAULT 'happy', total numeric(10,2) UNIQUE)"
        )
    details = describe(app, tables=("orders",))
    (table,) = details.tables
    assert table.name == "sales.orders"
    assert "not null" in table.columns[1]
    assert table.unique == ["total"]
    assert any(word.startswith("mood: happy, sad") for word in describe(app).enums)
