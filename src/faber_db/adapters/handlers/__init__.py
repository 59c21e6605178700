"""Migration formats. A new one is a module and a line in `HANDLERS`."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from faber_db.adapters.handlers.alembic import Alembic
from faber_db.adapters.handlers.choosing import choose
from faber_db.adapters.handlers.dbmate import Dbmate
from faber_db.adapters.handlers.django import Django
from faber_db.adapters.handlers.drizzle import Drizzle
from faber_db.adapters.handlers.flyway import Flyway
from faber_db.adapters.handlers.golang_migrate import GolangMigrate
from faber_db.adapters.handlers.goose import Goose
from faber_db.adapters.handlers.knex import Knex
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.other_tools import error_for, refuse_mixed, tool_of_project
from faber_db.adapters.handlers.prisma import Prisma
from faber_db.adapters.handlers.renamed_ledger import required_name
from faber_db.adapters.handlers.sequelize import Sequelize
from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.adapters.handlers.typeorm import TypeOrm
from faber_db.adapters.handlers.yoyo import Yoyo
from faber_db.errors import ConfigError
from faber_db.services.ports import FoundHistory, Handler

HANDLERS: tuple[Handler, ...] = (
    Prisma(),
    SqlFiles(),
    Dbmate(),
    GolangMigrate(),
    Drizzle(),
    Goose(),
    Flyway(),
    Yoyo(),
    TypeOrm(),
    Sequelize(),
    Knex(),
    Alembic(),
    Django(),
)


@runtime_checkable
class OfProject(Protocol):
    """A handler that the project's own configuration says more to, such as its ledger's name."""

    def in_project(self, root: Path, folder: Path) -> Handler:
        """The same handler for one folder of a project."""
        ...


def handler_for(name: str) -> Handler:
    """The handler with that name.

    Raises:
        ConfigError: there is none; the hint lists those there are.
    """
    found = next((handler for handler in HANDLERS if handler.name == name), None)
    if found is None:
        raise ConfigError(
            f"there is no handler {name!r}",
            hint=f"There are: {', '.join(handler.name for handler in HANDLERS)}.",
        )
    return found


@runtime_checkable
class WithLedger(Protocol):
    """A handler whose ledger may have another name than its tool's usual one."""

    def with_ledger(self, table: LedgerTable) -> Handler:
        """The same handler with that ledger."""
        ...


def in_project(handler: Handler, root: Path, folder: Path, *, ledger: str = "") -> Handler:
    """The handler for one folder of a project, whose own configuration may rename the ledger.

    Args:
        handler: of no project yet.
        root: of the project.
        folder: of its migrations.
        ledger: its name where our configuration says it, which then decides.

    Raises:
        ConfigError: `ledger` is no name, or nobody can give this one another.
    """
    found = handler.in_project(root, folder) if isinstance(handler, OfProject) else handler
    if not ledger:
        return found
    table = required_name(ledger)
    if isinstance(found, WithLedger):
        return found.with_ledger(table)
    if ledger in found.ledger_tables:
        return found
    raise ConfigError(
        f"the ledger of handler {handler.name!r} is {found.ledger_tables[0]}, and has no other name",
        hint="Leave `ledger` out.",
    )


def detect_handler(root: Path, engine: str = "", handler: str = "") -> FoundHistory | None:
    """The one migration folder of a project, or None where there is none yet.

    Args:
        root: of the project.
        engine: the product, where it is known: one of several folders may be for it.
        handler: the format, where it is known.

    Raises:
        ConfigError: several folders, or two formats in one; one has to be named.
        LedgerForeign: the project is another tool's.
    """
    asked = (handler_for(handler),) if handler else HANDLERS
    found = choose(root, [history for each in asked for history in each.discover(root)], engine)
    if handler:
        return found
    if found is None and (tool := tool_of_project(root)):
        raise error_for(f"this project is migrated by {tool}", tool)
    if found and found.folder != root:
        refuse_mixed(found.folder, found.handler)
    return found
