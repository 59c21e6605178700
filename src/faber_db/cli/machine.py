"""What `doctor` asks of this machine. Programs are found by their own folders, never by PATH."""

import base64
import binascii
import grp
import os
import site
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from faber_db.services.machine import Listener, Machine

_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin", "/run/wrappers/bin")
_SECONDS = 5
_LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp


def machine(environ: Mapping[str, str] = os.environ) -> Machine:
    """The machine this process runs on."""
    return Machine(
        becomes_root=_becomes_root,
        is_writable=lambda path: os.access(path, os.W_OK),
        is_readable=lambda path: os.access(path, os.R_OK),
        uid=os.geteuid(),
        home=Path(environ.get("HOME") or Path.home()),
        environ=environ,
        keys_folder=_home(environ, "XDG_CONFIG_HOME", ".config") / "keys",
        cache_folder=_home(environ, "XDG_CACHE_HOME", ".cache"),
        groups=_groups,
        programs=_programs(),
        agent_keys=lambda: _agent_keys(environ),
        listener=_listener,
        tcp_owner=_tcp_owner,
    )


def _home(environ: Mapping[str, str], variable: str, default: str) -> Path:
    named = environ.get(variable, "")
    base = Path(named) if named.startswith("/") else Path.home() / default
    return base / "faber-db"


def _programs() -> Sequence[Path]:
    """The interpreter, this package, and where its libraries lie."""
    import faber_db

    package = Path(faber_db.__file__).resolve().parent
    return [Path(sys.executable).resolve(), package, *map(Path, site.getsitepackages())]


def _groups() -> list[str]:
    names = []
    for number in {*os.getgroups(), os.getegid()}:
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            continue  # a group without a name grants nothing we know
    return sorted(names)


def _program(name: str) -> str:
    """Its absolute path in a folder of the system; empty where it is not there."""
    return next((p for f in _FOLDERS if os.access(p := f"{f}/{name}", os.X_OK)), "")


def _asked(
    *command: str, environ: Mapping[str, str]
) -> "subprocess.CompletedProcess[bytes] | None":
    try:
        return subprocess.run(  # noqa: S603 - absolute path, no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _becomes_root() -> bool:
    if os.geteuid() == 0:
        return True
    sudo = _program("sudo")
    asked = _asked(sudo, "-n", "true", environ={"PATH": "/usr/bin:/bin"}) if sudo else None
    return asked is not None and asked.returncode == 0


def _agent_keys(environ: Mapping[str, str]) -> list[bytes]:
    """Public keys of the SSH agent that this process could ask, if there is one."""
    agent, program = environ.get("SSH_AUTH_SOCK", ""), _program("ssh-add")
    asked = _asked(program, "-L", environ={"SSH_AUTH_SOCK": agent}) if agent and program else None
    keys = []
    for line in asked.stdout.splitlines() if asked and asked.returncode == 0 else ():
        words = line.split()
        try:
            keys.append(base64.b64decode(words[1], validate=True))
        except (IndexError, binascii.Error):
            continue  # a message, no key
    return keys


def _listener(path: str) -> Listener | None:
    """Who listens on a socket. Linux tells; elsewhere, and where nobody listens, None."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    size = struct.calcsize("3i")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(path)
            told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    except OSError:
        return None
    pid, uid, _ = struct.unpack("3i", told)
    return Listener(pid=pid, uid=uid, command=_command(pid), is_open=_is_open(pid))


def _tcp_owner(port: int) -> int | None:
    """The account that listens on a port, as Linux lists it; None where that cannot be told."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for row in (r.split() for r in rows):
            if row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port:
                return int(row[7])
    return None


def _command(pid: int) -> tuple[str, ...]:
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(word.decode(errors="replace") for word in text.split(b"\0") if word)


def _is_open(pid: int) -> bool:
    """Whether the variables or the memory of a process open for reading; nothing is read."""
    for name in ("environ", "mem"):
        try:
            with Path(f"/proc/{pid}/{name}").open("rb"):
                return True
        except OSError:
            continue
    return False
