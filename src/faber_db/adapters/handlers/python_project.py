"""A project's own Python: where its programs are, and how its libraries write a database's URL."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from faber_db.errors import ToolMissing
from faber_db.services.ports import ToolPlace

_FOLDERS = (".venv", "venv", "env", ".env")
_VARIABLES = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "CONDA_PREFIX")
_SQLITE = re.compile(r"(?:sqlite|file):(?://)?(?=/)")


def program(place: ToolPlace, name: str, beside: Path, *, tool: str) -> Path:
    """A program of the project's own environment, by its absolute path.

    Looked for in `.venv`, `venv`, `env` of a folder and of those above it up to the project's root,
    then in the environment that is active. `PATH` is not asked: what is first there may be anything.

    Raises:
        ToolMissing: there is none.
    """
    tried = []
    for environment in _environments(place, beside):
        for folder in ("bin", "Scripts"):
            file = environment / folder / name
            if file.is_file():
                return file
        tried.append(environment)
    where = ", ".join(e.name for e in tried) or f"no {', '.join(_FOLDERS[:3])}"
    raise ToolMissing(
        f"{tool} was not found in the project's own environment ({where})",
        hint=f"Install {tool} there, or start faber-db with that environment active.",
    )


def _environments(place: ToolPlace, beside: Path) -> Iterator[Path]:
    root = place.root.resolve()
    folders = [f for f in (beside.resolve(), *beside.resolve().parents) if f.is_relative_to(root)]
    for folder in folders:
        for name in _FOLDERS:
            if (folder / name / "pyvenv.cfg").is_file():
                yield folder / name
    for variable in _VARIABLES:
        named = place.environ.get(variable, "")
        if named.startswith("/") and Path(named).is_dir():
            yield Path(named)


def library_url(url: str) -> str:
    """A URL as SQLAlchemy and Django's readers take it, the driver that it names kept."""
    match = _SQLITE.match(url)
    if match:
        return f"sqlite:///{url[match.end() :]}"
    split = urlsplit(url)
    given = dict(parse_qsl(split.query))
    if split.scheme.startswith(("mysql", "mariadb")) and "socket" in given:
        given["unix_socket"] = given.pop("socket")
        return split._replace(query=urlencode(given, quote_via=quote)).geturl()
    if split.netloc or "dbname" not in given:
        return url
    user, password = (
        quote(given.pop("user", ""), safe=""),
        quote(given.pop("password", ""), safe=""),
    )
    name, host, port = given.pop("dbname"), given.pop("host", ""), given.pop("port", "")
    if host.startswith("/"):
        given |= {"host": host} | ({"port": port} if port else {})
        at = ""
    else:
        at = f"[{host}]" if ":" in host else host
        at += f":{port}" if port else ""
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    query = f"?{urlencode(given, quote_via=quote)}" if given else ""
    return f"{split.scheme}://{who}{at}/{quote(name, safe='')}{query}"
