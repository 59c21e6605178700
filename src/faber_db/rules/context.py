"""What an analysis knows beside the script: the server, its schema, its sizes, how a file is run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.sql.script import Script


class Sized(Protocol):
    """How big a table is; `services.ports.TableSize` is one."""

    @property
    def rows(self) -> int: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def exact(self) -> bool: ...


@dataclass(frozen=True)
class Context:
    """Everything but the script. What is not known makes the verdict stricter, never laxer."""

    dialect: Dialect
    server_version: int | None = None  # as the product numbers itself: 170010, 3045001
    catalogue: Catalogue | None = None  # before the script
    sizes: Mapping[str, Sized] | None = None  # by full table name
    pace: int | None = None  # nanoseconds that the target takes to read one row
    wrap: bool = True  # the runner puts the script into one transaction
    takes_out: bool = False  # … but for those that refuse one, which run by themselves between
    protected: bool = False
    earlier: tuple[Script, ...] = ()  # pending scripts that run before this one
    ledgers: tuple[str, ...] = ()  # tables in which migrations are recorded
    database: str = ""  # MySQL: its own name, as statements may write it; empty: not known
    schemas: tuple[str, ...] = ()  # that belong to the project; empty: all that the catalogue has

    @property
    def postgresql_major(self) -> int | None:
        """17 for 170010; None where the version is not known."""
        return None if self.server_version is None else self.server_version // 10_000
