"""From a URL to where a server is. Nothing here connects, and no error holds the URL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from faber_db.errors import ConnectionFailed

PORT = 3306
_SCHEME = re.compile(r"(?:mysql|mariadb)(?:\+[a-z0-9_]+)?://", re.I)
_SOCKET = {"socket", "unix_socket", "unixsocket", "socketpath"}
_FILES = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key", "sslcert": "ca"}
_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")

# Parameters of other clients' URLs that say nothing about which database it is.
_OF_OTHERS = {
    "connection_limit",
    "pool_timeout",
    "socket_timeout",
    "connect_timeout",
    "statement_cache_size",
    "serverversion",
    "charset",
    "collation",
    "schema",
    "allowpublickeyretrieval",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A server, a database on it and who connects."""

    host: str = ""
    port: int = PORT
    socket: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    tls: str = "preferred"  # as the client programs name the modes, in lower case with `_`
    tls_files: Mapping[str, str] = field(default_factory=dict)  # "ca", "cert", "key"

    @property
    def is_local(self) -> bool:
        """A Unix socket, or loopback."""
        return bool(self.socket) or _loopback(self.host)

    @property
    def label(self) -> str:
        """`shop@db-1:3307`, for people."""
        where = "local" if self.socket else self.host or "localhost"
        shown = "" if self.socket or self.port == PORT else f":{self.port}"
        return f"{self.database or '?'}@{where}{shown}"

    def to_database(self, name: str) -> "Address":
        """The same server, another database."""
        return replace(self, database=name)


def is_mysql(url: str) -> bool:
    """Whether it is a URL of MySQL or MariaDB."""
    return bool(_SCHEME.match(url.strip()))


def parse(url: str) -> Address:
    """Read a URL.

    Raises:
        ConnectionFailed: it cannot be read, or holds a parameter nobody knows.
    """
    text = url.strip()
    if not _SCHEME.match(text):
        raise _unreadable("this is no URL of MySQL or MariaDB")
    try:
        split = urlsplit("mysql://" + text.partition("://")[2])
        pairs = parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
        host, port = split.hostname or "", split.port or PORT
    except ValueError:  # whose text may repeat the password
        raise _unreadable("the URL cannot be read") from None
    if split.fragment:
        raise _unreadable("the URL holds a '#'; in a password it is written %23")
    address = Address(
        host=unquote(host),
        port=port,
        user=unquote(split.username or ""),
        password=unquote(split.password or ""),
        database=unquote(split.path.removeprefix("/")),
    )
    for key, value in pairs:
        address = _with(address, key.lower().replace("-", "_"), value)
    return address


def url_of(address: Address) -> str:
    """A URL that `parse` reads back equal."""
    credentials = quote(address.user, safe="")
    if address.password:
        credentials += f":{quote(address.password, safe='')}"
    host = f"[{address.host}]" if ":" in address.host else quote(address.host)
    where = host + (f":{address.port}" if address.port != PORT else "")
    pairs = {"socket": address.socket} if address.socket else {}
    if address.tls != "preferred":
        pairs["ssl_mode"] = address.tls
    pairs |= {f"ssl_{name}": file for name, file in address.tls_files.items()}
    query = f"?{urlencode(pairs, quote_via=quote)}" if pairs else ""
    at = f"{credentials}@" if credentials else ""
    return f"mysql://{at}{where}/{quote(address.database, safe='')}{query}"


def _with(address: Address, key: str, value: str) -> Address:
    if key in _SOCKET:
        return replace(address, socket=value)
    if key in _FILES:
        return replace(address, tls_files={**address.tls_files, _FILES[key]: value})
    if key == "ssl_mode":
        mode = value.lower().replace("-", "_")
        if mode not in _MODES:
            raise _unreadable(f"the URL holds an ssl-mode that is none of {', '.join(_MODES)}")
        return replace(address, tls=mode)
    if key == "sslaccept":
        return replace(address, tls="verify_identity" if value == "strict" else "required")
    if key not in _OF_OTHERS:
        raise _unreadable(f"the URL holds a parameter {key!r} that is not known")
    return address


def _loopback(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unreadable(what: str) -> ConnectionFailed:
    return ConnectionFailed(
        what,
        hint="Write mysql://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX;"
        " ?socket=PATH for a Unix socket.",
    )
