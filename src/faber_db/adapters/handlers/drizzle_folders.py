"""Drizzle's folders since 1.0: `<14 digits>_<name>/migration.sql`, a snapshot beside each, no journal.

Since then the folder's name is what counts: the migrator runs every folder whose name its ledger does
not have, in the order of names, so that nothing is skipped any more (drizzle-orm 1.0, migrator.js and
migrator.utils.js). `created_at` is the moment that the digits say, and nobody compares it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from faber_db.adapters.handlers.drizzle_journal import JOURNAL, separated
from faber_db.adapters.handlers.naming import slug_of
from faber_db.adapters.handlers.reading import has_statements, text_of
from faber_db.errors import MigrationOutOfOrder, MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile

SCRIPT, BACK, SNAPSHOT = "migration.sql", "down.sql", "snapshot.json"
FILE = re.compile(rf"[^/]+/(?:{re.escape(SCRIPT)}|{re.escape(BACK)})")
_NAME = re.compile(r"(\d{14})_[^/]+")
_UP = "Run `drizzle-kit up`, as drizzle-orm 1.0 asks for, and remove `meta`."


@dataclass(frozen=True, slots=True)
class FolderMigration(Migration):
    """With what its ledger row has as `created_at`."""

    millis: int = 0


def read(files: Sequence[SourceFile]) -> tuple[FolderMigration, ...]:
    """In the order of their names.

    Raises:
        MigrationUnreadable: there is a journal too, or a name that says no moment, or one twice.
    """
    by_path = {file.path: file for file in files}
    if JOURNAL in by_path:
        raise MigrationUnreadable(
            f"there are folders of Drizzle 1.0, and {JOURNAL} of an older one", hint=_UP
        )
    names = sorted({path.partition("/")[0] for path in by_path if FILE.fullmatch(path)})
    moments: dict[int, str] = {}
    found = []
    for name in names:
        migration = _migration(name, by_path)
        before = moments.setdefault(migration.millis, name)
        if before != name:
            raise MigrationUnreadable(
                f"{before} and {name} are of the same second",
                hint="Their order would hang on how a machine sorts; give one of them a later one.",
            )
        found.append(migration)
    return tuple(found)


def new_files(
    name: str, up: str, down: str, *, now: datetime, existing: Sequence[Migration]
) -> tuple[SourceFile, ...]:
    """A folder after all others; without a snapshot, which drizzle-kit passes over."""
    prefix = max(now.strftime("%Y%m%d%H%M%S"), _after(existing[-1].version[:14]))
    folder = f"{prefix}_{slug_of(name)}"
    files = [SourceFile(f"{folder}/{SCRIPT}", up.encode())]
    if has_statements(down):
        files.append(SourceFile(f"{folder}/{BACK}", down.encode()))
    return tuple(files)


def _after(prefix: str) -> str:
    moment = _moment(prefix)
    if moment is None or moment.year >= 9999:
        raise MigrationOutOfOrder(f"nothing comes after a migration of {prefix}")
    following = int(moment.timestamp()) + 1
    return datetime.fromtimestamp(following, UTC).strftime("%Y%m%d%H%M%S")


def _migration(name: str, files: Mapping[str, SourceFile]) -> FolderMigration:
    up, down = files.get(f"{name}/{SCRIPT}"), files.get(f"{name}/{BACK}")
    if up is None:
        raise MigrationUnreadable(
            f"{name} has a way back and no {SCRIPT}", hint="Restore it from version control."
        )
    match = _NAME.fullmatch(name)
    moment = _moment(match[1]) if match else None
    if moment is None:
        raise MigrationUnreadable(
            f"{name}/{SCRIPT} lies in a folder whose name begins with no moment",
            hint="drizzle-kit names it <year month day hour minute second>_<name>.",
        )
    back = text_of(down) if down else ""
    return FolderMigration(
        version=name,
        name=name,
        path=up.path,
        content=up.content,
        up=separated(text_of(up)),
        down=back if has_statements(back) else None,
        down_path=down.path if down else "",
        millis=int(moment.timestamp()) * 1000,
    )


def _moment(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
