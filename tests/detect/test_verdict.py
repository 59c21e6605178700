import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.detect import ExtraWords, detect

NEEDED = {
    "ddl": ("Add a nickname column to the members table", "", "add_column"),
    "table": ("Create a join table between courses and teachers", "", "create_table"),
    "sql in the text": (
        "Payments",
        "CREATE TABLE payments (id bigint primary key);",
        "create_table",
    ),
    "index": ("Add missing indexes on foreign keys", "", "index"),
    "drop": ("Drop unused columns from invoices", "", "drop"),
    "backfill": ("Backfill country for existing customers", "", "data_migration"),
    "type": ("Change order ids to bigint before they overflow", "", "type_change"),
    "soft delete": ("Soft delete for projects", "", "add_column"),
    "audit": ("Audit log for changes of prices", "", "create_table"),
    "rename": ("Rename the `colour` column to `color`", "", "rename"),
}
NOT_NEEDED = {
    "table of contents": "Add table of contents to the README",
    "screen": "Sortable columns in the data table component",
    "json schema": "JSON schema validation accepts additional properties",
    "another migration": "Migrate from Webpack to Vite",
    "pool": "Raise the database connection pool size",
    "query": "Use select_related to avoid duplicate database queries",
    "inside a word": "More comfortable seating plan, indexed editor, unconstrained layout",
    "docs": "Improve documentation of database migrations",
}


@pytest.mark.parametrize(("title", "text", "kind"), NEEDED.values(), ids=NEEDED)
def test_a_change_is_seen(title: str, text: str, kind: str) -> None:
    verdict = detect(title, text)
    assert verdict.needs_migration == "yes"
    assert kind in verdict.kinds
    assert verdict.indicators
    assert verdict.recommendations


@pytest.mark.parametrize("title", NOT_NEEDED.values(), ids=NOT_NEEDED)
def test_database_like_words_are_not_enough(title: str) -> None:
    verdict = detect(title)
    assert verdict.needs_migration == "no"
    assert verdict.kinds == ("none",)


def test_words_of_the_project_count() -> None:
    extra = ExtraWords(title_keywords=("warehouse",), labels=("dba",))
    assert detect("Warehouse work").needs_migration == "no"
    assert detect("Warehouse work", extra=extra).needs_migration == "yes"
    assert detect("Something", labels=["DBA"], extra=extra).needs_migration == "yes"


def test_labels_count() -> None:
    bare = detect("Teams", labels=[])
    labelled = detect("Teams", labels=["migration"])
    assert labelled.confidence > bare.confidence


@given(st.text(max_size=300), st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_gets_a_verdict(title: str, text: str, labels: list[str]) -> None:
    verdict = detect(title, text, labels)
    assert 0 <= verdict.confidence <= 1
    assert verdict.needs_migration in {"yes", "possible", "no"}
