"""Queries that the running application is known to send."""

from faber_db.errors import InputTooLarge, PermissionMissing, StatementFailed
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session
from faber_db.sql.script import parse

MOST = 5_000
_SEEN = 300  # of pg_stat_statements, the most frequent

# Wherever the extension is installed; what its view hides from the role has no text.
_WHERE = """
    SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
"""
_WHICH = """
    SELECT s.query FROM {schema}.pg_stat_statements s
    JOIN pg_catalog.pg_database d ON d.oid = s.dbid
    WHERE d.datname = current_database() AND s.query ~* '^\\s*(select|insert|update|delete|with|merge)\\y'
    GROUP BY s.query ORDER BY sum(s.calls) DESC LIMIT {most}
"""


def of_text(text: str, dialect: Dialect) -> tuple[str, ...]:
    """One query a line, or separated by semicolons; each once.

    Raises:
        InputTooLarge: there are too many.
    """
    if ";" in text:
        found = [s.text.strip() for s in parse(text, dialect).statements]
    else:
        lines = (line.strip() for line in text.splitlines())
        found = [line for line in lines if not line.startswith(("--", "#"))]
    queries = tuple(dict.fromkeys(filter(None, found)))
    if len(queries) > MOST:
        raise InputTooLarge(
            f"{len(queries)} queries are more than {MOST}", hint="Give the most frequent ones."
        )
    return queries


def of_server(session: Session) -> tuple[str, ...]:
    """What `pg_stat_statements` has seen in this database, the most frequent first.

    Empty where the extension is not there, or not readable.
    """
    if session.dialect is not Dialect.POSTGRESQL:
        return ()
    try:
        places = session.query(_WHERE)
        if not places:
            return ()
        rows = session.query(_WHICH.format(schema=places[0][0], most=_SEEN))
    except (PermissionMissing, StatementFailed):  # it is not preloaded, or not ours to read
        return ()
    return tuple(str(text) for (text,) in rows)
