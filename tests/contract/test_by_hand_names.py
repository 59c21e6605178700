"""The SQL that somebody runs by hand, over every format: it runs, whatever the migration is called."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import HANDLERS
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration, MigrationState, SourceFile, recorded_file
from faber_db.services.ports import Handler
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UP, DOWN = "CREATE TABLE one (a integer);", "DROP TABLE one;"
NAMES = ("x'y%s`", "x; DROP TABLE one; --")  # what a JSON text holds as it is
UNDONE = {MigrationState.PENDING, MigrationState.ROLLED_BACK}


def called(handler: Handler, name: str) -> Migration:
    """A migration with this in the names of its files, and in what lists them."""
    files = [
        SourceFile(file.path.replace("zzz", name), file.content.replace(b"zzz", name.encode()))
        for file in handler.generate("zzz", UP, DOWN, now=NOW, existing=())
    ]
    if handler.code:
        version = handler.parse(files)[-1].version
        files += [recorded_file(version, UP), recorded_file(version, DOWN, back=True)]
    (migration,) = handler.parse(files)
    return migration


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.name)
def test_it_runs_both_ways(handler: Handler, tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        file = tmp_path / f"{number}.db"
        migration = called(handler, name)
        for back, text in ((False, migration.up), (True, migration.down)):
            if text is None:
                continue
            script = parse(text, Dialect.SQLITE)
            sql = handler.by_hand(Dialect.SQLITE, migration, script, back=back)
            with closing(sqlite3.connect(file)) as connection:
                connection.executescript(sql)
            with Sqlite(tmp_path).connect(str(file)) as session:
                (found,) = handler.status([migration], handler.ledger(session))
            assert found.state in UNDONE if back else found.state is MigrationState.APPLIED, sql
