"""Dump a database with the server's own tool, and read a dump whole."""

from pathlib import Path
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql import binaries, child
from faber_db.adapters.engines.postgresql.address import Address, conninfo
from faber_db.adapters.engines.postgresql.connect import raw
from faber_db.errors import BackupDamaged, BackupFailed, BackupToolMissing, Cancelled
from faber_db.services import ports

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_FIRST_WITH_ZSTD = 16
_LOCK_WAIT = "60s"  # a dump reads; it waits for no ALTER TABLE longer than that


def dump(
    address: Address, file: Path, *, progress: ports.Progress, cancelled: ports.Cancelled
) -> ports.DumpInfo:
    """Write an archive in the custom format. Nothing is left of one that failed.

    Raises:
        BackupFailed: the tool failed; the message holds its last line.
        BackupToolMissing: no pg_dump of this server's version or newer, or no pg_restore with it.
    """
    with raw(address) as connection:
        server = connection.info.server_version
        password = password_of(connection)
        label = f"PostgreSQL {server // 10000}.{server % 10000}"
    found = _tools(server // 10000)
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise BackupFailed(
            f"{file.name} cannot be written: {error.strerror}", hint="Check the backup folder."
        ) from error
    done = False
    try:
        for compression in _compressions(found):
            arguments = [
                str(found.folder / "pg_dump"),
                "--format=custom",
                compression,
                f"--lock-wait-timeout={_LOCK_WAIT}",
                "--no-password",
                f"--file={file}",
                f"--dbname={without_secrets(address)}",
            ]
            code, words = child.run(
                arguments,
                password=password,
                watch=lambda: _watch(file, progress, cancelled),
            )
            if code != 1 or not _lacks_zstd(compression, words):
                break
        if code is None:
            raise Cancelled("the backup was cancelled; nothing is kept of it")
        if code != 0 or not file.stat().st_size:
            raise BackupFailed(
                f"pg_dump ended with code {code}: {last_words(words)}",
                hint="Check the role's rights and the free disk space.",
            )
        done = True
    finally:
        if not done:
            file.unlink(missing_ok=True)
    return ports.DumpInfo(
        format="pg_dump custom", tool=f"pg_dump {found.version}", server_version=label
    )


def decode(file: Path) -> None:
    """Read an archive whole: every byte of every table is decompressed and parsed.

    Raises:
        BackupDamaged: the archive cannot be read to its end.
        BackupToolMissing: no pg_restore that knows this archive.
    """
    found = binaries.find("pg_restore")
    if not found:
        raise _no_tool("pg_restore", 0)
    if not file.is_file():
        raise BackupDamaged(f"{file.name} is gone", hint="Use another backup.")
    said = []
    for tool in found:  # a build may lack the compression that another one has
        code, words = child.run([str(tool.folder / "pg_restore"), "--file=/dev/null", str(file)])
        if code == 0:
            return
        said.append(f"pg_restore {tool.version}: {last_words(words)}")
    raise BackupDamaged(
        f"{file.name} cannot be decoded ({'; '.join(said)})",
        hint="Use another backup; `faber-db backup list` shows them.",
    )


def without_secrets(address: Address) -> str:
    """The connection string for a command line, which everybody on the machine can read."""
    kept = {
        key: value
        for key, value in address.parameters.items()
        if key not in ("password", "sslpassword", "passfile", "oauth_client_secret")
        and not key.startswith("scram_")
    }
    return conninfo(Address(kept), application_name="faber-db backup")


def password_of(connection: "Connection") -> str:
    """The password that the connection was really made with, wherever libpq found it."""
    return connection.info.password or ""


def _tools(major: int) -> binaries.Bin:
    found = binaries.for_server("pg_dump", major)
    if found is None or found.tool("pg_restore") is None:
        raise _no_tool("pg_dump and pg_restore", major)
    return found


def _compressions(found: binaries.Bin) -> tuple[str, ...]:
    """By zstd first: 6 times as fast as gzip's default and smaller. A tool may be built without it."""
    if found.major >= _FIRST_WITH_ZSTD:
        return ("--compress=zstd:1", "--compress=1")
    return ("--compress=1",)


def _lacks_zstd(compression: str, words: str) -> bool:
    """pg_dump has no code for this; its words in the C locale: not built with support, or for."""
    return "zstd" in compression and "support" in words and "build" in words


def _watch(file: Path, progress: ports.Progress, cancelled: ports.Cancelled) -> bool:
    if cancelled():
        return False
    if file.exists():
        progress(f"dumped {file.stat().st_size / 1_000_000:.1f} MB")
    return True


def last_words(words: str) -> str:
    lines = words.splitlines() or ["no reason given"]
    errors = [line for line in lines if "error:" in line]
    return (errors or lines)[-1].rpartition("error: ")[2]


def _no_tool(names: str, major: int) -> BackupToolMissing:
    version = f" {major}" if major else ""
    return BackupToolMissing(
        f"{names} for a PostgreSQL{version} server are not installed here",
        hint=f"Install the client package, as postgresql-client{f'-{major}' if major else ''}.",
    )
