"""`alembic upgrade REVISION` with the project's own Alembic."""

from faber_db.adapters.handlers.alembic_config import Config
from faber_db.adapters.handlers.alembic_files import Revision
from faber_db.adapters.handlers.python_project import library_url, program
from faber_db.adapters.handlers.user_tool import UserTool, run_tool
from faber_db.errors import ToolMissing
from faber_db.model.migration import Migration
from faber_db.services.ports import Session, ToolPlace

_URL = "FABER_DB_TOOL_URL"

# Alembic's own command line. A URL that the configuration holds is replaced in memory, the driver
# that it names kept; one that `env.py` sets comes from the variables that the project reads.
_PROGRAM = f"""
import os, sys
from alembic.config import CommandLine
from sqlalchemy.engine import make_url
class ToOneDatabase(CommandLine):
    def run_cmd(self, config, options):
        given = config.get_main_option("sqlalchemy.url")
        if given:
            url = make_url(os.environ["{_URL}"])
            try:
                old = make_url(given)
            except Exception:
                old = url
            if old.get_backend_name() == url.get_backend_name() and "+" not in url.drivername:
                url = url.set(drivername=old.drivername)
            text = url.render_as_string(hide_password=False)
            config.set_main_option("sqlalchemy.url", text.replace("%", "%%"))
        super().run_cmd(config, options)
ToOneDatabase(prog="alembic").main(sys.argv[1:])
"""


def upgrade(
    session: Session, migration: Migration, place: ToolPlace, config: Config | None
) -> tuple[UserTool, str]:
    """Run it; what was run, and what it said."""
    tool = _tool(place, config, "upgrade", migration.version)
    return tool, run_tool(session, tool, place)


def downgrade(
    session: Session, migration: Migration, place: ToolPlace, config: Config | None
) -> tuple[UserTool, str]:
    """Take it back; as `upgrade`. The one before it may have other branches, which stay."""
    line = migration.line if isinstance(migration, Revision) else ()
    wanted = line[0] if len(line) > 1 else f"{migration.version}@-1"
    tool = _tool(place, config, "downgrade", wanted)
    return tool, run_tool(session, tool, place)


def current(place: ToolPlace, config: Config | None) -> UserTool:
    """What only asks what is applied."""
    return _tool(place, config, "current")


def _tool(place: ToolPlace, config: Config | None, *words: str) -> UserTool:
    if config is None and (place.folder / "alembic.ini").is_file():
        raise ToolMissing(
            f"{place.folder.name}/alembic.ini has no script_location: Flask-Migrate gives it when"
            " its own command runs",
            hint="Write `script_location = %(here)s` into its section [alembic], and have env.py make"
            " the application and push its context where there is none; `flask db` goes on as before.",
        )
    if config is None:
        raise ToolMissing(
            f"no alembic.ini or pyproject.toml of this project names {place.folder.name!r}",
            hint="Alembic needs its `script_location` to lie there.",
        )
    folder = config.file.parent
    program(place, "alembic", folder, tool="Alembic")
    python = program(place, "python", folder, tool="Python")
    where = ["-c", str(config.file)] if config.file.suffix == ".ini" else []
    url = library_url(place.url)
    return UserTool(
        "Alembic",
        (str(python), "-c", _PROGRAM, *where, "-n", config.section, *words),
        folder,
        url=url,
        more={_URL: url},
    )
