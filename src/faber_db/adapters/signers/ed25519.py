"""Ed25519 keys, each encrypted with its approver's passphrase.

The passphrase becomes a key by scrypt with N = 2^17 (128 MiB, a good half second), so that
guessing costs; the seed is then sealed with AES-256-GCM. PKCS#8 encryption is not used: its
usual parameters can be guessed against in well under a millisecond.
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faber_db.errors import ApprovalNotSetUp, FileUnreadable, InputError, KeyExists, PassphraseWrong
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import is_approver_name
from faber_db.services.ports import PublicKey

SIGNER = "ed25519"
_SCRYPT_LOG_N = 17
_KEY_HEX, _SIGNATURE_HEX = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{128}")
MINIMUM_PASSPHRASE = 8


@dataclass(frozen=True, slots=True)
class UnlockedKey:
    """A key in memory, for one signature."""

    public: PublicKey
    _seed: bytes

    @property
    def signer(self) -> str:
        return SIGNER

    def sign(self, message: bytes) -> str:
        """The signature, hex."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed).sign(message).hex()


class KeyFolder:
    """The approver's own keys: one file each, 0600 in a 0700 folder, never overwritten."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self) -> list[PublicKey]:
        """By name."""
        files = sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []
        return [_public(_load(file)) for file in files]

    def create(self, approver: str, passphrase: str) -> PublicKey:
        """Make a key.

        Raises:
            KeyExists: there is one of that name.
            InputError: the name or the passphrase is not acceptable.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not is_approver_name(approver):
            raise InputError(
                f"{approver!r} is no name for an approver",
                hint="Use lower-case letters, digits and . _ @ + -",
            )
        if len(passphrase) < MINIMUM_PASSPHRASE:
            raise InputError(f"the passphrase is shorter than {MINIMUM_PASSPHRASE} characters")
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        header: dict[str, object] = {
            "v": 1,
            "approver": approver,
            "key_id": sha256_of(public)[:16],
            "public_key": public.hex(),
            "kdf": {"name": "scrypt", "log_n": _SCRYPT_LOG_N, "r": 8, "p": 1, "salt": salt.hex()},
            "nonce": nonce.hex(),
        }
        sealed = AESGCM(_stretch(passphrase, salt, _SCRYPT_LOG_N)).encrypt(
            nonce, private.private_bytes_raw(), public
        )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(
                self._file(approver), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600
            )
        except FileExistsError as error:
            raise KeyExists(
                f"a key for {approver} exists already", hint="Choose another name, or use that key."
            ) from error
        with os.fdopen(descriptor, "w") as stream:
            json.dump({**header, "sealed": sealed.hex()}, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        return _public(header)

    def unlock(self, approver: str, passphrase: str) -> UnlockedKey:
        """Open a key.

        Raises:
            ApprovalNotSetUp: there is no such key.
            PassphraseWrong: it does not open.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        file = self._file(approver)
        if not file.is_file():
            raise ApprovalNotSetUp(
                f"this account holds no key for {approver}",
                hint="`faber-db protect ENV` makes the first one.",
            )
        stored = _load(file)
        try:
            kdf = stored["kdf"]
            assert isinstance(kdf, dict)  # noqa: S101 the except clause below answers
            key = _stretch(passphrase, bytes.fromhex(kdf["salt"]), int(kdf["log_n"]))
            seed = AESGCM(key).decrypt(
                bytes.fromhex(str(stored["nonce"])),
                bytes.fromhex(str(stored["sealed"])),
                bytes.fromhex(str(stored["public_key"])),
            )
        except InvalidTag as error:
            raise PassphraseWrong("the passphrase does not open this key") from error
        except (KeyError, ValueError, AssertionError) as error:
            raise FileUnreadable(f"the key file of {approver} is damaged") from error
        return UnlockedKey(_public(stored), seed)

    def _file(self, approver: str) -> Path:
        if not is_approver_name(approver):
            raise InputError(f"{approver!r} is no name for an approver")
        return self._folder / f"{approver}.json"


def verify(public_key: str, message: bytes, signature: str) -> bool:
    """Whether `signature` over `message` is by `public_key`; False for anything malformed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not (_KEY_HEX.fullmatch(public_key) and _SIGNATURE_HEX.fullmatch(signature)):
        return False  # `bytes.fromhex` also reads capitals and spaces: more than one spelling
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _stretch(passphrase: str, salt: bytes, log_n: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    if not 14 <= log_n <= 20:
        raise ValueError("scrypt cost out of range")
    return Scrypt(salt=salt, length=32, n=2**log_n, r=8, p=1).derive(passphrase.encode())


def _load(file: Path) -> dict[str, object]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileUnreadable(f"the key file {file.name} cannot be read") from error
    if not isinstance(value, dict) or not {"approver", "key_id", "public_key"} <= set(value):
        raise FileUnreadable(f"the key file {file.name} is damaged")
    return value


def _public(stored: Mapping[str, object]) -> PublicKey:
    return PublicKey(str(stored["approver"]), str(stored["key_id"]), str(stored["public_key"]))
