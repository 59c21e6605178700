"""Which environments need a human's signature, and why.

Nothing here reads the marker in a target: what it says is added where a connection is open, and it
can only add.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from faber_db.config.reference import split
from faber_db.config.settings import EnvironmentSettings

_WORDS = ("production", "prod", "prd")
LOOPBACK = ("", "localhost", "127.0.0.1", "::1", "[::1]")
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}


Key = tuple[str, str]
"""Names of a database and of one of its environments."""


class Protection(NamedTuple):
    """The verdict, and the reason in words: `named production`, `host db-1 is not local`."""

    protected: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """An environment with what is known of its place."""

    settings: EnvironmentSettings
    url: str | None  # resolved; None where it is not known here


def is_named_like_production(name: str) -> bool:
    """Whether a name says production. Strict: doubt counts as yes.

    A name is cut at everything that is no letter or digit, and before capitals; trailing digits
    fall away. Production is then any part that is `live`, that ends in `prod`, `prd` or
    `production`, or that begins with `production`: `production-us-east`, `eu_prod`, `prod2`,
    `prodEU`, and also `preprod` and `pre-prod`, which tend to hold production's data.
    Not production: `product`, `produce`, `alive`, and what is denied in so many words
    (`nonprod`, `non-production`, `not_prod`); those are still protected by their host.
    """
    plain = unicodedata.normalize("NFKC", name)
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+", plain)
    words = [part.casefold() for part in parts]
    for before, word in zip(["", *words], words, strict=False):
        denied = before in ("non", "not", "no") or word.startswith("non")
        if not denied and (
            word == "live" or word.endswith(_WORDS) or word.startswith("production")
        ):
            return True
    return False


def protection(
    name: str,
    settings: EnvironmentSettings,
    *,
    url: str | None,
    is_local: Callable[[str], bool],
) -> Protection:
    """Whether one environment is protected, by name, file and host.

    Args:
        name: as configured.
        settings: of the environment.
        url: resolved; None where it cannot be: then the host counts as not local.
        is_local: the engine's answer for a URL (a file, a Unix socket or a loopback address).
    """
    if is_named_like_production(name):
        return Protection(True, f"named {name}")
    if settings.protected is not None:
        return Protection(settings.protected, '"protected": true' if settings.protected else "")
    if settings.executor is not None:
        return Protection(True, "its executor decides")
    if url is None:
        return Protection(True, "its URL is not known here, so its host may be any")
    if not is_local(url):
        return Protection(True, f"host {host_of(url) or 'unknown'} is not local")
    return Protection(False)


def protections(
    environments: Mapping[Key, Placed], *, root: Path, is_local: Callable[[str], bool]
) -> dict[Key, Protection]:
    """All environments of all databases of a project; two in one place share the stricter rule.

    Keys are (database, environment). One place is the same server and database, whatever the schemas: schemas of one database share
    its locks, roles and backups.
    """
    alone = {
        key: protection(key[1], placed.settings, url=placed.url, is_local=is_local)
        for key, placed in environments.items()
    }
    strict: dict[tuple[str, str], str] = {}
    places = {key: place_of(placed.url, root) for key, placed in environments.items()}
    for key, verdict in alone.items():
        place = places[key]
        if verdict.protected and place:
            strict.setdefault(place, key[1])
    found = dict(alone)
    for key, verdict in alone.items():
        place = places[key]
        if not verdict.protected and place in strict:
            found[key] = Protection(True, f"the same database as {strict[place]}")
    return found


def host_of(url: str) -> str:
    """The host of a URL, for people; empty for files and sockets."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def place_of(url: str | None, root: Path) -> tuple[str, str] | None:
    """Server and database of a URL, so that two spellings of one place compare equal.

    Returns:
        None where that cannot be told. Two host names of one address are two places here; the
        marker in the target sees through that.
    """
    if url is None:
        return None
    if "://" not in url or url.startswith(("sqlite:", "file:")):
        return _file_place((root / _file_path(url)).resolve())
    try:
        parts = urlsplit(url)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        product = parts.scheme.partition("+")[0]
        product = "postgresql" if product == "postgres" else product
        host = (query.get("hostaddr") or query.get("host") or parts.hostname or "").casefold()
        port = str(query.get("port") or parts.port or _PORTS.get(product, ""))
    except ValueError:
        return None
    database = query.get("dbname") or unquote(parts.path.lstrip("/"))
    database = database or query.get("user") or unquote(parts.username or "")
    socket = host.startswith(("/", "%2f"))
    where = "local" if host in LOOPBACK or socket else host
    return (f"{product}:{where}:{port}", database)


def _file_place(file: Path) -> tuple[str, str]:
    """A file by device and inode, so that a hard link is no other place; else by its path."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return ("file", str(file))
    return ("file", f"{status.st_dev}:{status.st_ino}")


def _file_path(url: str) -> str:
    """The path in `sqlite:///dev.db`, `file:dev.db?mode=ro` or `dev.db`.

    As SQLAlchemy writes it, three slashes are relative and four are absolute.
    """
    bare = split(url)[1]
    if url.startswith("sqlite:"):
        bare = re.sub(r"^sqlite:(///|//|)", "", url)
    elif bare.startswith("//"):
        bare = "/" + bare.lstrip("/")
    return unquote(bare.partition("?")[0])
