"""A script cut into statements where its product is not known."""

from faber_db.model.dialect import Dialect
from faber_db.sql.script import Script, parse

_DIALECTS = (Dialect.POSTGRESQL, Dialect.SQLITE, Dialect.MARIADB)


def pieces(sql: str) -> list[str]:
    """The statements, as the first product reads them that understands them all; else PostgreSQL."""
    found: list[Script] = []
    for dialect in _DIALECTS:
        script = parse(sql, dialect)
        found.append(script)
        if all(statement.understood for statement in script.statements):
            return [statement.text for statement in script.statements]
    return [statement.text for statement in found[0].statements]
