"""What is asked for and not read is listed; what only tells is not."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.spec import read

PG = Dialect.POSTGRESQL
CHANGE = "`posts` gets a `seen_at` column (timestamptz, required).\n"
TELLS = {
    "purpose": "Editors want to know who looked at what.",
    "interface": "`title` and `body` are shown as before.",
    "queries": "Scopes and queries check `seen_at` from now on.",
    "what is": "The table `posts` holds what editors write.",
    "summary": "So there is a new required column on `posts`.",
    "process": "Generate the migration and run the tests.",
    "comment": "<!-- Drop the table `posts`. -->",
}
ASKS = {
    "unique": "No two posts have the same `seen_at`.",
    "other column": "Add an index on the date of the orders.",
    "domain": "Each post belongs to one author.",
    "range": "The price cannot be negative.",
    "cardinality": "Each author has at most one post.",
    "drop": "The column `draft` has to go.",
    "a kind that was not read": "The new column on `posts` is indexed.",
}
HELD = {
    "negated drop": "Do not drop the column `body` from `posts`.",
    "negated later in the sentence": "Drop the column `body` from `posts`? No, not now.",
    "never": "We never remove the table `posts`.",
    "later": "Later we drop the column `body` from `posts`.",
    "conditional": "If the import works, remove the column `body` from `posts`.",
    "once": "Drop the column `body` from `posts` once nothing reads it.",
    "might": "We might rename the column `posts.body` to `content`.",
    "past": "The `body` columns (`posts` had one) were removed; drop the table `posts` was considered.",
    "struck": "~~Drop the table `posts`.~~",
    "not to be added": "Do not add a `body2` column (text) to `posts`.",
    "not to be created": "We do not create a table `drafts`.",
}


@pytest.mark.parametrize("text", TELLS.values(), ids=TELLS)
def test_what_only_tells_is_not_listed(text: str) -> None:
    found = read(f"{text}\n\n{CHANGE}", PG)
    assert len(found.changes) == 1
    assert found.not_understood == ()


@pytest.mark.parametrize("text", ASKS.values(), ids=ASKS)
def test_what_asks_is_listed(text: str) -> None:
    found = read(f"{CHANGE}\n{text}\n", PG)
    assert len(found.changes) == 1
    assert [n.span.first for n in found.not_understood] == [3]


@pytest.mark.parametrize("text", HELD.values(), ids=HELD)
def test_a_form_that_is_negated_or_open_is_listed_and_not_followed(text: str) -> None:
    found = read(f"{CHANGE}\n{text}\n", PG)
    assert len(found.changes) == 1
    assert found.questions == ()
    assert 3 in [n.span.first for n in found.not_understood]


SUMMED_UP = {
    "unique": (
        "Each user has at most one plan.",
        "CREATE TABLE plans (id int PRIMARY KEY, user_id int NOT NULL UNIQUE REFERENCES users);",
    ),
    "many": (
        "A user can have many plans.",
        "CREATE TABLE plans (id int PRIMARY KEY, user_id int REFERENCES users (id));",
    ),
    "words": (
        "Customers get an optional phone number, and calls are kept in a table of their own.",
        "ALTER TABLE customers ADD phone text NULL; CREATE TABLE customer_calls (id int PRIMARY KEY);",
    ),
}


@pytest.mark.parametrize(("text", "sql"), SUMMED_UP.values(), ids=SUMMED_UP)
def test_a_summary_of_what_is_understood_is_not_listed(text: str, sql: str) -> None:
    assert read(f"{text}\n\n```sql\n{sql}\n```\n", PG).not_understood == ()
    bare = "ALTER TABLE things ADD a int;"
    assert len(read(f"{text}\n\n```sql\n{bare}\n```\n", PG).not_understood) == 1
