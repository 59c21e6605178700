"""Every failure we foresaw: stable code, exit code, and what to do about it.

The docstring of a class is its entry in `docs/troubleshooting.md` (generated), so it says
when the failure happens and what the reader does next.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What a process of ours ends with (DESIGN: Command line)."""

    DONE = 0
    USAGE = 1
    FAILED = 2
    UNHEALTHY = 3
    WAITING = 4
    REFUSED = 5
    UNVERIFIED = 6
    LOCKED = 7
    CANCELLED = 130

    @property
    def meaning(self) -> str:
        """For the documentation."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.DONE: "done, also with warnings",
    Exit.USAGE: "configuration or usage",
    Exit.FAILED: "failed, or could not look",
    Exit.UNHEALTHY: "unhealthy or drifted",
    Exit.WAITING: "waiting for a person, or a job still runs",
    Exit.REFUSED: "refused by safety or policy",
    Exit.UNVERIFIED: "a verification failed",
    Exit.LOCKED: "somebody else holds the lock",
    Exit.CANCELLED: "cancelled",
}


MAKE_ROOM = "Make room on the disk of the database."


class FaberDbError(Exception):
    """A failure we foresaw."""

    code: ClassVar[str]
    exit_code: ClassVar[Exit] = Exit.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message  # what happened: lower case, no full stop, no secrets
        self.hint = hint  # the caller's next step: a sentence, or empty

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}." + (f" Hint: {self.hint}" if self.hint else "")


def all_errors() -> Iterator[type[FaberDbError]]:
    """Every error class with a code, in order of code."""

    def below(parent: type[FaberDbError]) -> Iterator[type[FaberDbError]]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    yield from sorted(
        (e for e in below(FaberDbError) if "code" in e.__dict__), key=lambda e: e.code
    )


class NotSupported(FaberDbError):
    """This version cannot do that yet, or cannot do it for this product or format."""

    code = "not-supported"


class InternalError(FaberDbError):
    """A bug of ours: nothing you did. `FABER_DB_DEBUG=1` writes the details to standard error."""

    code = "internal-error"


# --- configuration -----------------------------------------------------------------------------


class ConfigError(FaberDbError):
    """The configuration cannot be used. `faber-db config check` names the line."""

    code = "config-invalid"
    exit_code = Exit.USAGE


class ConfigMissing(ConfigError):
    """No configuration was found here. `faber-db init` writes one."""

    code = "config-missing"


class ConfigExists(ConfigError):
    """`faber-db init` found a configuration and does not overwrite it."""

    code = "config-exists"


class UnknownEnvironment(ConfigError):
    """No environment has that name. The message lists the ones there are."""

    code = "config-unknown-environment"


class UnknownDatabase(ConfigError):
    """No database has that name, or there are several and none was named."""

    code = "config-unknown-database"


class AddressTaken(ConfigError):
    """Another program listens at the address that was asked for.

    Stop it, or take another port with `--port`. A passkey works at the port where it was made.
    """

    code = "config-address-taken"


class SecretUnavailable(ConfigError):
    """A reference (`env:`, `file:`, `command:`, `keyring:`) gives no value."""

    code = "config-secret-unavailable"


# --- input -------------------------------------------------------------------------------------


class InputError(FaberDbError):
    """An argument cannot be used: unknown, of the wrong type, too large, or contradicting another."""

    code = "input-invalid"
    exit_code = Exit.USAGE


class UnknownArgument(InputError):
    """A tool was given an argument that it does not have. The hint names the nearest one."""

    code = "input-unknown-argument"


class PathOutsideProject(InputError):
    """A path leads outside the project root, directly or through a link."""

    code = "input-path-outside-project"


class InputTooLarge(InputError):
    """A text is over the limit that keeps the server answering."""

    code = "input-too-large"


class FileUnreadable(InputError):
    """A file is missing, is not readable, or is not UTF-8."""

    code = "input-file-unreadable"


class NoTerminal(InputError):
    """This needs a person at a terminal; passphrases are read from nowhere else."""

    code = "input-no-terminal"


class AgentTerminal(InputError):
    """An agent started this terminal. A person decides in one of their own; it is a speed bump."""

    code = "input-agent-terminal"


class UnknownHandle(InputError):
    """No plan, job or backup has that id, or a prefix fits several."""

    code = "input-unknown-id"


# --- connection --------------------------------------------------------------------------------


class ConnectionFailed(FaberDbError):
    """The database cannot be reached, or its file cannot be opened."""

    code = "connection-failed"


class ConnectionRefusedByServer(ConnectionFailed):
    """The server answered, but refused the user, the password or the database name."""

    code = "connection-refused"


class ConnectionPooled(ConnectionFailed):
    """A transaction pooler sits between us and the server, so locks and limits would not hold."""

    code = "connection-pooled"
    exit_code = Exit.REFUSED


class ConnectionLimits(ConnectionFailed):
    """A limit (lock timeout, statement timeout) was set but did not read back equal."""

    code = "connection-limits"
    exit_code = Exit.REFUSED


class ConnectionLost(ConnectionFailed):
    """The connection ended while a statement ran; what happened is settled from ledger and catalogue."""

    code = "connection-lost"


class PermissionMissing(ConnectionFailed):
    """The role lacks a privilege. The hint names the grant."""

    code = "connection-permission"


class StatementTimeout(FaberDbError):
    """A statement ran longer than `statement_timeout` allows."""

    code = "connection-statement-timeout"


class StatementFailed(FaberDbError):
    """The database refused a statement of ours or of a ledger. The message holds its reason."""

    code = "connection-statement-failed"

    state: str = ""  # SQLSTATE, or SQLite's name of the error ("SQLITE_CONSTRAINT_UNIQUE")


# --- ledger, migrations ------------------------------------------------------------------------


class LedgerError(FaberDbError):
    """The ledger in the database cannot be understood."""

    code = "ledger-unreadable"


class LedgerForeign(NotSupported):
    """The database or the folder belongs to another migration tool, which has no handler yet."""

    code = "ledger-foreign"


class LedgerFailed(LedgerError):
    """An earlier migration failed and still stands in the ledger; nothing runs before it is settled."""

    code = "ledger-failed-migration"
    exit_code = Exit.REFUSED


class LedgerBlocked(LedgerError):
    """The ledger as a whole keeps a deployment from starting: a stuck lock row, several heads.

    `faber-db status` shows it; the hint says what settles it.
    """

    code = "ledger-blocked"
    exit_code = Exit.REFUSED


class MigrationsMissing(FaberDbError):
    """There is no migration folder, or no migration in it."""

    code = "migration-folder-missing"
    exit_code = Exit.USAGE


class NothingPending(FaberDbError):
    """Every migration of the folder is applied already; there is nothing to plan."""

    code = "migration-nothing-pending"
    exit_code = Exit.DONE


class MigrationUnreadable(FaberDbError):
    """A migration file is not UTF-8, lacks its pair or marker, or its name fits no format."""

    code = "migration-unreadable"
    exit_code = Exit.USAGE


class MigrationEdited(FaberDbError):
    """A migration was changed after it was applied. Restore the file from version control."""

    code = "migration-edited"
    exit_code = Exit.REFUSED


class MigrationMissing(FaberDbError):
    """The ledger names a migration that is not in the folder."""

    code = "migration-missing"
    exit_code = Exit.REFUSED


class MigrationOutOfOrder(FaberDbError):
    """A pending migration sorts before one that is applied."""

    code = "migration-out-of-order"
    exit_code = Exit.REFUSED


class MigrationFailed(FaberDbError):
    """A statement of a migration failed. The message says what was kept and what was rolled back."""

    code = "migration-failed"

    rolled_back: bool = False  # True only where it is known that nothing was kept
    line: int = 0  # of the statement that failed; 0 where none did


class ResumeUnsafe(FaberDbError):
    """It is not known which statements of a migration are in the database, so nothing went on.

    Only what the journal or the catalogue proves is passed over. What a procedure did, or what a
    step made for its own session, they do not tell.
    """

    code = "migration-resume-unsafe"
    exit_code = Exit.REFUSED


class MigrationExists(FaberDbError):
    """A migration of that name is already in the folder."""

    code = "migration-exists"
    exit_code = Exit.USAGE


class MigrationNotReplaced(FaberDbError):
    """The files of a safe form were printed, not written in the place of a migration.

    A migration that was applied anywhere is never changed, since its checksum stands in the ledger;
    where an environment cannot be asked, it counts as applied. Nor can files be put between two
    migrations.
    """

    code = "migration-not-replaced"
    exit_code = Exit.REFUSED


class MigrationIrreversible(FaberDbError):
    """The migration has no down script. Restore a backup instead."""

    code = "migration-no-down"
    exit_code = Exit.REFUSED


class MigrationNotRecorded(FaberDbError):
    """A migration is a program, and what it would run could not be recorded on a throw-away database.

    Without the recording nobody can see what it does, and a protected environment runs no programs.
    """

    code = "migration-not-recorded"
    exit_code = Exit.REFUSED


class MigrationNotReproducible(FaberDbError):
    """Two recordings of a migration that is a program differ, or it reaches outside its database.

    It depends on the time, on chance, on what the data holds or on another system. Write what it has
    to do as plain statements, and record it again.
    """

    code = "migration-not-reproducible"
    exit_code = Exit.REFUSED


class ToolMissing(FaberDbError):
    """The project's own migration tool is not installed where the project has it; faber-db installs none."""

    code = "migration-tool-missing"
    exit_code = Exit.USAGE


class ToolFailed(FaberDbError):
    """The project's own migration tool failed, asked a question, or did not end in time."""

    code = "migration-tool-failed"


# --- specification, schema, analysis -----------------------------------------------------------


class SpecUnreadable(FaberDbError):
    """The specification cannot be read or names nothing that could be understood."""

    code = "spec-unreadable"
    exit_code = Exit.USAGE


class SchemaConflict(FaberDbError):
    """The desired schema contradicts itself or what is there."""

    code = "schema-conflict"
    exit_code = Exit.USAGE


class BaselineDiffers(FaberDbError):
    """The history does not yield the schema that is there, or that could not be proved.

    Nothing was written. Another `--up-to` may be the one; what is known and meant to stay is accepted
    with `--accept-differences`, which lists every difference in the plan.
    """

    code = "schema-baseline-differs"
    exit_code = Exit.UNVERIFIED


class SchemaUnproved(FaberDbError):
    """No shadow could be had, so a generated migration was not proved."""

    code = "schema-unproved"


class ShadowUnavailable(SchemaUnproved):
    """No throw-away database could be made. The message names what was tried."""

    code = "schema-shadow-unavailable"


class ShadowFailed(FaberDbError):
    """The migration history does not run on an empty database."""

    code = "schema-history-fails"


class AnalysisRefused(FaberDbError):
    """A migration holds findings that its environment refuses."""

    code = "analysis-refused"
    exit_code = Exit.REFUSED


class AnalysisTooLarge(InputTooLarge):
    """A script is over 50 MB or 50,000 statements, nested too deeply, or takes too long to be read."""

    code = "analysis-too-large"
    exit_code = Exit.REFUSED


# --- lock --------------------------------------------------------------------------------------


class LockBusy(FaberDbError):
    """Somebody else deploys to this database. The message names the holder where it can be seen."""

    code = "lock-busy"
    exit_code = Exit.LOCKED


class LockTimeout(FaberDbError):
    """A table stayed locked by another session longer than `lock_timeout`, also after retries."""

    code = "lock-timeout"
    exit_code = Exit.LOCKED


class LockBlocked(FaberDbError):
    """A transaction that has been open for over a minute holds locks on a table of the migration.

    The migration would wait for it, and the application behind the migration. Nothing was run. The
    message names the session; end it, or wait until it has ended.
    """

    code = "lock-blocked"
    exit_code = Exit.LOCKED


class ReplicaBehind(FaberDbError):
    """A replica is too far behind the server, and did not catch up while it was waited for.

    What a migration writes would put it further behind. Migrations that ran before stay applied;
    the others are pending.
    """

    code = "replica-behind"
    exit_code = Exit.LOCKED


# --- backup, restore ---------------------------------------------------------------------------


class BackupFailed(FaberDbError):
    """A backup could not be made. No partial file is kept as a backup."""

    code = "backup-failed"


class BackupToolMissing(BackupFailed):
    """The dump tool is not installed, or is older than the server."""

    code = "backup-tool-missing"


class BackupDamaged(FaberDbError):
    """A stored backup does not match its SHA-256 or cannot be decoded whole."""

    code = "backup-damaged"
    exit_code = Exit.UNVERIFIED


class BackupMissing(FaberDbError):
    """No backup has that id, or its file is gone."""

    code = "backup-missing"


class BackupRequired(FaberDbError):
    """A protected change needs a good backup and none could be had."""

    code = "backup-required"
    exit_code = Exit.REFUSED


class RestoreFailed(FaberDbError):
    """The copy could not be built or proved. The live database was not touched."""

    code = "restore-failed"


class RestoreUnproved(RestoreFailed):
    """The restored copy differs from what the backup recorded."""

    code = "restore-unproved"
    exit_code = Exit.UNVERIFIED


# --- approval, policy --------------------------------------------------------------------------


class ApprovalError(FaberDbError):
    """The approval does not allow this. The audit trail holds the reason."""

    code = "approval-invalid"
    exit_code = Exit.REFUSED

    fault: str = ""  # why, for the audit trail alone: outside, every refusal looks the same


class ApprovalRequired(ApprovalError):
    """A person has to sign this plan: `faber-db approve ID` in their own terminal."""

    code = "approval-required"
    exit_code = Exit.WAITING


class ApprovalNotSetUp(ApprovalError):
    """A protected environment has no marker yet. A person runs `faber-db protect ENV` once."""

    code = "approval-not-set-up"


class ApprovalStale(ApprovalError):
    """The plan no longer describes what would happen. Ask for a new one."""

    code = "approval-stale"


class ApprovalRejected(ApprovalError):
    """A person rejected this plan. The message holds their reason."""

    code = "approval-rejected"


class ClockSkewed(ApprovalError):
    """The executor's clock and the database's are over a minute apart, or the clock went back.

    Nobody can say then whether an approval has lapsed. Set the clocks by NTP.
    """

    code = "approval-clock-skewed"


class TooManyRequests(ApprovalError):
    """As many requests for approval as a person should be asked wait already, or were made lately.

    Up to five wait for one environment at once, and up to twenty that nobody signs are made within
    an hour. What waits is decided first, with `faber-db approve` or `faber-db reject`.
    """

    code = "approval-too-many-requests"


class ApprovalStateLost(ApprovalError):
    """Our state is emptied or older than what the target remembers."""

    code = "approval-state-lost"


class PassphraseWrong(ApprovalError):
    """The passphrase does not open the key."""

    code = "approval-passphrase"


class KeyExists(ApprovalError):
    """That key or marker exists already and is not overwritten."""

    code = "approval-key-exists"


class KeyUnprotected(ApprovalError):
    """A private key lies there without a passphrase, so that its signature proves no person."""

    code = "approval-key-unprotected"


class KeyUnknown(ApprovalError):
    """The target has not pinned this key. `faber-db approvers list ENV` shows those that it has."""

    code = "approval-key-unknown"


class SignerUnavailable(ApprovalError):
    """A program or list that is needed to make or check such a signature is missing or unreadable."""

    code = "approval-signer-unavailable"


class SignatureMissing(ApprovalError):
    """The key was there and made no signature: no touch, a refusal of the agent, or another message."""

    code = "approval-not-signed"


class PolicyRefused(FaberDbError):
    """The policy of this environment does not allow this."""

    code = "policy-refused"
    exit_code = Exit.REFUSED


class PolicyChanged(PolicyRefused):
    """The configuration's policy differs from the one a person signed for this target."""

    code = "policy-changed"


class MarkerUnreadable(PolicyRefused):
    """The marker in the target is damaged or was written by a newer version."""

    code = "policy-marker-unreadable"


class TargetChanged(PolicyRefused):
    """This is not the database that the plan or the marker was made for."""

    code = "policy-target-changed"


# --- health, executor, state, job --------------------------------------------------------------


class HealthBlocked(FaberDbError):
    """An essential health check failed or could not look, so a protected release does not start."""

    code = "health-blocked"
    exit_code = Exit.UNHEALTHY


class DriftBlocked(FaberDbError):
    """The live schema differs from the history on an object that the plan touches."""

    code = "health-drift"
    exit_code = Exit.UNHEALTHY


class ExecutorUnavailable(FaberDbError):
    """The executor of an environment cannot be reached, is busy, or ended while it answered.

    What it had begun goes on in its job: `faber-db status ENV` tells once it can be reached again.
    """

    code = "executor-unavailable"


class ExecutorTimeout(ExecutorUnavailable):
    """The executor took the connection and did not answer in time."""

    code = "executor-timeout"


class ExecutorVersion(ExecutorUnavailable):
    """The executor and this program are more than one minor version apart. Upgrade the older one."""

    code = "executor-version"


class ExecutorGarbled(ExecutorUnavailable):
    """What came back is no answer of an executor; nothing in it was used."""

    code = "executor-garbled"


class ExecutorFailed(FaberDbError):
    """The executor, a newer one, refused with a code that this version does not know."""

    code = "executor-failed"


class ExecutorRefused(FaberDbError):
    """The executor does not serve this account, token or certificate, or not this request of it.

    Its configuration lists its `clients` and what each may ask.
    """

    code = "executor-refused"
    exit_code = Exit.REFUSED


class ExecutorUntrusted(FaberDbError):
    """Who answers is not the executor that should, or asks for a signature over what it did not show.

    A socket served by your own account is no executor of another one, unless `executor_account`
    names your account.
    """

    code = "executor-untrusted"
    exit_code = Exit.REFUSED


class StateUnusable(FaberDbError):
    """The state folder cannot be written, or was written by a newer version."""

    code = "state-unusable"


class AuditBroken(FaberDbError):
    """The audit trail was changed, shortened or reordered."""

    code = "state-audit-broken"
    exit_code = Exit.UNVERIFIED


class JobFailed(FaberDbError):
    """A job ended without a result: its process died. What happened is settled from the ledger."""

    code = "job-failed"


class JobStillRuns(FaberDbError):
    """What a call needs is still being made, by a job. The same call goes on when it is done."""

    code = "job-still-runs"
    exit_code = Exit.WAITING

    def __init__(self, message: str, *, hint: str = "", job_id: str = "") -> None:
        super().__init__(message, hint=hint)
        self.job_id = job_id


class Cancelled(FaberDbError):
    """The call was cancelled; what had not been committed was rolled back."""

    code = "job-cancelled"
    exit_code = Exit.CANCELLED


class DemoFailed(FaberDbError):
    """A command of the demo did not do its part. Its output is above."""

    code = "demo-failed"
