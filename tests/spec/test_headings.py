import pytest

from faber_db.model.change import TableWanted
from faber_db.model.dialect import Dialect
from faber_db.spec import read
from faber_db.spec.headings import Named, names_table

TABLES = ("customers", "customer_calls", "orders", "sales.items", "archive.notes", "public2.notes")
HEADINGS: dict[str, Named | None] = {
    "customers": Named("customers"),
    "Customers": Named("customers"),
    "Customer": Named("customers"),
    "`customers`": Named("customers"),
    "**orders**": Named("orders"),
    "1. orders": Named("orders"),
    "Items": Named("sales.items"),
    "customers (existing)": Named("customers"),
    "table orders": Named("orders"),
    "orders table": Named("orders"),
    "Table: `visits`": Named("visits"),
    "Table: Orders": Named("orders"),
    "Add to customers": Named("customers"),
    "Changes to Orders": Named("orders"),
    "New columns on `customers`": Named("customers"),
    "Modify the orders table": Named("orders"),
    "Customer calls": Named("customer_calls"),
    "calls (new)": Named("calls", new=True),
    "`calls` (new table)": Named("calls", new=True),
    "New table shipments": Named("shipments", new=True),
    "New table: `shipments`": Named("shipments", new=True),
    "Create a `shipments` table": Named("shipments", new=True),
    "Add shipments table": Named("shipments", new=True),
    "notes": Named("notes"),  # in two schemas: which one is asked
    "visits": Named("visits", sure=False),
    "Overview": None,
    "Columns": None,
    "Users": None,
    "Table of contents": None,
    "Customer contact": None,
    "Add `phone` to `customers`": None,
}


@pytest.mark.parametrize(("text", "named"), HEADINGS.items(), ids=HEADINGS)
def test_what_a_heading_names(text: str, named: Named | None) -> None:
    found = names_table(text, TABLES)
    if found and named and found.table.lower() == named.table.lower():
        found = Named(named.table, found.new, found.sure)
    assert found == named


def tables(text: str) -> list[tuple[str, list[str]]]:
    return [
        (c.table, [column.name for column in c.columns])
        for c in read(text, Dialect.POSTGRESQL, TABLES).changes
        if isinstance(c, TableWanted)
    ]


def test_a_heading_of_something_else_ends_what_was_said_of_a_table() -> None:
    text = "## Orders\n\n- `note`: text\n\n## Mail\n\n- `subject`: text\n"
    assert tables(text) == [("orders", ["note"])]
    assert [n.span.first for n in read(text, Dialect.POSTGRESQL, TABLES).not_understood] == [7]


def test_a_heading_of_a_part_goes_on_with_the_table() -> None:
    text = "## Orders\n\n### Columns\n\n- `note`: text\n\n## Fields\n\n- `place`: text\n"
    assert tables(text) == [("orders", ["note", "place"])]


@pytest.mark.parametrize(
    "heading", ["Out of scope", "Non-goals", "Later", "Alternatives considered"]
)
def test_what_is_not_asked_for_is_not_done_and_not_reported(heading: str) -> None:
    text = (
        f"`orders` gets a `note` column (text).\n\n## {heading}\n\n- Drop the table `customers`.\n"
    )
    found = read(text, Dialect.POSTGRESQL, TABLES)
    assert len(found.changes) == 1
    assert found.not_understood == ()


@pytest.mark.parametrize(
    "text",
    [
        "## Rollback\n\n```sql\nDROP TABLE customers;\n```\n",
        "To roll back:\n\n```sql\nDROP TABLE customers;\n```\n",
        "## Current schema\n\n```sql\nCREATE TABLE customers (id int);\n```\n",
        "Today the table looks like this:\n\n```sql\nCREATE TABLE customers (id int);\n```\n",
        "## How to test\n\n```sql\nDELETE FROM customers;\n```\n",
    ],
)
def test_sql_that_is_no_demand_is_not_run(text: str) -> None:
    assert read(f"# X\n\n{text}", Dialect.POSTGRESQL, TABLES).changes == ()
    back = f"{text}\n## Change\n\n```sql\nALTER TABLE orders ADD a int;\n```\n"
    assert len(read(back, Dialect.POSTGRESQL, TABLES).changes) == 1
