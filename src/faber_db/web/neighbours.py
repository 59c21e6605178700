"""Which account of this machine is at the other end of a connection over loopback (Linux)."""

import ipaddress
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def account_of(client: tuple[str, int], server_port: int) -> int | None:
    """The uid that owns the client's end, as the kernel lists it; None where it is not listed.

    Args:
        client: address and port of the other end, as the connection has them.
        server_port: of our end.
    """
    for table in _TABLES:
        for local, remote_port, uid in _rows(table):
            if local == client and remote_port == server_port:
                return uid
    return None


def can_tell() -> bool:
    """Whether this system says it. Others are not asked, and the documentation says so."""
    return sys.platform == "linux"


def _rows(table: Path) -> Iterator[tuple[tuple[str, int], int, int]]:
    """Local address and port, remote port and uid of every connection (proc(5), /proc/net/tcp)."""
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        words = line.split()
        address, _, port = words[1].partition(":")
        yield (
            (_address(address), int(port, 16)),
            int(words[2].rpartition(":")[2], 16),
            int(words[7]),
        )


def _address(text: str) -> str:
    """Hex in words of the machine's byte order, as an address; of a mapped one its IPv4 part."""
    packed = b"".join(struct.pack("=I", int(text[i : i + 8], 16)) for i in range(0, len(text), 8))
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
