"""Long work in a process of its own."""

from enum import StrEnum
from typing import Any

from faber_db.model.finding import Frozen


class JobState(StrEnum):
    """A job whose heartbeat died is settled from ledger and catalogue, then failed."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(Frozen):
    """One piece of work: what, for which plan, how far, and how it ended."""

    id: str
    kind: str  # "deploy", "backup", "restore"
    database: str
    environment: str
    state: JobState
    plan_id: str = ""
    arguments: dict[str, str] = {}
    created_at: str
    started_at: str = ""
    finished_at: str = ""
    heartbeat_at: str = ""
    place: str = ""  # where its pid means something; empty: here
    pid: int = 0
    pid_started: int = 0  # kernel start time of the pid, so that a recycled pid is not mistaken
    progress: str = ""  # "backup 1.2 of 1.9 GB"
    result: dict[str, Any] = {}
    error: dict[str, str] = {}  # code, message, hint
