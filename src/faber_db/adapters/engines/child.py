"""Programs as children that die with us, in an environment that holds nothing of ours."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO

# Run by a fresh interpreter, since code between fork and exec is not safe in a process with
# threads. Arguments: signal at the parent's death, its pid, uid ("" stays, "ns" is a user
# namespace), gid, then the program. The order matters: a change of user clears the death signal.
_LAUNCHER = """
import ctypes, os, sys
signal, parent, uid, gid = sys.argv[1:5]
libc = ctypes.CDLL(None, use_errno=True)
if uid == "ns":
    if libc.unshare(0x10000000):
        sys.exit("no user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", "65534 0 1"), ("gid_map", "65534 0 1")):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
elif uid:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
if sys.platform == "linux":
    libc.prctl(1, int(signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the parent is gone")
os.execv(sys.argv[5], sys.argv[5:])
"""


def launched(
    argv: Sequence[str], *, death_signal: signal.Signals, uid: str = "", gid: str = ""
) -> list[str]:
    """The command that runs `argv` such that it gets a signal when the calling thread ends."""
    head = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    return [*head, str(int(death_signal)), str(os.getpid()), uid, gid, *argv]


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a program needs and nothing else; no `PG*` or `MYSQL*` of ours reaches it."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **kept, **(more or {})}


def run(
    argv: Sequence[str],
    *,
    more: Mapping[str, str] | None = None,
    output: IO[bytes] | int = subprocess.DEVNULL,
    source: IO[bytes] | int = subprocess.DEVNULL,
    watch: Callable[[], bool] = lambda: True,
    every: float = 0.5,
) -> tuple[int | None, str]:
    """Run a program to its end; its exit code and the end of what it wrote to standard error.

    Args:
        argv: absolute path and arguments, without any secret.
        more: variables besides those of a clean environment.
        output: a file that takes what it writes to standard output.
        source: a file that it reads as its standard input.
        watch: asked every so many seconds; False ends the program, whose exit code is None then.
        every: seconds.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 - absolute path, no shell
            launched(argv, death_signal=signal.SIGTERM),
            stdin=source,
            stdout=output,
            stderr=errors,
            env=clean_environment(more),
            start_new_session=True,  # a Ctrl-C at the terminal is ours to handle
        )
        code: int | None = None
        try:
            code = _wait(process, watch, every)
        finally:
            _end(process)
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4000))
        return code, errors.read().decode(errors="replace").strip()


def _wait(
    process: "subprocess.Popen[bytes]", watch: Callable[[], bool], every: float
) -> int | None:
    while True:
        try:
            return process.wait(every)
        except subprocess.TimeoutExpired:
            if not watch():
                return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
