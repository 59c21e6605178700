from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql.address import Address, parse, url_of
from faber_db.errors import ConnectionFailed

SECRET = "p@ss:w/rd#1"
QUOTED = "p%40ss%3Aw%2Frd%231"

READ = {
    "mysql": (f"mysql://ann:{QUOTED}@db-1:3307/shop", "shop@db-1:3307", False),
    "mariadb": ("mariadb://db-1/shop", "shop@db-1", False),
    "driver": ("mysql+pymysql://db-1/shop", "shop@db-1", False),
    "loopback": ("mysql://localhost/shop", "shop@localhost", True),
    "loopback 6": ("mysql://[::1]:3306/shop", "shop@::1", True),
    "loopback range": ("mysql://127.8.9.1/shop", "shop@127.8.9.1", True),
    "no host": ("mysql:///shop", "shop@localhost", True),
    "socket": ("mysql://root@/shop?socket=/run/mysqld/mysqld.sock", "shop@local", True),
    "socket of SQLAlchemy": ("mysql://root@localhost/shop?unix_socket=/s", "shop@local", True),
    "a name like loopback": ("mysql://localhost.example/shop", "shop@localhost.example", False),
    "Prisma": ("mysql://db-1/shop?connection_limit=5&sslaccept=strict", "shop@db-1", False),
    "no database": ("mysql://db-1", "?@db-1", False),
}


@pytest.mark.parametrize(("url", "label", "local"), READ.values(), ids=READ)
def test_read(url: str, label: str, local: bool) -> None:
    engine = Mysql()
    assert engine.accepts(url)
    assert engine.label(url) == label
    assert engine.is_local(url) is local
    assert parse(url_of(parse(url))) == parse(url)
    assert engine.normalise(url, Path("/")) == url


def test_parts() -> None:
    found = parse(READ["mysql"][0])
    assert (found.password, found.user, found.port) == (SECRET, "ann", 3307)
    assert SECRET not in repr(found)
    assert parse(READ["Prisma"][0]).tls == "verify_identity"
    files = parse("mysql://h/d?ssl-mode=VERIFY_CA&ssl-ca=/ca.pem")
    assert (files.tls, files.tls_files) == ("verify_ca", {"ca": "/ca.pem"})


@given(st.text(), st.text(), st.text(min_size=1))
def test_what_is_written_is_read_back(user: str, password: str, database: str) -> None:
    encodable = [text.encode(errors="ignore").decode() for text in (user, password, database)]
    address = Address(host="db-1", user=encodable[0], database=encodable[2])
    if address.user:
        address = replace(address, password=encodable[1])
    assert parse(url_of(address)) == address


UNREADABLE = {
    "unknown parameter": f"mysql://ann:{QUOTED}@h/d?colour=red",
    "unknown mode": "mysql://ann:hush@h/d?ssl-mode=maybe",
    "unquoted hash": "mysql://ann:hush#hush@h/d",
    "port": "mysql://ann:hush@h:port/d",
    "another product": "postgresql://ann:hush@h/d",
}


@pytest.mark.parametrize("url", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(url: str) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        parse(url)
    assert "hush" not in str(caught.value)
    assert QUOTED not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://h/d", "shop.db", "file:./dev.db", "sqlite:a.db"])
def test_not_ours(url: str) -> None:
    assert not Mysql().accepts(url)
