"""From a URL or path to the file it means."""

import re
from pathlib import Path

from faber_db.errors import ConnectionFailed

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters or more: `C:` is a drive
_KEYWORDS = re.compile(r"(?:^|\s)(?:host|hostaddr|dbname|service|user|port)\s*=")
_DATASOURCE_URL = re.compile(r"(?ms)^[ \t]*datasource\s+\w+\s*\{[^}]*?^[ \t]*url\s*=")


def is_sqlite(url: str) -> bool:
    """Whether a URL or path means a SQLite file: `sqlite:`, `file:`, or a path without a scheme."""
    lowered = url.strip().lower()
    if lowered.startswith(("sqlite:", "sqlite3:", "file:")):
        return True
    return bool(lowered) and not _SCHEME.match(lowered) and not _KEYWORDS.search(lowered)


def file_of(url: str, root: Path) -> Path:
    """The absolute path of the file; nothing has to be there.

    `sqlite:///a.db` is relative and `sqlite:////a.db` absolute (as SQLAlchemy has it), unless only
    `/a.db` exists (as other tools have it). Up to version 6 Prisma resolves a relative `file:`
    against the folder of its schema; since 7, which has no `url` in the schema, against the root.
    A project with `prisma/schema.prisma` gets the same, unless only the other file exists.

    Raises:
        ConnectionFailed: a database in memory, or no path at all.
    """
    text = url.strip()
    form = text.partition(":")[0].lower() if _SCHEME.match(text) else ""
    path = text.partition(":")[2] if form else text
    if form:
        path = path.partition("?")[0]
    if path in ("", "//", ":memory:") or "mode=memory" in text:
        raise ConnectionFailed(
            "a SQLite database in memory ends with its connection",
            hint="Give the path of a file.",
        )
    if form.startswith("sqlite") and path.startswith("///"):
        return _three_slashes(path[3:], root)
    if path.startswith("//"):  # file://localhost/a.db and file:///a.db
        path = "/" + path[2:].partition("/")[2]
    if form == "file" and not Path(path).is_absolute():
        return _as_prisma(path, root)
    return _resolved(path, root)


def _three_slashes(path: str, root: Path) -> Path:
    relative = _resolved(path, root)
    absolute = Path("/" + path.lstrip("/"))
    return absolute.resolve() if absolute.exists() and not relative.exists() else relative


def _as_prisma(path: str, root: Path) -> Path:
    plain, beside = _resolved(path, root), _resolved(path, root / "prisma")
    schema = root / "prisma" / "schema.prisma"
    if not schema.is_file():
        return plain
    first, second = (beside, plain) if _has_url(schema) else (plain, beside)
    return second if second.exists() and not first.exists() else first


def _has_url(schema: Path) -> bool:
    try:
        text = schema.read_text(errors="replace")
    except OSError:
        return False
    return _DATASOURCE_URL.search(text) is not None


def _resolved(path: str, root: Path) -> Path:
    """Links are followed, so that one file has one name."""
    return (root / Path(path).expanduser()).resolve()
