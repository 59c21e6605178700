"""Keys and who may approve: make a key, hand its public half over, pin the first approver of a target.

No tool of the MCP side calls any of this.
"""

import os
from pathlib import Path

from pydantic import SecretStr

from faber_db.errors import FileUnreadable, InputError, KeyExists
from faber_db.model.answer import Answer, Details
from faber_db.model.approver_change import ApproverChange
from faber_db.services.app import App
from faber_db.services.approve import keys_of
from faber_db.services.ports import PublicKey


class ProtectDetails(Details):
    """A target that is protected from now on."""

    environment: str
    target_id: str
    approver: str
    key_id: str
    signer: str = ""
    fingerprint: str = ""


class KeyDetails(Details):
    """A public key of this account, as it may be handed over."""

    approver: str
    key_id: str
    signer: str
    public_key: str
    fingerprint: str
    file: str = ""


def has_key(app: App, approver: str) -> bool:
    """Whether this account holds a passphrase key of that name."""
    return _own(app, approver) is not None


def own_key(app: App, approver: str, passphrase: SecretStr) -> PublicKey:
    """This account's passphrase key of that name, opened once; made where there is none.

    Raises:
        PassphraseWrong: it exists and has another passphrase.
        InputError: the name or the new passphrase is not acceptable.
    """
    known = _own(app, approver)
    if known is None:
        return keys_of(app).create(approver, passphrase.get_secret_value())
    keys_of(app).unlock(approver, passphrase.get_secret_value())
    return known


def read_key(app: App, file: Path, approver: str) -> PublicKey:
    """A public key that somebody handed over; `approver` is whose it is from now on.

    Raises:
        FileUnreadable, InputError, KeyUnprotected.
    """
    key = keys_of(app).read(file, approver)
    if not key.approver:
        raise InputError("whose key is it", hint="Say so with --as NAME.")
    return key


def key(app: App, approver: str, *, export: Path | None = None) -> Answer[KeyDetails]:
    """Show the public half of a key of this account, and write it into a new file.

    Raises:
        InputError: this account has no such key.
        KeyExists: the file is there already.
    """
    found = _own(app, approver)
    if found is None:
        raise InputError(f"this account holds no key for {approver}")
    if export is not None:
        _write_new(export, keys_of(app).written(found))
    details = KeyDetails(
        approver=found.approver,
        key_id=found.key_id,
        signer=found.signer,
        public_key=found.public_key,
        fingerprint=found.fingerprint,
        file=str(export) if export else "",
    )
    return Answer(message=f"the key of {approver}", details=details)


def protect(app: App, *, environment: str, database: str, key: PublicKey) -> Answer[ProtectDetails]:
    """Mark a target as protected and pin its first approver.

    Raises:
        KeyExists: the target is protected already.
    """
    found = app.database(database)
    where = found.environment(environment)
    change = ApproverChange(
        action="add", approver=key.approver, signer=key.signer, public_key=key.public_key
    )
    change.check()
    marker = app.executor.protect(database=found.name, environment=where.name, key=key)
    return Answer(
        message=f"{where.name} is protected; {key.approver} approves its changes",
        details=ProtectDetails(
            environment=where.name,
            target_id=marker.target_id,
            approver=key.approver,
            key_id=key.key_id,
            signer=key.signer,
            fingerprint=key.fingerprint,
        ),
    )


def _own(app: App, approver: str) -> PublicKey | None:
    return next((k for k in keys_of(app).keys() if k.approver == approver), None)  # noqa: SIM118 not a dict


def _write_new(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file.expanduser(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError as error:
        raise KeyExists(f"{file.name} is there already", hint="Choose another name.") from error
    except OSError as error:
        raise FileUnreadable(f"{file.name} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
