"""The file and its folder: may they be written, is there room, does the log shrink."""

from collections.abc import Iterator

from faber_db.checks.base import Check, FileFacts, Measure, Unit

_SMALL = 16_000_000  # below this, room is measured as if the file were so big
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph")


def _writable(facts: FileFacts) -> Iterator[Measure]:
    if not facts.file_writable:
        yield Measure(facts.path, 2, "the file")
    if not facts.folder_writable:
        yield Measure(facts.path, 2, "its folder, where the journal goes,")


def _free(facts: FileFacts) -> Iterator[Measure]:
    yield Measure("", 100.0 * facts.free_bytes / max(facts.size_bytes, _SMALL))


def _log(facts: FileFacts) -> Iterator[Measure]:
    yield Measure("", facts.wal_bytes)


def _network(facts: FileFacts) -> Iterator[Measure]:
    if facts.file_system in _NETWORK:
        yield Measure(facts.path, 1, facts.file_system)


WRITABLE = Check(
    name="writable",
    file=_writable,
    why="This account may not write {detail} of {object}.",
    action="Give the account that deploys the right to write both.",
)
FREE_DISK = Check(
    name="free-disk",
    file=_free,
    unit=Unit.PERCENT,
    low_is_bad=True,
    warning=300,
    critical=100,
    why="The room left, as a share of the database file; a table rebuild and a backup each need 100 %.",
    action="Make room before a deployment.",
)
LOG_SIZE = Check(
    name="log-size",
    file=_log,
    unit=Unit.BYTES,
    warning=64e6,
    critical=1e9,
    why="The write-ahead log is not folded back into the file, so some reader stays open.",
    action="Close long readers, then PRAGMA wal_checkpoint(TRUNCATE)",
)
NETWORK = Check(
    name="network-file-system",
    file=_network,
    why="{object} lies on {detail}, whose locks SQLite cannot rely on.",
    action="Move the file to a local disk.",
)
