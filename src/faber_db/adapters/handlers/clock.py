"""Moments in ledgers, and how long something took by the server's own clock."""

from datetime import UTC, datetime

from faber_db.model.dialect import Dialect
from faber_db.sql.mysql_transactions import MYSQL

ELAPSED_MS = {  # since the moment given; the server's clock may be behind ours
    Dialect.POSTGRESQL: "greatest(0, extract(epoch FROM clock_timestamp() - %s) * 1000)::bigint",
    Dialect.SQLITE: "max(0, CAST((julianday('now') - julianday(%s)) * 86400000 AS INTEGER))",
}
ELAPSED_MS |= dict.fromkeys(
    MYSQL, "greatest(0, timestampdiff(MICROSECOND, %s, utc_timestamp(6)) DIV 1000)"
)


def stored(dialect: Dialect, moment: datetime) -> object:
    """A moment as a parameter: text of UTC on SQLite, UTC without a zone on MySQL and MariaDB."""
    if dialect is Dialect.SQLITE:
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    if dialect in MYSQL:
        return moment.astimezone(UTC).replace(tzinfo=None)
    return moment
