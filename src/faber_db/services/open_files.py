"""What decides over a release, and is open to this account: program, policy, state, process, root."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from faber_db.config.address import Address, address_of
from faber_db.config.protection import LOOPBACK
from faber_db.config.reference import describe, resolve, split
from faber_db.errors import FaberDbError
from faber_db.services.app import App
from faber_db.services.holes import Hole
from faber_db.services.machine import Listener, Machine, replaceable, there

_MOVE = "An executor under another account has its own: docs/security.md."
_ROOT_GROUPS = ("docker", "lxd", "disk", "libvirt", "incus-admin")
_ASKING_GROUPS = ("sudo", "wheel", "admin")
_SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock", "/var/lib/lxd/unix.socket")


def of_machine(machine: Machine) -> Iterator[Hole]:
    """Ways to become root, which is above everything."""
    if machine.becomes_root():
        yield Hole(
            code="becomes-root",
            text="this account is root, or becomes it without a password",
            hint="Run agents under an account without sudo, or take NOPASSWD out of sudoers.",
        )
    groups = machine.groups()
    for name in (g for g in groups if g in _ROOT_GROUPS):
        yield Hole(
            code="root-by-group",
            text=f"this account is in the group {name}, which is as good as root",
            hint=f"Run agents under an account that is not in {name}.",
        )
    for path in (p for p in _SOCKETS if there(Path(p)) and machine.is_writable(Path(p))):
        yield Hole(
            code="root-by-group",
            text=f"this account can write to {path}, which is as good as root",
            hint="Run agents under an account that cannot.",
        )
    for name in (g for g in groups if g in _ASKING_GROUPS):
        yield Hole(
            code="root-by-group",
            certain=False,
            text=f"this account is in the group {name}: a password typed here makes root of it",
            hint=f"Run agents under an account that is not in {name}.",
        )


def of_own(app: App, backups: Path, machine: Machine) -> Iterator[Hole]:
    """An executor in the caller's process: its files are as open as the account that runs it."""
    yield from _program(machine.programs, machine, "faber-db", _MOVE)
    if app.config_path is not None and replaceable(app.config_path, machine):
        yield Hole(
            code="policy-writable",
            text=f"this account can change {app.config_path}; a weaker policy has to be signed,"
            " but `command:` and `notify` run as whoever runs faber-db",
            hint=_MOVE,
        )
    kind, revoked = split(app.settings.approvers.revoked_keys or "")
    if kind == "file" and replaceable(app.root / revoked, machine):
        yield Hole(
            code="policy-writable",
            text=f"this account can take keys off {revoked}, the list of revoked ones",
            hint=f"chown root {revoked}; chmod 644 {revoked}; the same for its folders.",
        )
    yield from _of_state(app, machine)
    if replaceable(backups, machine):
        yield Hole(
            code="backups-writable",
            text=f"this account can change the backups in {backups}",
            hint=_MOVE,
        )


def _of_state(app: App, machine: Machine) -> Iterator[Hole]:
    """Plans, jobs and trail: in a folder, or in a database whose URL this account is given."""
    if not app.settings.state:
        where = str(app.state_folder) if replaceable(app.state_folder, machine) else ""
    else:
        try:
            resolve(app.settings.state, environ=machine.environ, root=app.root)
            where = f"the database of `state` ({describe(app.settings.state)})"
        except FaberDbError:
            where = ""
    if where:
        yield Hole(
            code="state-writable",
            text=f"this account can change plans, jobs and audit trail in {where}",
            hint=_MOVE,
        )


def of_executor(address: str, machine: Machine) -> Iterator[Hole]:
    """An executor on this machine: its process and its files must be closed to this account."""
    where = address_of(address)
    listener = machine.listener(where.path) if where.path else None
    owner = listener.uid if listener else machine.tcp_owner(where.port) if is_here(where) else None
    if owner == machine.uid:
        yield Hole(
            code="executor-same-account",
            text=f"the executor at {address} runs under this very account",
            hint="Run it under an account of its own: docs/security.md.",
        )
    if listener is None or owner == machine.uid:
        return  # not on this machine, or it cannot be reached, which is told elsewhere
    if listener.is_open:
        yield Hole(
            code="executor-process-open",
            text=f"this account can read the memory or variables of process {listener.pid}",
            hint="Set kernel.yama.ptrace_scope to 1 or more, and run agents without capabilities.",
        )
    yield from _of_listener(listener, machine)


def is_here(address: Address) -> bool:
    """Whether an https address is plainly on this machine."""
    return address.host in LOOPBACK or address.host.startswith("127.")


def _of_listener(listener: Listener, machine: Machine) -> Iterator[Hole]:
    """By its command line: the interpreter and the package it runs, and the configuration it reads."""
    words = listener.command
    if not words:
        return
    close = "Install it where only root or its own account writes."
    yield from _program(_programs_of(words), machine, "the executor", close)
    config = Path("/etc/faber-db/executor.json")
    if "--config" in words[:-1]:
        config = Path(words[words.index("--config") + 1])
    if config.is_absolute() and replaceable(config, machine):
        yield Hole(
            code="policy-writable",
            text=f"this account can change the executor's {config}",
            hint=f"chown root {config}; chmod 644 {config}; the same for its folders.",
        )


def _programs_of(words: Sequence[str]) -> list[Path]:
    """Interpreter, script, and the environment that they belong to."""
    found = [Path(word) for word in words[:2] if word.startswith("/")]
    return [*found, *(p.parent.parent / "lib" for p in found if p.parent.name == "bin")]


def _program(paths: Sequence[Path], machine: Machine, whose: str, hint: str) -> Iterator[Hole]:
    found = [path for path in dict.fromkeys(paths) if there(path) and replaceable(path, machine)]
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Hole(
            code="program-writable",
            text=f"this account can change what {whose} runs from: {found[0]}{more}",
            hint=hint,
        )
