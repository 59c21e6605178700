"""The configuration as models. Defaults are the safe choice; a misspelt key is an error."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from faber_db.config.duration import Duration
from faber_db.config.phases import PHASES
from faber_db.config.reference import Reference
from faber_db.config.window import WindowText


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


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
    """How far the agent may go by itself (DESIGN: Configuration)."""

    DRY_RUN = "dry-run"
    ASSIST = "assist"
    GUARDED = "guarded"
    AUTONOMOUS = "autonomous"


class Allowed(_Settings):
    """A finding that this environment accepts although it would be refused."""

    code: str
    objects: tuple[str, ...]
    reason: Annotated[str, Field(min_length=1)]


class Ignored(_Settings):
    """Drift that is known and not reported."""

    kind: str
    name: str
    reason: Annotated[str, Field(min_length=1)]


class EnvironmentSettings(_Settings):
    """One place a migration can be deployed to."""

    url: Reference | None = None
    executor: str | None = None
    direct_url: Reference | None = None
    protected: bool | None = None  # None: decided by name, host and marker
    approval: ApprovalRule | None = None  # None: by autonomy
    backup: BackupRule | None = None  # None: required where protected, else off
    schemas: tuple[str, ...] = ()
    lock_timeout: Duration = timedelta(seconds=2)
    statement_timeout: Duration = timedelta(minutes=15)
    lock_retries: Annotated[int, Field(ge=0, le=50)] = 5
    max_backup_age: Duration = timedelta(hours=24)
    backup_level: Annotated[int, Field(ge=1, le=3)] = 2
    max_approval_age: Duration = timedelta(minutes=15)
    min_approvals: Annotated[int, Field(ge=1, le=5)] = 1
    minimum_tier: Annotated[int, Field(ge=1, le=4)] = 1
    window: tuple[WindowText, ...] = ()  # empty: always
    thresholds: dict[str, int | str] = {}
    muted: tuple[str, ...] = ()
    rollback_on_failure: bool = False
    allow: tuple[Allowed, ...] = ()
    notify: str = ""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.url is None) == (self.executor is None):
            raise ValueError("give exactly one of `url` and `executor`")
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


class DriftSettings(_Settings):
    """What drift does not count."""

    ignore: tuple[Ignored, ...] = ()


class DatabaseSettings(_Settings):
    """One logical database of the project. What is empty is detected."""

    engine: str = ""
    handler: str = ""
    migrations: str = ""
    schema_files: tuple[str, ...] = ()
    shadow: str = "auto"
    drift: DriftSettings = DriftSettings()
    environments: dict[str, EnvironmentSettings] = {}


class BackupSettings(_Settings):
    """Where backups go and how long they stay."""

    folder: str = ""  # empty: in the state folder
    keep_last: Annotated[int, Field(ge=1)] = 7
    keep_within: Duration = timedelta(days=30)


class DetectionSettings(_Settings):
    """Words that a project adds to detection."""

    title_keywords: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    description_keywords: tuple[str, ...] = ()


def _assisted(value: object) -> object:
    return "assist" if value == "assisted" else value


class ProjectSettings(_Settings):
    """The whole file. `databases` only where there are several; else one called `main`."""

    schema_: Annotated[str, Field(alias="$schema")] = ""
    databases: dict[str, DatabaseSettings] = {}
    environments: dict[str, EnvironmentSettings] = {}
    engine: str = ""
    handler: str = ""
    migrations: str = ""
    schema_files: tuple[str, ...] = ()
    shadow: str = "auto"
    drift: DriftSettings = DriftSettings()
    state: str = ""
    backups: BackupSettings = BackupSettings()
    detection: DetectionSettings = DetectionSettings()
    autonomy: Annotated[
        Autonomy, BeforeValidator(_assisted, json_schema_input_type=Autonomy | Literal["assisted"])
    ] = Autonomy.GUARDED
    phases: dict[str, str] = {}

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
        if self.databases and (self.engine or self.handler or self.migrations):
            raise ValueError("`engine`, `handler` and `migrations` stand in each of `databases`")
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
                schema_files=self.schema_files,
                shadow=self.shadow,
                drift=self.drift,
                environments=self.environments,
            )
        }
