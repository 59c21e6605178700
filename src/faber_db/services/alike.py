"""Make a throw-away MySQL or MariaDB database as the one that it stands for.

There a database's character set, the sql_mode and the like go into every definition that does not
name its own; PostgreSQL and SQLite have nothing of the kind.
"""

from collections.abc import Mapping

from faber_db.errors import FaberDbError, SchemaUnproved
from faber_db.services.ports import Session
from faber_db.sql.mysql_transactions import MYSQL

_SET = (
    "sql_mode",
    "default_storage_engine",
    "explicit_defaults_for_timestamp",
    "innodb_strict_mode",
)
_FIXED = "lower_case_table_names"  # when the server is set up
_DATABASE = "SELECT @@character_set_database, @@collation_database"


def surroundings(session: Session) -> Mapping[str, str]:
    """What decides how a definition is carried out in a database; empty for other products."""
    if session.dialect not in MYSQL:
        return {}
    ((charset, collation),) = session.query(_DATABASE)
    names = ", ".join(f"'{name}'" for name in (*_SET, _FIXED))
    found = session.query(f"SHOW SESSION VARIABLES WHERE variable_name IN ({names})")
    return {
        "charset": str(charset),
        "collation": str(collation),
        "series": str(session.server_version // 100),
        "product": session.dialect.value,
        **{str(name): str(value) for name, value in found},
    }


def take_on(session: Session, wanted: Mapping[str, str]) -> None:
    """Give a throw-away database the surroundings of another.

    Raises:
        SchemaUnproved: it cannot have them.
    """
    here = surroundings(session)
    for name in ("product", "series", _FIXED):
        if here.get(name) != wanted.get(name):
            raise SchemaUnproved(
                f"{name} is {wanted.get(name)} there, and {here.get(name)} on the throw-away server",
                hint="Install the server's own version here, or name an unprotected environment.",
            )
    if not here:
        return
    charset, collation = wanted["charset"], wanted["collation"]
    try:
        session.execute(f"ALTER DATABASE CHARACTER SET {charset} COLLATE {collation}")
        for name in _SET:
            if name in wanted and here.get(name) != wanted[name]:
                session.execute(f"SET SESSION {name} = %s", (wanted[name],))
    except FaberDbError as error:
        raise SchemaUnproved(f"the throw-away server differs: {error.message}") from error
