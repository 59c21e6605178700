"""The state in one SQLite file in WAL mode, shared by every process of this account."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from faber_db.errors import BackupMissing, InputError, StateUnusable, UnknownHandle
from faber_db.model.approval import Approval, approval_from_text
from faber_db.model.audit import AuditEntry
from faber_db.model.backup import Backup
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.job import Job, JobState
from faber_db.model.plan import Plan, PlanState, StoredPlan
from faber_db.model.sha256 import sha256_of

FORMAT = 1
_LISTED = {
    "plans": "`faber-db status` lists the plans that are not over.",
    "jobs": "`faber-db job list` lists them.",
    "backups": "`faber-db backup list ENVIRONMENT` lists them.",
}
_UNFINISHED = (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED)

_SCHEMA = """
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL) STRICT;
CREATE TABLE plans (
    id text PRIMARY KEY, database text NOT NULL, environment text NOT NULL, subject text NOT NULL,
    work_id text NOT NULL, body text NOT NULL, state text NOT NULL, reason text NOT NULL DEFAULT '',
    job_id text NOT NULL DEFAULT '', result text NOT NULL DEFAULT '{}', created_at text NOT NULL
) STRICT;
CREATE INDEX plans_by_subject ON plans (subject);
CREATE TABLE files (sha256 text PRIMARY KEY, content blob NOT NULL) STRICT;
CREATE TABLE approvals (
    id integer PRIMARY KEY, plan_id text NOT NULL REFERENCES plans (id), body text NOT NULL
) STRICT;
CREATE TABLE jobs (
    id text PRIMARY KEY, plan_id text NOT NULL, state text NOT NULL, created_at text NOT NULL,
    body text NOT NULL
) STRICT;
CREATE TABLE backups (
    id text PRIMARY KEY, database text NOT NULL, environment text NOT NULL,
    created_at text NOT NULL, body text NOT NULL
) STRICT;
CREATE TABLE memory (key text PRIMARY KEY, body text NOT NULL) STRICT;
CREATE TABLE audit (
    seq integer PRIMARY KEY, at text NOT NULL, event text NOT NULL, body text NOT NULL,
    previous text NOT NULL, hash text NOT NULL
) STRICT;
"""


class SqliteState:
    """`services.ports.State` over one file. Opened on first use; safe over threads and processes."""

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        self._file = file
        self._now = now
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # --- plans ---------------------------------------------------------------------------------

    def add_plan(self, plan: Plan, files: Mapping[str, bytes], state: PlanState) -> None:
        with self._write() as db:
            db.execute(
                f"UPDATE plans SET state = 'void', reason = 'superseded by {plan.id}'"  # noqa: S608 our own id
                f" WHERE subject = ? AND state IN ({_marks(_UNFINISHED)})",
                (plan.subject, *_UNFINISHED),
            )
            db.executemany(
                "INSERT OR IGNORE INTO files (sha256, content) VALUES (?, ?)", files.items()
            )
            db.execute(
                "INSERT INTO plans (id, database, environment, subject, work_id, body, state,"
                " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    plan.id,
                    plan.database,
                    plan.environment,
                    plan.subject,
                    plan.work_id,
                    canonical(plan.model_dump(mode="json")).decode(),
                    state,
                    plan.created_at,
                ),
            )

    def plan(self, plan_id: str) -> StoredPlan:
        return _stored(self._by_prefix("plans", plan_id, UnknownHandle))

    def plans(
        self, *, database: str = "", environment: str = "", subject: str = "", work_id: str = ""
    ) -> list[StoredPlan]:
        wanted = {
            "database": database,
            "environment": environment,
            "subject": subject,
            "work_id": work_id,
        }
        return [_stored(row) for row in self._newest("plans", wanted)]

    def plan_file(self, sha256: str) -> bytes:
        with self._read() as db:
            row = db.execute("SELECT content FROM files WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None or sha256_of(row["content"]) != sha256:
            raise StateUnusable(
                f"the stored bytes of {sha256[:12]} are missing or changed",
                hint="Ask for a new plan.",
            )
        return bytes(row["content"])

    def move_plan(
        self,
        plan_id: str,
        *,
        expect: Sequence[PlanState],
        to: PlanState,
        reason: str = "",
        job_id: str = "",
        result: Mapping[str, object] | None = None,
    ) -> bool:
        with self._write() as db:
            changed = db.execute(
                "UPDATE plans SET state = ?, reason = ?, job_id = coalesce(nullif(?, ''), job_id),"  # noqa: S608 marks only
                f" result = coalesce(?, result) WHERE id = ? AND state IN ({_marks(expect)})",
                (to, reason, job_id, None if result is None else _json(result), plan_id, *expect),
            )
            return changed.rowcount == 1

    # --- approvals -----------------------------------------------------------------------------

    def add_approval(self, approval: Approval) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO approvals (plan_id, body) VALUES (?, ?)",
                (approval.payload.plan_id, approval.text().decode()),
            )

    def approvals(self, plan_id: str) -> list[Approval]:
        with self._read() as db:
            rows = db.execute(
                "SELECT body FROM approvals WHERE plan_id = ? ORDER BY id", (plan_id,)
            )
            return [approval_from_text(row["body"].encode()) for row in rows]

    # --- jobs ----------------------------------------------------------------------------------

    def save_job(self, job: Job) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO jobs (id, plan_id, state, created_at, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
                (job.id, job.plan_id, job.state, job.created_at, job.model_dump_json()),
            )

    def job(self, job_id: str) -> Job:
        return _read(Job, self._by_prefix("jobs", job_id, UnknownHandle))

    def jobs(self, *, running: bool = False, plan_id: str = "") -> list[Job]:
        jobs = [_read(Job, row) for row in self._newest("jobs", {"plan_id": plan_id})]
        return (
            [j for j in jobs if j.state in (JobState.QUEUED, JobState.RUNNING)] if running else jobs
        )

    # --- backups -------------------------------------------------------------------------------

    def save_backup(self, backup: Backup) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO backups (id, database, environment, created_at, body)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (
                    backup.id,
                    backup.database,
                    backup.environment,
                    backup.created_at,
                    backup.model_dump_json(),
                ),
            )

    def backup(self, backup_id: str) -> Backup:
        row = self._by_prefix("backups", backup_id, BackupMissing)
        return _read(Backup, row)

    def backups(self, *, database: str = "", environment: str = "") -> list[Backup]:
        wanted = {"database": database, "environment": environment}
        return [_read(Backup, r) for r in self._newest("backups", wanted)]

    def forget_backup(self, backup_id: str) -> None:
        with self._write() as db:
            db.execute("DELETE FROM backups WHERE id = ?", (backup_id,))

    # --- last known results --------------------------------------------------------------------

    def remember(self, key: str, value: Mapping[str, object]) -> None:
        with self._write() as db:
            db.execute(
                "INSERT INTO memory (key, body) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                (key, _json(value)),
            )

    def recall(self, key: str) -> dict[str, object] | None:
        with self._read() as db:
            row = db.execute("SELECT body FROM memory WHERE key = ?", (key,)).fetchone()
        return None if row is None else dict(json.loads(row["body"]))

    # --- audit ---------------------------------------------------------------------------------

    def append_audit(self, event: str, body: Mapping[str, object]) -> tuple[int, str]:
        with self._write() as db:
            last = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
            entry = AuditEntry(
                seq=(last["seq"] if last else 0) + 1,
                at=self._now().isoformat(timespec="milliseconds"),
                event=event,
                body=dict(body),
                previous=last["hash"] if last else "",
                hash="",
            )
            digest = entry.expected_hash()
            db.execute(
                "INSERT INTO audit (seq, at, event, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
                (entry.seq, entry.at, event, _json(body), entry.previous, digest),
            )
            return entry.seq, digest

    def audit(self, *, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        with self._read() as db:
            rows = db.execute(
                "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            )
            return [_entry(row) for row in rows]

    def audit_entry(self, seq: int) -> AuditEntry | None:
        with self._read() as db:
            row = db.execute("SELECT * FROM audit WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else _entry(row)

    # --- the file ------------------------------------------------------------------------------

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self._file):
            yield self._open()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self._file):
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._file)
        return self._connection

    def _by_prefix(
        self, table: str, handle: str, error: type[UnknownHandle | BackupMissing]
    ) -> sqlite3.Row:
        with self._read() as db:
            rows = db.execute(
                f"SELECT * FROM {table} WHERE substr(id, 1, length(?)) = ? LIMIT 3",  # noqa: S608 our own table names
                (handle, handle),
            ).fetchall()
        exact = [row for row in rows if row["id"] == handle]
        if len(exact) == 1:
            return exact[0]  # type: ignore[no-any-return]  # sqlite3 rows are untyped
        if not handle or len(rows) != 1:
            kind = table.removesuffix("s")
            problem = f"several {table} begin with {handle!r}" if rows else f"no {kind} {handle!r}"
            raise error(problem, hint=_LISTED[table])
        return rows[0]  # type: ignore[no-any-return]  # as above

    def _newest(self, table: str, wanted: Mapping[str, str]) -> list[sqlite3.Row]:
        given = {key: value for key, value in wanted.items() if value}
        where = " AND ".join(f"{key} = ?" for key in given) or "1"
        with self._read() as db:
            return db.execute(
                f"SELECT * FROM {table} WHERE {where} ORDER BY created_at DESC, rowid DESC",  # noqa: S608 our own names
                tuple(given.values()),
            ).fetchall()


def _open(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.parent.stat().st_mode & 0o077:  # made on the way to a folder below it
        file.parent.chmod(0o700)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        _ensure_format(db)
    except BaseException:
        db.close()
        raise
    return db


def _ensure_format(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        raise StateUnusable(
            f"the state was written by a newer version (format {found}, this one reads {FORMAT})",
            hint="Upgrade faber-db here.",
        )
    if found == FORMAT:
        return
    db.execute("BEGIN IMMEDIATE")
    if db.execute("PRAGMA user_version").fetchone()[0] == 0:  # nobody else was quicker
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")
    db.execute("COMMIT")


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StateUnusable(
            f"the state file cannot be used: {error}",
            hint=f"Check that {file.parent} can be written and has room.",
        ) from error


def _stored(row: sqlite3.Row) -> StoredPlan:
    with _sound(row):
        plan = Plan.model_validate(parse_canonical(row["body"].encode()))
        for name in ("id", "database", "environment", "subject", "work_id"):
            if getattr(plan, name) != row[name]:
                raise ValueError(f"{name} differs from the stored plan")
        return StoredPlan(
            plan=plan,
            state=PlanState(row["state"]),
            reason=row["reason"],
            job_id=row["job_id"],
            result=json.loads(row["result"]),
        )


@contextmanager
def _sound(row: sqlite3.Row) -> Iterator[None]:
    """A row that does not read as we wrote it is an error with a name, not a bug of ours."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, InputError) as error:  # ValidationError too
        raise StateUnusable(
            f"the stored row {row['id']!r} is damaged or was edited",
            hint="Ask for a new plan, backup or job; `faber-db audit verify` checks the trail.",
        ) from error


_Record = TypeVar("_Record", Job, Backup)


def _read(kind: type[_Record], row: sqlite3.Row) -> _Record:
    with _sound(row):
        return kind.model_validate_json(row["body"])


def _entry(row: sqlite3.Row) -> AuditEntry:
    return AuditEntry(**{**dict(row), "body": json.loads(row["body"])})


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
