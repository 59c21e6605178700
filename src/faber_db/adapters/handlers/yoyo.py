"""yoyo: `NAME.sql`, its way back `NAME.rollback.sql`, and `_yoyo_migration`.

Tables and rows are those of yoyo 9 (backends/base.py, internalmigrations/v2.py): the row has the
SHA-256 of the id, so what was edited cannot be told; each change is logged in `_yoyo_log`. Steps in
Python and `post-apply` hooks are refused by name.
"""

import getpass
import socket
import uuid
from collections.abc import Iterator, Sequence
from configparser import ConfigParser, Error
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers import other_tools, yoyo_lock
from faber_db.adapters.handlers.applied_rows import AppliedRows
from faber_db.adapters.handlers.clock import NOW, moment_of, plain
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import new_id
from faber_db.adapters.handlers.reading import beginning_of, folders, has_statements, text_of
from faber_db.adapters.handlers.renamed_ledger import RenamedLedger, Said
from faber_db.adapters.handlers.sql_text import has_markers
from faber_db.adapters.handlers.yoyo_text import directives_of, in_order
from faber_db.errors import LedgerError, MigrationUnreadable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote, LedgerRow, Migration, SourceFile
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import Bound, FoundHistory, Session

TABLE = "_yoyo_migration"
_INI = "yoyo.ini"
_BACK = ".rollback.sql"
_MAKING = (
    yoyo_lock.DDL,
    """CREATE TABLE IF NOT EXISTS _yoyo_log (
    id VARCHAR(36),
    migration_hash VARCHAR(64),
    migration_id VARCHAR(255),
    operation VARCHAR(10),
    username VARCHAR(255),
    hostname VARCHAR(255),
    comment VARCHAR(255),
    created_at_utc TIMESTAMP,
    PRIMARY KEY (id)
)""",
    """CREATE TABLE IF NOT EXISTS _yoyo_version (
    version INT NOT NULL PRIMARY KEY,
    installed_at_utc TIMESTAMP
)""",
    """CREATE TABLE IF NOT EXISTS {table} (
    migration_hash VARCHAR(64),
    migration_id VARCHAR(255),
    applied_at_utc TIMESTAMP,
    PRIMARY KEY (migration_hash)
)""",
)


class Yoyo(RenamedLedger, AppliedRows):
    """SQL migrations of yoyo."""

    name = "yoyo"
    code = False
    default_folder = "migrations"
    tool = "yoyo"
    usual = LedgerTable(TABLE)
    columns = frozenset({"migration_hash", "migration_id", "applied_at_utc"})
    beside = ("_yoyo_log", "_yoyo_version", yoyo_lock.TABLE)

    def names_in(self, root: Path, folder: Path) -> Iterator[Said]:
        """`migration_table` of `yoyo.ini`; a dot belongs to the name there, and is refused."""
        name = _setting(root / _INI, "migration_table")
        if name and name != "None":
            yield Said(_INI, name.replace(".", " "))

    def discover(self, root: Path) -> list[FoundHistory]:
        """The source that `yoyo.ini` names, else folders whose newest script has `-- depends:`.

        A `.rollback.sql` alone says nothing: people write such files without any tool.
        """
        if (root / _INI).is_file():
            return [FoundHistory(self.name, f, _INI) for f in _sources(root / _INI)]
        found = []
        for folder, files in folders(root):
            scripts = [n for n in files if n.endswith(".sql") and not n.endswith(_BACK)]
            newest = beginning_of(folder / scripts[-1]) if scripts else ""
            if other_tools.tool_of_text(newest) == "yoyo":
                evidence = f"{len(scripts)} SQL file{'s' * (len(scripts) > 1)} of yoyo"
                found.append(FoundHistory(self.name, folder, evidence))
        return found

    def wants(self, path: str) -> bool:
        """Scripts of the folder itself, also in Python, and whatever gives another tool away."""
        own = path.endswith((".sql", ".py")) and not path.startswith(("_tmp_yoyonew", "__init__."))
        return ("/" not in path and own) or other_tools.tool_of_file(path) not in ("", "yoyo")

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        wanted = {file.path: file for file in files if self.wants(file.path)}
        programs = [path for path in sorted(wanted) if path.endswith(".py") and "/" not in path]
        if programs:
            raise MigrationUnreadable(
                f"{programs[0]} is a migration in Python",
                hint="Only yoyo itself can run it; write its steps as SQL, or deploy with yoyo.",
            )
        other_tools.refuse_files(
            path for path in sorted(wanted) if other_tools.tool_of_file(path) not in ("", "yoyo")
        )
        _refuse_lone(wanted)
        found = {
            path.removesuffix(".sql"): _migration(wanted, path)
            for path in sorted(wanted)
            if not path.endswith(_BACK)
        }
        return tuple(found[name] for name in in_order({n: m.needs for n, m in found.items()}))

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        known = {migration.version for migration in history}
        lacking = [(m.version, n) for m in history for n in m.needs if n not in known]
        return (
            *yoyo_lock.notes(session),
            *(
                LedgerNote(
                    "dependency-missing",
                    f"{version} depends on {needed}, which is not there",
                    "yoyo would pass over it without a word; restore that file.",
                    blocks=True,
                )
                for version, needed in lacking[:5]
            ),
        )

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        self.columns_there(session, self.located(session))  # before the lock's table is made
        return yoyo_lock.row_lock(session, wait)

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        found = []
        for name, key, at in session.query(
            "SELECT migration_id, migration_hash, applied_at_utc"  # noqa: S608 -- quoted
            f" FROM {table.quoted(session.dialect)} ORDER BY applied_at_utc, migration_id"
        ):
            if sha256_of(str(name).encode()) != key:
                raise LedgerError(
                    f"{table.label} holds a hash that is not that of its migration {name!r}",
                    hint="yoyo goes by the hash; correct that row.",
                )
            found.append(LedgerRow(str(name), str(name), None, moment_of(table.label, at)))
        return found

    def making(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> list[Bound]:
        version = (
            f"INSERT INTO _yoyo_version (version, installed_at_utc) SELECT 2, {NOW[dialect]}"  # noqa: S608 -- constants
            " FROM (SELECT 1 AS n) AS once WHERE NOT EXISTS (SELECT 1 FROM _yoyo_version)"
        )
        made = (sql.replace("{table}", table.quoted(dialect)) for sql in _MAKING)
        return [Bound(sql) for sql in (*made, version)]

    def applying(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        at: tuple[object, ...] = (plain(dialect, now),) if now else ()
        moment = "%s" if now else _now(dialect)
        row = Bound(
            f"INSERT INTO {table.quoted(dialect)}"  # noqa: S608 -- quoted
            " (migration_hash, migration_id, applied_at_utc)"
            f" VALUES (%s, %s, {moment})",
            (sha256_of(migration.version.encode()), migration.version, *at),
        )
        return [_log(dialect, migration, "apply"), row]

    def removing(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> list[Bound]:
        row = Bound(
            f"DELETE FROM {table.quoted(dialect)} WHERE migration_hash = %s",  # noqa: S608 -- quoted
            (sha256_of(migration.version.encode()),),
        )
        return [_log(dialect, migration, "rollback"), row]

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
        """A script that depends on the newest one, as `yoyo new` writes it."""
        version = new_id(name, now=now, existing=existing)
        lines = [f"-- depends: {existing[-1].version}"] if existing else ["-- depends:"]
        lines += [] if wrap else ["-- transactional: false"]
        text = "\n".join([*lines, "", up])
        files = [SourceFile(f"{version}.sql", text.encode())]
        if has_statements(down):
            files.append(SourceFile(f"{version}{_BACK}", down.encode()))
        return tuple(files)

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        return (SourceFile("migrations/.gitkeep", b""),)


def _sources(ini: Path) -> list[Path]:
    words = _setting(ini, "sources").split()
    return [ini.parent / word for word in words if (ini.parent / word).is_dir()]


def _setting(ini: Path, key: str) -> str:
    """A value of `yoyo.ini`, or empty."""
    parser = ConfigParser(defaults={"here": str(ini.parent)})
    try:
        parser.read_string(ini.read_text("utf-8"))
        return parser["DEFAULT"].get(key, "")
    except (Error, OSError, UnicodeDecodeError):
        return ""


def _refuse_lone(files: dict[str, SourceFile]) -> None:
    for path in sorted(files):
        if path.startswith("post-apply"):
            raise MigrationUnreadable(
                f"{path} is a hook, which yoyo runs after each deployment",
                hint="Nobody approves what it does; move it into a migration.",
            )
        if path.endswith(".down.sql") and path.removesuffix(".down.sql") + ".up.sql" in files:
            raise MigrationUnreadable(
                f"{path} is one of a pair, which yoyo would run as a migration of its own",
                hint='Set "handler": "sql", or name the way back NAME.rollback.sql.',
            )
        if path.endswith(_BACK) and path.removesuffix(_BACK) + ".sql" not in files:
            raise MigrationUnreadable(
                f"{path} is the way back of a script that is not there", hint="Add that script."
            )


def _migration(files: dict[str, SourceFile], path: str) -> Migration:
    text, version = text_of(files[path]), path.removesuffix(".sql")
    tool = "dbmate" if has_markers(text) else other_tools.tool_of_text(text)
    if tool not in ("", "yoyo"):
        raise other_tools.error_for(f"{path} is written for {tool}", tool)
    back = files.get(version + _BACK)
    down = text_of(back) if back else ""
    directives = directives_of(path, text)
    return Migration(
        version=version,
        name=version,
        path=path,
        content=files[path].content,
        up=text,
        down=down if has_statements(down) else None,
        down_path=back.path if back else "",
        wrap=directives.wrap,
        wrap_down=directives.wrap,
        needs=directives.depends,
    )


def _now(dialect: Dialect) -> str:
    """For a statement with parameters, where a percent sign is written twice."""
    return NOW[dialect].replace("%", "%%")


def _log(dialect: Dialect, migration: Migration, operation: str) -> Bound:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""  # an account without a name
    return Bound(
        "INSERT INTO _yoyo_log (id, migration_hash, migration_id, operation, username, hostname,"  # noqa: S608 -- constants
        f" created_at_utc) VALUES (%s, %s, %s, %s, %s, %s, {_now(dialect)})",
        (
            str(uuid.uuid1()),
            sha256_of(migration.version.encode()),
            migration.version,
            operation,
            user[:255],
            socket.gethostname()[:255],
        ),
    )
