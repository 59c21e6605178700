"""The engine for PostgreSQL servers. The driver is imported when it is first needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql.address import is_postgresql, parse, url_of
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Cancelled, Copy, Creation, DumpInfo, Limits, Progress, Session

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.session import PostgresqlSession


class Postgresql:
    """PostgreSQL; see `services.ports.Engine` for what each method promises."""

    name = "postgresql"
    dialect = Dialect.POSTGRESQL

    def accepts(self, url: str) -> bool:
        return is_postgresql(url)

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
    ) -> "Iterator[PostgresqlSession]":
        from faber_db.adapters.engines.postgresql.connect import opened
        from faber_db.adapters.engines.postgresql.session import PostgresqlSession

        with opened(parse(url), limits=limits, read_only=read_only) as connection:
            yield PostgresqlSession(connection, limits=limits)

    def creation(self, url: str, passwords: Sequence[str] = ()) -> Creation:
        from faber_db.adapters.engines.postgresql import creation

        return creation.creation(parse(url), passwords)

    def maintenance(self, url: str) -> str:
        from faber_db.adapters.engines.postgresql import creation

        return url_of(creation.maintenance(parse(url)))

    def has_database(self, session: Session, url: str) -> bool:
        from faber_db.adapters.engines.postgresql import creation

        return creation.is_there(session, parse(url))

    def create_database(
        self, url: str, planned: Creation | None = None, *, session: Session | None = None
    ) -> bool:
        from faber_db.adapters.engines.postgresql import creation

        address = parse(url)
        planned = planned or creation.creation(address, ())
        with nullcontext(session) if session else self.connect(self.maintenance(url)) as own:
            return creation.create(own, address, planned)

    def find_tools(self) -> dict[str, str]:
        """The newest `pg_dump` and `pg_restore` of this machine; empty where there is none."""
        from faber_db.adapters.engines.postgresql.binaries import find

        names = ("pg_dump", "pg_restore")
        found = {name: next((b.tool(name) for b in find(name)), None) for name in names}
        return {name: str(path or "") for name, path in found.items()}

    def find_leftovers(self, session: Session, url: str) -> list[str]:
        """Databases of this server that a restore kept, or that a trial run did not drop."""
        rows = session.query(
            "SELECT datname::text FROM pg_catalog.pg_database"
            " WHERE datname ~ '^faber_db_shadow_|_before_restore_[0-9a-f]{8}$' ORDER BY 1"
        )
        return [f'database "{name}"' for (name,) in rows]

    def dump(self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled) -> DumpInfo:
        from faber_db.adapters.engines.postgresql import dump

        return dump.dump(parse(url), file, progress=progress, cancelled=cancelled)

    def decode(self, file: Path) -> None:
        from faber_db.adapters.engines.postgresql import dump

        dump.decode(file)

    def restore_beside(
        self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled
    ) -> Copy:
        from faber_db.adapters.engines.postgresql import restore

        address = parse(url)
        name = restore.restore_beside(address, file, progress=progress, cancelled=cancelled)
        return Copy(url=url_of(address.to_database(name)), label=name)

    def swap(self, url: str, copy: Copy) -> str:
        from faber_db.adapters.engines.postgresql import restore

        return restore.swap(parse(url), parse(copy.url).database)

    def drop_copy(self, copy: Copy) -> None:
        from faber_db.adapters.engines.postgresql import restore

        address = parse(copy.url)
        restore.drop_copy(address, address.database)
