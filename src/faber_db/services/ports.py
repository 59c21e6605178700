"""What the services need from the outside, named after the need.

Adapters implement these; only `app.py` joins the two. Nothing here talks to a server itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel

from faber_db.model.answer import Answer, Details
from faber_db.model.approval import Approval, ApprovalPayload, is_hardware
from faber_db.model.audit import AuditEntry
from faber_db.model.backup import Backup
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Risk
from faber_db.model.job import Job
from faber_db.model.migration import (
    AppliedMigration,
    LedgerNote,
    LedgerRow,
    LockHolder,
    Migration,
    MigrationStatus,
    SourceFile,
    StatementRun,
)
from faber_db.model.passkey import SIGNER as PASSKEY
from faber_db.model.plan import Plan, PlanKind, PlanState, Requester, StoredPlan
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import Marker, PinnedApprover, TargetIdentity, fingerprint_of
from faber_db.model.trial import Tried as Tried  # part of what a session answers
from faber_db.sql.redact import redact
from faber_db.sql.script import Script
from faber_db.sql.visible import visible

TYPED_NAMES = 3  # so many of the lost names are typed; all of them are shown

Progress = Callable[[str], None]
"""Told now and then, in words for a person: `backup 1.2 of 1.9 GB`."""

Cancelled = Callable[[], bool]
"""Asked now and then; true means: stop, clean up, raise `errors.Cancelled`."""


Noted = tuple[str, Mapping[str, object]]
"""An entry of the audit trail: its event and its body."""

D = TypeVar("D", bound=Details)


def silent(_words: str) -> None:
    """Progress that nobody watches."""


def never() -> bool:
    """Nobody can cancel."""
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a session; they are set, read back, and set again in each transaction."""

    lock_timeout: timedelta = timedelta(seconds=2)
    statement_timeout: timedelta = timedelta(minutes=15)
    lock_retries: int = 5


@dataclass(frozen=True, slots=True)
class TableSize:
    """How big a table is; an estimate where counting would cost (`exact` says which)."""

    rows: int
    size_bytes: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement of ours with its parameters, written with `%s` for every product."""

    sql: str
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What `Session.run` did."""

    statements: tuple[StatementRun, ...]
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Creation:
    """What makes a database, and roles for it where passwords were given for them."""

    database: str = ""  # its name
    on_server: tuple[str, ...] = ()  # empty: a file, which is only made
    inside: tuple[str, ...] = ()  # in the new database
    undo: tuple[str, ...] = ()  # of the roles, in the order in which they are made
    secrets: tuple[str, ...] = field(default=(), repr=False)
    urls: tuple[tuple[str, str], ...] = field(
        default=(), repr=False
    )  # ("migrate", URL), ("read", …)

    @property
    def shown(self) -> tuple[str, ...]:
        """Every statement, without what is secret in it."""
        found = []
        for statement in (*self.on_server, *self.inside):
            for secret in self.secrets:
                statement = statement.replace(secret, "…")
            found.append(statement)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class DumpInfo:
    """What made a dump."""

    format: str  # "sqlite", "pg_dump custom"
    tool: str  # name and version
    server_version: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a backup store, as it was just read."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A database that was restored beside the live one and is not live yet."""

    url: str
    label: str  # database name or file, for people


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a caller asks the executor to plan: names and bytes, never a path or a URL."""

    kind: PlanKind
    database: str
    environment: str
    files: tuple[SourceFile, ...] = ()  # the whole history, as it is on disk
    work_id: str = ""
    requester: Requester = field(default_factory=Requester)
    arguments: Mapping[str, str] = field(default_factory=dict)
    handler: str = ""  # that read the files; for an executor elsewhere
    unrecorded: Mapping[str, str] = field(
        default_factory=dict
    )  # by version: why there is only a program


@dataclass(frozen=True, slots=True)
class History:
    """A migration folder as names and bytes, and the handler that read it."""

    handler: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class PolicyState:
    """An environment's policy as configured, and what the target has pinned."""

    environment: str
    policy: Mapping[str, object]
    pinned: bool | None  # whether the two are equal; None: no marker
    approvers: tuple[PinnedApprover, ...] = ()
    tier: int = 1  # in force


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a person sees before signing. Plain text, everything foreign already escaped."""

    stored: StoredPlan
    title: str  # "RELEASE to production  shop@db-1 (PostgreSQL 17.6)"
    facts: tuple[tuple[str, str], ...]  # ("Lost", "column users.legacy_token …")
    statements: tuple[str, ...]
    sql: str  # the whole script, with the ledger's statements
    loses: tuple[str, ...]  # all that is lost
    exact: bool = True  # `sql` is what runs, line ends aside; else what cannot be seen is escaped

    @property
    def to_type(self) -> tuple[str, ...]:
        """What a person types before signing, as it is shown: what is lost, else the environment."""
        if not self.stored.plan.risk.at_least(Risk.HIGH):
            return ()
        names = self.loses[:TYPED_NAMES] or (self.stored.plan.environment,)
        return tuple(visible(redact(name), keep_lines=False) for name in names)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An approver's key as it may be shown and pinned."""

    approver: str
    key_id: str
    public_key: str  # hex; of what bytes, is for its signer to say
    signer: str = "ed25519"

    @classmethod
    def of(cls, approver: str, public_key: str, signer: str) -> "PublicKey":
        """With the id that its own bytes give it."""
        return cls(approver, sha256_of(bytes.fromhex(public_key))[:16], public_key, signer)

    @property
    def sha256(self) -> str:
        """As a target has it pinned."""
        return sha256_of(bytes.fromhex(self.public_key))

    @property
    def fingerprint(self) -> str:
        """For people to compare; of an OpenSSH key the one that `ssh-keygen -l` prints."""
        return fingerprint_of(self.sha256)

    def pinned(self, accounts: tuple[str, ...] = ()) -> PinnedApprover:
        return PinnedApprover(
            approver=self.approver,
            key_id=self.key_id,
            public_key_sha256=self.sha256,
            signer=self.signer,
            accounts=accounts,
            public_key=self.public_key if self.signer == PASSKEY else "",
            hardware=is_hardware(self.signer, self.public_key),
        )


@dataclass(frozen=True, slots=True)
class Blocker:
    """Another session whose open transaction has locks that a definition would wait for."""

    session: str  # "4121", as the product numbers it; or the name of a prepared transaction
    application: str
    user: str
    since: datetime | None  # its transaction began
    idle: bool  # it has a transaction open and does nothing
    doing: str  # its statement, or its last one; secrets taken out, cut to 200 characters
    tables: tuple[str, ...]  # full names; empty where the product does not say

    def __str__(self) -> str:
        since = f" since {self.since.isoformat(timespec='seconds')}" if self.since else ""
        state = "idle in transaction" if self.idle else "in a transaction"
        return f"session {self.session} ({self.application}, {self.user}), {state}{since}"


@dataclass(frozen=True, slots=True)
class ReplicaLag:
    """How far a replica is behind; None for what this role may not see."""

    name: str
    seconds: float | None
    bytes: int | None


class Session(Protocol):
    """One connection to one database. Everything here talks to the server."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def server_version(self) -> int:
        """As the product numbers itself: 170010 for PostgreSQL 17.10, 3045001 for SQLite 3.45.1."""
        ...

    @property
    def server_label(self) -> str:
        """`PostgreSQL 17.10`, for people."""
        ...

    @property
    def cannot_deploy(self) -> str:
        """Why nothing can be deployed to this very server; empty where it can."""
        ...

    def now(self) -> datetime:
        """The moment by the database's own clock, UTC; not the one at which a transaction began."""
        ...

    def identity(self) -> TargetIdentity:
        """Which database this is, marker included."""
        ...

    def catalogue(self, *, leave_out: Sequence[str] = ()) -> Catalogue:
        """The schema. Our own objects and tables named in `leave_out` are not part of it."""
        ...

    def sizes(self) -> Mapping[str, TableSize]:
        """By `Table.full_name`."""
        ...

    def database_size(self) -> int:
        """Bytes."""
        ...

    def row_counts(self, tables: Sequence[str]) -> Mapping[str, int]:
        """Exact counts, by full name; reads every row."""
        ...

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Rows of one statement, written with `%s`."""
        ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it touched, or -1."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction with the limits in force; commits at the end, rolls back on an exception."""
        ...

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound] = (),
        then: Sequence[Bound] = (),
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
        name: str = "",
        resume: bool = False,
    ) -> Ran:
        """Run a script as its runner would, with the limits in force.

        With `wrap`, everything that may stand in a transaction runs in one, and `first` and `then`
        (the ledger's rows) run in that same transaction; statements that refuse a transaction run
        by themselves between. `rehearse` rolls everything back at the end and raises
        `NotSupported` where a statement could not be rolled back.

        A lock timeout retries the whole transaction, `lock_retries` times with growing pauses.

        `name` is the migration's, for a journal of a script that is not one transaction
        (`interrupted`). With `resume`, what such a journal or the catalogue proves to be in the
        database is passed over, and the rest runs; `first` and `then` run as always. A script that
        is one transaction runs from its beginning: nothing of it was kept.

        Raises:
            ResumeUnsafe: with `resume`, where it is not known what is there. Nothing has run.
            MigrationFailed: a statement failed; message names line and cause, and says whether all
                was rolled back. The attributes `rolled_back: bool`, `line: int` tell code the same.
            LockTimeout: the lock could not be had; nothing was kept.
        """
        ...

    def interrupted(self) -> Mapping[str, str]:
        """What a run that did not end well has left, by the name of its migration.

        In words, statement by statement, with evidence; empty where everything is rolled back.
        Of a script that is one transaction there is nothing to tell.
        """
        ...

    def settle(self, name: str) -> None:
        """Forget what `interrupted` tells of a migration: the ledger says what became of it.

        Does nothing where nothing is told of it.
        """
        ...

    def try_out(
        self, script: Script, *, wrap: bool, queries: Sequence[str] = ()
    ) -> tuple[Tried, ...]:
        """Run a script as `run` would, on a throw-away database only, and watch what it locks.

        One answer for each statement that was reached, in order; statements that only begin or
        end a transaction may be left out. Statements with effects outside the database are not
        run. Several scripts may follow one another in one session: what an earlier one made is
        not among the tables that existed.

        Args:
            script: left as it failed, where it fails; that is an answer, not an exception.
            wrap: as for `run`.
            queries: of the running application; each is prepared, never executed.

        Raises:
            NotSupported: this product cannot be tried yet.
        """
        ...

    def unprepared(self, queries: Sequence[str]) -> Mapping[int, str]:
        """Why queries cannot be prepared now, by position; those that can are left out.

        Raises:
            NotSupported: this product cannot be asked yet.
        """
        ...

    def blockers(self, tables: Sequence[str]) -> tuple[Blocker, ...]:
        """Sessions whose open transactions have locks on these tables, the oldest first.

        Where the product does not say which tables a transaction has locked, every transaction in
        this database counts. Empty on SQLite, where nothing tells of other connections.
        """
        ...

    def replica_lag(self) -> tuple[ReplicaLag, ...]:
        """The replicas that this server knows to read from it; empty where it cannot say."""
        ...

    def deploy_lock(self, *, wait: timedelta) -> AbstractContextManager[None]:
        """Our own lock against a second deployer, held by this session or process.

        Raises:
            LockBusy: held by somebody else for all of `wait`; the message names the holder.
        """
        ...

    def deploy_lock_holder(self) -> LockHolder | None:
        """Who has `deploy_lock` now, other than this session; None: nobody. Never waits or writes."""
        ...

    def read_marker(self) -> Marker | None: ...

    def write_marker(self, marker: Marker) -> None:
        """Write or replace the marker, in a transaction of its own unless one is open."""
        ...

    def use_nonce(self, nonce: str, plan_digest: str, used_at: str) -> bool:
        """Record an approval as used, durable at once; False when it was used before."""
        ...

    def free_nonce(self, nonce: str) -> None:
        """Forget that an approval was used: every statement that it let run was rolled back."""
        ...

    def used_nonces(self) -> list[tuple[str, str, str]]:
        """All of (nonce, plan_digest, used_at), so that a restore can carry them over."""
        ...


class Engine(Protocol):
    """One database product."""

    @property
    def name(self) -> str:
        """`sqlite`, `postgresql`, `mysql`."""
        ...

    @property
    def dialect(self) -> Dialect: ...

    def accepts(self, url: str) -> bool:
        """Whether a URL or path is for this product. Does not connect."""
        ...

    def normalise(self, url: str, root: Path) -> str:
        """The URL with relative file paths resolved against the project root."""
        ...

    def is_local(self, url: str) -> bool:
        """A file, a Unix socket or a loopback address. Does not connect."""
        ...

    def label(self, url: str) -> str:
        """For people, without any credential. Does not connect."""
        ...

    def connect(
        self, url: str, *, limits: Limits = Limits(), read_only: bool = False, create: bool = False
    ) -> AbstractContextManager[Session]:
        """A session with the limits set and read back.

        Args:
            url: with its credential; it never appears in an error.
            limits: of this session.
            read_only: refuse writes in the session itself.
            create: SQLite only: make the file when it is not there.

        Raises:
            ConnectionFailed, ConnectionRefusedByServer, ConnectionPooled, ConnectionLimits.
        """
        ...

    def creation(self, url: str, passwords: Sequence[str] = ()) -> Creation:
        """What `create_database` runs. Does not connect.

        With two passwords also the roles: one that owns what is in it, one that only reads.
        """
        ...

    def maintenance(self, url: str) -> str:
        """Where a session is had while the database is not there; empty where there is no server."""
        ...

    def has_database(self, session: Session, url: str) -> bool:
        """Whether the server of a session has the database that a URL names."""
        ...

    def create_database(
        self, url: str, planned: Creation | None = None, *, session: Session | None = None
    ) -> bool:
        """Make an empty database, as planned; False when it is there already.

        Args:
            url: that names it.
            planned: None: the database alone.
            session: at `maintenance(url)`, whose very server makes it; None: one of its own.

        Raises:
            ConnectionFailed, PermissionMissing.
        """
        ...

    def dump(self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled) -> DumpInfo:
        """Write the whole database, with its data, to `file` (mode 0600). Not yet verified or synced.

        Raises:
            BackupFailed, BackupToolMissing.
        """
        ...

    def decode(self, file: Path) -> None:
        """Read a dump whole (verification level 2).

        Raises:
            BackupDamaged, BackupToolMissing.
        """
        ...

    def restore_beside(
        self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled
    ) -> Copy:
        """Restore into a new database beside the live one; the live one is not touched.

        Raises:
            RestoreFailed, BackupToolMissing, PermissionMissing.
        """
        ...

    def swap(self, url: str, copy: Copy) -> str:
        """Put a proven copy in the place of the live database; a sentence on how to undo it.

        Raises:
            RestoreFailed: nothing changed.
        """
        ...

    def drop_copy(self, copy: Copy) -> None:
        """Remove a copy that is not wanted."""
        ...


@dataclass(frozen=True, slots=True)
class FoundHistory:
    """A migration folder that a handler recognises."""

    handler: str
    folder: Path
    evidence: str  # "12 pairs of .up.sql and .down.sql"
    engine: str = ""  # where the format says it ("postgresql")
    schema_files: tuple[Path, ...] = ()
    several: bool = False  # one of several, so a configuration has to name it


class Handler(Protocol):
    """One migration format and its ledger.

    The files are read once, by the caller (`read_folder`); a handler sees names and bytes.
    """

    @property
    def name(self) -> str:
        """`sql`, `prisma`."""
        ...

    @property
    def code(self) -> bool:
        """Whether its migrations are programs; then it is a `CodeHandler`."""
        ...

    @property
    def default_folder(self) -> str:
        """Where the tool keeps migrations in a new project, below its root."""
        ...

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        """Tables that belong to the ledger, not to the schema; on PostgreSQL also `schema.table`."""
        ...

    def discover(self, root: Path) -> list[FoundHistory]:
        """Folders of this format below a project root."""
        ...

    def wants(self, path: str) -> bool:
        """Whether a file of the folder (path below it) belongs to the history."""
        ...

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        """The migrations in the order in which they run.

        Raises:
            MigrationUnreadable: not UTF-8, a pair is not whole, a marker is missing.
            LedgerForeign: the folder is another tool's.
        """
        ...

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        """Newest row of each migration, oldest first. Never writes; no table is an empty ledger.

        Raises:
            LedgerForeign: another tool's ledger is there and this one is not.
            LedgerError: the table is there and has another shape.
        """
        ...

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        """What files and ledger say together, in order of the history, then what only the ledger has."""
        ...

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        """What is odd about the ledger as a whole, and who holds the tool's own lock. Never writes."""
        ...

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """The tool's own lock where it has one.

        Raises:
            LockBusy.
        """
        ...

    def apply_one(
        self,
        session: Session,
        migration: Migration,
        script: Script,
        *,
        now: datetime,
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
    ) -> AppliedMigration:
        """Apply exactly one migration and write its ledger row.

        Raises:
            MigrationFailed, LockTimeout: what stands in the ledger then is what the real tool
                would have left.
        """
        ...

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run the down script and take the migration off the ledger.

        Raises:
            MigrationIrreversible, MigrationFailed, LockTimeout.
        """
        ...

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """Write `applied` or `rolled_back` into the ledger without running anything."""
        ...

    def by_hand(self, dialect: Dialect, migration: Migration, script: Script, *, back: bool) -> str:
        """What `apply_one` (with `back`, `roll_back`) does, as text for the server's own client.

        The ledger's statements are part of it, so that the ledger tells the truth afterwards.
        """
        ...

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
        """The files of a new migration, below the migration folder; nothing is written.

        Args:
            name: any words; made into the format's slug.
            up: the script.
            down: its reverse, or empty.
            now: the time that the version is made from.
            existing: so that the new one sorts last.
            wrap: False where the up script may not run in one transaction; said where the format
                has a word for it, elsewhere its runner sees it by the statement.
        """
        ...

    def scaffold(self, engine: str, reference: str) -> tuple[SourceFile, ...]:
        """What an empty project needs (`init`), below the project root: folder, schema, lock file.

        Args:
            engine: the product, or empty where the format does not ask for it.
            reference: to dev's database, as in the configuration.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToolPlace:
    """Where the user's own migration tool runs: an unprotected environment or a throw-away database."""

    root: Path  # of the project
    folder: Path  # of the migrations
    url: str  # with its credential; no other environment's credential is given to the tool
    variables: tuple[str, ...]  # environment variables that the project reads that URL from
    environ: Mapping[str, str]  # of the caller; what holds another environment's URL is taken out
    limits: Limits
    progress: Progress = silent
    cancelled: Cancelled = never
    within: tuple[str, ...] = ()  # the words before the tool's own command: what shuts it in


@dataclass(frozen=True, slots=True)
class Heard:
    """One statement of a program, as the database heard it; `session` tells connections apart."""

    session: str
    sql: str  # with the values of its parameters put back as literals
    failed: bool = False
    unwritable: str = ""  # why no SQL text does the same ("it copies rows from the client")


class Listening(Protocol):
    """A throw-away database that listens to a program."""

    @property
    def session(self) -> Session:
        """Ours, which is not listened to."""
        ...

    @property
    def url(self) -> str:
        """For the program."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of the program; no environment's credential is among them."""
        ...

    @property
    def within(self) -> tuple[str, ...]:
        """As in `ToolPlace`: shuts the program in, so that it reaches this database alone."""
        ...

    @property
    def unchecked(self) -> str:
        """Why nothing shuts it in, so that nobody knows what else it reaches; empty: it is shut in."""
        ...

    def stir(self) -> None:
        """Have the numbers that this database gives to new rows be others than elsewhere."""
        ...

    def heard(self) -> tuple[Heard, ...]:
        """Every statement since the last call, of all connections but ours, in order.

        Raises:
            MigrationNotRecorded: the log does not say it.
        """
        ...


class Recorder(Protocol):
    """Makes throw-away databases that listen, of the same product as the environments."""

    @property
    def label(self) -> str:
        """What listens: `private PostgreSQL 17.10`."""
        ...

    def listen(self, number: int) -> AbstractContextManager[Listening]:
        """An empty database, dropped at the end.

        Args:
            number: another one has another name, owner, time zone and seed, so that what depends
                on them differs.

        Raises:
            ShadowUnavailable: names what was tried.
            MigrationNotRecorded: nothing can listen on this product.
        """
        ...


class CodeHandler(Handler, Protocol):
    """A format whose migrations are programs.

    Status, ledger rows and recorded SQL are handled natively, as those of any other handler: of a
    recorded migration `apply_one` runs the recorded SQL and writes the row. The user's installed
    tool runs the program itself, in unprotected environments and on shadows that record it.
    """

    def require_obedient(self, place: ToolPlace, dialect: Dialect) -> None:
        """Let no tool run that looks for its database elsewhere than where it is told.

        It is told of a database that is not there, and only asked what is applied. To be called
        before `run_tool`, once for a project.

        Raises:
            ToolFailed: it did not look there.
            ToolMissing, Cancelled.
        """
        ...

    def run_tool(
        self, session: Session, migration: Migration, place: ToolPlace, *, back: bool = False
    ) -> None:
        """Have the user's tool apply exactly this migration, which has to be the next one.

        Never in a protected environment. The tool takes its own lock and writes its own row; the
        row is looked for afterwards, through the session, so that a tool that reached another
        database is noticed. With `back` it takes this migration back, the newest that is applied.

        Raises:
            ToolMissing, ToolFailed: what the ledger holds then is what the tool left.
            Cancelled.
        """
        ...


class VersionControl(Protocol):
    """What a project's version control knows of its files. Runs nothing that the project names."""

    def earlier(self, file: Path) -> Iterator[bytes]:
        """Every version of a file that was committed, newest first; none where that is not known."""
        ...


class Shadow(Protocol):
    """Makes throw-away databases."""

    def new(self) -> AbstractContextManager[Session]:
        """An empty database of the same product, dropped at the end, also after an exception.

        Raises:
            ShadowUnavailable: names what was tried.
        """
        ...

    def filled(self, key: str, fill: Callable[[Session], None]) -> AbstractContextManager[Session]:
        """A new database as `fill` leaves an empty one, dropped as `new` drops.

        Where the product can copy a database, `fill` is called for the first of a key only.

        Args:
            key: what `fill` makes; another one for everything that makes a difference.
            fill: may commit, and leaves no session state behind that matters.

        Raises:
            ShadowUnavailable: names what was tried.
        """
        ...

    def copy_of(self, url: str) -> AbstractContextManager[Session]:
        """A copy of the schema of a database, without its rows, dropped as `new` drops.

        The database at `url` is only read, so it may be protected; the copy is never made on a
        protected server.

        Raises:
            ShadowUnavailable: names what was tried, or what could not be copied.
            ConnectionFailed: of the database at `url`.
        """
        ...

    def with_schema(self, sql: str) -> AbstractContextManager[Session]:
        """A new database in which some SQL was run, dropped as `new` drops.

        Raises:
            ShadowUnavailable: names what was tried, or what cannot be read.
        """
        ...

    @property
    def label(self) -> str:
        """What it is made of: `temporary file`, `private PostgreSQL 17.10`."""
        ...


class State(Protocol):
    """Plans, approvals, jobs, backups and the audit trail: one store, shared by all processes."""

    # plans
    def add_plan(self, plan: Plan, files: Mapping[str, bytes], state: PlanState) -> None:
        """Store a plan and its files (bytes by SHA-256); older open plans of its subject are void."""
        ...

    def plan(self, plan_id: str) -> StoredPlan:
        """By id or unique prefix.

        Raises:
            UnknownHandle: none or several.
        """
        ...

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
        """Newest first; only what is given narrows. `since` compares with `created_at`."""
        ...

    def plan_file(self, sha256: str) -> bytes:
        """The bytes of a planned migration, checked against their digest."""
        ...

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
        """Change a plan's state if it is one of `expect`; atomic over processes; False if it was not."""
        ...

    # approvals
    def add_approval(self, approval: Approval) -> None: ...

    def approvals(self, plan_id: str) -> list[Approval]:
        """Oldest first.

        Raises:
            ApprovalError: a row is not the canonical spelling of an approval.
        """
        ...

    # jobs
    def save_job(self, job: Job) -> None: ...

    def job(self, job_id: str) -> Job:
        """By id or unique prefix.

        Raises:
            UnknownHandle: none or several.
        """
        ...

    def jobs(self, *, running: bool = False, plan_id: str = "") -> list[Job]:
        """Newest first."""
        ...

    # backups
    def save_backup(self, backup: Backup) -> None: ...

    def backup(self, backup_id: str) -> Backup:
        """By id or unique prefix.

        Raises:
            BackupMissing: none or several.
        """
        ...

    def backups(self, *, database: str = "", environment: str = "") -> list[Backup]:
        """Newest first."""
        ...

    def forget_backup(self, backup_id: str) -> None: ...

    # last known results, for a quick `status`
    def remember(self, key: str, value: Mapping[str, object]) -> None: ...

    def recall(self, key: str) -> dict[str, object] | None: ...

    # audit
    def append_audit(
        self, event: str, body: Mapping[str, object], *, after: Sequence[Noted] = ()
    ) -> tuple[int, str]:
        """Append an entry; its number and hash. Durable before it returns.

        With `after`, behind those, all in one write: an outcome and the next intent cost one sync.
        """
        ...

    def audit(self, *, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        """In order."""
        ...

    def audit_entry(self, seq: int) -> AuditEntry | None: ...


class BackupStore(Protocol):
    """Where backup files lie: mode 0600, in a folder of mode 0700."""

    @property
    def label(self) -> str:
        """`local`: the name of the target in a backup requirement."""
        ...

    def making(self, name: str) -> AbstractContextManager[Path]:
        """A path to dump into, held as long as this process lives; what is left there is removed."""
        ...

    def being_made(self, path: Path) -> bool:
        """Whether a living process still holds the part file of `making`."""
        ...

    def compress(self, part: Path, *, progress: Progress, cancelled: Cancelled) -> None:
        """Replace a part file by its zstd frame, with a checksum inside."""
        ...

    def measure(self, path: Path) -> StoredFile:
        """Read the whole file: its size and SHA-256.

        Raises:
            BackupMissing: it is gone.
        """
        ...

    def seal(self, part: Path, name: str) -> Path:
        """Sync the file, give it its final name, sync the folder; the final path."""
        ...

    def reading(self, path: Path, *, compressed: bool) -> AbstractContextManager[Path]:
        """The plain file, kept from being pruned meanwhile; expanded beside it where compressed.

        Raises:
            BackupMissing: it is gone.
            BackupDamaged: the zstd frame does not decode.
        """
        ...

    def remove(self, path: Path) -> bool:
        """Delete a backup, or what is left of one; False while somebody reads it."""
        ...


class Executor(Protocol):
    """The only way to a protected environment. In this process, or another user's, or remote."""

    def propose(self, proposal: Proposal) -> StoredPlan:
        """Make and store a plan; or give the newest unexpired one with the same subject.

        Raises:
            FaberDbError: whatever keeps a plan from being made.
        """
        ...

    def show(self, plan_id: str) -> Rendering:
        """The executor's own rendering, from its own parse and its own connection."""
        ...

    def payload(self, plan_id: str, *, approver: str, key_id: str) -> ApprovalPayload:
        """What an approver has to sign."""
        ...

    def sign(self, approval: Approval) -> StoredPlan:
        """Take a signature in.

        Raises:
            ApprovalError: one outward message for every reason; the reason is in the audit trail.
        """
        ...

    def reject(self, plan_id: str, *, reason: str, by: str = "") -> StoredPlan:
        """Close a plan that waits or was signed; a no needs no signature.

        Args:
            plan_id: by id or unique prefix.
            reason: what the agent reads.
            by: the account that says no; empty: this process's. An executor of its own takes the
                one that connects.

        Raises:
            ApprovalStale: it cannot be rejected any more.
        """
        ...

    def start(
        self, plan_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
    ) -> Job:
        """Carry out a plan. What may be long or is protected runs in a process of its own.

        A job that is under way for this plan is given back instead of a second one.

        Raises:
            ApprovalRequired, ApprovalStale, ApprovalRejected, PolicyRefused.
        """
        ...

    def run_job(
        self, job_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
    ) -> Job:
        """Carry out a job in this process, with heartbeat; what `faber-db job run ID` calls."""
        ...

    def protect(self, *, database: str, environment: str, key: PublicKey) -> Marker:
        """Write the marker into a target and pin the first approver. The executor's account only.

        Raises:
            KeyExists: the target has a marker.
        """
        ...

    def policy(self, *, database: str, environment: str) -> PolicyState:
        """The policy of an environment, compared with the live target."""
        ...

    def start_backup(self, *, database: str, environment: str, label: str) -> Job: ...

    def start_recording(self, *, database: str, twice: Sequence[str], back: Sequence[str]) -> Job:
        """Go on with recording what programs would run, in this account; for versions, see `recorded`."""
        ...

    def watch(
        self,
        job_id: str,
        *,
        seconds: float,
        progress: Progress = silent,
        cancelled: Cancelled = never,
    ) -> Job:
        """Wait until a job is over, or for so long."""
        ...

    def cancel(self, job_id: str) -> Job: ...


class Away(Executor, Protocol):
    """The executor of another account or host. Here there is no URL, state or trail of its targets.

    Raises everywhere:
        ExecutorUnavailable, ExecutorRefused, ExecutorUntrusted: it did not answer as it should.
    """

    @property
    def address(self) -> str: ...

    def ask(
        self,
        operation: str,
        request: BaseModel,
        details: type[D],
        *,
        history: History | None = None,
        progress: Progress = silent,
        cancelled: Cancelled = never,
    ) -> Answer[D]:
        """Have it run a service of ours; the answer is the same as that of the service here.

        Raises:
            FaberDbError: what the service raised there.
            Cancelled: `cancelled` came true; it was told, and cleans up.
        """
        ...

    def find(self, handle: str) -> str:
        """The whole id of a plan, job or backup of its, or empty."""
        ...

    def plan(self, plan_id: str) -> StoredPlan:
        """One plan of its, with its state."""
        ...


class SigningKey(Protocol):
    """A key that can sign: opened with its passphrase, or one that asks when it signs.

    Whose key it is, is not for the key to say: that is the approver whom the target has pinned it for.
    """

    @property
    def signer(self) -> str: ...

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> str:
        """The signature, as its signer writes it.

        Raises:
            PassphraseWrong, SignatureMissing, SignerUnavailable, NoTerminal.
        """
        ...


class Keys(Protocol):
    """The approver's own keys, in the approver's own account."""

    def keys(self) -> list[PublicKey]:
        """The passphrase keys, by name."""
        ...

    def create(self, approver: str, passphrase: str) -> PublicKey:
        """Make a passphrase key.

        Raises:
            KeyExists, InputError.
        """
        ...

    def unlock(self, approver: str, passphrase: str) -> SigningKey:
        """Open a passphrase key.

        Raises:
            ApprovalNotSetUp, PassphraseWrong, FileUnreadable.
        """
        ...

    def ssh(self, file: Path) -> SigningKey:
        """An OpenSSH key, by its public or private file; it asks at the terminal when it signs.

        Raises:
            FileUnreadable, InputError, KeyUnprotected, SignerUnavailable.
        """
        ...

    def read(self, file: Path, approver: str) -> PublicKey:
        """A public key that somebody handed over: an OpenSSH `.pub` file, or what `written` wrote.

        Args:
            file: the key.
            approver: whose it is; empty takes the name in the file.

        Raises:
            FileUnreadable, InputError.
            KeyUnprotected: its private half lies beside it without a passphrase.
        """
        ...

    def written(self, key: PublicKey) -> str:
        """The text of a public key's file; nothing in it is secret."""
        ...


Verify = Callable[[str, bytes, str], bool]
"""Public key (hex), message, signature: whether the signature holds. False for anything odd; raises
`SignerUnavailable` only where this machine can check none of that kind."""

Verifiers = Mapping[str, Verify]
"""By the name of the signer, as a pinned key has it: how its signatures are checked."""
