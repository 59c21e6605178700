"""OpenSSH keys: `ssh-keygen -Y` signs and verifies, also with security keys and an agent.

What verification can see: which key signed, that it is not on the list of revoked ones and, of a
security key, that somebody touched it. What it cannot see: whether a key in a file has a
passphrase, and whether an agent that holds it asks before it signs (`ssh-add -c`). A key that any
program of the account can use is no approval: here an unencrypted file is refused for signing and
for enrolment, as far as it can be found. A key in an agent that does not ask cannot be told from
one in an agent that does.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from faber_db.adapters.signers import ssh_wire
from faber_db.errors import (
    FileUnreadable,
    KeyUnprotected,
    NoTerminal,
    PassphraseWrong,
    SignatureMissing,
    SignerUnavailable,
)
from faber_db.services.ports import PublicKey, Verify

SIGNER = "openssh"
_PLACES = ("/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen", "/opt/homebrew/bin/ssh-keygen")
_SECONDS_TO_VERIFY = 10
_SECONDS_TO_SIGN = 300  # a person looks for their security key
_LONGEST_LIST = 16 * 1024 * 1024
_LONGEST_FILE = 64 * 1024
_HINT_UNPROTECTED = (
    "Give it a passphrase with `ssh-keygen -p`, or use a security key (`-t ed25519-sk`) or a key of"
    " ours (`faber-db approvers key`)."
)


def verifier(revoked: Callable[[], Path | None] = lambda: None) -> Verify:
    """How signatures are checked.

    Args:
        revoked: the list of revoked keys (a KRL, or public keys, a line each), where there is one.

    Returns:
        A function that answers False for anything odd. It raises `SignerUnavailable` only where
        nothing can be checked at all: no `ssh-keygen`, or a list that cannot be read.
    """

    def verify(public_key: str, message: bytes, signature: str) -> bool:
        try:
            key = ssh_wire.key_of(bytes.fromhex(public_key))
            says = ssh_wire.signature_of(signature)
        except ValueError:
            return False
        if says.key != key.blob or says.namespace != ssh_wire.NAMESPACE:
            return False
        if key.hardware and not says.flags & ssh_wire.USER_PRESENT:
            return False
        return _holds(key, message, says, _list_of(revoked()))

    return verify


def _holds(
    key: ssh_wire.SshKey, message: bytes, signature: ssh_wire.SshSignature, revoked: bytes | None
) -> bool:
    with tempfile.TemporaryDirectory(prefix="faber-db-") as name:
        folder = Path(name)
        allowed, signed, list_ = folder / "allowed", folder / "signature", folder / "revoked"
        allowed.write_text(f'approver namespaces="{ssh_wire.NAMESPACE}" {key.line}\n', "ascii")
        signed.write_text(signature.armoured, "ascii")
        command = [program(), "-Y", "verify", "-n", ssh_wire.NAMESPACE, "-I", "approver"]
        command += ["-f", str(allowed), "-s", str(signed)]
        if revoked is not None:
            list_.write_bytes(revoked)
            command += ["-r", str(list_)]
        try:
            done = subprocess.run(  # noqa: S603 absolute path, no shell
                command,
                input=message,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LC_ALL": "C"},
                cwd=folder,
                timeout=_SECONDS_TO_VERIFY,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def program() -> str:
    """The absolute path of `ssh-keygen`, from a fixed list: PATH can be anybody's.

    Raises:
        SignerUnavailable: it is not installed.
    """
    found = next((path for path in _PLACES if os.access(path, os.X_OK)), None)
    if found is None:
        raise SignerUnavailable(
            "ssh-keygen is not installed, so OpenSSH signatures can be neither made nor checked",
            hint="Install it; on Debian and Ubuntu: apt install openssh-client.",
        )
    return found


def _list_of(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SignerUnavailable(
            "the list of revoked keys cannot be read, so no OpenSSH signature counts",
            hint="Mend the file that `approvers.revoked_keys` names.",
        ) from error
    if len(data) > _LONGEST_LIST:
        raise SignerUnavailable("the list of revoked keys is too large to be read")
    return data


def public_key(line: str, approver: str) -> PublicKey:
    """An approver's key from the text of a `.pub` file.

    Raises:
        InputError: it is none, or of a kind that cannot sign approvals.
    """
    return PublicKey.of(approver, ssh_wire.key_of_line(line).blob.hex(), SIGNER)


def is_key(blob: bytes) -> bool:
    """Whether a blob is a public key that may sign approvals."""
    try:
        ssh_wire.key_of(blob)
    except ssh_wire.Malformed:
        return False
    return True


def require_protected(file: Path) -> None:
    """Refuse a key whose private half lies beside its `.pub` file, unencrypted.

    Raises:
        KeyUnprotected.
    """
    public = _public_of(file)
    key = ssh_wire.key_of_line(_text_of(public))
    private = public.with_suffix("")
    if key.hardware or not private.is_file():
        return
    try:
        encrypted = ssh_wire.is_encrypted(_text_of(private))
    except ssh_wire.Malformed as error:
        raise FileUnreadable(f"{private.name} is no private key that can be read") from error
    if not encrypted:
        raise KeyUnprotected(
            f"{private.name} has no passphrase: any program of this account could sign with it",
            hint=_HINT_UNPROTECTED,
        )


@dataclass(frozen=True, slots=True)
class SshSigningKey:
    """A key that `ssh-keygen` signs with: it asks for passphrase, PIN or touch at the terminal."""

    public: PublicKey
    _key: ssh_wire.SshKey
    _file: Path  # the private half where it is there, else the public one
    _environ: Mapping[str, str]

    @property
    def signer(self) -> str:
        return SIGNER

    def sign(self, message: bytes) -> str:
        """The signature, armoured.

        The message lies in a private folder meanwhile. A program of the same account could put
        another one there; then the signature does not hold for ours, and that is said.

        Raises:
            PassphraseWrong, SignatureMissing, SignerUnavailable, NoTerminal.
        """
        with tempfile.TemporaryDirectory(prefix="faber-db-") as name:
            file = Path(name) / "message"
            file.write_bytes(message)
            self._run(file)
            made = file.with_name("message.sig")
            signature = _text_of(made) if made.is_file() else ""
        if not verifier()(self.public.public_key, message, signature):
            raise SignatureMissing(
                "what ssh-keygen signed is not this plan",
                hint="Something else may have been signed: reject what waits, and look at what"
                " runs under your account.",
            )
        return signature

    def _run(self, file: Path) -> None:
        command = [program(), "-q", "-Y", "sign", "-n", ssh_wire.NAMESPACE]
        command += ["-f", str(self._file), str(file)]
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            raise NoTerminal("a signature needs a person at a terminal") from error
        try:
            done = subprocess.run(  # noqa: S603 absolute path, no shell
                command,
                stdin=terminal,
                stdout=terminal,
                stderr=terminal if self._key.hardware else subprocess.PIPE,  # it says when to touch
                env=self._variables(),
                timeout=_SECONDS_TO_SIGN,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SignatureMissing("nothing was signed within five minutes") from error
        finally:
            os.close(terminal)
        if done.returncode != 0:
            raise _why(done.stderr or b"")

    def _variables(self) -> dict[str, str]:
        """No askpass program: a passphrase is typed at the terminal. An agent may ask as it likes."""
        kept = ("HOME", "TERM", "SSH_AUTH_SOCK")
        chosen = {name: self._environ[name] for name in kept if name in self._environ}
        return {"LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never", **chosen}


def _why(said: bytes) -> PassphraseWrong | SignatureMissing:
    words = said.decode("utf-8", "replace").strip()
    if "incorrect passphrase" in words:
        return PassphraseWrong("the passphrase does not open this key")
    last = words.splitlines()[-1] if words else "it says why above"
    return SignatureMissing(
        f"ssh-keygen made no signature: {last[:200]}",
        hint="Is the security key plugged in, and does your agent still hold the key?",
    )


def signing_key(file: Path, environ: Mapping[str, str]) -> SshSigningKey:
    """The key of a `.pub` file, or of the private file beside it. Its approver is not known yet.

    Raises:
        FileUnreadable: there is no public key there.
        InputError: it cannot sign approvals.
        KeyUnprotected: its private half lies there without a passphrase.
        SignerUnavailable: there is no `ssh-keygen`.
    """
    program()
    public = _public_of(file)
    key = ssh_wire.key_of_line(_text_of(public))
    require_protected(public)
    private = public.with_suffix("")
    return SshSigningKey(
        PublicKey.of("", key.blob.hex(), SIGNER),
        key,
        private if private.is_file() else public,
        environ,
    )


def _public_of(file: Path) -> Path:
    return file if file.suffix == ".pub" else file.with_name(f"{file.name}.pub")


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_LONGEST_FILE).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(
            f"{file.name} cannot be read",
            hint="Name the public key, as ~/.ssh/id_ed25519.pub.",
        ) from error
