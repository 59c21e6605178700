"""Migrations on disk, rows of a ledger, and what the two say together."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a migration folder: its path below the folder (with `/`), and its bytes."""

    path: str
    content: bytes


_RECORDED, _RECORDED_BACK, _SQL = "recorded/", "recorded-back/", ".sql"


def recorded_file(version: str, sql: str, *, back: bool = False) -> SourceFile:
    """What a recording of a program gave, as a file of the history that never lies in the folder.

    With `back` it is what its way back gave.
    """
    return SourceFile(f"{_RECORDED_BACK if back else _RECORDED}{version}{_SQL}", sql.encode())


def recorded_version(path: str) -> str:
    """Of which migration a file of the history is a recording; empty for every other file."""
    for folder in (_RECORDED, _RECORDED_BACK):
        if path.startswith(folder) and path.endswith(_SQL):
            return path[len(folder) : -len(_SQL)]
    return ""


@dataclass(frozen=True, slots=True)
class Migration:
    """One versioned change on disk.

    `content` is read once; `sha256` is over exactly these bytes, and `up` is what of them runs.
    Of a migration written as a program (`code`), `up` is empty until it was recorded: then
    `recorded_path` is set, and `content` and `up` are the recorded SQL.
    """

    version: str  # what orders and identifies it, as text
    name: str  # what the ledger calls it where that differs from the version, else the version
    path: str  # of the file with the up script, below the migration folder
    content: bytes
    up: str
    down: str | None = None
    down_path: str = ""  # where the down script lies in a file of its own
    beside: tuple[str, ...] = ()  # paths of files that say how it is run
    wrap: bool = True  # the runner puts the up script into one transaction
    wrap_down: bool = True  # the same of the down script
    provider: str = ""  # the product it is written for, where the format says so ("postgresql")
    code: bool = False  # a program, which only its own tool or a recording can run
    recorded_path: str = ""  # of what a recording of it gave, among the files; see `recorded_file`
    needs: tuple[str, ...] = ()  # versions that come before it, where the format has a graph

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What a ledger says of one migration; the newest row where it holds several."""

    version: str
    name: str
    sha256: str | None  # None where the ledger keeps none
    applied_at: datetime | None
    finished: bool = True
    rolled_back: bool = False
    log: str = ""
    checksum: str = ""  # the tool's own, where that is no SHA-256
    kind: str = ""  # what the tool calls a row that stands for no script: "BASELINE", "JDBC"


class MigrationState(StrEnum):
    """Public words of `status --json`."""

    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"
    EDITED = "edited"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"
    ROLLED_BACK = "rolled_back"
    SKIPPED_BY_TOOL = "skipped_by_tool"
    HALF_APPLIED = "half_applied"


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One migration in one environment."""

    version: str
    name: str
    state: MigrationState
    applied_at: datetime | None = None
    detail: str = ""  # what is odd and what to do, a sentence, or empty


@dataclass(frozen=True, slots=True)
class LedgerNote:
    """Something about a ledger as a whole that its own tool does not say: a stuck lock, two heads."""

    code: str  # stable: "lock-row-stuck", "several-heads"
    message: str
    hint: str = ""
    blocks: bool = False  # nothing may be deployed before it is settled


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a deployment lock."""

    who: str  # "session 4121, faber-db": for people, without any credential
    since: datetime | None = (
        None  # when that session or process began to; None: the product cannot say
    )

    def __str__(self) -> str:
        since = f" since {self.since.isoformat(timespec='seconds')}" if self.since else ""
        return f"{self.who}{since}"


@dataclass(frozen=True, slots=True)
class StatementRun:
    """One statement that ran."""

    line: int
    text: str  # cut to 200 characters
    duration_ms: int
    rows: int  # -1 where the driver does not say


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """One migration that was applied and stands in the ledger."""

    version: str
    name: str
    sha256: str
    duration_ms: int
    statements: tuple[StatementRun, ...] = ()
