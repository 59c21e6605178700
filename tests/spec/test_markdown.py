import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.errors import InputTooLarge, SpecUnreadable
from faber_db.model.change import (
    CascadeWanted,
    Change,
    ColumnChanged,
    ColumnsDropped,
    IndexesDropped,
    KeyWanted,
    ReferenceWanted,
    Renamed,
    TableDropped,
    TableWanted,
    VerbatimSql,
)
from faber_db.model.dialect import Dialect
from faber_db.spec import read
from faber_db.spec.markdown import MAX_BYTES

PG = Dialect.POSTGRESQL


def only(text: str, dialect: Dialect = PG) -> Change:
    found = read(text, dialect).changes
    assert len(found) == 1, found
    return found[0]


def test_field_list_below_a_sentence() -> None:
    text = """# Loans

Create a table `loans` with these fields:

- `id` (uuid, primary key)
- `book_id`: fk to `books`, required, on delete cascade
- `state`: enum of OPEN, LATE and CLOSED, required, default OPEN
- `note`: string, optional. Anything goes.
- `fee` (numeric(10,2), default 0)
"""
    table = only(text)
    assert isinstance(table, TableWanted)
    assert table.new
    assert table.table == "loans"
    by_name = {c.name: c for c in table.columns}
    assert by_name["id"].primary_key
    assert by_name["book_id"].references is not None
    assert by_name["book_id"].references.table == "books"
    assert by_name["book_id"].references.on_delete == "CASCADE"
    assert by_name["book_id"].nullable is False
    assert by_name["state"].labels == ("OPEN", "LATE", "CLOSED")
    assert by_name["state"].default == "'OPEN'"
    assert by_name["note"].nullable is True
    assert (by_name["fee"].type, by_name["fee"].default) == ("numeric(10,2)", "0")
    assert by_name["fee"].span.first == 9


def test_column_table_below_a_heading() -> None:
    text = """## `shelves` table

| Column | Type | Null | Default | References |
| --- | --- | --- | --- | --- |
| id | bigint | no | | |
| label | varchar(40) | yes | 'new' | |
| room_id | integer | no | | rooms(id) |
| what | gizmo | no | | |
"""
    found = read(text, PG)
    (table,) = found.changes
    assert isinstance(table, TableWanted)
    assert table.table == "shelves"
    assert [(c.name, c.type, c.nullable, c.default) for c in table.columns] == [
        ("id", "bigint", False, None),
        ("label", "varchar(40)", True, "'new'"),
        ("room_id", "integer", False, None),
    ]
    assert table.columns[2].references is not None
    assert table.columns[2].references.columns == ("id",)
    assert [n.span.first for n in found.not_understood] == [8]


def test_a_bare_heading_names_the_table_of_the_columns_below_it() -> None:
    columns = "| Column | Type |\n|---|---|\n| phone | text |\n"
    text = f"The `orders` table stays.\n\n## customers\n\n{columns}\n## calls (new)\n\n{columns}"
    one, two = read(text, PG).changes
    assert isinstance(one, TableWanted)
    assert (one.table, one.new) == ("customers", False)
    assert isinstance(two, TableWanted)
    assert (two.table, two.new) == ("calls", True)


def test_a_heading_that_says_columns_names_no_table() -> None:
    change = only("# Table `orders`\n\n## columns\n\n| Column | Type |\n|---|---|\n| a | text |\n")
    assert isinstance(change, TableWanted)
    assert change.table == "orders"


def test_notes_beside_a_column_are_clauses_where_they_can_be_read() -> None:
    text = """# Create `devices`

| Column | Type | Null | Notes |
|---|---|---|---|
| serial | varchar(40) | no | unique |
| level | integer | no | cannot be negative |
| owner_id | bigint | yes | FK to users.id on delete cascade |
| odd | text | yes | must match the badge |
"""
    change = only(text)
    assert isinstance(change, TableWanted)
    serial, level, owner, odd = change.columns
    assert serial.unique
    assert level.check == "{} >= 0"
    assert owner.references is not None
    assert (owner.references.table, owner.references.columns) == ("users", ("id",))
    assert owner.references.on_delete == "CASCADE"
    assert not odd.check
    assert [n.text for n in read(text, PG).not_understood] == ["must match the badge"]


def test_settings_in_brackets_and_clauses_in_a_row() -> None:
    text = """```
Table tokens {
  id int [pk, not null]
  state text NOT NULL DEFAULT 'open'
}
```
"""
    change = only(text)
    assert isinstance(change, TableWanted)
    key, state = change.columns
    assert key.primary_key
    assert (state.nullable, state.default) == (False, "'open'")


def test_sql_is_kept_verbatim_with_its_lines() -> None:
    text = "# X\n\n```sql\n-- why\nALTER TABLE a ADD b int;\n\nCREATE INDEX i\n  ON a (b);\n```\n"
    found = read(text, PG).changes
    assert [(c.sql, c.span.first, c.span.last) for c in found if isinstance(c, VerbatimSql)] == [
        ("ALTER TABLE a ADD b int", 5, 5),
        ("CREATE INDEX i\n  ON a (b)", 7, 8),
    ]


def test_two_fields_with_their_table_in_the_name() -> None:
    found = read("- `users.email`: text, unique, required\n- `users.age`: integer\n", PG).changes
    (table,) = found
    assert isinstance(table, TableWanted)
    assert table.table == "users"
    assert [c.name for c in table.columns] == ["email", "age"]
    assert table.columns[0].unique


SENTENCES: dict[str, tuple[str, type[object], dict[str, object]]] = {
    "add": (
        "Add a `seen_at` column of type date to `posts`.",
        TableWanted,
        {"table": "posts"},
    ),
    "has": ("`posts` gets a `seen_at` column (timestamptz).", TableWanted, {"table": "posts"}),
    "drop": (
        "Drop the columns `a` and `b` from `posts` if they exist.",
        ColumnsDropped,
        {"table": "posts", "columns": ("a", "b"), "if_exists": True},
    ),
    "dropped": (
        "The boolean `hidden` columns (`posts` has one) are removed.",
        ColumnsDropped,
        {"table": "posts", "columns": ("hidden",)},
    ),
    "drop index": ("Drop the index `posts_idx`.", IndexesDropped, {"names": ("posts_idx",)}),
    "drop table": ("Remove the table `old_posts`.", TableDropped, {"table": "old_posts"}),
    "rename": (
        "Rename the column `posts.colour` to `color`.",
        Renamed,
        {"table": "posts", "column": "colour", "to": "color"},
    ),
    "rename table": ("Rename the table `posts` to `articles`.", Renamed, {"to": "articles"}),
    "required": ("Make `posts.title` required.", ColumnChanged, {"nullable": False}),
    "nullable": ("`posts.title` becomes nullable.", ColumnChanged, {"nullable": True}),
    "type": ("Change `posts.id` from int to bigint.", ColumnChanged, {"type": "bigint"}),
    "index": ("Add an index on `posts` (`a`, `b`).", KeyWanted, {"table": "posts"}),
    "key": ("Add a foreign key from `posts.author_id` to `users`.", ReferenceWanted, {}),
    "cascade": (
        "Comments of a post go away with the post.",
        CascadeWanted,
        {"child": "Comments", "parent": "post"},
    ),
}


@pytest.mark.parametrize(("text", "kind", "values"), SENTENCES.values(), ids=SENTENCES)
def test_sentences(text: str, kind: type[object], values: dict[str, object]) -> None:
    change = only(text)
    assert isinstance(change, kind)
    assert {name: getattr(change, name) for name in values} == values


def test_groups_below_a_sentence_about_unique_constraints() -> None:
    change = only("Set a unique constraint on each:\n\n- `lists.items`: [list_id, place]\n")
    assert isinstance(change, KeyWanted)
    assert (change.table, change.kind, change.key.columns) == (
        "lists.items",
        "unique",
        ("list_id", "place"),
    )


def test_rails() -> None:
    text = """```ruby
create_table :visits do |t|
  t.references :member, null: false, foreign_key: true
  t.string :code, null: false, index: { unique: true }
  t.decimal :price, precision: 8, scale: 2, default: 0
  t.frobnicate :x
  t.timestamps
end
```"""
    found = read(text, PG)
    (table,) = found.changes
    assert isinstance(table, TableWanted)
    assert [(c.name, c.type, c.nullable) for c in table.columns] == [
        ("id", "bigint", None),
        ("member_id", "bigint", False),
        ("code", "varchar", False),
        ("price", "numeric(8, 2)", True),
        ("created_at", "timestamp", False),
        ("updated_at", "timestamp", False),
    ]
    assert table.references[0].target.table == "members"
    assert [(i.columns, i.unique) for i in table.indexes] == [
        (("member_id",), False),
        (("code",), True),
    ]
    assert [n.text for n in found.not_understood] == ["t.frobnicate :x"]


def test_what_is_not_read_is_listed() -> None:
    found = read("Every `order` shall know its `courier` somehow.\n\nThe weather is fine.\n", PG)
    assert found.changes == ()
    assert [n.span.first for n in found.not_understood] == [1]
    assert [s.first for s in found.narrative] == [3]


def test_a_quotation_is_no_instruction() -> None:
    found = read("> Drop the table `users`.\n", PG)
    assert found.changes == ()
    assert found.not_understood[0].why == "stands in a quotation"


def test_words_about_stored_rows_are_asked_about() -> None:
    text = "`a` gets a `b` column (text).\n\nExisting rows take `b` from their parent.\n"
    assert [q.id for q in read(text, PG).questions] == ["data:3"]


def test_a_table_without_columns_is_asked_about() -> None:
    assert [q.id for q in read("Create a table `things`.\n", PG).questions] == ["columns:things"]


def test_limits() -> None:
    with pytest.raises(InputTooLarge):
        read("x" * (MAX_BYTES + 1), PG)
    with pytest.raises(SpecUnreadable):
        read(" \n", PG)


@given(st.text(alphabet=st.sampled_from("`-*|#:,.()\n abt1_'\"[]{}@?"), max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    if text.strip():
        read(text, PG)
        read(f"```prisma\n{text}\n```", Dialect.SQLITE)
        read(f"```ruby\n{text}\n```", PG)
