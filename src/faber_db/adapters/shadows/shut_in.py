"""A program that reaches one server and nothing else on the network."""

import subprocess
import sys
from functools import cache

# Run by a fresh interpreter, since code between fork and exec is not safe in a process with
# threads. The child enters a network of its own, in which there is only the loopback interface,
# listens there, hands the listening socket to its parent and becomes the program. The parent stays
# outside: with its rights it connects each connection to the server's Unix socket.
_LAUNCHER = """
import array, ctypes, fcntl, os, signal, socket, struct, sys, threading
path, port, argv = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
child = os.fork()
if child == 0:
    here.close()
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(0x10000000 | 0x40000000):
        sys.exit("no network namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"),
                       ("gid_map", f"{gid} {gid} 1")):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    there.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                            array.array("i", [listener.fileno()]))])
    listener.close()
    there.close()
    libc.prctl(1, int(signal.SIGKILL), 0, 0, 0)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")
there.close()
_, data, _, _ = here.recvmsg(1, socket.CMSG_SPACE(4))

def copy(source, to):
    try:
        while piece := source.recv(65536):
            to.sendall(piece)
    except OSError:
        pass
    for end, how in ((to, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass

def serve(listener):
    while True:
        taken, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.connect(path)
        for pair in ((taken, server), (server, taken)):
            threading.Thread(target=copy, args=pair, daemon=True).start()

if data:
    number = array.array("i", data[0][2])[0]
    listener = socket.socket(fileno=number)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(name, lambda number, _: os.kill(child, number))
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.stdout.flush()
os._exit(code if code >= 0 else 128 - code)
"""
_SECONDS = 30


def words(socket: str, port: int) -> tuple[str, ...]:
    """What is put before a command so that it finds a server's Unix socket at 127.0.0.1, and no other."""
    return (sys.executable, "-I", "-S", "-c", _LAUNCHER, socket, str(port))


@cache
def obstacle() -> str:
    """Why no program can be shut in on this machine; empty: it can."""
    if sys.platform != "linux":
        return "only Linux has networks of a program's own"
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and text
            [*words("", 1024), sys.executable, "-I", "-S", "-c", ""],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no network of its own can be made: {type(error).__name__}"
    return "" if done.returncode == 0 else "this account may make no network of its own here"
