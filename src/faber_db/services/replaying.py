"""A history on a throw-away database, run once for all that look at it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from faber_db.errors import LockTimeout, MigrationFailed, ShadowFailed
from faber_db.model.canonical import digest_of
from faber_db.model.migration import Migration
from faber_db.services.app import App, Database
from faber_db.services.ports import Session, Shadow
from faber_db.sql.script import parse


def replayed(
    database: Database,
    migrations: Sequence[Migration],
    app: App,
    *,
    shadow: Shadow | None = None,
) -> AbstractContextManager[Session]:
    """A database in the state after a history.

    Raises:
        ShadowUnavailable: there is none.
        ShadowFailed: a migration does not run there.
        MigrationNotRecorded: one is a program, and nobody knows what it runs.
    """
    key = digest_of(
        {
            "handler": database.handler.name,
            "ledger": list(database.handler.ledger_tables),
            "history": [[m.version, m.name, m.path, m.sha256, m.up] for m in migrations],
        }
    )
    return (shadow or database.shadow).filled(
        key, lambda session: replay(session, database, migrations, app)
    )


def replay(session: Session, database: Database, migrations: Sequence[Migration], app: App) -> None:
    """Run a history on an empty database, as its runner would.

    Raises:
        ShadowFailed: a migration of it does not run there.
    """
    for migration in migrations:
        script = parse(migration.up, session.dialect)
        try:
            database.handler.apply_one(session, migration, script, now=app.now())
        except (MigrationFailed, LockTimeout) as error:
            raise ShadowFailed(
                f"migration {migration.version} does not run on an empty database: {error.message}",
                hint="Repair the history first; a new migration cannot be proved on it.",
            ) from error
