"""Score specifications: `python bench/specs.py DIR [--show] [--answers FILE.json]`.

DIR holds `NAME.md`, `NAME.before.sql` and `NAME.expected.sql`. Each text is turned into a migration
on a private PostgreSQL; it is right when, after `before.sql`, it leads to the schema that
`expected.sql` leads to. Names of constraints and indexes, `text` against `varchar` and plain
indexes are free; rows have to agree. Answers are given by name of the text and id of the question.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.adapters.shadows import PostgresShadow
from faber_db.config.settings import DatabaseSettings
from faber_db.errors import FaberDbError
from faber_db.model.catalogue import Catalogue, Table
from faber_db.model.dialect import Dialect
from faber_db.schema.comparison import unlike
from faber_db.services.app import Database
from faber_db.services.composition import compose
from faber_db.services.ports import Session
from faber_db.spec import read
from faber_db.sql.script import parse

PG = Dialect.POSTGRESQL


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true", help="print the migrations")
    parser.add_argument("--answers", type=Path)
    arguments = parser.parse_args()
    answers = json.loads(arguments.answers.read_text()) if arguments.answers else {}
    shadow = PostgresShadow(None)
    database = Database(
        "main", DatabaseSettings(), Postgresql(), SqlFiles(), arguments.folder, {}, shadow
    )
    texts = sorted(
        p for p in arguments.folder.glob("*.md") if p.with_suffix(".before.sql").exists()
    )
    right = 0
    for path in texts:
        verdict = score(database, path, answers.get(path.stem, {}), show=arguments.show)
        right += verdict == "right"
        print(f"{path.stem}: {verdict}")
    print(f"{right} of {len(texts)} lead to the expected schema, {datetime.now(UTC):%Y-%m-%d}")


def score(database: Database, path: Path, answers: dict[str, str], *, show: bool) -> str:
    before = path.with_suffix(".before.sql").read_text()
    with database.shadow.new() as session:
        apply(session, before)
        apply(session, path.with_suffix(".expected.sql").read_text())
        expected = session.catalogue()
        rows_expected = rows(session, expected)
    try:
        with database.shadow.new() as session:
            apply(session, before)
            made = compose(
                session,
                database,
                read(path.read_text(), PG, [t.full_name for t in session.catalogue().tables]),
                source=path.name,
                mark="-- bench",
                answers=answers,
            )
        if made.questions:
            asked = "".join(f"\n    asks {q.id}: {q.text}" for q in made.questions)
            return f"{len(made.questions)} questions{asked}"
        if show:
            print(made.up, "-- down\n", made.down, sep="")
        with database.shadow.new() as session:
            apply(session, before)
            start = session.catalogue()
            apply(session, made.up)
            real = session.catalogue()
            rows_real = rows(session, real)
            apply(session, made.down)
            back = unlike(start, session.catalogue(), PG)
    except FaberDbError as error:
        return f"error {error}"
    found = unlike(free(expected), free(real), PG)
    if not found and rows_expected != rows_real:
        found = ("the rows differ",)
    down = "" if not back else f"; back: {'; '.join(back)}"
    return f"wrong: {'; '.join(found)}{down}" if found else f"right{down}"


def apply(session: Session, text: str) -> None:
    session.run(parse(text, PG), wrap=True)


def rows(session: Session, catalogue: Catalogue) -> dict[str, list[str]]:
    """The rows of each table that has any, as text, in order."""
    found = {}
    for table in catalogue.tables:
        columns = ", ".join(f'"{name}"' for name in sorted(c.name for c in table.columns))
        name = ".".join(f'"{part}"' for part in table.full_name.split("."))
        lines = session.query(f"SELECT ({columns})::text FROM {name}")  # noqa: S608 - quoted
        if lines:
            found[table.full_name] = sorted(str(line) for line in lines)
    return found


def free(catalogue: Catalogue) -> Catalogue:
    """The catalogue without what a right migration is free in."""

    def freed(table: Table) -> Table:
        columns = tuple(
            replace(
                column,
                type="text" if column.type.startswith("character varying") else column.type,
                identity="by default" if counts(column.default, column.identity) else "",
                default=None if counts(column.default, column.identity) else column.default,
            )
            for column in table.columns
        )
        unique = {i.columns for i in table.indexes if i.unique}
        indexed = tuple(i for i in table.indexes if i.unique)
        uniques = tuple(k for k in table.uniques if k.columns not in unique)
        return replace(table, columns=columns, indexes=indexed, uniques=uniques)

    return replace(catalogue, tables=tuple(map(freed, catalogue.tables)), sequences=())


def counts(default: str | None, identity: str) -> bool:
    return bool(identity) or (default or "").startswith("nextval(")


if __name__ == "__main__":
    main()
