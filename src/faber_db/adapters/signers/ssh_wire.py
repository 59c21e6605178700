"""Keys and signatures as OpenSSH writes them (RFC 4253 and PROTOCOL.sshsig), read strictly.

This decides which key a signature is by and what it says; whether it holds is for `ssh-keygen`.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from faber_db.errors import InputError

NAMESPACE = "faber-db-approval"
USER_PRESENT = 0x01  # of a security key's flags: somebody touched it
_SMALLEST_RSA = 2048  # bits
_LONGEST = 64 * 1024  # characters of a file or signature
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----"

_SIGNS_AS: dict[str, tuple[str, ...]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ssh-rsa": ("rsa-sha2-256", "rsa-sha2-512"),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "sk-ssh-ed25519@openssh.com": ("sk-ssh-ed25519@openssh.com",),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("sk-ecdsa-sha2-nistp256@openssh.com",),
}
"""By kind of key: the algorithms it may sign with. Certificates and DSA are not among them."""


class Malformed(ValueError):
    """Not what OpenSSH writes."""


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key."""

    kind: str
    blob: bytes

    @property
    def hardware(self) -> bool:
        """Whether a security key holds it, so that signing takes a touch."""
        return self.kind.startswith("sk-")

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(self.blob).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    @property
    def line(self) -> str:
        """As a `.pub` file has it, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class SshSignature:
    """What a signature says of itself."""

    key: bytes  # blob
    namespace: str
    algorithm: str
    flags: int  # of a security key; 0 of others
    blob: bytes

    @property
    def armoured(self) -> str:
        """As `ssh-keygen` reads it."""
        text = base64.b64encode(self.blob).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join([_BEGIN, *lines, _END, ""])


def key_of(blob: bytes) -> SshKey:
    """The key of a public key blob.

    Raises:
        Malformed: another kind, a weak one, or bytes are left over.
    """
    reader = _Reader(blob)
    kind = reader.text()
    match kind:
        case "ssh-ed25519":
            sound = len(reader.string()) == 32
        case "ssh-rsa":
            exponent, modulus = reader.number(), reader.number()
            sound = exponent >= 3 and modulus.bit_length() >= _SMALLEST_RSA
        case "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521":
            sound = kind.endswith(f"-{reader.text()}") and bool(reader.string())
        case "sk-ssh-ed25519@openssh.com":
            sound = len(reader.string()) == 32 and bool(reader.string())
        case "sk-ecdsa-sha2-nistp256@openssh.com":
            sound = reader.text() == "nistp256" and bool(reader.string()) and bool(reader.string())
        case _:
            sound = False
    if not sound:
        raise Malformed("no key that may sign an approval")
    reader.end()
    return SshKey(kind, blob)


def key_of_line(text: str) -> SshKey:
    """The key of a `.pub` file: one line of kind, base64 and comment.

    Raises:
        InputError: anything else.
    """
    words = text.split(None, 2)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(text) > _LONGEST or len(lines) != 1 or len(words) < 2:
        raise InputError(
            "this is no OpenSSH public key", hint="Give the file whose name ends in .pub."
        )
    try:
        key = key_of(base64.b64decode(words[1], validate=True))
    except (binascii.Error, ValueError) as error:
        raise InputError(
            f"a key of this kind cannot sign approvals ({words[0][:40]})",
            hint="Use Ed25519, ECDSA, RSA of 2048 bits or more, or a security key (`-t ed25519-sk`).",
        ) from error
    if key.kind != words[0]:
        raise InputError("the public key is of another kind than its line says")
    return key


def signature_of(text: str) -> SshSignature:
    """What a signature says of itself.

    Raises:
        Malformed: not one as `ssh-keygen -Y sign` writes it, or by an algorithm that its key may
            not use.
    """
    blob = _unarmoured(text)
    reader = _Reader(blob)
    if reader.take(6) != b"SSHSIG" or reader.uint32() != 1:
        raise Malformed("another version")
    key, namespace, reserved = reader.string(), reader.text(), reader.string()
    digest, inner = reader.text(), _Reader(reader.string())
    reader.end()
    if reserved or digest not in ("sha256", "sha512"):
        raise Malformed("another digest")
    algorithm = inner.text()
    inner.string()
    flags = 0
    known = key_of(key)
    if algorithm not in _SIGNS_AS[known.kind]:
        raise Malformed("another algorithm than its key's")
    if known.hardware:
        flags = inner.take(1)[0]
        inner.uint32()  # the device's counter
    inner.end()
    return SshSignature(key, namespace, algorithm, flags, blob)


def is_encrypted(private: str) -> bool:
    """Whether a private key file needs a passphrase.

    Raises:
        Malformed: this is no private key.
    """
    lines = private.strip().splitlines()
    if not lines or "PRIVATE KEY-----" not in lines[0]:
        raise Malformed("no private key")
    if lines[0] != _PRIVATE:
        return "ENCRYPTED" in lines[0] or "Proc-Type: 4,ENCRYPTED" in lines[:3]
    try:
        reader = _Reader(base64.b64decode("".join(lines[1:-1]), validate=True))
    except binascii.Error as error:
        raise Malformed("no private key") from error
    if reader.take(15) != b"openssh-key-v1\0":
        raise Malformed("no private key")
    return reader.text() != "none"


def _unarmoured(text: str) -> bytes:
    lines = text.strip().splitlines()
    if len(text) > _LONGEST or len(lines) < 3 or (lines[0], lines[-1]) != (_BEGIN, _END):
        raise Malformed("no armour")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except ValueError as error:  # binascii.Error, or not ASCII
        raise Malformed("no base64") from error


class _Reader:
    """Fields of the SSH wire format, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        piece = self._data[self._at : self._at + length]
        if len(piece) != length:
            raise Malformed("cut short")
        self._at += length
        return piece

    def uint32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.uint32())

    def text(self) -> str:
        try:
            return self.string().decode("ascii")
        except UnicodeDecodeError as error:
            raise Malformed("no ASCII") from error

    def number(self) -> int:
        return int.from_bytes(self.string(), "big", signed=True)

    def end(self) -> None:
        if self._at != len(self._data):
            raise Malformed("bytes are left over")
