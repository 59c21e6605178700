"""Make, verify and find backups. One counts only when it is good: dumped, hashed, decoded, synced.

`create` and `verify` do the work in the calling process; front ends go through
`services.create_backup`, which has the executor do it in a job.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from faber_db.errors import (
    BackupDamaged,
    BackupFailed,
    BackupMissing,
    FaberDbError,
)
from faber_db.errors import (
    Cancelled as CancelledError,
)
from faber_db.model.backup import Backup, BackupState
from faber_db.services.app import App, Database, Environment
from faber_db.services.contents import Contents, contents, differences, unchanged
from faber_db.services.ports import BackupStore, Cancelled, Copy, Progress, never, silent

_UNFINISHED = (BackupState.RUNNING, BackupState.VERIFYING)
_SQLITE = "sqlite"  # a dump of it is a database itself
_ENDINGS = {_SQLITE: "sqlite.zst", "mysql": "sql.zst"}  # of what the store compresses
_ZSTD = " zstd"  # at the end of its format


def create(
    app: App,
    database: Database,
    environment: Environment,
    *,
    label: str = "",
    reason: str = "manual",
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Backup:
    """Dump a live database, prove the file to level 2, and enter it as good.

    Raises:
        BackupFailed: the failed attempt is recorded, and no file of it is kept.
        Cancelled: the same.
    """
    recover(app)
    making = _Making(app, database, environment, progress, cancelled)
    return making.run(label=label, reason=reason)


def verify(
    app: App,
    backup: Backup,
    level: int = 2,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Backup:
    """Prove a stored backup up to a level, lower levels first; the record with the level reached.

    1 compares its bytes with our SHA-256, 2 decodes all of it, 3 restores it beside the live
    database, compares schema and row counts with the record, and drops that copy.

    Raises:
        BackupDamaged: it is marked so, and never counts again.
        BackupMissing: the same.
    """
    if backup.state is not BackupState.GOOD:
        raise BackupDamaged(f"{backup.id} is {backup.state}, not good", hint=backup.error)
    database = app.database(backup.database)
    environment = database.environment(backup.environment)
    try:
        with sealed(app, backup, progress) as plain:
            if level >= 2:
                progress("decoding the backup")
                database.engine.decode(plain)
            if level >= 3:
                _restore_on_trial(backup, database, environment, plain, progress, cancelled)
    except (BackupDamaged, BackupMissing) as error:
        app.state.save_backup(
            backup.model_copy(update={"state": BackupState.DAMAGED, "error": error.message})
        )
        app.state.append_audit("backup.damaged", {"backup_id": backup.id, "code": error.code})
        raise
    proved = backup.model_copy(update={"level": max(backup.level, level)})
    app.state.save_backup(proved)
    return proved


def newest_good(
    app: App,
    database: Database,
    environment: Environment,
    level: int = 2,
    max_age: timedelta | None = None,
) -> Backup | None:
    """The newest good backup of what the environment points to now, or None.

    A backup of another target under the same name does not count, nor one whose file is gone or
    has another size. Connects when there is a candidate.
    """
    candidates = [
        b
        for b in app.state.backups(database=database.name, environment=environment.name)
        if b.state is BackupState.GOOD
        and b.level >= level
        and (max_age is None or app.now() - made_at(b) <= max_age)
        and _in_place(b)
    ]
    if not candidates:
        return None
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, read_only=True
    ) as session:
        target = session.identity().server_digest
    return next((b for b in candidates if b.target == target), None)


def recover(app: App) -> list[Backup]:
    """Settle what dead processes left: their backups failed, and their files are removed."""
    store = store_of(app)
    settled = []
    for backup in app.state.backups():
        path = Path(backup.path)
        if backup.state not in _UNFINISHED or store.being_made(path):
            continue
        store.remove(path)
        failed = backup.model_copy(
            update={
                "state": BackupState.FAILED,
                "finished_at": _stamp(app.now()),
                "error": f"the process that made it died while it was {backup.state}",
            }
        )
        app.state.save_backup(failed)
        app.state.append_audit("backup.failed", {"backup_id": backup.id, "code": "died"})
        settled.append(failed)
    return settled


def made_at(backup: Backup) -> datetime:
    """When its dump began: the moment that it holds."""
    return datetime.fromisoformat(backup.created_at)


def store_of(app: App) -> BackupStore:
    """Where this process keeps backups.

    Raises:
        BackupFailed: it keeps none.
    """
    if app.backup_store is None:
        raise BackupFailed(
            "this process keeps no backups", hint="The executor of this environment does."
        )
    return app.backup_store


@contextmanager
def sealed(app: App, backup: Backup, progress: Progress = silent) -> Iterator[Path]:
    """The plain dump of a backup whose bytes match our SHA-256, kept from being pruned.

    Raises:
        BackupDamaged: they do not, or the file does not decode.
        BackupMissing: the file is gone.
    """
    store = store_of(app)
    path = Path(backup.path)
    progress("comparing the backup with its SHA-256")
    with store.reading(path, compressed=False):
        if not backup.sha256 or store.measure(path).sha256 != backup.sha256:
            raise BackupDamaged(
                f"{backup.id} does not match the SHA-256 that was taken when it was made",
                hint="Use another backup; look at the disk.",
            )
        with store.reading(path, compressed=_compressed(backup)) as plain:
            yield plain


def mismatches(backup: Backup, database: Database, copy: Copy) -> list[str]:
    """What a restored copy holds other than its backup recorded, a sentence each."""
    with database.engine.connect(copy.url, read_only=True) as session:
        found = contents(session, database.handler)
    return differences(
        fingerprint=backup.schema_fingerprint, row_counts=backup.row_counts, found=found
    )


def _restore_on_trial(
    backup: Backup,
    database: Database,
    environment: Environment,
    plain: Path,
    progress: Progress,
    cancelled: Cancelled,
) -> None:
    copy = database.engine.restore_beside(
        environment.resolve_url(), plain, progress=progress, cancelled=cancelled
    )
    try:
        problems = mismatches(backup, database, copy)
    finally:
        database.engine.drop_copy(copy)
    if problems:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise BackupDamaged(
            f"{backup.id} was restored on trial, but {'; '.join(problems[:3])}{more}",
            hint="Use another backup.",
        )


@dataclass
class _Making:
    """One backup on its way: running, verifying, then good or failed."""

    app: App
    database: Database
    environment: Environment
    progress: Progress
    cancelled: Cancelled

    def run(self, *, label: str, reason: str) -> Backup:
        began = time.monotonic()
        now = self.app.now()
        backup = Backup(
            id=self.app.new_id("backup"),
            database=self.database.name,
            environment=self.environment.name,
            state=BackupState.RUNNING,
            path="",
            label=label,
            reason=reason,
            created_at=_stamp(now),
        )
        about = {"backup_id": backup.id, "environment": backup.environment, "reason": reason}
        self.app.state.append_audit("backup.intent", about)
        store = store_of(self.app)
        name = self._file_name(backup.id, now)
        try:
            with store.making(name) as part:
                backup = self._save(backup, path=str(part.with_name(name)))
                backup = self._dump(backup, part)
                backup = self._prove(backup, part)
                store.seal(part, name)
                backup = self._save(
                    backup,
                    state=BackupState.GOOD,
                    level=2,
                    finished_at=_stamp(self.app.now()),
                    duration_ms=int((time.monotonic() - began) * 1000),
                )
        except FaberDbError as error:
            self._failed(backup, error.message, error.code)
            raise
        except (KeyboardInterrupt, SystemExit):
            self._failed(backup, "the process was told to end", "ended")
            raise
        self.app.state.append_audit("backup.done", {**about, "sha256": backup.sha256})
        return backup

    def _dump(self, backup: Backup, part: Path) -> Backup:
        """Dump, look at what it holds, compress where the dump tool does not, and hash."""
        engine, url = self.database.engine, self.environment.resolve_url()
        store = store_of(self.app)
        with engine.connect(url, limits=self.environment.limits, read_only=True) as session:
            target = session.identity().server_digest
            before = None if engine.name == _SQLITE else contents(session, self.database.handler)
        self.progress(f"dumping {self.environment.name}")
        info = engine.dump(url, part, progress=self.progress, cancelled=self.cancelled)
        if not part.exists() or part.stat().st_size == 0:
            raise BackupFailed(f"{info.tool} reported success and wrote nothing")
        held = self._held(url, part, before)
        if engine.name in _ENDINGS:
            store.compress(part, progress=self.progress, cancelled=self.cancelled)
            info = replace(info, format=f"{info.format}{_ZSTD}")
        self._stop_if_cancelled()
        stored = store.measure(part)
        return self._save(
            backup,
            state=BackupState.VERIFYING,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            format=info.format,
            tool=info.tool,
            server_version=info.server_version,
            target=target,
            ledger_head=held.ledger_head,
            schema_fingerprint=held.schema_fingerprint,
            row_counts=dict(held.row_counts),
            notes=held.notes,
        )

    def _held(self, url: str, part: Path, before: Contents | None) -> Contents:
        """What the dump holds: read from the copy itself, or agreed on before and after it."""
        if before is None:
            with self.database.engine.connect(str(part), read_only=True) as copy:
                return contents(copy, self.database.handler)
        with self.database.engine.connect(
            url, limits=self.environment.limits, read_only=True
        ) as session:
            after = contents(session, self.database.handler)
        if (before.schema_fingerprint, before.ledger_head) != (
            after.schema_fingerprint,
            after.ledger_head,
        ):
            raise BackupFailed(
                "the schema was changed while the dump ran", hint="Make the backup again."
            )
        return unchanged(before, after)

    def _prove(self, backup: Backup, part: Path) -> Backup:
        self.progress("decoding the backup")
        with store_of(self.app).reading(part, compressed=_compressed(backup)) as plain:
            self.database.engine.decode(plain)
        self._stop_if_cancelled()
        return backup

    def _save(self, backup: Backup, **changes: object) -> Backup:
        changed = backup.model_copy(update=changes)
        self.app.state.save_backup(changed)
        return changed

    def _failed(self, backup: Backup, why: str, code: str) -> None:
        self._save(backup, state=BackupState.FAILED, error=why, finished_at=_stamp(self.app.now()))
        self.app.state.append_audit("backup.failed", {"backup_id": backup.id, "code": code})

    def _stop_if_cancelled(self) -> None:
        if self.cancelled():
            raise CancelledError("the backup was cancelled")

    def _file_name(self, backup_id: str, now: datetime) -> str:
        place = re.sub(r"[^A-Za-z0-9_-]", "-", f"{self.database.name}-{self.environment.name}")
        ending = _ENDINGS.get(self.database.engine.name, "dump")
        return f"{place}-{now:%Y%m%dT%H%M%S}-{backup_id}.{ending}"


def _compressed(backup: Backup) -> bool:
    return backup.format.endswith(_ZSTD)


def _in_place(backup: Backup) -> bool:
    path = Path(backup.path)
    return path.is_file() and path.stat().st_size == backup.size_bytes


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
