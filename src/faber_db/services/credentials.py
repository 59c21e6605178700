"""Files that hold a credential: new, for one account alone, and never written over."""

import os
import stat
from pathlib import Path

from faber_db.errors import FileUnreadable


def own_folder(folder: Path) -> Path:
    """A folder of this account that nobody else may enter; made where it is not there.

    Raises:
        FileUnreadable: it cannot be made, or is somebody else's, open to others or a link.
    """
    try:
        for made in (folder.parent, folder):
            made.mkdir(mode=0o700, exist_ok=True)
            found = made.lstat()
            if (
                not stat.S_ISDIR(found.st_mode)
                or found.st_uid != os.geteuid()
                or found.st_mode & 0o077
            ):
                raise FileUnreadable(
                    f"{made} is not a folder of this account alone",
                    hint="Take it away, or give it to this account with mode 0700.",
                )
    except OSError as error:
        raise FileUnreadable(f"{folder} cannot be made ({error.strerror})") from error
    return folder


def write_new(file: Path, url: str) -> Path:
    """A new file with one URL, for this account alone, on the disk before this returns.

    Raises:
        FileUnreadable: it is there already, or cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(f"{url}\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise FileUnreadable(
            f"{file} cannot be written ({error.strerror})",
            hint="Take it away, or name another folder: no credential is overwritten.",
        ) from error
    return file
