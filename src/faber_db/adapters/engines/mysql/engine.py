"""The engine for MySQL and MariaDB servers. The driver is imported when it is first needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.address import is_mysql, parse, url_of
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Cancelled, Copy, Creation, DumpInfo, Limits, Progress, Session

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.session import MysqlSession


class Mysql:
    """MySQL and MariaDB; see `services.ports.Engine` for what each method promises.

    Which of the two a server is only it can tell: a session's dialect says so.
    """

    name = "mysql"
    dialect = Dialect.MYSQL

    def accepts(self, url: str) -> bool:
        return is_mysql(url)

    def normalise(self, url: str, root: Path) -> str:
        return url.strip()

    def is_local(self, url: str) -> bool:
        return parse(url).is_local

    def label(self, url: str) -> str:
        return parse(url).label

    @contextmanager
    def connect(
        self,
        url: str,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        read_only: bool = False,
        create: bool = False,
    ) -> "Iterator[MysqlSession]":
        from faber_db.adapters.engines.mysql.connect import opened
        from faber_db.adapters.engines.mysql.session import MysqlSession

        with opened(parse(url), limits=limits, read_only=read_only) as (connection, server):
            yield MysqlSession(connection, server, limits=limits)

    def creation(self, url: str, passwords: Sequence[str] = ()) -> Creation:
        from faber_db.adapters.engines.mysql import creation

        return creation.creation(parse(url), passwords)

    def maintenance(self, url: str) -> str:
        from faber_db.adapters.engines.mysql import creation

        return url_of(creation.maintenance(parse(url)))

    def has_database(self, session: Session, url: str) -> bool:
        from faber_db.adapters.engines.mysql import creation

        return creation.is_there(session, parse(url))

    def create_database(
        self, url: str, planned: Creation | None = None, *, session: Session | None = None
    ) -> bool:
        from faber_db.adapters.engines.mysql import creation

        address = parse(url)
        planned = planned or creation.creation(address, ())
        with nullcontext(session) if session else self.connect(self.maintenance(url)) as own:
            return creation.create(own, address, planned)

    def find_leftovers(self, session: Session, url: str) -> list[str]:
        """Databases of this server that a trial run did not drop."""
        from faber_db.adapters.engines.mysql.marker import SHADOW

        rows = session.query("SHOW DATABASES LIKE %s", (SHADOW.replace("_", r"\_") + "%",))
        return [f'database "{name}"' for (name,) in rows]

    def find_tools(self) -> dict[str, str]:
        """The client programs of this machine that backups need; empty where there is none."""
        from faber_db.adapters.engines.mysql.clients import find
        from faber_db.errors import BackupToolMissing

        found = {}
        for name in ("mariadb-dump", "mariadb"):
            try:
                found[name] = str(find(name).path)
            except BackupToolMissing:
                found[name] = ""
        return found

    def dump(self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled) -> DumpInfo:
        from faber_db.adapters.engines.mysql import dump

        return dump.dump(parse(url), file, progress=progress, cancelled=cancelled)

    def decode(self, file: Path) -> None:
        from faber_db.adapters.engines.mysql import dump

        dump.decode(file)

    def restore_beside(
        self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled
    ) -> Copy:
        from faber_db.adapters.engines.mysql import restore

        address = parse(url)
        name = restore.restore_beside(address, file, progress=progress, cancelled=cancelled)
        return Copy(url=url_of(address.to_database(name)), label=name)

    def swap(self, url: str, copy: Copy) -> str:
        from faber_db.adapters.engines.mysql import swap

        return swap.swap(parse(url), parse(copy.url).database)

    def drop_copy(self, copy: Copy) -> None:
        from faber_db.adapters.engines.mysql import restore

        address = parse(copy.url)
        with restore.talking(address) as (connection, _):
            restore.drop(connection, address.database)
