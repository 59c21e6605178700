"""A named place for throw-away databases has to be none that matters."""

from collections.abc import Iterable
from pathlib import Path

from faber_db.config.protection import place_of
from faber_db.errors import FaberDbError, ShadowUnavailable
from faber_db.model.target import TargetIdentity
from faber_db.services.app import Environment
from faber_db.services.ports import Engine

_OF_SERVER = ("system_identifier", "server_uuid", "server_uid")


def require_apart(
    url: str, engine: Engine, environments: Iterable[Environment], root: Path
) -> None:
    """Let no throw-away database be made beside a protected one, or in an environment's own name.

    Servers are compared by what they say of themselves, and by their addresses; a protected
    environment that cannot be asked is compared by its address alone.

    Raises:
        ShadowUnavailable: it is such a place.
        ConnectionFailed: the place cannot be reached.
    """
    with engine.connect(url, read_only=True) as session:
        if session.read_marker() is not None:
            raise _refused("carries our marker")
        here = session.identity()
    for environment in environments:
        there = _asked(engine, environment)
        same_place, same_server = _addresses(url, environment, root)
        if there is not None:
            same_server = same_server or _is_one_server(here, there)
            same_place = same_place or here.server_digest == there.server_digest
        marked = environment.protected or (there is not None and bool(there.marker_id))
        if same_place:
            raise _refused(f"is the database of {environment.name}")
        if same_server and marked:
            raise _refused(f"is on the server of {environment.name}, which is protected")


def _asked(engine: Engine, environment: Environment) -> TargetIdentity | None:
    try:
        with engine.connect(environment.resolve_url(), read_only=True) as session:
            return session.identity()
    except FaberDbError:
        return None


def _addresses(url: str, environment: Environment, root: Path) -> tuple[bool, bool]:
    """Whether database and server are the same by their URLs."""
    try:
        other = place_of(environment.resolve_url(), root)
    except FaberDbError:
        return False, False
    mine = place_of(url, root)
    return mine is not None and mine == other, bool(mine and other and mine[0] == other[0])


def _is_one_server(one: TargetIdentity, other: TargetIdentity) -> bool:
    mine, theirs = one.parts, other.parts
    return any(mine.get(key) and mine.get(key) == theirs.get(key) for key in _OF_SERVER)


def _refused(why: str) -> ShadowUnavailable:
    return ShadowUnavailable(
        f"no throw-away database: what `shadow` names {why}",
        hint="Name a database on a server that holds nothing else that matters, or `auto`.",
    )
