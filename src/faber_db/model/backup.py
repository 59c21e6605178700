"""Backups as the catalogue of backups records them."""

from enum import StrEnum

from faber_db.model.finding import Frozen


class BackupState(StrEnum):
    """A backup counts only when it is good."""

    RUNNING = "running"
    VERIFYING = "verifying"
    GOOD = "good"
    FAILED = "failed"
    DAMAGED = "damaged"


class Backup(Frozen):
    """One backup. Failed ones never count for retention, and never hide a good one."""

    id: str
    database: str
    environment: str
    state: BackupState
    path: str  # of the stored file
    label: str = ""
    reason: str = "manual"  # manual, release, restore
    created_at: str  # ISO, UTC
    finished_at: str = ""
    size_bytes: int = 0
    sha256: str = ""
    level: int = 0  # 1 bytes match; 2 whole archive decoded; 3 test-restored
    format: str = ""  # "sqlite", "pg_dump custom"
    tool: str = ""  # name and version of the dump tool
    server_version: str = ""
    target: str = ""  # TargetIdentity.server_digest
    ledger_head: str = ""
    schema_fingerprint: str = ""
    row_counts: dict[str, int] = {}
    duration_ms: int = 0
    error: str = ""
    notes: tuple[str, ...] = ()  # "rows of events not counted: about 90 million"
