"""Dump a database with the server's own tool, and read a dump whole."""

from pathlib import Path

from faber_db.adapters.engines.mysql import clients
from faber_db.adapters.engines.mysql.address import Address
from faber_db.adapters.engines.mysql.connect import raw, rows, server_of
from faber_db.adapters.engines.mysql.faults import translating
from faber_db.adapters.engines.mysql.journal import TABLE as JOURNAL
from faber_db.errors import BackupDamaged, BackupFailed, Cancelled
from faber_db.services import ports

FORMAT = "mariadb-dump"
_WHOLE = (
    "--single-transaction",  # one moment, and no lock on InnoDB's tables
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--no-tablespaces",
)
_LAST = b"-- Dump completed"
_ROWS = b"INSERT INTO `"


def dump(
    address: Address, file: Path, *, progress: ports.Progress, cancelled: ports.Cancelled
) -> ports.DumpInfo:
    """Write SQL that makes the database again. Nothing is left of one that failed.

    Raises:
        BackupFailed: the tool failed; the message holds the number of its error.
        BackupToolMissing: no `mariadb-dump` of this server's version or newer.
        NotSupported: the server is no MariaDB.
    """
    with raw(address) as connection, translating():
        ((version, comment),) = rows(connection, "SELECT @@version, @@version_comment")
        server = server_of(str(version), str(comment))
    client = clients.find("mariadb-dump", server)
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise BackupFailed(
            f"{file.name} cannot be written: {error.strerror}", hint="Check the backup folder."
        ) from error
    done = False
    try:
        with file.open("wb") as output:
            code, words = clients.run(
                client,
                address,
                [*_WHOLE, f"--ignore-table={address.database}.{JOURNAL}", address.database],
                output=output,
                watch=lambda: _watch(file, progress, cancelled),
            )
        if code is None:
            raise Cancelled("the backup was cancelled; nothing is kept of it")
        if code != 0 or not ends_well(file):
            raise BackupFailed(
                f"{client.label} ended with code {code}: {clients.said(words)}",
                hint="Check the free disk space and the account's rights: routines of another account"
                " are shown only to one that may read mysql.proc.",
            )
        done = True
    finally:
        if not done:
            file.unlink(missing_ok=True)
    return ports.DumpInfo(format=FORMAT, tool=client.label, server_version=server.label)


def decode(file: Path) -> None:
    """Read a dump to its end: every line of rows is whole, and the last line is the tool's.

    Raises:
        BackupDamaged: it is gone, cut or no dump.
    """
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.startswith(_ROWS) and line.rstrip().endswith(b"VALUES"):
                    continue  # the rows follow, one a line
                if line.startswith(_ROWS) and not line.rstrip().endswith(b";"):
                    raise _damaged(file, f"line {number} is cut")
                if b"\0" in line:
                    raise _damaged(file, f"line {number} holds a zero byte")
    except OSError as error:
        raise _damaged(file, error.strerror or "it cannot be read") from error
    if not ends_well(file):
        raise _damaged(file, "it does not end as a whole dump does")


def ends_well(file: Path) -> bool:
    """Whether the last line is the one that the tool writes when all went well."""
    with file.open("rb") as text:
        text.seek(max(0, text.seek(0, 2) - 200))
        return text.read().rstrip().rpartition(b"\n")[2].startswith(_LAST)


def _damaged(file: Path, why: str) -> BackupDamaged:
    return BackupDamaged(
        f"{file.name} cannot be read as a dump: {why}",
        hint="Use another backup; `faber-db backup list` shows them.",
    )


def _watch(file: Path, progress: ports.Progress, cancelled: ports.Cancelled) -> bool:
    if cancelled():
        return False
    progress(f"dumped {file.stat().st_size / 1_000_000:.1f} MB")
    return True
