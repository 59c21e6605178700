"""Rules for a coding assistant's own settings, so that commands which empty a database are asked about.

A speed bump and not a wall: a rule compares the text of a command, and the same program can be
called by another text, a script or another tool. What an agent cannot get past is the signature.
"""

import difflib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from faber_db.errors import FileUnreadable, PathOutsideProject

NOTE = (
    "These rules are a speed bump, not a wall: they compare the text of a command. What holds is the"
    " signature, and credentials that the agent's account cannot read (`faber-db doctor`)."
)
SERVER = "faber-db"

# What empties or rebuilds a database, as its tool spells it; `*` is anything between.
RESETS = (
    "prisma migrate reset",
    "prisma db push*--force-reset",
    "prisma db push*--accept-data-loss",
    "drizzle-kit push*--force",
    "supabase db reset",
    "alembic downgrade base",
    "alembic * downgrade base",
    "db:drop",  # rails, rake, sequelize
    "db:reset",
    "knex migrate:rollback*--all",
    "typeorm*schema:drop",
    "flyway clean",
    "flyway * clean",
    "manage.py flush",
    "artisan migrate:fresh",
    "artisan db:wipe",
    "dropdb ",
)
# Programs that connect by themselves; refused where they name the host of a protected database.
CONNECTING = ("psql", "pgcli", "pg_restore", "dropdb", "mysql", "mariadb", "mycli", "usql")


class ClientFile(NamedTuple):
    """One settings file as it is to be."""

    path: str  # below the project root
    text: str
    diff: str  # empty: nothing changes


def for_claude(root: Path, hosts: Sequence[str]) -> tuple[ClientFile, ...]:
    """The settings of Claude Code with rules that ask and refuse, and this server for the project.

    Rules are looked for in all three lists, so one that somebody moved stays where it is. Nothing
    else is changed, and the order of what is there is kept.

    Args:
        root: of the project.
        hosts: of the protected databases.

    Raises:
        FileUnreadable: a file is there and is not what its client would read.
        PathOutsideProject: a file is a link that leads out of the project.
    """

    def rules(settings: dict[str, Any]) -> None:
        permissions = _part(settings, "permissions", dict)
        known = {rule for key in ("allow", "ask", "deny") for rule in permissions.get(key) or ()}
        wanted = {"ask": [f"Bash(*{reset}*)" for reset in RESETS]}
        wanted["deny"] = [f"Bash(*{p} *{host}*)" for host in hosts for p in CONNECTING]
        for key, added in wanted.items():
            if new := [rule for rule in added if rule not in known]:
                _part(permissions, key, list).extend(new)

    def server(settings: dict[str, Any]) -> None:
        _part(settings, "mcpServers", dict).setdefault(
            SERVER, {"command": "faber-db", "args": ["serve"]}
        )

    return (_changed(root, ".claude/settings.json", rules), _changed(root, ".mcp.json", server))


def _changed(root: Path, path: str, change: Callable[[dict[str, Any]], None]) -> ClientFile:
    file = root / path
    if not file.resolve().is_relative_to(root.resolve()):
        raise PathOutsideProject(f"{path} is a link that leads out of the project")
    try:
        before = file.read_text("utf-8") if file.exists() else ""
        settings = json.loads(before, object_pairs_hook=_once) if before.strip() else {}
        if not isinstance(settings, dict):
            raise ValueError("it holds no object")
        was = json.dumps(settings)
        change(settings)
    except (OSError, ValueError) as error:
        raise FileUnreadable(
            f"{path} cannot be added to: {error}",
            hint="Mend it first; it is left as it is.",
        ) from error
    if json.dumps(settings) == was:
        return ClientFile(path, before, "")
    indent = re.search(r"\n([ \t]+)\S", before)
    text = json.dumps(settings, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"
    diff = "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            text.splitlines(keepends=True),
            path if before else "/dev/null",
            path,
        )
    )
    return ClientFile(path, text, diff)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice would be lost by writing it back."""
    keys = [key for key, _ in pairs]
    if twice := next((k for k in keys if keys.count(k) > 1), None):
        raise ValueError(f"the key {twice!r} stands twice")
    return dict(pairs)


def _part(whole: dict[str, Any], key: str, kind: type[Any]) -> Any:
    part = whole.setdefault(key, kind())
    if not isinstance(part, kind):
        raise ValueError(f"`{key}` is no {'object' if kind is dict else 'list'}")
    return part
