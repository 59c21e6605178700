"""OpenSSH keys for the tests: made by the real `ssh-keygen`, or by hand where a device is needed."""

import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if shutil.which("ssh-keygen") is None and not os.environ.get("CI"):
    pytest.skip("openssh-client is not installed", allow_module_level=True)

NAMESPACE = "faber-db-approval"
PASSPHRASE = "a passphrase of the tests"


def new_key(file: Path, kind: str = "ed25519", *, passphrase: str = PASSPHRASE) -> Path:
    """A key pair; its public half."""
    bits = ["-b", "2048"] if kind == "rsa" else []
    command = ["ssh-keygen", "-q", "-t", kind, *bits, "-N", passphrase, "-f", str(file)]
    subprocess.run([*command, "-C", "of the tests"], check=True, timeout=60)
    return file.with_name(f"{file.name}.pub")


def signed(message: bytes, private: Path, folder: Path, namespace: str = NAMESPACE) -> str:
    """What `ssh-keygen` itself signs with an unencrypted key."""
    file = folder / "message"
    file.write_bytes(message)
    file.with_name("message.sig").unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(private), str(file)]
    subprocess.run(command, check=True, timeout=60)
    return file.with_name("message.sig").read_text("ascii")


def string(data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return len(data).to_bytes(4, "big") + data


def armoured(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[i : i + 70] for i in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n"


def raw(signature: str) -> bytes:
    return base64.b64decode("".join(signature.strip().splitlines()[1:-1]))


def line_of(blob: bytes, kind: str) -> str:
    return f"{kind} {base64.b64encode(blob).decode()} of the tests"


class SoftwareDevice:
    """What a security key does, with the key in memory: it signs with flags and a counter."""

    kind = "sk-ssh-ed25519@openssh.com"
    application = b"ssh:"

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        public = self._private.public_key().public_bytes_raw()
        self.blob = string(self.kind) + string(public) + string(self.application)
        self.line = line_of(self.blob, self.kind)

    def signed(self, message: bytes, *, flags: int, namespace: str = NAMESPACE) -> str:
        covered = b"SSHSIG" + string(namespace) + string("") + string("sha512")
        covered += string(hashlib.sha512(message).digest())
        data = hashlib.sha256(self.application).digest() + bytes([flags])
        data += (7).to_bytes(4, "big") + hashlib.sha256(covered).digest()
        inner = string(self.kind) + string(self._private.sign(data))
        inner += bytes([flags]) + (7).to_bytes(4, "big")
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + string(self.blob) + string(namespace)
        return armoured(blob + string("") + string("sha512") + string(inner))


@contextmanager
def agent(folder: Path) -> Iterator[dict[str, str]]:
    """A real agent; the variable that leads to it."""
    socket = folder / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert process.poll() is None
        yield {"SSH_AUTH_SOCK": str(socket)}
    finally:
        process.terminate()
        process.wait(10)


def add_to_agent(private: Path, variables: dict[str, str], *words: str) -> None:
    """Put an unencrypted key into an agent."""
    subprocess.run(
        ["ssh-add", "-q", *words, str(private)],
        env=os.environ | variables,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
