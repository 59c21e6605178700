"""Moments in ledgers, and how long something took by the server's own clock."""

from datetime import UTC, datetime

from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.sql.mysql_transactions import MYSQL

ELAPSED_MS = {  # since the moment given; the server's clock may be behind ours
    Dialect.POSTGRESQL: "greatest(0, extract(epoch FROM clock_timestamp() - %s) * 1000)::bigint",
    Dialect.SQLITE: "max(0, CAST((julianday('now') - julianday(%s)) * 86400000 AS INTEGER))",
}
ELAPSED_MS |= dict.fromkeys(
    MYSQL, "greatest(0, timestampdiff(MICROSECOND, %s, utc_timestamp(6)) DIV 1000)"
)
NOW = {  # UTC, for columns that know no zone
    Dialect.POSTGRESQL: "(clock_timestamp() AT TIME ZONE 'UTC')",
    Dialect.SQLITE: "strftime('%Y-%m-%dT%H:%M:%f', 'now')",
}
NOW |= dict.fromkeys(MYSQL, "utc_timestamp(6)")


def plain(dialect: Dialect, moment: datetime) -> object:
    """A moment of UTC without a zone; text on SQLite."""
    naive = moment.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat() if dialect is Dialect.SQLITE else naive


def moment_of(table: str, value: object) -> datetime | None:
    """What a driver gives for a moment of UTC that knows no zone.

    Raises:
        LedgerError: it is none.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise LedgerError(f"{table} holds a time that cannot be read: {value!r}") from error
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def stored(dialect: Dialect, moment: datetime) -> object:
    """A moment as a parameter: text of UTC on SQLite, UTC without a zone on MySQL and MariaDB."""
    if dialect is Dialect.SQLITE:
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    if dialect in MYSQL:
        return moment.astimezone(UTC).replace(tzinfo=None)
    return moment
