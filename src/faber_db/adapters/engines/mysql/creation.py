"""Make a database with an account that migrates it and one that reads it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from faber_db.adapters.engines.mysql.address import Address, url_of
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.errors import FaberDbError
from faber_db.services.ports import Creation, Session


def creation(address: Address, passwords: Sequence[str]) -> Creation:
    """What is run; with two passwords also what makes the accounts. Does not connect."""
    made = f"CREATE DATABASE {quoted(address.database)}"
    if not passwords:
        return Creation(address.database, on_server=(made,))
    names = [f"{address.database}_migrate", f"{address.database}_read"]
    migrate, read = (f"{quoted(name)}@'%'" for name in names)
    # In a grant `_` and `%` stand for any characters: other databases would be meant as well.
    database = quoted(address.database.replace("_", r"\_").replace("%", r"\%"))
    return Creation(
        address.database,
        on_server=(
            *(
                f"CREATE USER {account} IDENTIFIED BY '{password}'"
                for account, password in zip((migrate, read), passwords, strict=True)
            ),
            made,
            f"GRANT ALL PRIVILEGES ON {database}.* TO {migrate}",
            f"GRANT SELECT, SHOW VIEW ON {database}.* TO {read}",
        ),
        undo=tuple(f"DROP USER IF EXISTS {account}" for account in (migrate, read)),
        secrets=tuple(passwords),
        urls=tuple(
            (word, url_of(replace(address, user=name, password=password)))
            for word, name, password in zip(("migrate", "read"), names, passwords, strict=True)
        ),
    )


def maintenance(address: Address) -> Address:
    """A database that every account may enter."""
    return address.to_database("information_schema")


def is_there(session: Session, address: Address) -> bool:
    found = session.query("SHOW DATABASES LIKE %s", (_literally(address.database),))
    return (address.database,) in found


def create(session: Session, address: Address, planned: Creation) -> bool:
    """Run it; False where the database is there already. What is half made is taken away again.

    Raises:
        ConnectionFailed, PermissionMissing, StatementFailed.
    """
    if is_there(session, address):
        return False
    made: list[str] = []
    try:
        for statement in planned.on_server:
            session.execute(statement)
            made.append(statement)
    except FaberDbError:
        accounts = [statement for statement in made if statement.startswith("CREATE USER")]
        with suppress(FaberDbError):  # the first error says what is wrong
            if any(statement.startswith("CREATE DATABASE") for statement in made):
                session.execute(f"DROP DATABASE IF EXISTS {quoted(address.database)}")
            for statement in planned.undo[: len(accounts)]:
                session.execute(statement)
        raise
    return True


def _literally(name: str) -> str:
    return name.replace("\\", r"\\").replace("_", r"\_").replace("%", r"\%")
