"""Which other sessions do something in a database now: evidence about a lock that names nobody."""

from dataclasses import dataclass

from faber_db.errors import FaberDbError
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session

_SHOWN = 3
_POSTGRESQL = """
    SELECT pid, coalesce(application_name, ''), coalesce(usename::text, ''),
           to_char(coalesce(xact_start, query_start, backend_start) AT TIME ZONE 'UTC',
                   'YYYY-MM-DD HH24:MI:SS "UTC"')
    FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_catalog.pg_backend_pid()
      AND coalesce(backend_type, 'client backend') = 'client backend'
      AND (state IS NULL OR state <> 'idle')
    ORDER BY 4, 1"""
_MYSQL = """
    SELECT id, '', user, concat(time, ' s ago') FROM information_schema.processlist
    WHERE db = database() AND id <> connection_id() AND command <> 'Sleep' ORDER BY time DESC, id"""
_ALL_SEEN = (
    "SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'PROCESS' LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class AtWork:
    """Sessions, for people; `known` is false where some may not be seen."""

    sessions: tuple[str, ...]
    known: bool

    def __str__(self) -> str:
        shown = list(self.sessions[:_SHOWN])
        if len(self.sessions) > _SHOWN:
            shown.append(f"{len(self.sessions) - _SHOWN} more")
        if not self.known:
            shown.append("whoever this account cannot see")
        return ", ".join(shown) or "nobody"


def others_at_work(session: Session) -> AtWork:
    """Those that run a statement or have a transaction open; on SQLite nobody can be seen."""
    if session.dialect is Dialect.SQLITE:
        return AtWork((), known=False)
    postgresql = session.dialect is Dialect.POSTGRESQL
    try:
        rows = session.query(_POSTGRESQL if postgresql else _MYSQL)
        known = postgresql or bool(session.query(_ALL_SEEN))
    except FaberDbError:
        return AtWork((), known=False)
    return AtWork(tuple(_words(*row) for row in rows), known=known)


def _words(number: object, application: object, user: object, since: object) -> str:
    name = f"{application}, " if application else ""
    return f"session {number} ({name}user {user or 'unknown'}, since {since or 'unknown'})"
