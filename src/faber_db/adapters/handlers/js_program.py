"""How a project's own JavaScript tool is run: node, the tool's file in `node_modules`, a TypeScript loader.

Nothing is installed and nothing is looked up elsewhere than in the project.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from faber_db.adapters.handlers.js_project import package_of
from faber_db.adapters.handlers.user_tool import UserTool
from faber_db.errors import ToolMissing
from faber_db.model.dialect import Dialect
from faber_db.services.ports import ToolPlace

_LOADERS = (  # what lets node read TypeScript, in the order in which projects prefer them
    ("tsx", ("--import", "tsx")),
    ("ts-node", ("-r", "ts-node/register/transpile-only")),
    ("@swc-node/register", ("-r", "@swc-node/register")),
    ("esbuild-register", ("-r", "esbuild-register")),
)
_PATHS = ("tsconfig-paths", ("-r", "tsconfig-paths/register"))
_SOCKET = dict.fromkeys(("socket", "unix_socket", "unixsocket"), "socketPath")
_TYPED = (".ts", ".cts", ".mts")


@dataclass(frozen=True, slots=True)
class JsProgram:
    """The tool of a project: where it is installed, and the folder of the package that uses it."""

    tool: str  # "Knex", for people
    package: Path
    entry: Path

    def run_as(
        self, place: ToolPlace, words: Sequence[str], dialect: Dialect, *, typed: bool
    ) -> UserTool:
        """What `user_tool.run_tool` runs.

        Args:
            place: where.
            words: arguments of the tool, none of them secret.
            dialect: of the database.
            typed: whether the project has TypeScript that may have to be read.

        Raises:
            ToolMissing: node is not installed; or what reads TypeScript, and a word names such a file.
        """
        node = shutil.which("node", path=place.environ.get("PATH", ""))
        if node is None:
            raise ToolMissing(
                f"{self.tool} cannot be run: there is no node in PATH",
                hint="Install Node.js, or give the path that the project uses.",
            )
        loader = self._loader(place.root) if typed else ()
        if not loader and any(word.endswith(_TYPED) for word in words):
            names = ", ".join(name for name, _ in _LOADERS)
            raise ToolMissing(
                f"{self.tool} cannot be run: the project is written in TypeScript, and none of"
                f" {names} is installed",
                hint="Install the one that the project uses, in the project.",
            )
        return UserTool(
            name=self.tool,
            argv=(str(Path(node).absolute()), *loader, str(self.entry), *words),
            folder=self.package,
            url=node_url(place.url, dialect),
        )

    def _loader(self, root: Path) -> tuple[str, ...]:
        for name, options in _LOADERS:
            if installed(root, self.package, name):
                with_paths = name == "ts-node" and installed(root, self.package, _PATHS[0])
                return (*options, *(_PATHS[1] if with_paths else ()))
        return ()


def program_of(place: ToolPlace, tool: str, package: str, entry: str) -> JsProgram:
    """A tool as the project has it installed.

    Args:
        place: where.
        tool: for people.
        package: of npm.
        entry: its program, below the package.

    Raises:
        ToolMissing: it is not installed.
    """
    home = package_of(place.root, place.folder)
    folder = installed(place.root, home, package)
    if folder is None or not (folder / entry).is_file():
        raise ToolMissing(
            f"{tool} is not installed: there is no node_modules/{package}/{entry} in"
            f" {home.relative_to(place.root) if home != place.root else 'the project'} or above it",
            hint="Install the project's own dependencies, as `npm ci` does.",
        )
    return JsProgram(tool, home, folder / entry)


def installed(root: Path, package: Path, name: str) -> Path | None:
    """The folder of an installed package, as node would find it within the project."""
    found = (place / "node_modules" / name for place in _up(root, package))
    return next((folder for folder in found if folder.is_dir()), None)


def is_typed(paths: Sequence[str]) -> bool:
    """Whether one of some files is TypeScript."""
    return any(path.endswith(_TYPED) for path in paths)


def node_url(url: str, dialect: Dialect) -> str:
    """A database as the drivers of Node write it: a URL with a host, a socket in its query."""
    if dialect is Dialect.SQLITE:
        return url.removeprefix("sqlite:")
    if dialect is Dialect.POSTGRESQL:
        return _postgresql(url)
    split = urlsplit(url)
    where = split.netloc if split.hostname else f"{split.netloc}localhost"  # which node insists on
    pairs = [(_SOCKET.get(key, key), value) for key, value in parse_qsl(split.query)]
    return urlunsplit(("mysql", where, split.path, urlencode(pairs), ""))


def _postgresql(url: str) -> str:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value}
    except ProgrammingError:
        return url  # with a parameter that only other clients know; the tool may be one of them
    user, password = (quote(parts.pop(key, ""), safe="") for key in ("user", "password"))
    host, port, name = (parts.pop(key, "") for key in ("host", "port", "dbname"))
    if host.startswith("/"):
        parts["host"], host = host, "localhost"
    who = f"{user}:{password}@" if password else f"{user}@" if user else ""
    where = f"{host or 'localhost'}{f':{port}' if port else ''}"
    query = f"?{urlencode(parts)}" if parts else ""
    return f"postgresql://{who}{where}/{quote(name, safe='')}{query}"


def _up(root: Path, folder: Path) -> Iterator[Path]:
    for place in (folder, *folder.parents):
        yield place
        if place == root:
            return
