"""Write a file of the project whole, or not at all."""

import os
import tempfile
from pathlib import Path

from faber_db.errors import ConfigExists


def write_whole(file: Path, content: bytes, *, replace: bool) -> None:
    """Write a whole file or none of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(file.stat().st_mode & 0o777 if replace and file.exists() else 0o644)
        if replace:
            part.replace(file)
        else:
            file.hardlink_to(part)  # fails where the file has appeared meanwhile
    except FileExistsError as error:
        raise ConfigExists(f"{file.name} has just been written by somebody else") from error
    finally:
        part.unlink(missing_ok=True)
