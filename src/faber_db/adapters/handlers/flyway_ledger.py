"""The rows of `flyway_schema_history`, and the lock that Flyway takes while it migrates.

Tables, columns and values as in Flyway's public source: JdbcTableSchemaHistory, SchemaHistory and
the `getRawCreateScript` of PostgreSQLDatabase, MySQLDatabase and SQLiteDatabase; the lock from
PostgreSQLAdvisoryLockTemplate and MySQLNamedLockTemplate.
"""

from datetime import UTC, datetime

from faber_db.adapters.handlers.clock import ELAPSED_MS, stored
from faber_db.adapters.handlers.flyway_text import Name, canonical, repeated
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow
from faber_db.services.ports import Bound, Session
from faber_db.sql.identifiers import quote
from faber_db.sql.mysql_transactions import MYSQL

TABLE = "flyway_schema_history"
COLUMNS = frozenset(
    (
        "installed_rank",
        "version",
        "description",
        "type",
        "script",
        "checksum",
        "installed_by",
        "installed_on",
        "execution_time",
        "success",
    )
)
_SQL = {"V": "SQL", "R": "SQL", "B": "SQL_BASELINE"}  # by the kind of file
_UNDONE = ("DELETE", "UNDO_SQL", "UNDO_SCRIPT", "UNDO_JDBC")
_MAGIC = int.from_bytes(b"Flyway")
_LONGEST, _LONGEST_SCRIPT = 200, 1000

_MAKING: dict[Dialect, tuple[str, ...]] = {
    Dialect.POSTGRESQL: (
        """CREATE TABLE IF NOT EXISTS {table} (
    installed_rank INT NOT NULL,
    version VARCHAR(50),
    description VARCHAR(200) NOT NULL,
    type VARCHAR(20) NOT NULL,
    script VARCHAR(1000) NOT NULL,
    checksum INTEGER,
    installed_by VARCHAR(100) NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT now(),
    execution_time INTEGER NOT NULL,
    success BOOLEAN NOT NULL,
    CONSTRAINT {pk} PRIMARY KEY (installed_rank)
)""",
        "CREATE INDEX IF NOT EXISTS {index} ON {table} (success)",
    ),
    Dialect.SQLITE: (
        """CREATE TABLE IF NOT EXISTS {table} (
    "installed_rank" INT NOT NULL PRIMARY KEY,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INT,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
    "execution_time" INT NOT NULL,
    "success" BOOLEAN NOT NULL
)""",
        "CREATE INDEX IF NOT EXISTS {index} ON {table} (success)",
    ),
}
_MAKING |= dict.fromkeys(
    MYSQL,
    (
        """CREATE TABLE IF NOT EXISTS {table} (
    `installed_rank` INT NOT NULL,
    `version` VARCHAR(50),
    `description` VARCHAR(200) NOT NULL,
    `type` VARCHAR(20) NOT NULL,
    `script` VARCHAR(1000) NOT NULL,
    `checksum` INT,
    `installed_by` VARCHAR(100) NOT NULL,
    `installed_on` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    `execution_time` INT NOT NULL,
    `success` BOOL NOT NULL,
    CONSTRAINT {pk} PRIMARY KEY (`installed_rank`),
    INDEX {index} (`success`)
)""",
    ),
)
_TOOK = {
    d: f"{'min' if d is Dialect.SQLITE else 'least'}(2147483647, {e})"
    for d, e in ELAPSED_MS.items()
}
_BY = {Dialect.POSTGRESQL: "current_user", Dialect.SQLITE: "''"}
_BY |= dict.fromkeys(MYSQL, "substring_index(user(), '@', 1)")
_SECONDS = {  # since 1970; the default wrote it in the zone of its session
    Dialect.POSTGRESQL: "extract(epoch FROM installed_on::timestamptz)::float8",
    Dialect.SQLITE: "(julianday(installed_on) - 2440587.5) * 86400.0",
}
_SECONDS |= dict.fromkeys(MYSQL, "unix_timestamp(installed_on)")


def making(dialect: Dialect, table: LedgerTable) -> list[Bound]:
    names = {
        "table": table.quoted(dialect),
        "index": quote(f"{table.name}_s_idx", dialect),
        "pk": quote(f"{table.name}_pk", dialect),
    }
    return [Bound(sql.format(**names)) for sql in _MAKING[dialect]]


def inserting(
    dialect: Dialect,
    table: LedgerTable,
    name: Name,
    script: str,
    checksum: int,
    *,
    began: datetime | None,
    kind: str = "",
    success: bool = True,
) -> Bound:
    """A row with the next rank.

    Args:
        dialect: of the database.
        table: the ledger.
        name: what the file name says.
        script: path of the file below its folder.
        checksum: as Flyway calculates it.
        began: when; None where nothing ran.
        kind: the type; else that of the file.
        success: false where something failed and stayed.
    """
    took, since = ("0", ()) if began is None else (_TOOK[dialect], (stored(dialect, began),))
    ledger = table.quoted(dialect)
    return Bound(
        f"INSERT INTO {ledger} (installed_rank, version, description, type, script, checksum,"  # noqa: S608 -- quoted
        " installed_by, execution_time, success) VALUES ((SELECT r.n FROM (SELECT"
        f" coalesce(max(installed_rank), 0) + 1 AS n FROM {ledger}) AS r), %s, %s, %s, %s, %s,"
        f" {_BY[dialect]}, {took}, %s)",
        (
            name.shown or None,
            _short(name.description),
            kind or _SQL[name.kind],
            script if len(script) <= _LONGEST_SCRIPT else f"...{script[3:_LONGEST_SCRIPT]}",
            checksum,
            *since,
            success,
        ),
    )


def removing_failed(dialect: Dialect, table: LedgerTable, name: Name) -> Bound:
    """As `flyway repair` does it: rows of a failed try go."""
    column, value = (
        ("version", name.shown) if name.shown else ("description", _short(name.description))
    )
    return Bound(
        f"DELETE FROM {table.quoted(dialect)} WHERE {column} = %s AND success = %s",  # noqa: S608 -- quoted
        (value, False),
    )


def correcting(dialect: Dialect, table: LedgerTable, name: Name, checksum: int) -> Bound:
    """As `flyway repair` does it: the row takes over the checksum and description of the file."""
    column, value = (
        ("version", name.shown) if name.shown else ("description", _short(name.description))
    )
    return Bound(
        f"UPDATE {table.quoted(dialect)} SET checksum = %s, description = %s"  # noqa: S608 -- quoted
        f" WHERE {column} = %s AND type IN ('SQL', 'SQL_BASELINE')",
        (checksum, _short(name.description), value),
    )


def rows(session: Session, table: LedgerTable) -> list[LedgerRow]:
    """The row that counts of each migration, oldest first."""
    newest: dict[str, LedgerRow] = {}
    for found in session.query(
        f"SELECT version, description, type, script, checksum, success, {_SECONDS[session.dialect]}"  # noqa: S608 -- quoted
        f" FROM {table.quoted(session.dialect)} ORDER BY installed_rank"
    ):
        row = _row(found)
        if row is not None:
            newest.pop(row.version, None)
            newest[row.version] = row
    return list(newest.values())


def lock_number(session: Session, table: LedgerTable) -> int:
    """What Flyway passes to `pg_try_advisory_lock`."""
    return _MAGIC + _java_hash(_quoted_table(session, table, '"'))


def lock_name(session: Session, table: LedgerTable) -> str:
    """What Flyway passes to `GET_LOCK`."""
    return f"Flyway-{_java_hash(_quoted_table(session, table, '`'))}"


def _row(found: tuple[object, ...]) -> LedgerRow | None:
    version, description, kind, script, checksum, success, seconds = found
    if kind == "SCHEMA":  # Flyway made the schema itself
        return None
    try:
        shown = canonical(str(version)) if version is not None else repeated(str(description))
        at = None if seconds is None else datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError) as error:
        raise LedgerError(
            f"{TABLE} holds a row that cannot be read: version {version!r}"
        ) from error
    undone = kind in _UNDONE
    return LedgerRow(
        version=shown,
        name=str(script),
        sha256=None,
        applied_at=at,
        finished=bool(success) or undone,
        rolled_back=undone,
        checksum="" if checksum is None else str(checksum),
        kind="" if kind == "SQL" or undone else str(kind),
    )


def _quoted_table(session: Session, table: LedgerTable, mark: str) -> str:
    """As Flyway writes it in full, for what it makes its lock of."""
    if table.schema:
        schema: object = table.schema
    elif mark == '"':
        ((schema,),) = session.query(
            "SELECT coalesce((SELECT n.nspname::text FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident(%s))),"
            " pg_catalog.current_schema()::text, '')",
            (table.name,),
        )
    else:
        ((schema,),) = session.query("SELECT database()")
    names = (str(schema), table.name)
    return ".".join(mark + name.replace(mark, mark * 2) + mark for name in names)


def _java_hash(text: str) -> int:
    """`String.hashCode` of Java: over UTF-16 units, in 32 bits with a sign."""
    number = 0
    units = text.encode("utf-16-be")
    for at in range(0, len(units), 2):
        number = (31 * number + int.from_bytes(units[at : at + 2])) & 0xFFFF_FFFF
    return number - 2**32 if number >= 2**31 else number


def _short(description: str) -> str:
    return description if len(description) <= _LONGEST else f"{description[: _LONGEST - 3]}..."
