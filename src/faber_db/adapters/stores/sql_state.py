"""What the state is, whatever database holds it: one SQL text, one strict reading of every row.

A store gives two transactions (`_reading`, `_writing`) over a connection that takes `?` for a
parameter and gives rows as dicts. Writers of one store run one after another, so that a plan has
one winner and the audit trail is one chain.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from faber_db.errors import BackupMissing, InputError, StateUnusable, UnknownHandle
from faber_db.model.approval import Approval, approval_from_text
from faber_db.model.audit import AuditEntry
from faber_db.model.backup import Backup
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.job import Job, JobState
from faber_db.model.plan import Plan, PlanState, StoredPlan
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import Noted
from faber_db.sql.trail import for_trail

FORMAT = 2

Row = dict[str, Any]
_Record = TypeVar("_Record", Job, Backup)

_HANDLE = re.compile(r"[A-Za-z0-9_-]+")
_UNFINISHED = (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED)
_COLUMNS = ("id", "database", "environment", "subject", "work_id")
_LISTED = {
    "plans": "`faber-db status` lists the plans that are not over.",
    "jobs": "`faber-db job list` lists them.",
    "backups": "`faber-db backup list ENVIRONMENT` lists them.",
}


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Row | None: ...

    def fetchall(self) -> list[Row]: ...


class Connection(Protocol):
    """A connection to either product."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows: ...


class SqlState:
    """`services.ports.State` in SQL. Opened on first use; safe over threads and processes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def _reading(self) -> AbstractContextManager[Connection]:
        """A connection to read from, as one moment has it."""
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[Connection]:
        """A transaction that no other writer runs beside; durable when it is left."""
        raise NotImplementedError

    # --- plans ---------------------------------------------------------------------------------

    def add_plan(self, plan: Plan, files: Mapping[str, bytes], state: PlanState) -> None:
        body = canonical(plan.model_dump(mode="json")).decode()
        with self._writing() as db:
            db.execute(
                "UPDATE plans SET state = ?, reason = ?"  # noqa: S608 marks only
                f" WHERE subject = ? AND state IN ({_marks(_UNFINISHED)})",
                (PlanState.VOID, f"superseded by {plan.id}", plan.subject, *_UNFINISHED),
            )
            for sha256, content in files.items():
                db.execute(
                    "INSERT INTO files (sha256, content) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (sha256, content),
                )
            db.execute(
                "INSERT INTO plans (id, database, environment, subject, work_id, about, body,"
                " state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(getattr(plan, name) for name in _COLUMNS),
                    plan.about,
                    body,
                    state,
                    plan.created_at,
                ),
            )

    def plan(self, plan_id: str) -> StoredPlan:
        return _stored(self._by_prefix("plans", plan_id, UnknownHandle))

    def plans(
        self,
        *,
        database: str = "",
        environment: str = "",
        subject: str = "",
        work_id: str = "",
        about: str = "",
        states: Sequence[PlanState] = (),
        since: str = "",
    ) -> list[StoredPlan]:
        wanted = {
            "database": database,
            "environment": environment,
            "subject": subject,
            "work_id": work_id,
            "about": about,
        }
        return [_stored(row) for row in self._newest("plans", wanted, states=states, since=since)]

    def plan_file(self, sha256: str) -> bytes:
        with self._reading() as db:
            row = db.execute("SELECT content FROM files WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None or sha256_of(bytes(row["content"])) != sha256:
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
        with self._writing() as db:
            changed = db.execute(
                "UPDATE plans SET state = ?, reason = ?, job_id = coalesce(nullif(?, ''), job_id),"  # noqa: S608 marks only
                f" result = coalesce(?, result) WHERE id = ? AND state IN ({_marks(expect)})",
                (
                    to,
                    plain(reason),
                    job_id,
                    None if result is None else _json(result),
                    plan_id,
                    *expect,
                ),
            )
            return changed.rowcount == 1

    # --- approvals -----------------------------------------------------------------------------

    def add_approval(self, approval: Approval) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT INTO approvals (plan_id, body) VALUES (?, ?)",
                (approval.payload.plan_id, approval.text().decode()),
            )

    def approvals(self, plan_id: str) -> list[Approval]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT body FROM approvals WHERE plan_id = ? ORDER BY id", (plan_id,)
            ).fetchall()
        return [approval_from_text(row["body"].encode()) for row in rows]

    # --- jobs ----------------------------------------------------------------------------------

    def save_job(self, job: Job) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT INTO jobs (id, plan_id, state, created_at, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body",
                (job.id, job.plan_id, job.state, job.created_at, job.model_dump_json()),
            )

    def job(self, job_id: str) -> Job:
        return _read(Job, self._by_prefix("jobs", job_id, UnknownHandle))

    def jobs(self, *, running: bool = False, plan_id: str = "") -> list[Job]:
        states = (JobState.QUEUED, JobState.RUNNING) if running else ()
        return [_read(Job, r) for r in self._newest("jobs", {"plan_id": plan_id}, states=states)]

    # --- backups -------------------------------------------------------------------------------

    def save_backup(self, backup: Backup) -> None:
        with self._writing() as db:
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
        return _read(Backup, self._by_prefix("backups", backup_id, BackupMissing))

    def backups(self, *, database: str = "", environment: str = "") -> list[Backup]:
        wanted = {"database": database, "environment": environment}
        return [_read(Backup, row) for row in self._newest("backups", wanted)]

    def forget_backup(self, backup_id: str) -> None:
        with self._writing() as db:
            db.execute("DELETE FROM backups WHERE id = ?", (backup_id,))

    # --- last known results --------------------------------------------------------------------

    def remember(self, key: str, value: Mapping[str, object]) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT INTO memory (key, body) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                (key, _json(value)),
            )

    def recall(self, key: str) -> dict[str, object] | None:
        with self._reading() as db:
            row = db.execute("SELECT body FROM memory WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        with _sound(f"memory of {key}"):
            return dict(json.loads(row["body"]))

    # --- audit ---------------------------------------------------------------------------------

    def append_audit(
        self, event: str, body: Mapping[str, object], *, after: Sequence[Noted] = ()
    ) -> tuple[int, str]:
        with self._writing() as db:
            last = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
            end = (last["seq"], last["hash"]) if last else (0, "")
            for noted in (*after, (event, body)):
                end = self._append(db, *noted, *end)
            return end

    def _append(
        self, db: Connection, event: str, body: Mapping[str, object], seq: int, head: str
    ) -> tuple[int, str]:
        entry = AuditEntry(
            seq=seq + 1,
            at=self._now().isoformat(timespec="milliseconds"),
            event=event,
            body=for_trail(body),
            previous=head,
            hash="",
        )
        digest = entry.expected_hash()
        db.execute(
            "INSERT INTO audit (seq, at, event, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.seq, entry.at, event, _json(entry.body), entry.previous, digest),
        )
        return entry.seq, digest

    def audit(self, *, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            ).fetchall()
        return [_entry(row) for row in rows]

    def audit_entry(self, seq: int) -> AuditEntry | None:
        with self._reading() as db:
            row = db.execute("SELECT * FROM audit WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else _entry(row)

    # --- rows ----------------------------------------------------------------------------------

    def _by_prefix(
        self, table: str, handle: str, error: type[UnknownHandle | BackupMissing]
    ) -> Row:
        rows: list[Row] = []
        if _HANDLE.fullmatch(handle):
            with self._reading() as db:
                rows = db.execute(
                    f"SELECT * FROM {table} WHERE substr(id, 1, length(?)) = ? LIMIT 3",  # noqa: S608 our own table names
                    (handle, handle),
                ).fetchall()
        exact = [row for row in rows if row["id"] == handle]
        if len(exact) == 1:
            return exact[0]
        if len(rows) != 1:
            kind = table.removesuffix("s")
            problem = f"several {table} begin with {handle!r}" if rows else f"no {kind} {handle!r}"
            raise error(problem, hint=_LISTED[table])
        return rows[0]

    def _newest(
        self,
        table: str,
        wanted: Mapping[str, str],
        *,
        states: Sequence[str] = (),
        since: str = "",
    ) -> list[Row]:
        given = {f"{key} = ?": value for key, value in wanted.items() if value}
        if since:
            given["created_at >= ?"] = since
        where = [*given, *([f"state IN ({_marks(states)})"] if states else [])]
        with self._reading() as db:
            return db.execute(
                f"SELECT * FROM {table} WHERE {' AND '.join(where) or 'true'}"  # noqa: S608 our own names
                " ORDER BY created_at DESC, rowid DESC",
                (*given.values(), *states),
            ).fetchall()


def migrate(db: Connection, found: int) -> None:
    """Bring the tables of an older format to this one, in the transaction that is open."""
    if found < 2:  # what a plan is about, so that a rejection is found again
        db.execute("ALTER TABLE plans ADD COLUMN about text NOT NULL DEFAULT ''")
        for row in db.execute("SELECT * FROM plans").fetchall():
            try:
                about = _stored(row).plan.about
            except StateUnusable:
                continue  # it stays damaged, and says so when it is asked for
            db.execute("UPDATE plans SET about = ? WHERE id = ?", (about, row["id"]))
        db.execute("CREATE INDEX plans_by_about ON plans (about)")


def newer(found: int) -> StateUnusable:
    """The refusal of a format that this version does not know."""
    return StateUnusable(
        f"the state was written by a newer version (format {found}, this one reads {FORMAT})",
        hint="Upgrade faber-db here.",
    )


def plain(value: Any) -> Any:
    """A value whose texts either product can keep: no zero byte, no half surrogate pair."""
    match value:
        case str():
            return str(value).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        case Mapping():
            return {plain(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


def _stored(row: Row) -> StoredPlan:
    with _sound(row["id"]):
        plan = Plan.model_validate(parse_canonical(row["body"].encode()))
        for name in _COLUMNS:
            if getattr(plan, name) != row[name]:
                raise ValueError(f"{name} differs from the stored plan")
        if row.get("about") and row["about"] != plan.about:  # empty: written by an older version
            raise ValueError("what it is about differs from the stored plan")
        return StoredPlan(
            plan=plan,
            state=PlanState(row["state"]),
            reason=row["reason"],
            job_id=row["job_id"],
            result=json.loads(row["result"]),
        )


@contextmanager
def _sound(name: object) -> Iterator[None]:
    """A row that does not read as we wrote it is an error with a name, not a bug of ours."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, InputError) as error:  # ValidationError too
        raise StateUnusable(
            f"the stored row {name!r} is damaged or was edited",
            hint="Ask for a new plan, backup or job; `faber-db audit verify` checks the trail.",
        ) from error


def _read(kind: type[_Record], row: Row) -> _Record:
    with _sound(row["id"]):
        return kind.model_validate_json(row["body"])


def _entry(row: Row) -> AuditEntry:
    with _sound(f"audit entry {row['seq']}"):
        return AuditEntry(**{**row, "body": json.loads(row["body"])})


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
