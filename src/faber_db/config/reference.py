"""References to databases: where a URL comes from, so that no secret stands in the file.

`env:NAME`      the environment variable NAME (of the process; no `.env` file is read)
`file:PATH`     a file that holds the URL, unless PATH is a SQLite database: then it is that
                database itself. It is one where the engine is `sqlite`, where its name ends in
                `.db`, `.db3`, `.sqlite` or `.sqlite3`, or where the file begins as SQLite's do
`command:…`     what a command prints; split like a shell would, run without one, 10 s at most
`keyring:SERVICE/NAME`  an entry of the system's key ring
anything else   a URL or the path of a SQLite database, as it stands
"""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator

from faber_db.errors import ConfigError, SecretUnavailable

_SQLITE_SUFFIXES = (".db", ".db3", ".sqlite", ".sqlite3")
_SQLITE_HEADER = b"SQLite format 3\0"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECONDS = 10
_DOTENV_HINT = " It stands in .env, which is not read here: `set -a; . ./.env; set +a` does that."
_LONGEST = 65_536  # bytes of a secret


def _check(text: str) -> str:
    kind, rest = split(text)
    if not rest:
        raise ValueError("an empty reference names no database")
    if kind == "env" and not _NAME.fullmatch(rest):
        raise ValueError("`env:` is followed by the name of an environment variable")
    if kind == "keyring" and not all(rest.rpartition("/")[::2]):
        raise ValueError("`keyring:` is followed by a service, a slash and a name")
    if kind == "command":
        try:
            shlex.split(rest)
        except ValueError as error:
            raise ValueError(f"the command cannot be split into words: {error}") from error
    return text


Reference = Annotated[str, AfterValidator(_check)]


def split(reference: str) -> tuple[str, str]:
    """Kind and the rest: `env`, `file`, `command`, `keyring`, or an empty kind."""
    kind, colon, rest = reference.partition(":")
    if colon and kind in ("env", "file", "command", "keyring"):
        return kind, rest.strip()
    return "", reference.strip()


def resolve(
    reference: str,
    *,
    environ: Mapping[str, str],
    root: Path,
    engine: str = "",
    protected: bool = False,
) -> str:
    """The URL or path that a reference stands for.

    Args:
        reference: as in the configuration.
        environ: of the process; also what a `command:` is run with.
        root: relative paths start here, and so do commands.
        engine: where it is known; `sqlite` makes every `file:` a database.
        protected: then a URL that stands in the file with its password is refused.

    Raises:
        SecretUnavailable: the variable, file, command or key ring gives nothing. Its value, or what a
            command printed, is in no message.
        ConfigError: a literal password of a protected environment.
    """
    kind, rest = split(reference)
    match kind:
        case "env":
            return _variable(rest, environ, root)
        case "file" if not is_database_file(rest, root, engine):
            return _secret_file(rest, root)
        case "command":
            return _printed(rest, environ, root)
        case "keyring":
            from faber_db.config import key_ring

            return _one_line(key_ring.password(rest), f"the key ring's entry {rest}")
        case _:
            if protected and has_password(reference):
                raise ConfigError(
                    "a protected environment's password stands in the configuration file",
                    hint="Put the URL into an environment variable and write env:NAME instead, "
                    "then change the password: it may be in the version history.",
                )
            return reference


def describe(reference: str) -> str:
    """A reference for people, without anything secret: where the value comes from."""
    kind, rest = split(reference)
    match kind:
        case "env":
            return f"environment variable {rest}"
        case "file":
            return f"file {rest}"
        case "command":
            return f"command {_program(rest)}"
        case "keyring":
            return f"key ring entry {rest}"
        case _:
            return "URL in the file" if "://" in reference else f"file {rest}"


def is_database_file(path: str, root: Path, engine: str = "") -> bool:
    """Whether the target of a `file:` reference is a SQLite database and not a secret."""
    bare = path.partition("?")[0]
    if engine == "sqlite" or bare.endswith(_SQLITE_SUFFIXES) or bare.startswith(":memory:"):
        return True
    try:
        with (root / bare).open("rb") as file:
            return file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER
    except OSError:
        return False  # a secret that cannot be read is said where it is read


def has_password(reference: str) -> bool:
    """Whether a literal URL or connection string holds a password. Doubt counts as yes."""
    if split(reference)[0]:
        return False
    try:
        parts = urlsplit(reference)
        query = parse_qs(parts.query)
        found = parts.password is not None or any("password" in key.lower() for key in query)
    except ValueError:
        return True
    return found or re.search(r"(?i)\bpassword\s*=", reference) is not None


def _variable(name: str, environ: Mapping[str, str], root: Path) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SecretUnavailable(
            f"the environment variable {name} is {'empty' if name in environ else 'not set'}",
            hint=f"Set {name} to the URL of the database for this process, and call again."
            + (_DOTENV_HINT if _stands_in_dotenv(name, root) else ""),
        )
    return value


def _stands_in_dotenv(name: str, root: Path) -> bool:
    """Whether `.env` has a line for it; only names are looked at."""
    try:
        text = (root / ".env").read_text(errors="replace")
    except OSError:
        return False
    return re.search(rf"(?m)^[ \t]*(?:export[ \t]+)?{name}[ \t]*=", text) is not None


def _secret_file(path: str, root: Path) -> str:
    try:
        content = (root / path).read_bytes()
        text = content.decode().strip()
    except OSError as error:
        raise SecretUnavailable(
            f"the secret file {path} cannot be read: {error.strerror or 'unreadable'}",
            hint="Make the file, holding the URL of the database and nothing else.",
        ) from error
    except UnicodeDecodeError:
        raise SecretUnavailable(
            f"the secret file {path} is not UTF-8 text",
            hint="It has to hold the URL of the database and nothing else.",
        ) from None  # the chained error would show bytes of the secret
    return _one_line(text, f"the secret file {path}")


def _printed(command: str, environ: Mapping[str, str], root: Path) -> str:
    program = _program(command)
    try:
        done = subprocess.run(  # noqa: S603 -- no shell; the command stands in the user's own file
            shlex.split(command),
            cwd=root,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SecretUnavailable(
            f"the command {program!r} gave no URL within {_SECONDS} s",
            hint="Run it yourself once: it may wait for an answer.",
        ) from None  # the chained error would hold its output
    except OSError as error:
        raise SecretUnavailable(
            f"the command {program!r} cannot be run: {error.strerror or 'unknown reason'}",
            hint="Check its name and the PATH of this process.",
        ) from error
    if done.returncode != 0:
        raise SecretUnavailable(
            f"the command {program!r} ended with {done.returncode}",
            hint="Run it yourself to see why; its output is never shown here.",
        )
    return _one_line(done.stdout.decode(errors="replace").strip(), f"the command {program!r}")


def _one_line(text: str, source: str) -> str:
    if not text or "\n" in text or len(text) > _LONGEST:
        raise SecretUnavailable(
            f"{source} gives {'nothing' if not text else 'more than one line'}",
            hint="It has to give the URL of the database and nothing else.",
        )
    return text


def _program(command: str) -> str:
    words = shlex.split(command)
    return Path(words[0]).name if words else "?"
