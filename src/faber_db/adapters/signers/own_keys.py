"""The keys of the person whose account this is: their passphrase keys, and OpenSSH's where they lie."""

from collections.abc import Mapping
from pathlib import Path

from faber_db.adapters.signers import openssh, public_file
from faber_db.adapters.signers.ed25519 import KeyFolder, UnlockedKey
from faber_db.errors import FileUnreadable
from faber_db.services.ports import PublicKey

_LONGEST = 64 * 1024


class OwnKeys:
    """`services.ports.Keys` over one key folder."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = KeyFolder(folder)
        self._environ = environ

    def keys(self) -> list[PublicKey]:
        return self._folder.keys()

    def create(self, approver: str, passphrase: str) -> PublicKey:
        return self._folder.create(approver, passphrase)

    def unlock(self, approver: str, passphrase: str) -> UnlockedKey:
        return self._folder.unlock(approver, passphrase)

    def ssh(self, file: Path) -> openssh.SshSigningKey:
        return openssh.signing_key(file.expanduser(), self._environ)

    def read(self, file: Path, approver: str) -> PublicKey:
        file = file.expanduser()
        try:
            with file.open("rb") as stream:
                text = stream.read(_LONGEST).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileUnreadable(f"{file.name} cannot be read as a public key") from error
        key = public_file.read(text, approver)
        if file.suffix == ".pub" and key.signer == openssh.SIGNER:
            openssh.require_protected(file)
        return key

    def written(self, key: PublicKey) -> str:
        return public_file.written(key)
