"""The variables that a project's own tool is given: those of the caller, with one database in them.

What may lead to another database is left out, and the parts of an address, which many projects read
one by one, are those of the one database: also under the usual names that are not set, since a project
that reads a file of variables leaves alone what is set already.
"""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from faber_db.model.dialect import Dialect
from faber_db.services.ports import ToolPlace

_URL = re.compile(
    r"(?:jdbc:)?(?:postgres|postgresql|postgis|mysql|mariadb|sqlite|mssql|oracle|cockroachdb|"
    r"sqlserver|prisma)(?:\+[a-z0-9_]+)?:",
    re.I,
)
_KEYWORDS = re.compile(r"(?:^|\s)(?:host|hostaddr|dbname|service)\s*=\s*\S")
_OF_CLIENTS = re.compile(r"PG[A-Z]+|(?:MYSQL|MARIADB)_\w+|FABER_DB_\w+")
_PARTS = re.compile(
    r"(?:\w+_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB)_?"
    r"(?:\w+_)?(?:URL|URI|DSN|HOST|HOSTNAME|PORT|SOCKET|USER|USERNAME|PASS|PASSWORD|PWD|NAME|DB|DATABASE)",
    re.I,
)
_PART_NAMES = {  # how the name of a variable ends, longest first, and the part that it holds
    "HOSTNAME": "host", "HOST": "host", "PORT": "port", "USERNAME": "user", "USER": "user",
    "PASSWORD": "password", "PASS": "password", "PWD": "password",
    "DATABASE": "name", "NAME": "name", "DB": "name",
}  # fmt: skip
_USUAL = [
    f"{of}_{part}"
    for of in ("DB", "DATABASE")
    for part in ("HOST", "PORT", "USER", "USERNAME", "PASSWORD", "NAME", "DATABASE")
]
_USUAL_OF = {
    Dialect.POSTGRESQL: [
        *(f"POSTGRES_{part}" for part in ("HOST", "PORT", "USER", "PASSWORD", "DB")),
        *(f"PG{part}" for part in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")),
    ],
    Dialect.MARIADB: [f"MYSQL_{p}" for p in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")],
}
_USUAL_OF[Dialect.MYSQL] = _USUAL_OF[Dialect.MARIADB]
_PORTS = {Dialect.POSTGRESQL: "5432", Dialect.MARIADB: "3306", Dialect.MYSQL: "3306"}


def environment_for(
    place: ToolPlace, *, url: str, dialect: Dialect, label: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables, and the names of those that were left out, sorted.

    Args:
        place: with the caller's variables and the names that the project reads its URL from.
        url: the database, as the tool writes it; under each of those names.
        dialect: of the database; PostgreSQL's clients are given the limits too.
        label: by which the tool's sessions are known on a PostgreSQL server.
    """
    left_out = [n for n, v in place.environ.items() if n not in place.variables and _leads(n, v)]
    kept = {n: v for n, v in place.environ.items() if n not in left_out}
    parts = _parts_of(place.url, dialect)
    usual = [*_USUAL, *_USUAL_OF.get(dialect, ())]
    given = {n: parts[p] for n in (*usual, *left_out) if (p := _part_named(n)) in parts}
    left_out = [name for name in left_out if name not in given]
    kept |= given | dict.fromkeys(place.variables, url)
    if dialect is Dialect.POSTGRESQL:
        kept |= {"PGAPPNAME": label, "PGOPTIONS": _options(place)}
    return kept, tuple(sorted(n for n in left_out if not n.startswith("FABER_DB_")))


def secrets_of(url: str) -> set[str]:
    """A URL and its password, in the spellings in which a tool may print them."""
    if not url:
        return set()
    found = {url} if "@" in url or "password" in url.lower() else set()
    try:
        split = urlsplit(url)
        password = split.password or ""
        in_query = parse_qs(split.query).get("password", [])
    except ValueError:
        return found
    found |= {password, unquote(password), *in_query}
    found |= set(re.findall(r"(?:^|\s)password\s*=\s*'?([^\s']+)", url))
    return {secret for secret in found if len(secret) > 2}  # shorter ones would hide everything


def _parts_of(url: str, dialect: Dialect) -> dict[str, str]:
    """What the parts of an address are called here, and what they are; of a file only its name."""
    if dialect is Dialect.SQLITE:
        return {"name": url.removeprefix("sqlite:")}
    try:
        split = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        found = {
            "host": split.hostname or query.get("host") or query.get("socket") or "localhost",
            "port": str(split.port or query.get("port") or _PORTS[dialect]),
            "user": unquote(split.username or "") or query.get("user", ""),
            "password": unquote(split.password or "") or query.get("password", ""),
            "name": unquote(split.path.lstrip("/")) or query.get("dbname", ""),
        }
    except ValueError:
        return {}
    return {name: value for name, value in found.items() if value or name == "password"}


def _part_named(name: str) -> str:
    """Which part of an address a variable of that name holds, or empty."""
    if not (_PARTS.fullmatch(name) or _OF_CLIENTS.fullmatch(name)):
        return ""
    ending = next((e for e in _PART_NAMES if name.upper().endswith(e)), "")
    return _PART_NAMES.get(ending, "")


def _leads(name: str, value: str) -> bool:
    return bool(
        _OF_CLIENTS.fullmatch(name)
        or _PARTS.fullmatch(name)
        or _URL.match(value)
        or _KEYWORDS.search(value)
    )


def _options(place: ToolPlace) -> str:
    limits = {
        "lock_timeout": place.limits.lock_timeout,
        "statement_timeout": place.limits.statement_timeout,
    }
    return " ".join(f"-c {n}={int(d.total_seconds() * 1000)}" for n, d in limits.items())
