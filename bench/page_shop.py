"""A shop on PostgreSQL whose next release loses something: what the page's pictures and figures show."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from faber_db.app import build, private_postgresql
from faber_db.services.app import App
from faber_db.web.site import local_origin
from tests.e2e.project import Project, new_project
from tests.passkey_device import Device
from tests.web.conftest import propose, released_with

NAMES = ("dev", "staging", "production")
FILL = """
    INSERT INTO customers (id, email, name, legacy_token)
    SELECT n, n || '@example.org', 'Customer ' || n, CASE WHEN n % 9 > 0 THEN md5(n::text) END
    FROM generate_series(2, 200000) AS n;
    ANALYZE;
"""
UP = """\
-- Work item 123: remove deprecated customer columns
ALTER TABLE customers DROP COLUMN legacy_token;
ALTER TABLE customers ADD COLUMN phone text;
ALTER TABLE customers ALTER COLUMN email SET NOT NULL;
CREATE INDEX orders_placed_at_idx ON orders (placed_at);
CREATE TABLE addresses (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    city text NOT NULL
);
"""


@contextmanager
def shop(folder: Path, port: int, *, rows: str = FILL) -> Iterator[tuple[Project, App, str]]:
    """The project, the same opened, and the id of the plan that waits."""
    with private_postgresql() as server:
        urls = {name: server.url(name) for name in NAMES}
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for name in NAMES:
                connection.execute(f"CREATE DATABASE {name}".encode())
        project = new_project(folder, urls)
        released_with(project, Device(origin=local_origin(port)))
        with psycopg.connect(urls["production"]) as connection:
            connection.execute(rows.encode())
        project.add_migration("20261123000000_customer_columns", UP)
        app = build(project.root, project.environ)
        yield project, app, propose(app)
