"""A new revision file that runs given SQL."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from faber_db.adapters.handlers.alembic_files import ESCAPED, PARAMETER
from faber_db.adapters.handlers.naming import slug_of
from faber_db.adapters.handlers.reading import has_statements
from faber_db.adapters.handlers.sql_pieces import pieces
from faber_db.errors import MigrationOutOfOrder
from faber_db.model.migration import SourceFile

_DDL = "sa.DDL"
_FILE = '''"""{title}

Revision ID: {revision}
Revises: {revises}
Create Date: {date}
"""

from alembic import op
{imports}
revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
{up}


def downgrade() -> None:
{down_body}
'''


def new_revision(
    name: str, up: str, down: str, *, now: datetime, heads: Sequence[str], folder: str, wrap: bool
) -> SourceFile:
    """The file of a revision after the one head.

    Raises:
        MigrationOutOfOrder: there are several heads.
    """
    if len(heads) > 1:
        raise MigrationOutOfOrder(
            f"a new revision would come after one of {len(heads)} heads: {', '.join(heads)}",
            hint=f"Join them first: `alembic merge -m merge {' '.join(heads)}`.",
        )
    revision, slug = secrets.token_hex(6), slug_of(name)
    before = heads[0] if heads else None
    bodies = _body(up, wrap), _body(down, wrap=True) if has_statements(down) else "    pass"
    text = _FILE.format(
        imports="import sqlalchemy as sa\n" if any(f"({_DDL}(" in b for b in bodies) else "",
        title=slug.replace("_", " "),
        revision=revision,
        revises=before or "",
        date=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        down=before,
        up=bodies[0],
        down_body=bodies[1],
    )
    path = f"{folder}/{revision}_{slug}.py" if folder else f"{revision}_{slug}.py"
    return SourceFile(path, text.encode())


def _body(sql: str, wrap: bool) -> str:
    indent = "    " if wrap else "        "
    lines = [f"{indent}op.execute({_argument(piece)})" for piece in pieces(sql)]
    if not lines:
        return "    pass"
    return "\n".join(lines if wrap else ["    with op.get_context().autocommit_block():", *lines])


def _argument(sql: str) -> str:
    """A plain text, where SQLAlchemy takes it as it stands: it would take a `:word` for a parameter."""
    if PARAMETER.search(sql) or ESCAPED.search(sql):
        return f"{_DDL}({_quoted(sql.replace('%', '%%'))})"
    return _quoted(sql)


def _quoted(sql: str) -> str:
    """A Python literal that people can read: over several lines, where it has them."""
    if "\n" not in sql or "\\" in sql or '"""' in sql or sql.endswith('"') or "\r" in sql:
        return repr(sql)
    return f'"""{sql}"""'
