"""The variables that a project's own tool is given: those of the caller, with one database in them.

What may lead to another database is left out: a tool that then finds nothing fails, which is better
than one that reaches a database nobody meant.
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
    kept |= dict.fromkeys(place.variables, url)
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
