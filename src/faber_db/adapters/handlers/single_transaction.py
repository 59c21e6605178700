"""Whether a migration stands or falls as one."""

import re

from faber_db.model.migration import Migration
from faber_db.sql.mysql_transactions import commits_itself
from faber_db.sql.script import Script

_CONTROL = re.compile(r"(?i)(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|PREPARE)\b")


def is_one(migration: Migration, script: Script) -> bool:
    """True only where its runner puts everything into one transaction and nothing breaks it up."""
    return migration.wrap and all(
        statement.transactional
        and not commits_itself(statement)
        and not _CONTROL.match(statement.text.lstrip())
        for statement in script.statements
    )
