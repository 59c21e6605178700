"""The shop's folder and its three databases, with customers that were there before."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from faber_db.shipped import shipped

ENVIRONMENTS = ("dev", "staging", "production")
CUSTOMERS = 200
_ROWS = (
    "INSERT INTO customers (id, email, name, legacy_token) VALUES ({m}, {m}, {m}, {m})",
    "INSERT INTO orders (id, customer_id, placed_at, total_cents) VALUES ({m}, {m}, {m}, {m})",
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A copy of the example with everything of ours that belongs to it, in one folder."""

    folder: Path  # holds all of it
    project: Path
    environ: Mapping[str, str]
    urls: Mapping[str, str]
    product: str

    def command(self, *words: str) -> list[str]:
        """`faber-db …`, run by this interpreter."""
        return [sys.executable, "-m", "faber_db", *words]

    def fill(self) -> None:
        """The application's own rows, in production: written by the application, not by us."""
        if self.product == "sqlite":
            with sqlite3.connect(self.urls["production"]) as database:
                for sql, rows in zip(_ROWS, _rows(), strict=True):
                    database.executemany(sql.format(m="?"), rows)
            database.close()
            return
        import psycopg

        with psycopg.connect(self.urls["production"]) as connection:
            for sql, rows in zip(_ROWS, _rows(), strict=True):
                connection.cursor().executemany(sql.format(m="%s"), rows)


@contextmanager
def opened(folder: Path, product: str) -> Iterator[Shop]:
    """A new shop below `folder`; for PostgreSQL with a private server that stops at the end."""
    project = folder / "shop"
    shutil.copytree(shipped("examples") / "shop", project)
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG"))},
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }
    with ExitStack() as stack:
        if product == "sqlite":
            urls = {name: str(project / f"{name}.db") for name in ENVIRONMENTS}
            sqlite3.connect(urls["production"]).close()
            Path(urls["production"]).touch()
        else:
            urls = stack.enter_context(_private_server())
            environ |= {f"SHOP_{name.upper()}_URL": url for name, url in urls.items()}
            _write_configuration(project)
        yield Shop(folder, project, environ, urls, product)


@contextmanager
def _private_server() -> Iterator[dict[str, str]]:
    import psycopg

    from faber_db.app import private_postgresql

    with private_postgresql() as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for name in ENVIRONMENTS:
                connection.execute(f"CREATE DATABASE shop_{name}")
        yield {name: server.url(f"shop_{name}") for name in ENVIRONMENTS}


def _write_configuration(project: Path) -> None:
    environments = {name: {"url": f"env:SHOP_{name.upper()}_URL"} for name in ENVIRONMENTS}
    text = json.dumps({"environments": environments}, indent=2)
    (project / "faber-db.json").write_text(text + "\n", "utf-8")


def _rows() -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    customers: list[tuple[object, ...]] = [
        (n, f"customer{n}@example.com", f"Customer {n}", f"t{n:06}" if n % 3 else None)
        for n in range(1, CUSTOMERS + 1)
    ]
    orders: list[tuple[object, ...]] = [
        (n, 1 + n % CUSTOMERS, f"2026-10-{1 + n % 28:02}", 100 * n)
        for n in range(1, 2 * CUSTOMERS + 1)
    ]
    return customers, orders
