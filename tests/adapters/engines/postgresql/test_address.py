from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.postgresql.address import parse, url_of
from faber_db.errors import ConnectionFailed

SECRET = "p@ss:w/rd#1"
QUOTED = "p%40ss%3Aw%2Frd%231"

READ = {
    "url": (f"postgresql://ann:{QUOTED}@db-1:5433/shop", "shop@db-1:5433", False),
    "postgres": ("postgres://db-1/shop", "shop@db-1", False),
    "driver": ("postgresql+psycopg://db-1/shop", "shop@db-1", False),
    "keywords": (f"host=db-1 dbname=shop password='{SECRET}'", "shop@db-1", False),
    "loopback": ("postgresql://localhost/shop", "shop@localhost", True),
    "loopback 6": ("postgresql://[::1]:5432/shop", "shop@::1", True),
    "loopback range": ("postgresql://127.8.9.1/shop", "shop@127.8.9.1", True),
    "socket": ("postgresql:///shop?host=/run/postgresql", "shop@local", True),
    "default socket": ("postgresql:///shop", "shop@local", True),
    "host in the query wins": ("postgresql://localhost/shop?host=db-1", "shop@db-1", False),
    "address wins": ("postgresql://localhost/shop?hostaddr=10.0.0.1", "shop@10.0.0.1", False),
    "several hosts": ("postgresql://localhost,db-2/shop", "shop@localhost,db-2", False),
    "a service may be anywhere": ("service=shop", "?@local", False),
    "a name like loopback": ("postgresql://localhost.example/shop", "shop@localhost.example", False),
    "Prisma": ("postgresql://db-1/shop?schema=app&connection_limit=5&pgbouncer=true", "shop@db-1", False),
}  # fmt: skip


@pytest.mark.parametrize(("url", "label", "local"), READ.values(), ids=READ)
def test_read(url: str, label: str, local: bool) -> None:
    engine = Postgresql()
    assert engine.accepts(url)
    assert engine.label(url) == label
    assert engine.is_local(url) is local
    assert parse(url_of(parse(url))).parameters == parse(url).parameters
    assert engine.normalise(url, Path("/")) == url


def test_parts() -> None:
    found = parse(READ["url"][0]).parameters
    assert found["password"] == SECRET
    assert (found["user"], found["port"]) == ("ann", "5433")
    assert parse(READ["Prisma"][0]).schema == "app"


UNREADABLE = {
    "unknown parameter": f"postgresql://ann:{QUOTED}@h/d?colour=red",
    "unquoted hash": "postgresql://ann:hush#hush@h/d",
    "bad host": f"postgresql://ann:{QUOTED}@h:x/d",
    "bad keywords": f"host='h password={SECRET}",
}


@pytest.mark.parametrize("url", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_without_the_secret(url: str) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        parse(url)
    shown = str(caught.value)
    assert caught.value.__cause__ is None
    assert not any(secret in shown for secret in (SECRET, QUOTED, "hush"))


@pytest.mark.parametrize("url", ["a.db", "sqlite:a.db", "mysql://h/d", ""])
def test_not_ours(url: str) -> None:
    assert not Postgresql().accepts(url)
