"""The configuration as models. Defaults are the safe choice; a misspelt key is an error."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from faber_db.config.address import ExecutorAddress, PageAddress
from faber_db.config.duration import Duration
from faber_db.config.phases import PHASES
from faber_db.config.reference import Reference, split
from faber_db.config.window import WindowText


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _says(description: str, example: object) -> Any:
    """What a key is, for the JSON Schema and docs/configuration.md."""
    return Field(description=description, examples=[example])


class ApprovalRule(StrEnum):
    """Who decides in an unprotected environment. Protected ones are always signed."""

    NONE = "none"
    CONFIRM = "confirm"


class BackupRule(StrEnum):
    """Whether an unprotected environment is backed up before a change."""

    OFF = "off"
    RECOMMENDED = "recommended"
    REQUIRED = "required"


class Autonomy(StrEnum):
    """How far the agent may go by itself."""

    DRY_RUN = "dry-run"
    ASSIST = "assist"
    GUARDED = "guarded"
    AUTONOMOUS = "autonomous"


class Allowed(_Settings):
    """A finding that this environment accepts although it would be refused."""

    code: Annotated[str, _says("Code of the finding.", "drop-schema")]
    objects: Annotated[tuple[str, ...], _says("What it is about; nothing else.", ["legacy"])]
    reason: Annotated[
        str, Field(min_length=1), _says("Shown to whoever signs.", "moved away in May")
    ]


class Ignored(_Settings):
    """Drift that is known and not reported."""

    kind: Annotated[str, _says("Kind of object, as `faber-db drift` names it.", "index")]
    name: Annotated[str, _says("Its name, as `faber-db drift` names it.", "orders_tmp_idx")]
    reason: Annotated[
        str, Field(min_length=1), _says("Shown to whoever signs.", "made by the replica set-up")
    ]


def is_webhook_url(text: str) -> bool:
    """Whether a notice may be posted there: https, or http to this very machine."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")


class Webhook(_Settings):
    """Where a notice is posted as JSON."""

    url: Annotated[
        Reference,
        _says("`env:NAME`, `file:PATH` or the https URL itself.", "env:APPROVALS_WEBHOOK"),
    ]

    @field_validator("url")
    @classmethod
    def _quick(cls, url: str) -> str:
        kind = split(url)[0]
        if kind == "command":
            raise ValueError("a notice waits for no command: use env:NAME, file:PATH or a URL")
        if not kind and not is_webhook_url(url):
            raise ValueError("a notice is posted to an https URL, or to http on this machine")
        return url


class EnvironmentSettings(_Settings):
    """One place a migration can be deployed to."""

    url: Annotated[
        Reference | None,
        _says("Where the database is: a reference, see above.", "env:DATABASE_URL"),
    ] = None
    executor: Annotated[
        ExecutorAddress | None,
        _says(
            "Address of the executor that holds the URL, in its place: see executor.md.",
            "unix:/run/faber-db/shop.sock",
        ),
    ] = None
    executor_account: Annotated[
        str,
        _says("The account that must own the socket. Empty: any but your own.", "faber-exec"),
    ] = ""
    executor_token: Annotated[
        Reference | None,
        _says("What this side shows an https executor: a reference.", "file:/home/ada/.shop-token"),
    ] = None
    executor_ca: Annotated[
        str,
        _says(
            "PEM file of the authority that signed its certificate. Empty: the system's.", "ca.pem"
        ),
    ] = ""
    executor_certificate: Annotated[
        str,
        _says("PEM file with certificate and key that this side shows it.", "client.pem"),
    ] = ""
    executor_page: Annotated[
        PageAddress | None,
        _says("Its approval page, for `approve --web`.", "https://db.example.com:8443"),
    ] = None
    direct_url: Annotated[
        Reference | None,
        _says("The server itself, where `url` leads through a pooler.", "env:DIRECT_URL"),
    ] = None
    protected: Annotated[
        bool | None,
        _says(
            "Demand signatures. Empty: decided by name, host and marker, which always win.", True
        ),
    ] = None
    approval: Annotated[
        ApprovalRule | None,
        _says(
            "Unprotected only: `confirm` asks for a second call. Empty: by `autonomy`.", "confirm"
        ),
    ] = None
    backup: Annotated[
        BackupRule | None,
        _says("Unprotected only: a backup before each change. Empty: `off`.", "required"),
    ] = None
    schemas: Annotated[
        tuple[str, ...],
        _says("PostgreSQL: the schemas that migrations may touch. Empty: `search_path`.", ["shop"]),
    ] = ()
    lock_timeout: Annotated[
        Duration, _says("How long a statement waits for a lock before it gives way.", "500ms")
    ] = timedelta(seconds=2)
    statement_timeout: Annotated[Duration, _says("How long one statement may run.", "30m")] = (
        timedelta(minutes=15)
    )
    lock_retries: Annotated[
        int, Field(ge=0, le=50), _says("Further tries after a lock was not had.", 10)
    ] = 5
    max_backup_age: Annotated[
        Duration,
        _says("How old a good backup may be for a change of low or medium risk.", "6h"),
    ] = timedelta(hours=24)
    backup_level: Annotated[
        int, Field(ge=1, le=3), _says("How well a backup is proved: 1, 2 or 3.", 3)
    ] = 2
    max_approval_age: Annotated[
        Duration, _says("How long a signature may wait for its release.", "5m")
    ] = timedelta(minutes=15)
    min_approvals: Annotated[
        int, Field(ge=1, le=5), _says("How many different keys have to sign.", 2)
    ] = 1
    minimum_tier: Annotated[
        int,
        Field(ge=1, le=4),
        _says("Plan, sign and run nothing below this tier, see security.md.", 3),
    ] = 1
    window: Annotated[
        tuple[WindowText, ...],
        _says(
            "When a signed release or roll-back may run; a restore always may. Empty: always.",
            ["Mon-Thu 09:00-16:00 Europe/Berlin"],
        ),
    ] = ()
    thresholds: Annotated[
        dict[str, int | str],
        _says("Limits of health checks, see health.md.", {"connections.warning": "70%"}),
    ] = {}
    muted: Annotated[
        tuple[str, ...],
        _says("Health checks, or `check:object`, that only inform.", ["sequence-use:audit_id_seq"]),
    ] = ()
    rollback_on_failure: Annotated[
        bool,
        _says(
            "Unprotected only: take back what a failed deployment applied, where that is proved.",
            True,
        ),
    ] = False
    allow: Annotated[
        tuple[Allowed, ...], _says("Findings that would be refused and may run.", [])
    ] = ()
    notify: Annotated[
        str | Webhook,
        _says(
            "Command that is told event, plan id, risk and environment; or the https URL they are"
            ' posted to, also as `{"url": "env:NAME"}`.',
            "notify-send faber-db",
        ),
    ] = ""

    @field_validator("notify")
    @classmethod
    def _told_safely(cls, notify: str | Webhook) -> str | Webhook:
        if isinstance(notify, str) and "://" in notify.split(" ")[0]:
            return notify if is_webhook_url(notify) else Webhook(url=notify)  # which says why not
        return notify

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.url is None) == (self.executor is None):
            raise ValueError("give exactly one of `url` and `executor`")
        if self.executor is not None and self.direct_url is not None:
            raise ValueError("the executor holds the URLs: leave `direct_url` out")
        return self

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        https = self.executor is not None and self.executor.startswith("https:")
        for key in ("executor_token", "executor_ca", "executor_certificate"):
            if getattr(self, key) and not https:
                raise ValueError(f"`{key}` belongs to an https executor")
        if self.executor_account and (self.executor is None or https):
            raise ValueError("`executor_account` belongs to a unix executor")
        if self.executor_page and self.executor is None:
            raise ValueError("`executor_page` belongs to an executor")
        return self

    @model_validator(mode="after")
    def _protected_is_signed(self) -> Self:
        if self.protected is not True:
            return self
        if self.approval is not None:
            raise ValueError("a protected environment is always signed: leave `approval` out")
        if self.backup not in (None, BackupRule.REQUIRED):
            raise ValueError("a protected environment needs its backup: leave `backup` out")
        if self.rollback_on_failure:
            raise ValueError("nothing rolls back by itself in a protected environment")
        return self


_Engine = Annotated[str, _says("`sqlite`, `postgresql` or `mysql` (also MariaDB).", "postgresql")]
_HandlerName = Annotated[
    str, _says("Migration format, such as `prisma` or `sql`; found by its files.", "prisma")
]
_Folder = Annotated[str, _says("Folder of the migrations, below the project.", "db/migrations")]
_Ledger = Annotated[
    str,
    _says(
        "Table of applied migrations where your tool's own files do not say that it is renamed:"
        " `name` or `schema.name`. For an executor, which sees none of them.",
        "ops.schema_history",
    ),
]
_SchemaFiles = Annotated[tuple[str, ...], _says("Not supported yet.", [])]
_Shadow = Annotated[
    str,
    _says(
        "`auto`: prove migrations on a throw-away database; `off`: do not; a reference: make those"
        " databases on the server that it names, which holds nothing protected.",
        "env:SCRATCH_DATABASE_URL",
    ),
]


class DriftSettings(_Settings):
    """What drift does not count."""

    ignore: Annotated[
        tuple[Ignored, ...],
        _says("Differences that are known. They never cover what a plan touches.", []),
    ] = ()


class DatabaseSettings(_Settings):
    """One logical database of the project. What is empty is detected."""

    engine: _Engine = ""
    handler: _HandlerName = ""
    migrations: _Folder = ""
    ledger: _Ledger = ""
    schema_files: _SchemaFiles = ()
    shadow: _Shadow = "auto"
    drift: DriftSettings = DriftSettings()
    environments: dict[str, EnvironmentSettings] = {}


class BackupSettings(_Settings):
    """Where backups go and how long they stay."""

    folder: Annotated[
        str, _says("Where they lie. Empty: in the state folder.", "/var/backups/shop")
    ] = ""
    keep_last: Annotated[
        int, Field(ge=1), _says("`backup prune` keeps that many good ones at least.", 14)
    ] = 7
    keep_within: Annotated[
        Duration, _says("`backup prune` keeps the good ones of this span.", "90d")
    ] = timedelta(days=30)


def _names_a_file(text: str) -> str:
    kind, rest = split(text)
    if text and (kind != "file" or not rest):
        raise ValueError("`revoked_keys` is `file:` and a path")
    return text


class ApproverSettings(_Settings):
    """What is said of approvers' keys beside what each target has pinned."""

    revoked_keys: Annotated[
        str,
        AfterValidator(_names_a_file),
        _says(
            "OpenSSH keys that sign nothing any more: a KRL, or public keys, one a line.",
            "file:/etc/faber-db/revoked",
        ),
    ] = ""


class DetectionSettings(_Settings):
    """Words that a project adds to detection."""

    title_keywords: Annotated[
        tuple[str, ...], _says("In a title: a database change.", ["ledger"])
    ] = ()
    labels: Annotated[tuple[str, ...], _says("As a label: a database change.", ["data"])] = ()
    description_keywords: Annotated[
        tuple[str, ...], _says("In a text: a database change.", ["warehouse table"])
    ] = ()


def _assisted(value: object) -> object:
    return "assist" if value == "assisted" else value


class ProjectSettings(_Settings):
    """The whole file. `databases` only where there are several; else one called `main`."""

    schema_: Annotated[
        str,
        Field(alias="$schema"),
        _says("For editors; `faber-db config schema` writes it.", "./faber-db.schema.json"),
    ] = ""
    databases: dict[str, DatabaseSettings] = {}
    environments: dict[str, EnvironmentSettings] = {}
    engine: _Engine = ""
    handler: _HandlerName = ""
    migrations: _Folder = ""
    ledger: _Ledger = ""
    schema_files: _SchemaFiles = ()
    shadow: _Shadow = "auto"
    drift: DriftSettings = DriftSettings()
    state: Annotated[
        Reference | Literal[""],
        _says(
            "PostgreSQL database for the state, so that several machines share it: a reference."
            " Empty: a local file.",
            "env:FABER_DB_STATE_URL",
        ),
    ] = ""
    backups: BackupSettings = BackupSettings()
    approvers: ApproverSettings = ApproverSettings()
    detection: DetectionSettings = DetectionSettings()
    autonomy: Annotated[
        Autonomy,
        BeforeValidator(_assisted, json_schema_input_type=Autonomy | Literal["assisted"]),
        _says("How far an agent may go by itself, see below.", "assist"),
    ] = Autonomy.GUARDED
    phases: Annotated[
        dict[str, str],
        _says("The environment of a phase, where it has another name.", {"evaluate": "qa"}),
    ] = {}

    @field_validator("phases")
    @classmethod
    def _known_phases(cls, phases: dict[str, str]) -> dict[str, str]:
        for phase in phases:
            if phase not in PHASES:
                raise ValueError(f"there is no phase {phase!r}; phases are {', '.join(PHASES)}")
        return phases

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if bool(self.databases) == bool(self.environments):
            raise ValueError("give `environments`, or `databases` where there are several")
        if self.databases and (self.engine or self.handler or self.migrations or self.ledger):
            raise ValueError(
                "`engine`, `handler`, `migrations` and `ledger` stand in each of `databases`"
            )
        return self

    def all_databases(self) -> dict[str, DatabaseSettings]:
        """By name; the short form becomes `main`."""
        if self.databases:
            return dict(self.databases)
        return {
            "main": DatabaseSettings(
                engine=self.engine,
                handler=self.handler,
                migrations=self.migrations,
                ledger=self.ledger,
                schema_files=self.schema_files,
                shadow=self.shadow,
                drift=self.drift,
                environments=self.environments,
            )
        }
