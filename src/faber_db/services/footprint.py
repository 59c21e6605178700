"""Every file and database object of ours: what `docs/uninstall.md` removes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from faber_db.config.address import address_of
from faber_db.config.executor import ExecutorSettings
from faber_db.config.reference import describe
from faber_db.errors import FaberDbError
from faber_db.model.finding import Frozen
from faber_db.services.app import App, Database, Environment
from faber_db.services.client_rules import RESETS
from faber_db.services.machine import Machine, lines_of, there


class Footprint(Frozen):
    """One file, folder or database object of ours."""

    place: str  # "state folder", "marker in production"
    what: str
    exists: bool | None  # None: could not look


def footprint(app: App, databases: Sequence[Database], machine: Machine) -> Iterator[Footprint]:
    """All of it, whether it is there or not. A database that cannot be reached is not looked at."""
    if app.config_path is not None:
        yield Footprint(place="configuration", what=str(app.config_path), exists=True)
    backups = app.settings.backups.folder
    for place, path in (
        ("state and audit trail", app.state_folder),
        ("backups", Path(backups) if backups else app.state_folder / "backups"),
        ("keys of approvers", machine.keys_folder),
        ("empty servers to copy", machine.cache_folder),
    ):
        yield Footprint(place=place, what=str(path), exists=there(path))
    if isinstance(app.settings, ExecutorSettings):
        for path in (Path(a.path) for a in map(address_of, app.settings.listen) if a.path):
            yield Footprint(place="socket of the executor", what=str(path), exists=there(path))
    if app.settings.state:
        what = f"schema faber_db_state, {describe(app.settings.state)}"
        yield Footprint(place="state in a database", what=what, exists=None)
    for path in (app.root / ".mcp.json", app.root / ".claude" / "settings.json"):
        ours = any("faber-db" in t or RESETS[0] in t for _, t in lines_of(path, machine))
        yield Footprint(place="client settings", what=str(path), exists=ours)
    for database in databases:
        for environment in database.environments.values():
            yield from _in_database(database, environment)


def _in_database(database: Database, environment: Environment) -> Iterator[Footprint]:
    objects = {
        "postgresql": "schema faber_db",
        "sqlite": "tables _faber_db_marker, _faber_db_used",
        "mysql": "tables _faber_db_marker, _faber_db_used",
    }.get(database.engine.name, "tables _faber_db_*")
    ledger = ", ".join(database.handler.ledger_tables)
    ours = database.handler.name == "sql"  # other formats share the ledger of their own tool
    marked: bool | None = None
    recorded: bool | None = None
    if environment.settings.url is not None:
        with suppress(FaberDbError):  # shown as not looked at; the error stands above
            url = environment.resolve_url()
            with database.engine.connect(url, limits=environment.limits, read_only=True) as session:
                marked = session.read_marker() is not None
                recorded = bool(database.handler.ledger(session))
    yield Footprint(place=f"marker in {environment.name}", what=objects, exists=marked)
    yield Footprint(
        place=f"ledger in {environment.name}",
        what=ledger if ours else f"{ledger} (of {database.handler.name} itself)",
        exists=recorded,
    )
