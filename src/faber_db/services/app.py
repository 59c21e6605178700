"""What every service is given: the project, its databases and environments, and the ports.

`faber_db.app.build` is the composition root that makes one; nothing here imports an adapter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faber_db.config.phases import named
from faber_db.config.settings import DatabaseSettings, EnvironmentSettings, ProjectSettings
from faber_db.errors import (
    PathOutsideProject,
    PolicyRefused,
    UnknownDatabase,
    UnknownEnvironment,
)
from faber_db.model.migration import SourceFile
from faber_db.model.target import PinnedApprover
from faber_db.services.ports import (
    Away,
    BackupStore,
    Engine,
    Executor,
    Handler,
    Keys,
    Limits,
    Recorder,
    Shadow,
    State,
    VersionControl,
)


@dataclass(frozen=True)
class Environment:
    """One deployment of a database."""

    name: str
    settings: EnvironmentSettings
    protected: bool  # by configuration, name and host; the marker in the target can only add to it
    why_protected: str  # "named production", "host db-1 is not local", or empty
    resolve_url: Callable[[], str]  # reads the reference; raises SecretUnavailable
    resolve_notify: Callable[[], str] = str  # the URL of its webhook; empty: it has none
    away: Away | None = None  # the executor of another account or host that holds the URL

    def require_here(self) -> None:
        """Let nothing begin that only the account with the URL may do.

        Raises:
            PolicyRefused: its executor is elsewhere.
        """
        if self.away is not None:
            raise PolicyRefused(
                f"{self.name} is protected on its executor's own account, not from here",
                hint=f"There, with its configuration: `FABER_DB_CONFIG=FILE faber-db protect"
                f" {self.name}`.",
            )

    @property
    def limits(self) -> Limits:
        return Limits(
            lock_timeout=self.settings.lock_timeout,
            statement_timeout=self.settings.statement_timeout,
            lock_retries=self.settings.lock_retries,
        )


@dataclass(frozen=True)
class Database:
    """One logical database of the project."""

    name: str
    settings: DatabaseSettings
    engine: Engine
    handler: Handler
    folder: Path  # of the migrations, resolved; it may not exist yet
    environments: Mapping[str, Environment]
    shadow: Shadow
    revoked_keys: str = ""  # the project's list of revoked keys, as its policy names it
    recorder: Recorder | None = None  # None: programs cannot be recorded for this product
    sent: tuple[SourceFile, ...] | None = None  # the history that a caller sent, for `folder`'s

    def environment(self, name: str) -> Environment:
        """The environment with that name, or with the name it is an alias of.

        Raises:
            UnknownEnvironment: there is none; the hint lists those there are.
        """
        found = named(name, self.environments)
        if found is None:
            raise UnknownEnvironment(
                f"there is no environment {name!r}",
                hint=f"Configured: {', '.join(self.environments) or 'none'}.",
            )
        return self.environments[found]


@dataclass(frozen=True)
class App:
    """The project, opened. Made once per process, or once per call of the command line."""

    root: Path  # resolved
    settings: ProjectSettings
    config_path: Path | None  # None: works from what `init` would write
    databases: Mapping[str, Database]
    state: State
    state_folder: Path  # 0700, outside the work tree
    executor: Executor
    now: Callable[[], datetime]  # aware, UTC
    new_id: Callable[[str], str]  # "plan" -> "plan_7kq2…"
    backup_store: BackupStore | None = None  # None: the executor of another account keeps them
    keys: Keys | None = None  # of the approver whose account this is
    version_control: VersionControl | None = None  # of the project; None: not looked at
    serves: str = ""  # this is an executor's own: "account" (another one's) or "host"; else empty
    creators: Callable[[], tuple[PinnedApprover, ...]] = tuple  # who signs what is not there yet
    waits: bool = False  # who calls waits as long as it takes, so that nothing is left to a job
    executors: tuple[Away, ...] = ()  # those that the environments name, each once

    def database(self, name: str = "") -> Database:
        """The named database, or the only one.

        Raises:
            UnknownDatabase: no such database, or several and none was named.
        """
        if not name and len(self.databases) == 1:
            return next(iter(self.databases.values()))
        if name not in self.databases:
            problem = f"there is no database {name!r}" if name else "there are several databases"
            raise UnknownDatabase(problem, hint=f"Name one of: {', '.join(self.databases)}.")
        return self.databases[name]

    def inside(self, path: str) -> Path:
        """A path of the caller, resolved, links included.

        Raises:
            PathOutsideProject: it leads out of the project root.
        """
        resolved = (self.root / path).resolve()
        if not resolved.is_relative_to(self.root):
            raise PathOutsideProject(
                f"{path!r} is outside the project", hint="Give a path below the project root."
            )
        return resolved
