"""From a URL to connection parameters. Nothing here connects, and no error holds the URL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from faber_db.errors import ConnectionFailed

_SCHEME = re.compile(r"(?:postgres|postgresql)(?:\+[a-z0-9_]+)?://", re.I)
_KEYWORDS = re.compile(r"(?:^|\s)(?:host|hostaddr|dbname|service|user|port)\s*=")

# Parameters of other clients' URLs that say nothing about which database it is (Prisma: reference,
# connection URLs). `schema` and `sslaccept` are translated.
_OF_OTHERS = {
    "connection_limit",
    "pool_timeout",
    "pgbouncer",
    "socket_timeout",
    "statement_cache_size",
    "single_use_connections",
    "serverversion",
    "charset",
}
_FROM_ENVIRONMENT = ("service", "hostaddr", "host", "port", "options")
_SHOWN_PORT = "5432"  # the default one is not shown


@dataclass(frozen=True, slots=True)
class Address:
    """Connection parameters as libpq names them, and the schema that Prisma's URL names."""

    parameters: Mapping[str, str]
    schema: str = ""

    @property
    def host(self) -> str:
        return self.parameters.get("hostaddr") or self.parameters.get("host", "")

    @property
    def database(self) -> str:
        return self.parameters.get("dbname") or self.parameters.get("user", "")

    @property
    def is_local(self) -> bool:
        """A Unix socket, or loopback for every host named; a service file may mean any host."""
        return "service" not in self.parameters and all(map(_loopback, self.host.split(",")))

    @property
    def label(self) -> str:
        """`shop@db-1:5433`, for people."""
        host = "local" if self.host.startswith("/") or not self.host else self.host
        port = self.parameters.get("port", _SHOWN_PORT)
        return f"{self.database or '?'}@{host}" + (f":{port}" if port != _SHOWN_PORT else "")

    def to_database(self, name: str) -> "Address":
        """The same server, another database."""
        return Address({**self.parameters, "dbname": name})


def is_postgresql(url: str) -> bool:
    """Whether it is a PostgreSQL URL, or a `key=value` connection string."""
    return bool(_SCHEME.match(url.strip()) or _KEYWORDS.search(url))


def parse(url: str) -> Address:
    """Read a URL or connection string.

    Raises:
        ConnectionFailed: it cannot be read, or holds a parameter nobody knows.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    text = url.strip()
    try:
        if _SCHEME.match(text):
            return _completed(_of_url(text))
        found = conninfo_to_dict(text)
    except (ValueError, ProgrammingError):  # whose text may repeat the password
        raise _unreadable("the connection string cannot be read") from None
    return _completed(
        Address({key: str(value) for key, value in found.items() if value is not None})
    )


def _completed(address: Address) -> Address:
    """With where libpq would go by its environment (PGHOST, PGHOSTADDR, PGSERVICE, PGOPTIONS).

    An address that is taken for local, or for another one, must be the one that is connected to.
    """
    from psycopg.pq import Conninfo

    given = dict(address.parameters)
    for option in Conninfo.get_defaults():
        keyword = option.keyword.decode()
        if keyword in _FROM_ENVIRONMENT and keyword not in given and option.val:
            given[keyword] = option.val.decode("utf-8", "surrogateescape")
    return Address(given, address.schema)


def conninfo(address: Address, **more: str) -> str:
    """A connection string for libpq, its password included."""
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **{**address.parameters, **more})


def url_of(address: Address) -> str:
    """A URL that `parse` reads back equal."""
    return "postgresql://?" + urlencode(address.parameters, quote_via=quote)


def _of_url(text: str) -> Address:
    known = _keywords()
    split = urlsplit("postgresql://" + text.partition("://")[2])
    found: dict[str, str] = {}
    credentials, at, hosts = split.netloc.rpartition("@")
    if at:
        user, _, password = credentials.partition(":")
        found["user"], found["password"] = unquote(user), unquote(password)
    names, ports = _hosts(hosts)
    found |= {"host": names, "port": ports, "dbname": unquote(split.path.removeprefix("/"))}
    schema = ""
    for key, value in _pairs(split.query):
        if key in known:
            found[key] = value
        elif key == "schema":
            schema = value
        elif key == "sslaccept":
            if value == "strict":
                found |= {"sslmode": "verify-full", "sslrootcert": "system"}
        elif key.lower() not in _OF_OTHERS:
            raise _unreadable(f"the URL holds a parameter {key!r} that PostgreSQL does not know")
    if split.fragment:
        raise _unreadable("the URL holds a '#'; in a password it is written %23")
    return Address({key: value for key, value in found.items() if value}, schema)


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []


def _hosts(text: str) -> tuple[str, str]:
    """Hosts and ports of `a:1,b:2` or `[::1]:5432`, each joined by commas."""
    names, ports = [], []
    for one in text.split(","):
        match = re.fullmatch(r"(\[[0-9a-fA-F:.%]+\]|[^:\[\]]*)(?::(\d*))?", one)
        if match is None:
            raise _unreadable("the host of the URL cannot be read")
        names.append(unquote(match[1].strip("[]")))
        ports.append(match[2] or "")
    return ",".join(names), ",".join(ports) if any(ports) else ""


def _loopback(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _keywords() -> set[str]:
    from psycopg.pq import Conninfo

    return {option.keyword.decode() for option in Conninfo.get_defaults()}


def _unreadable(what: str) -> ConnectionFailed:
    return ConnectionFailed(
        what,
        hint="Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX.",
    )
