"""A new migration file of Django's that runs given SQL."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from faber_db.adapters.handlers.django_files import DjangoMigration
from faber_db.adapters.handlers.naming import slug_of
from faber_db.adapters.handlers.reading import has_statements
from faber_db.adapters.handlers.sql_pieces import pieces
from faber_db.errors import InputError
from faber_db.model.migration import SourceFile

_FILE = """# {date}

from django.db import migrations


class Migration(migrations.Migration):
{atomic}    dependencies = {needs}

    operations = [
        migrations.RunSQL(
            [
{up}
            ],
            {back},
        ),
    ]
"""
_NEW_APP = "main"


def new_migration(
    name: str,
    up: str,
    down: str,
    *,
    now: datetime,
    existing: Sequence[DjangoMigration],
    wrap: bool,
) -> SourceFile:
    """The file of the next migration of an app; `APP: words` says of which.

    Raises:
        InputError: there are several apps, and none is named.
    """
    apps = {m.app: m.path.rpartition("/")[0] for m in existing}
    app, _, words = name.rpartition(":")
    if not app:
        if len(apps) > 1:
            raise InputError(
                "there are several apps, and a migration belongs to one",
                hint=f"Begin its name with one: `APP: {words.strip()}` ({', '.join(sorted(apps))}).",
            )
        app = next(iter(apps), _NEW_APP)
    folder = apps.get(app.strip(), f"{app.strip()}/migrations")
    own = [m for m in existing if m.app == app.strip()]
    replaced = {v for m in own for v in m.replaces}
    needed = {v for m in own for v in m.needs} | replaced
    ends = [m.version.partition(".")[2] for m in own if m.version not in needed]
    numbers = [int(n[0]) for m in own if (n := re.match(r"\d+", m.version.partition(".")[2]))]
    version = f"{max(numbers, default=0) + 1:04}_{slug_of(words)}"
    back = f"reverse_sql=[\n{_listed(down)}\n            ]" if has_statements(down) else "None"
    text = _FILE.format(
        date=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        atomic="" if wrap else "    atomic = False\n",
        needs=[(app.strip(), end) for end in ends],
        up=_listed(up),
        back=back,
    )
    return SourceFile(f"{folder}/{version}.py", text.encode())


def _listed(sql: str) -> str:
    return "\n".join(f"                {piece!r}," for piece in pieces(sql))
