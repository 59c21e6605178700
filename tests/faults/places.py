"""A project of any handler on any product, its deployments, and what is true of it afterwards."""

import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.postgresql import address as postgresql_address
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.app import build as opened
from faber_db.errors import FaberDbError, NotSupported
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.services import mark, status
from faber_db.services.app import App
from faber_db.services.ports import Engine, Handler, Session
from faber_db.services.status_lines import MigrationLine
from tests.faults.cutting import Proxy
from tests.faults.deployers import Deployer, started
from tests.faults.watching import wait_until

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FREED_BY = {
    "knex": ("npx knex migrate:unlock", "UPDATE knex_migrations_lock SET is_locked = 0"),
    "yoyo": ("yoyo break-lock", "DELETE FROM yoyo_lock"),
}
"""By handler: its tool's command that frees a lock row which a dead process left, and what it runs."""

BEFORE = ("CREATE TABLE there (a integer);\n", "DROP TABLE there;\n")
UP = (
    "CREATE TABLE first_{n} (a integer);\n"
    "CREATE TABLE second_{n} (a integer);\n"
    "INSERT INTO there VALUES ({n});\n"
)
DOWN = "DELETE FROM there WHERE a = {n};\nDROP TABLE second_{n};\nDROP TABLE first_{n};\n"


@dataclass
class Place:
    """A project whose newest migration is what a test is about; all before it are applied."""

    root: Path
    handler: Handler
    engine: Engine
    url: str  # past the proxy: what the tests themselves ask
    proxy: Proxy | None  # in front of what the project connects to; None: SQLite
    project_url: str
    environ: dict[str, str] = field(default_factory=dict)
    recorded: list[SourceFile] = field(default_factory=list)  # of a format of programs
    number: int = 0  # of the newest migration, which its objects have in their names

    @property
    def folder(self) -> Path:
        return self.root / (self.handler.default_folder)

    def set_up(self, home: Path) -> None:
        self.root.mkdir(parents=True)
        with suppress(NotSupported):  # what is not written for a new project on that product
            for file in self.handler.scaffold(self.engine.name, "env:DEV_URL"):
                self._write(self.root, file)
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "handler": self.handler.name,
            "migrations": self.handler.default_folder,
            "shadow": "off",
            "environments": {"dev": {"url": "env:DEV_URL"}},
        }
        (self.root / "faber-db.json").write_text(json.dumps(settings))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))}
        self.environ = kept | {
            "DEV_URL": self.project_url,
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        self.add("there", *BEFORE)
        self.deploy()

    def add_next(self) -> None:
        """One more, with two tables and a row."""
        self.number += 1
        self.add(f"next{self.number}", self.up, self.down)

    @property
    def up(self) -> str:
        return UP.format(n=self.number)

    @property
    def down(self) -> str:
        return DOWN.format(n=self.number)

    @property
    def objects(self) -> set[str]:
        return {f"first_{self.number}", f"second_{self.number}", "a row"}

    def deploy(self) -> None:
        with self.deployer() as deployer:
            answer = deployer.answer()
        assert answer["exit"] == 0, answer

    def add(self, name: str, up: str, down: str) -> None:
        made = self.handler.generate(name, up, down, now=NOW, existing=self.history())
        for file in made:
            self._write(self.folder, file)
        if self.handler.code:  # as if a recording had given just this
            self.recorded.append(recorded_file(self.newest.version, up))

    def history(self) -> tuple[Migration, ...]:
        found = [
            SourceFile(path.relative_to(self.folder).as_posix(), path.read_bytes())
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and self.handler.wants(path.relative_to(self.folder).as_posix())
        ]
        return self.handler.parse((*found, *self.recorded))

    @property
    def newest(self) -> Migration:
        return self.history()[-1]

    @property
    def app(self) -> App:
        return opened(self.root, self.environ)

    @contextmanager
    def deployer(
        self,
        *,
        back: bool = False,
        texts: Sequence[bytes] = (),
        state: Path | None = None,
        largest: int = 0,
    ) -> Iterator[Deployer]:
        """A process that builds, or rolls the newest back; on SQLite held at the last of `texts`."""
        file = "" if self.proxy else self.url.removeprefix("sqlite:")
        given = () if self.proxy else texts
        with started(
            self.root,
            self.environ | ({"XDG_STATE_HOME": str(state)} if state else {}),
            back=back,
            recorded=self.recorded,
            texts=given,
            file=file,
            largest=largest,
        ) as deployer:
            yield deployer

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self.engine.connect(self.url) as session:
            yield session

    # --- what is true ----------------------------------------------------------------------------

    def there(self) -> set[str]:
        """Which objects of the newest the database has, by its own catalogue."""
        with self.session() as session:
            found = {table.full_name for table in session.catalogue().tables}
            rows = session.query("SELECT a FROM there WHERE a = %s", (self.number,))
        assert len(rows) <= 1, "it ran twice"
        return (found & self.objects) | ({"a row"} if rows else set())

    def ledger(self) -> str:
        """What the ledger alone says of the newest."""
        with self.session() as session:
            found = self.handler.status(self.history(), self.handler.ledger(session))
        return next(s.state.value for s in found if s.version == self.newest.version)

    def told(self) -> MigrationLine:
        """What `status dev` says of the newest; nothing else may be odd about the project."""
        if self.handler.code:
            return self._told_by_the_handler()
        answer = status.run(status.Request(environment="dev", detail="full"), self.app)
        assert not answer.warnings, answer
        assert answer.details.jobs == [], "a dead job is settled by the first look"
        *before, newest = (migration.version for migration in self.history())
        found = answer.details.migrations
        assert {found[version].state for version in before} == {"applied"}, answer
        assert len(found) == len(before) + 1
        return found[newest]

    def _told_by_the_handler(self) -> MigrationLine:
        with self.session() as session:
            *before, newest = self.handler.status(self.history(), self.handler.ledger(session))
        assert {s.state.value for s in before} == {"applied"}
        assert newest.version == self.newest.version
        return MigrationLine(name=newest.name, state=newest.state, detail=newest.detail)

    def newest_is_not_applied(self) -> bool:
        """Or nobody can tell."""
        try:
            return self.ledger() != "applied"
        except FaberDbError:
            return True

    def free_the_tools_lock(self) -> None:
        """What the tool's own command does, where a note blocks everything and names it."""
        with self.session() as session:
            found = self.handler.notes(session, self.history(), self.handler.ledger(session))
            for note in found:
                if note.blocks:
                    command, does = FREED_BY[self.handler.name]
                    assert f"`{command}`" in note.hint, note
                    session.execute(does)

    def undo_by_hand(self) -> None:
        """What the status said is there."""
        with self.session() as session:
            for name in self.there() - {"a row"}:
                session.execute(f"DROP TABLE {name}")
            session.execute("DELETE FROM there WHERE a = %s", (self.number,))

    def mark(self, word: mark.MarkedAs) -> None:
        if self.handler.code:
            with self.session() as session:
                self.handler.mark(session, self.newest, word, now=datetime.now(UTC))
            return
        answer = mark.run(
            mark.MarkRequest(environment="dev", version=self.newest.version, marked_as=word),
            self.app,
        )
        assert answer.exit_code == 0, answer

    def wait_until_nobody_is_left(self) -> None:
        """Sessions of processes that died end when the server notices."""
        asked = {
            "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()",
            "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database()"
            " AND id <> connection_id()",
        }
        if self.engine.name not in asked:
            return
        with self.session() as session:
            wait_until(
                lambda: session.query(asked[self.engine.name]) == [(0,)], "the end of the sessions"
            )

    def end_sessions(self) -> None:
        """As an administrator does: `pg_terminate_backend`, KILL CONNECTION."""
        with self.session() as session:
            if self.engine.name == "postgresql":
                session.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                return
            found = session.query(
                "SELECT id FROM information_schema.processlist"
                " WHERE db = database() AND id <> connection_id()"
            )
            for (number,) in found:
                session.execute(f"KILL CONNECTION {number}")

    @staticmethod
    def _write(root: Path, file: SourceFile) -> None:
        (root / file.path).parent.mkdir(parents=True, exist_ok=True)
        (root / file.path).write_bytes(file.content)


@contextmanager
def new_place(handler: Handler, product: str, url: str, home: Path) -> Iterator[Place]:
    """A project of its own below `home`, with `one` applied and the newest written."""
    root = home / "project"
    if product == "sqlite":
        place = Place(root, handler, Sqlite(home / "locks"), url, None, url)
        place.set_up(home)
        yield place
        return
    engine: Engine = Postgresql() if product.startswith("postgresql") else Mysql()
    proxy = Proxy(lambda: _connected(url))
    try:
        place = Place(root, handler, engine, url, proxy, _through(url, proxy.port))
        place.set_up(home)
        yield place
    finally:
        proxy.close()


def _through(url: str, port: int) -> str:
    """The same database by way of the proxy."""
    if mysql_address.is_mysql(url):
        at = mysql_address.parse(url)
        return f"mysql://{at.user}@127.0.0.1:{port}/{at.database}?ssl_mode=disabled"
    parameters = postgresql_address.parse(url).parameters
    return (
        f"postgresql://{parameters['user']}@127.0.0.1:{port}/{parameters['dbname']}?sslmode=disable"
    )


def _connected(url: str) -> socket.socket:
    """A socket to the server of a URL."""
    if mysql_address.is_mysql(url):
        at = mysql_address.parse(url)
        where: str | tuple[str, int] = at.socket or (at.host, at.port)
    else:
        parameters = postgresql_address.parse(url).parameters
        port, host = int(parameters.get("port", "5432")), parameters.get("host", "localhost")
        where = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
    if isinstance(where, tuple):
        return socket.create_connection(where)
    with ExitStack() as unless_connected:
        made = unless_connected.enter_context(socket.socket(socket.AF_UNIX))
        made.connect(where)
        unless_connected.pop_all()
    return made


_LINES = re.compile(r"lines? ([\d, ]+) (is in the database|was|failed)")


def said_there(detail: str) -> set[int] | None:
    """The lines that a detail claims to be in the database; None where it claims nothing."""
    found = _LINES.findall(detail)
    if not found:
        return None
    return {
        int(number)
        for numbers, word in found
        if word.startswith("is")
        for number in re.findall(r"\d+", numbers)
    }
