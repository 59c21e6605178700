"""A live schema for people: an overview of all tables, or single tables whole."""

from faber_db.cli.render.page import Page, dim, strong
from faber_db.cli.render.words import count, listed
from faber_db.model.answer import Answer
from faber_db.services.describe import DescribeDetails, TableDetails


def draw(answer: Answer[DescribeDetails], page: Page) -> None:
    """A line a table, or a block a table where it is shown whole."""
    details = answer.details
    page.line(
        strong(details.environment),
        f"  {details.server}  {count(details.table_count, 'table')}",
        dim(f"  {details.schema_fingerprint[:12]}"),
    )
    for table in details.tables:
        _add(page, table)
    for label, names in (
        ("views", details.views),
        ("enums", details.enums),
        ("sequences", details.sequences),
        ("others", details.others),
    ):
        if names:
            page.fact(label, listed(names, most=30))
    if details.left_out:
        page.line(dim(f"  {count(details.left_out, 'more table')}: --after {details.cursor}"))


def _add(page: Page, table: TableDetails) -> None:
    rows = f"  {count(table.rows, 'row')}" if table.rows is not None else ""
    if table.overview:
        page.fact(
            strong(table.name), f"{table.overview}{rows}", column=max(24, len(table.name) + 4)
        )
        return
    page.blank()
    page.line(strong(f"  {table.name}"), dim(rows))
    if table.comment:
        page.fact("", table.comment, indent=4, column=4)
    for column in table.columns:
        page.line(f"    {column}")
    for label, items in (
        ("key", [", ".join(table.primary_key)] if table.primary_key else []),
        ("refers", table.foreign_keys),
        ("unique", table.unique),
        ("check", table.checks),
        ("index", table.indexes),
        ("trigger", table.triggers),
        ("options", table.options),
    ):
        for item in items:
            page.fact(dim(label), item, indent=4, column=14)
