"""What the catalogue says of the objects that a statement names.

The same before and after means that the statement left nothing. A definition that fails leaves nothing on the whole; `DROP TABLE a, missing` and
`CREATE OR REPLACE` do, so it is looked at and never assumed.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import errno, is_lost
from faber_db.adapters.engines.mysql.marker import PREFIX
from faber_db.adapters.engines.mysql.sizes import quoted
from faber_db.sql.lexer import QUOTED, WORD, significant
from faber_db.sql.script import Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_MOST = 2_000  # words of a statement that are looked up
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")  # goes on with every row

_NAMES = """
    SELECT 'TABLE', table_name FROM information_schema.tables WHERE table_schema = database()
    UNION ALL SELECT 'TRIGGER', trigger_name FROM information_schema.triggers
        WHERE trigger_schema = database()
    UNION ALL SELECT routine_type, routine_name FROM information_schema.routines
        WHERE routine_schema = database()
    UNION ALL SELECT 'EVENT', event_name FROM information_schema.events
        WHERE event_schema = database()
"""
_DATABASE = "SELECT @@character_set_database, @@collation_database"


def names_in(statement: Statement) -> tuple[str, ...]:
    """Every word of a statement that may name an object, sorted, in lower case."""
    found = set()
    for token in significant(statement.text, statement.dialect):
        if token.kind in (WORD, QUOTED):
            word = statement.text[token.start : token.end]
            found.add(word.strip("`").replace("``", "`").lower())
    return tuple(sorted(found))[:_MOST]


def look(connection: "Connection", names: tuple[str, ...]) -> str:
    """A digest of which objects there are, and of the definitions of those with these names."""
    digest = hashlib.sha256()
    for text in _texts(connection, frozenset(names)):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _texts(connection: "Connection", names: frozenset[str]) -> Iterator[str]:
    yield str(rows(connection, _DATABASE))
    found = sorted((str(kind), str(name)) for kind, name in rows(connection, _NAMES))
    for kind, name in found:
        if name.startswith(PREFIX):
            continue
        yield f"{kind} {name}"
        if name.lower() in names:
            yield _definition(connection, kind, name)


def _definition(connection: "Connection", kind: str, name: str) -> str:
    """As SHOW CREATE prints it; a view over something that is gone has only its error."""
    import pymysql

    try:
        (row,) = rows(connection, f"SHOW CREATE {kind} {quoted(name)}")
    except pymysql.err.Error as error:
        if is_lost(error) or errno(error) != _BROKEN_VIEW:
            raise
        return "broken"
    return _COUNTER.sub("", str(row))


_BROKEN_VIEW = 1356
