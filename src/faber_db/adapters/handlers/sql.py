"""Plain SQL: pairs of `<id>.up.sql` and `<id>.down.sql`, or one `<id>.sql` with both parts.

An `<id>.up.sql` alone has no way back, as that of other tools has none. Or, in a folder without
down scripts, `<number>_<words>.sql`: scripts that only go up.

The ledger `faber_db_migrations` is ours: `version` (the id), `name`, `sha256` of the file with the
up script, `applied_at` and `execution_ms`. A migration that runs whole in one transaction has its
row written in that transaction. One that does not has a row without `applied_at` from before its
first statement until after its last, so that a crash between them is seen.
"""

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from faber_db.adapters.handlers import by_hand, dbmate, golang_migrate, other_tools
from faber_db.adapters.handlers.clock import ELAPSED_MS, stored
from faber_db.adapters.handlers.naming import new_id, next_number, slug_of
from faber_db.adapters.handlers.reading import beginning_of, folders, has_statements, text_of
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.sql_text import (
    has_markers,
    is_numbered,
    parting_line,
    parts_of,
)
from faber_db.adapters.handlers.status import status, with_remains
from faber_db.adapters.handlers.tables import columns_of, require_columns
from faber_db.errors import (
    ConnectionFailed,
    FaberDbError,
    LedgerError,
    LockTimeout,
    MigrationFailed,
    MigrationIrreversible,
    MigrationOutOfOrder,
    MigrationUnreadable,
    NotSupported,
)
from faber_db.model.dialect import Dialect
from faber_db.model.migration import (
    AppliedMigration,
    LedgerNote,
    LedgerRow,
    Migration,
    MigrationStatus,
    SourceFile,
    StatementRun,
)
from faber_db.services.ports import Bound, FoundHistory, Session
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import Script

TABLE = "faber_db_migrations"
_UP, _DOWN = ".up.sql", ".down.sql"
_COLUMNS = {"version", "name", "sha256", "applied_at", "execution_ms"}
_DDL = {
    Dialect.POSTGRESQL: """CREATE TABLE faber_db_migrations (
    version text PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz,
    execution_ms bigint NOT NULL DEFAULT 0
)""",
    Dialect.SQLITE: """CREATE TABLE faber_db_migrations (
    version TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TEXT,
    execution_ms INTEGER NOT NULL DEFAULT 0
)""",
}
_DDL |= dict.fromkeys(
    MYSQL,
    """CREATE TABLE faber_db_migrations (
    version varchar(255) NOT NULL PRIMARY KEY,
    name varchar(255) NOT NULL,
    sha256 varchar(64) NOT NULL,
    applied_at datetime(6),
    execution_ms bigint NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin""",
)
_APPLIED_AT = f"SELECT applied_at FROM {TABLE} WHERE version = %s"  # noqa: S608 -- constant
_SET_APPLIED_AT = f"UPDATE {TABLE} SET applied_at = %s WHERE version = %s"  # noqa: S608 -- constant
_SET_CHECKSUM = (
    f"UPDATE {TABLE} SET sha256 = %s"  # noqa: S608 -- constant
    " WHERE version = %s AND applied_at IS NOT NULL"
)
_NOW = {
    Dialect.POSTGRESQL: "clock_timestamp()",
    Dialect.SQLITE: "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
}
_NOW |= dict.fromkeys(MYSQL, "utc_timestamp(6)")
_ONE_WAY = "-- This migration has no way back.\n"


class SqlFiles:
    """Plain SQL files with a ledger of our own."""

    name = "sql"
    code = False
    default_folder = "migrations"
    ledger_tables = (TABLE,)

    def discover(self, root: Path) -> list[FoundHistory]:
        """The root, and folders named `migrations` (or `migrate`), with pairs or two-part files in them."""
        found = []
        for folder, files in folders(root):
            if folder.name not in ("migrations", "migrate") and folder != root:
                continue
            pairs = sum(name.endswith(_UP) for name in files)
            if pairs and golang_migrate.evidence(root, folder):
                continue
            if pairs:
                found.append(FoundHistory(self.name, folder, _pairs(files)))
            elif any(_is_two_part(folder / name) for name in files if name.endswith(".sql")):
                if dbmate.evidence(root, folder):
                    continue
                evidence = "files with -- migrate:up and -- migrate:down"
                found.append(FoundHistory(self.name, folder, evidence))
            elif folder != root and (count := _plain(folder, files)):
                evidence = f"{count} numbered SQL file{'s' * (count > 1)}"
                found.append(FoundHistory(self.name, folder, evidence))
        return found

    def wants(self, path: str) -> bool:
        """SQL files of the folder itself, and whatever gives another tool away."""
        return ("/" not in path and path.endswith(".sql")) or bool(other_tools.tool_of_file(path))

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = {file.path: file for file in files if self.wants(file.path)}
        other_tools.refuse_files(sorted(wanted))
        plain = not any(path.endswith(_DOWN) for path in wanted)
        found: dict[str, Migration] = {}
        for path in sorted(wanted):
            if path.endswith(_DOWN):
                _require_up(wanted, path)
                continue
            migration = self._migration(wanted, path, plain=plain)
            if migration.version in found:
                raise MigrationUnreadable(
                    f"{migration.version} has two files with an up script",
                    hint="Keep the pair or the file with both parts.",
                )
            found[migration.version] = migration
        history = tuple(found[version] for version in sorted(found))
        _refuse_two_orders(history)
        if plain:
            _refuse_two_shapes(history)
        return history

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        columns = columns_of(session, TABLE)
        if columns is None:
            other_tools.refuse_ledgers(session, TABLE)
            return ()
        require_columns(TABLE, columns, _COLUMNS)
        rows = session.query(
            f"SELECT version, name, sha256, applied_at FROM {TABLE}"  # noqa: S608 -- constant
            " ORDER BY (applied_at IS NULL), applied_at, version"
        )
        return tuple(with_remains([_ledger_row(row) for row in rows], session))

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return status(history, ledger)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        return ()

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """Nothing: this ledger is ours, and our own deployment lock is held already."""
        return nullcontext()

    def apply_one(
        self,
        session: Session,
        migration: Migration,
        script: Script,
        *,
        now: datetime,
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
    ) -> AppliedMigration:
        if rehearse:
            ran = session.run(script, wrap=migration.wrap, rehearse=True, observe=observe)
        else:
            self._ensure_table(session)
            whole = is_one(migration, script)
            if not whole:
                _execute(session, _insert(session.dialect, migration, None))
            then = _insert(session.dialect, migration, now)
            try:
                ran = session.run(
                    script,
                    wrap=migration.wrap,
                    then=[then if whole else _complete(session.dialect, migration, now)],
                    observe=observe,
                    name=migration.version,
                )
            except FaberDbError as error:
                if not whole and _kept_nothing(error):
                    _execute(session, _forget(migration))
                raise
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run the down script and remove the row, in one transaction where it allows one.

        Where it does not, the row says from before the first statement that it is not applied
        whole any more.
        """
        if migration.down is None:
            raise MigrationIrreversible(
                f"{migration.version} has no down script",
                hint="Write one beside it, or restore a backup.",
            )
        wrap = _wraps_down(migration)
        whole = is_one(replace(migration, wrap=wrap), script)
        ((applied_at,),) = session.query(_APPLIED_AT, (migration.version,)) or ((None,),)
        if not whole:
            _execute(session, Bound(_SET_APPLIED_AT, (None, migration.version)))
        try:
            ran = session.run(script, wrap=wrap, then=[_forget(migration)], name=migration.version)
        except FaberDbError as error:
            if not whole and _kept_nothing(error):
                _execute(session, Bound(_SET_APPLIED_AT, (applied_at, migration.version)))
            raise
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """`applied` writes or corrects the row, also its checksum; `rolled_back` removes it."""
        if state == "applied":
            self._ensure_table(session)
            with session.transaction():
                if session.execute(_SET_CHECKSUM, (migration.sha256, migration.version)):
                    return  # an applied one keeps its time
                forget, insert = _forget(migration), _insert(session.dialect, migration, now)
                session.execute(forget.sql, forget.parameters)
                session.execute(insert.sql, insert.parameters)
        elif state == "rolled_back":
            if migration.version not in {row.version for row in self.ledger(session)}:
                raise LedgerError(f"{migration.version} does not stand in {TABLE}")
            _execute(session, _forget(migration))
        else:
            raise NotSupported(f"a migration cannot be marked {state!r}")
        session.settle(migration.version)

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        version, now = by_hand.literal(dialect, migration.version), _NOW[dialect]
        if back:
            text = migration.down or ""
            ledger = f"DELETE FROM {TABLE} WHERE version = {version}"  # noqa: S608 -- quoted
            whole = is_one(replace(migration, wrap=_wraps_down(migration)), script)
            return by_hand.in_one(dialect, text, ledger) if whole else by_hand.then(text, ledger)
        values = ", ".join(
            by_hand.literal(dialect, v)
            for v in (migration.version, migration.name, migration.sha256)
        )
        insert = f"INSERT INTO {TABLE} (version, name, sha256"
        if is_one(migration, script):
            row = f"{insert}, applied_at) VALUES ({values}, {now})"
            body = by_hand.in_one(dialect, migration.up, row)
        else:
            finish = f"UPDATE {TABLE} SET applied_at = {now} WHERE version = {version}"  # noqa: S608 -- quoted
            body = by_hand.one_by_one(f"{insert}) VALUES ({values})", migration.up, finish)
        return f"{by_hand.made_once(_DDL[dialect])}\n{body}"

    def generate(
        self,
        name: str,
        up: str,
        down: str,
        *,
        now: datetime,
        existing: Sequence[Migration],
        wrap: bool = True,
    ) -> tuple[SourceFile, ...]:
        """A pair, or one file where the newest migration is one; a plain one only goes up."""
        if any(map(_is_plain, existing)):
            return (SourceFile(f"{_next_plain(name, existing, now)}.sql", up.encode()),)
        version = new_id(name, now=now, existing=existing)
        down = down if has_statements(down) else _ONE_WAY
        if existing and not existing[-1].path.endswith(_UP):
            option = "" if wrap else " transaction:false"
            text = f"-- migrate:up{option}\n{up.rstrip()}\n\n-- migrate:down\n{down.rstrip()}\n"
            return (SourceFile(f"{version}.sql", text.encode()),)
        return (
            SourceFile(f"{version}{_UP}", up.encode()),
            SourceFile(f"{version}{_DOWN}", down.encode()),
        )

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile("migrations/.gitkeep", b""),)

    def _migration(self, files: dict[str, SourceFile], path: str, *, plain: bool) -> Migration:
        text = text_of(files[path])
        tool = other_tools.tool_of_text(text)
        if tool:
            raise other_tools.error_for(f"{path} is written for {tool}", tool)
        if path.endswith(_UP):
            version, wrap = path.removesuffix(_UP), True
            back = files.get(f"{version}{_DOWN}")
            down_text, down_path = (text_of(back), back.path) if back else ("", "")
        elif has_markers(text):
            up, down = parts_of(path, text)
            version, text, wrap = path.removesuffix(".sql"), up.text, up.wrap
            down_text, down_path = down.text, ""
        elif plain and is_numbered(path):
            _refuse_parted(path, text)
            version, wrap, down_text, down_path = path.removesuffix(".sql"), True, "", ""
        else:
            raise MigrationUnreadable(
                f"{path} is neither one of a pair nor has `-- migrate:up` and `-- migrate:down`",
                hint=f"Name it <id>{_UP} beside <id>{_DOWN}, or write both markers into it; where no"
                " file has them, <number>_<words>.sql is a script that only goes up.",
            )
        return Migration(
            version=version,
            name=version,
            path=path,
            content=files[path].content,
            up=text,
            down=down_text if has_statements(down_text) else None,
            down_path=down_path,
            wrap=wrap,
        )

    def _ensure_table(self, session: Session) -> None:
        if columns_of(session, TABLE) is None:
            other_tools.refuse_ledgers(session, TABLE)
            _execute(session, Bound(_DDL[session.dialect]))


def _pairs(files: Sequence[str]) -> str:
    """What there is of pairs: `3 pairs of …`, or how many of them lack their way back."""
    ups = {name.removesuffix(_UP) for name in files if name.endswith(_UP)}
    alone = len(ups - {name.removesuffix(_DOWN) for name in files if name.endswith(_DOWN)})
    if alone:
        return f"{len(ups)} .up.sql file{'s' * (len(ups) > 1)}, {alone} without a .down.sql"
    return f"{len(ups)} pair{'s' * (len(ups) > 1)} of .up.sql and .down.sql"


def _is_two_part(file: Path) -> bool:
    return has_markers(beginning_of(file))


def _plain(folder: Path, files: Sequence[str]) -> int:
    """How many numbered scripts a folder holds; none where another tool keeps files in it."""
    scripts = [name for name in files if name.endswith(".sql")]
    beside = [f"{sub.name}/{name.name}" for sub in _folders_in(folder) for name in sub.iterdir()]
    if any(other_tools.tool_of_file(path) for path in [*files, *beside]):
        return 0
    if not scripts or not all(is_numbered(name) for name in scripts):
        return 0
    return 0 if other_tools.tool_of_text(beginning_of(folder / scripts[0])) else len(scripts)


def _folders_in(folder: Path) -> list[Path]:
    return [sub for sub in folder.iterdir() if sub.name == "meta" and sub.is_dir()]


def _is_plain(migration: Migration) -> bool:
    content = migration.content.decode("utf-8-sig")
    return not migration.path.endswith(_UP) and not has_markers(content)


def _next_plain(words: str, existing: Sequence[Migration], now: datetime) -> str:
    numbers = [m[0] for e in existing if (m := re.match(r"\d+", e.version))]
    version = f"{next_number(numbers, now=now)}_{slug_of(words)}"
    if version <= existing[-1].version:
        raise MigrationOutOfOrder(
            f"a new migration {version} would sort before {existing[-1].version}",
            hint="Pad the numbers of all migrations with zeros to one length.",
        )
    return version


def _refuse_parted(path: str, text: str) -> None:
    if line := parting_line(text):
        raise MigrationUnreadable(
            f"{path} has a line {line!r}, as if one part of it went back; all of it would run",
            hint="Part it with `-- migrate:up` and `-- migrate:down`, or reword that comment.",
        )


def _refuse_two_shapes(history: Sequence[Migration]) -> None:
    """Refuse a script without markers among such that have them: they were forgotten."""
    plain = [m for m in history if _is_plain(m)]
    if plain and any(has_markers(m.content.decode("utf-8-sig")) for m in history):
        raise MigrationUnreadable(
            f"{plain[0].path} is neither one of a pair nor has `-- migrate:up` and `-- migrate:down`",
            hint="Other files of this folder have both markers; write them into this one too.",
        )


def _require_up(files: Collection[str], path: str) -> None:
    up = path.removesuffix(_DOWN) + _UP
    if up not in files:
        raise MigrationUnreadable(
            f"{path} lacks its pair {up}",
            hint="Add it or restore it, or remove both; one that goes up alone has no way back.",
        )


def _refuse_two_orders(history: Sequence[Migration]) -> None:
    """Refuse numbers that sort otherwise as numbers: `10_b` before `9_a` is nobody's intention."""
    numbers = [re.match(r"\d+", migration.version) for migration in history]
    for (one, first), (two, second) in pairwise(zip(history, numbers, strict=True)):
        if first and second and int(first[0]) > int(second[0]):
            raise MigrationUnreadable(
                f"{one.version} sorts before {two.version} as text and after it as a number",
                hint="Pad the numbers with zeros to one length.",
            )
        if first and second and int(first[0]) == int(second[0]):
            raise MigrationUnreadable(
                f"{one.version} and {two.version} have the same number",
                hint="Give one of them another number, so that their order is certain.",
            )


def _wraps_down(migration: Migration) -> bool:
    if migration.down_path or migration.down is None:
        return True
    return parts_of(migration.path, migration.content.decode("utf-8-sig"))[1].wrap


def _kept_nothing(error: FaberDbError) -> bool:
    if isinstance(error, ConnectionFailed):
        return False
    return isinstance(error, LockTimeout) or (
        isinstance(error, MigrationFailed) and error.rolled_back
    )


def _insert(dialect: Dialect, migration: Migration, applied_at: datetime | None) -> Bound:
    values = (migration.version, migration.name, migration.sha256)
    if applied_at is None:
        return Bound(
            f"INSERT INTO {TABLE} (version, name, sha256) VALUES (%s, %s, %s)",  # noqa: S608 -- constant
            values,
        )
    at = stored(dialect, applied_at)
    return Bound(
        f"INSERT INTO {TABLE} (version, name, sha256, applied_at, execution_ms)"  # noqa: S608 -- constants
        f" VALUES (%s, %s, %s, %s, {ELAPSED_MS[dialect]})",
        (*values, at, at),
    )


def _complete(dialect: Dialect, migration: Migration, applied_at: datetime) -> Bound:
    at = stored(dialect, applied_at)
    return Bound(
        f"UPDATE {TABLE} SET applied_at = %s, execution_ms = {ELAPSED_MS[dialect]}"  # noqa: S608 -- constants
        " WHERE version = %s",
        (at, at, migration.version),
    )


def _forget(migration: Migration) -> Bound:
    return Bound(f"DELETE FROM {TABLE} WHERE version = %s", (migration.version,))  # noqa: S608 -- constant


def _execute(session: Session, bound: Bound) -> None:
    with session.transaction():
        session.execute(bound.sql, bound.parameters)


def _ledger_row(row: tuple[object, ...]) -> LedgerRow:
    version, name, sha256, applied_at = row
    return LedgerRow(
        version=str(version),
        name=str(name),
        sha256=str(sha256),
        applied_at=_moment(applied_at),
        finished=applied_at is not None,
    )


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise LedgerError(f"{TABLE} holds a time that cannot be read: {value!r}") from error
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None
