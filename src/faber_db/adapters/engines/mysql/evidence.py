"""What the catalogue says of the objects that a statement names.

The same before and after means that the statement left nothing. A definition that fails leaves nothing on the whole; `DROP TABLE a, missing` and
`CREATE OR REPLACE` do, so it is looked at and never assumed.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.catalogue import shown
from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import errno, is_lost
from faber_db.adapters.engines.mysql.marker import PREFIX
from faber_db.adapters.engines.steps import Fate, Told
from faber_db.adapters.engines.stretches import Stretch
from faber_db.sql.lexer import QUOTED, WORD, significant
from faber_db.sql.mysql_transactions import words_of
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
        told = _definition(connection, kind, name) if name.lower() in names else ""
        if told is not None:
            yield f"{kind} {name}"
        if told:
            yield told


def _definition(connection: "Connection", kind: str, name: str) -> str | None:
    """As SHOW CREATE prints it; a view over something that is gone has only its error.

    None where it was dropped since it was listed.
    """
    import pymysql

    try:
        row = shown(connection, kind, name)
    except pymysql.err.Error as error:
        if is_lost(error) or errno(error) != _BROKEN_VIEW:
            raise
        return "broken"
    return None if row is None else _COUNTER.sub("", str(row))


_BROKEN_VIEW = 1356
_WITHOUT_TRANSACTIONS = """
    SELECT 1 FROM information_schema.tables WHERE table_schema = database()
        AND table_type = 'BASE TABLE' AND engine <> 'InnoDB' AND lower(table_name) IN %s
"""
_WHOLE = {  # MariaDB 10.6 and newer: done or not done, also after a crash
    ("CREATE", "TABLE"),
    ("CREATE", "INDEX"),
    ("CREATE", "UNIQUE"),
    ("CREATE", "VIEW"),
    ("CREATE", "TRIGGER"),
    ("CREATE", "PROCEDURE"),
    ("CREATE", "FUNCTION"),
    ("ALTER", "TABLE"),
    ("DROP", "TABLE"),
    ("DROP", "INDEX"),
    ("DROP", "VIEW"),
    ("DROP", "TRIGGER"),
    ("DROP", "PROCEDURE"),
    ("DROP", "FUNCTION"),
    ("RENAME", "TABLE"),
}


def fate(connection: "Connection", digest: str, stretch: Stretch | None) -> Told:
    """What became of a step that was under way, for going on behind it or with it.

    Args:
        connection: only reads.
        digest: what the catalogue said before it; empty for a transaction.
        stretch: the step in the script as it is now; None where it is not there.
    """
    if stretch is None:
        return Told(Fate.UNKNOWN, "is not in the script any more")
    statement = stretch.statements[0]
    if not digest:
        if any(_keeps_rows(connection, s) for s in stretch.statements):
            return Told(Fate.UNKNOWN, "was under way, on a table without transactions")
        return Told(Fate.NOTHING, "was under way in a transaction, which was rolled back")
    if not _is_whole(statement):
        return Told(Fate.UNKNOWN, "was under way; what it did is not known")
    if look(connection, names_in(statement)) == digest:
        return Told(Fate.NOTHING, "was under way, and the catalogue is as it was before it")
    return Told(Fate.DONE, "was under way, and the catalogue shows a change since")


def _is_whole(statement: Statement) -> bool:
    """Whether the catalogue tells all of it: one object, and no rows that come with it."""
    words = words_of(statement, 400)
    several = words[:1] == ["DROP"] and "," in statement.text
    return tuple(words[:2]) in _WHOLE and not several and "SELECT" not in words[2:]


def _keeps_rows(connection: "Connection", statement: Statement) -> bool:
    return bool(rows(connection, _WITHOUT_TRANSACTIONS, (names_in(statement) or ("",),)))
