"""Which file this is: device and inode, and the marker it carries."""

import sqlite3
from pathlib import Path

from faber_db.adapters.engines.sqlite import marker
from faber_db.errors import ConnectionFailed
from faber_db.model.target import TargetIdentity


def read(connection: sqlite3.Connection, file: Path) -> TargetIdentity:
    """The identity of an open file; device and inode stay when its content is replaced."""
    found = marker.read(connection)
    try:
        status = file.stat()
    except OSError as error:
        raise ConnectionFailed(
            f"{file.name} is gone while it is open", hint="Somebody removed or renamed the file."
        ) from error
    return TargetIdentity(
        product="sqlite",
        marker_id=found.target_id if found else "",
        parts={"device": str(status.st_dev), "inode": str(status.st_ino), "path": str(file)},
    )
