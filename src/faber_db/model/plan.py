"""A plan: the frozen description of one action on one environment."""

from enum import StrEnum
from typing import Any

from faber_db.model.canonical import digest_of
from faber_db.model.finding import Analysis, Frozen, Risk
from faber_db.model.target import TargetIdentity
from faber_db.model.trial import TrialRun


class PlanKind(StrEnum):
    """What a plan does (DESIGN: Executor)."""

    DEPLOY = "deploy"
    RESTORE = "restore"
    ROLLBACK = "rollback"
    MARK = "mark"
    BASELINE = "baseline"
    ACCEPT_EDIT = "accept-edit"
    DB_CREATE = "db-create"
    ADOPT_CLONE = "adopt-clone"
    POLICY = "policy"


class PlannedMigration(Frozen):
    """One migration of a plan. Its bytes lie in the state under `sha256`."""

    version: str
    name: str
    path: str
    sha256: str
    size_bytes: int
    statements: int


class PlannedFile(Frozen):
    """One file that belongs to a planned migration; its bytes lie in the state."""

    path: str
    sha256: str


class BackupRequirement(Frozen):
    """What the signer relies on being there before the first statement runs."""

    required: bool
    fresh: bool = False  # made under the claim, whatever exists
    level: int = 2
    max_age_seconds: int = 86_400
    target: str = "local"


class PlanSettings(Frozen):
    """The limits that the deployment runs under."""

    lock_timeout_ms: int
    statement_timeout_ms: int
    lock_retries: int


class PreflightAnswer(Frozen):
    """One read-only question to the data, and its answer."""

    question: str
    answer: str  # "0 rows", "312 rows", "unknown: timed out"
    ok: bool | None  # None: not known
    asked_at: str
    migration: str = ""  # with `line`: the statement that raised it
    line: int = 0
    codes: tuple[str, ...] = ()  # of the findings that it is about
    objects: tuple[str, ...] = ()  # one of theirs
    says: str = ""  # "312 of 20,000 rows have NULL in users.email"
    found: int | None = None  # None: not known
    settled: bool = True  # False: statements above write what was counted
    decides: bool = True  # False: it only counts what the statement is meant to take away


class Requester(Frozen):
    """Who asked, as far as that can be known."""

    client: str = ""  # "claude-code", "command line"
    account: str = ""


class Plan(Frozen):
    """Everything that is signed, stored once and never taken back from a caller."""

    v: int = 1
    id: str
    kind: PlanKind
    database: str
    environment: str
    protected: bool
    engine: str
    handler: str
    work_id: str = ""
    requester: Requester
    created_at: str  # ISO, UTC
    expires_at: str
    target: TargetIdentity
    ledger: tuple[str, ...] = ()  # the tables that say what is applied
    ledger_head: str  # version of the newest applied migration, or empty
    subject: str
    migrations: tuple[PlannedMigration, ...] = ()
    files: tuple[PlannedFile, ...] = ()  # all that the handler reads for them
    analysis: Analysis
    preflight: tuple[PreflightAnswer, ...] = ()
    trial: TrialRun | None = None  # on a copy of the schema, where one could be had
    settings: PlanSettings
    schema_fingerprint: str  # of the touched objects as they are now
    touched: tuple[str, ...] = ()  # full names of the tables that the statements name
    backup: BackupRequirement
    policy_digest: str
    min_approvals: int
    tier: int = 0  # in force when it was made, and shown; 0: nobody has to sign
    rules_version: str
    tool_version: str
    arguments: dict[
        str, str
    ] = {}  # what a kind needs beside migrations: backup_id, version, reason

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the canonical spelling of the whole plan."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def risk(self) -> Risk:
        return self.analysis.risk

    @property
    def about(self) -> str:
        """What it is about whatever became of the target since: a rejection holds for all of it."""
        return digest_of(
            {
                "action": self.kind.value,
                "database": self.database,
                "environment": self.environment,
                "migrations": [[m.version, m.sha256] for m in self.migrations],
                "arguments": self.arguments,
            }
        )


def subject_of(
    *,
    kind: PlanKind,
    database: str,
    environment: str,
    target: TargetIdentity,
    ledger_head: str,
    migrations: tuple[PlannedMigration, ...],
    arguments: dict[str, str],
) -> str:
    """What a plan is about: the key by which unfinished work is found again."""
    value: dict[str, Any] = {
        "action": kind.value,
        "database": database,
        "environment": environment,
        "target": target.digest,
        "ledger_head": ledger_head,
        "migrations": [[m.version, m.name, m.sha256] for m in migrations],
        "arguments": arguments,
    }
    return digest_of(value)


class PlanState(StrEnum):
    """Where a plan is in its life."""

    OPEN = "open"  # planned; may run if nothing has to be signed
    WAITING = "waiting"  # waits for a signature
    SIGNED = "signed"  # signed, not yet taken
    CLAIMED = "claimed"  # one job has it
    USED = "used"  # its first statement may have run
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    VOID = "void"  # superseded, expired or made for a state that is gone


class StoredPlan(Frozen):
    """A plan with its state."""

    plan: Plan
    state: PlanState
    reason: str = ""  # of a rejection or failure
    job_id: str = ""
    result: dict[str, Any] = {}
