"""OpenSSH signatures: the real `ssh-keygen` signs and checks; what is odd in any way is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.adapters.signers import openssh, ssh_wire
from faber_db.demo.pseudo_terminal import Finished, Typed, run_on_terminal
from faber_db.errors import FileUnreadable, InputError, KeyUnprotected, SignerUnavailable
from tests.adapters.signers import ssh_keys
from tests.adapters.signers.ssh_keys import PASSPHRASE, SoftwareDevice, armoured, raw, string

MESSAGE = b"faber-db-approval-v1\n{}"
verify = openssh.verifier()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Path:
    """Without a passphrase, so that the tests can sign with it."""
    return ssh_keys.new_key(folder / "plain", passphrase="")


def hex_of(public: Path) -> str:
    return openssh.public_key(public.read_text("utf-8"), "ada").public_key


@pytest.fixture(scope="module")
def good(plain: Path, folder: Path) -> str:
    return ssh_keys.signed(MESSAGE, plain.with_suffix(""), folder)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_what_ssh_keygen_signs_holds(kind: str, tmp_path: Path) -> None:
    public = ssh_keys.new_key(tmp_path / "k", kind, passphrase="")
    signature = ssh_keys.signed(MESSAGE, tmp_path / "k", tmp_path)
    assert verify(hex_of(public), MESSAGE, signature)
    assert not verify(hex_of(public), MESSAGE + b" ", signature)


def test_another_namespace_is_refused(plain: Path, folder: Path) -> None:
    signature = ssh_keys.signed(MESSAGE, plain.with_suffix(""), folder, namespace="git")
    assert not verify(hex_of(plain), MESSAGE, signature)


def test_a_good_signature_of_another_key_is_refused(good: str, tmp_path: Path) -> None:
    other = ssh_keys.new_key(tmp_path / "other", passphrase="")
    assert not verify(hex_of(other), MESSAGE, good)


def swapped_key(signature: str, other: bytes) -> str:
    """The key inside replaced by another one, the rest left as it is."""
    blob = raw(signature)
    length = int.from_bytes(blob[10:14], "big")
    return armoured(blob[:10] + string(other) + blob[14 + length :])


def renamed(signature: str, algorithm: str) -> str:
    """The same bytes, said to be by another algorithm."""
    blob = raw(signature)
    at = blob.index(string("sha512")) + len(string("sha512"))
    inner = blob[at + 4 :]
    assert inner.startswith(string("ssh-ed25519"))
    inner = string(algorithm) + inner[len(string("ssh-ed25519")) :]
    return armoured(blob[:at] + string(inner))


WRONG: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "no armour": lambda s: raw(s).hex(),
    "cut": lambda s: armoured(raw(s)[:-1]),
    "longer": lambda s: armoured(raw(s) + b"\0"),
    "another version": lambda s: armoured(raw(s).replace(b"SSHSIG\0\0\0\1", b"SSHSIG\0\0\0\2")),
    "another magic": lambda s: armoured(raw(s).replace(b"SSHSIG", b"SSHSIH")),
    "another digest": lambda s: armoured(raw(s).replace(b"sha512", b"sha256")),
    "a digest that is none": lambda s: armoured(raw(s).replace(b"sha512", b"sha999")),
    "a flipped bit": lambda s: armoured(raw(s)[:-1] + bytes([raw(s)[-1] ^ 1])),
    "another algorithm": lambda s: renamed(s, "rsa-sha2-512"),
    "an algorithm of a device": lambda s: renamed(s, "sk-ssh-ed25519@openssh.com"),
    "two signatures": lambda s: s + s,
    "padding": lambda s: s.replace("\n-----END", "=\n-----END"),
    "no ASCII": lambda s: s.replace("A", "\uff21", 1),
    "a huge one": lambda s: s.replace("\n-----END", "\n" + "A" * 100_000 + "\n-----END"),
    "a foreign key": lambda s: swapped_key(s, SoftwareDevice().blob),
    "no key": lambda s: swapped_key(s, b""),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_is_odd_does_not_hold(change: Callable[[str], str], plain: Path, good: str) -> None:
    assert verify(hex_of(plain), MESSAGE, good)
    assert not verify(hex_of(plain), MESSAGE, change(good))


@pytest.mark.parametrize("key", ["", "zz", "00", "é", "0" * 64, SoftwareDevice().blob.hex()])
def test_a_key_that_is_none_verifies_nothing(key: str, good: str) -> None:
    assert not verify(key, MESSAGE, good)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    for read in (ssh_wire.key_of, lambda d: ssh_wire.signature_of(armoured(d))):
        with pytest.raises(ssh_wire.Malformed):
            read(data)


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_no_text_crashes_the_reader(text: str) -> None:
    with pytest.raises(InputError):
        ssh_wire.key_of_line(text)
    with pytest.raises(ssh_wire.Malformed):
        ssh_wire.is_encrypted(text)
    assert not verify("00", b"", text)


class TestSecurityKey:
    """No device is needed to check what one signed."""

    def test_a_touched_one_holds(self) -> None:
        device = SoftwareDevice()
        key = openssh.public_key(device.line, "ada").public_key
        for flags in (0x01, 0x05):
            assert verify(key, MESSAGE, device.signed(MESSAGE, flags=flags))
            assert not verify(key, MESSAGE + b"x", device.signed(MESSAGE, flags=flags))

    @pytest.mark.parametrize("flags", [0x00, 0x04])
    def test_an_untouched_one_does_not(self, flags: int, tmp_path: Path) -> None:
        device = SoftwareDevice()
        signature = device.signed(MESSAGE, flags=flags)
        assert not verify(device.blob.hex(), MESSAGE, signature)
        assert ssh_keygen_alone_says_yes(device, signature, tmp_path), "the refusal is ours"

    def test_flags_cannot_be_changed_afterwards(self) -> None:
        device = SoftwareDevice()
        blob = bytearray(raw(device.signed(MESSAGE, flags=0)))
        assert blob[-5] == 0
        blob[-5] = 1
        assert not verify(device.blob.hex(), MESSAGE, armoured(bytes(blob)))


def ssh_keygen_alone_says_yes(device: SoftwareDevice, signature: str, folder: Path) -> bool:
    (folder / "allowed").write_text(f"ada {device.line}\n", "ascii")
    (folder / "sig").write_text(signature, "ascii")
    command = ["ssh-keygen", "-Y", "verify", "-n", ssh_keys.NAMESPACE, "-I", "ada"]
    command += ["-f", str(folder / "allowed"), "-s", str(folder / "sig")]
    return subprocess.run(command, input=MESSAGE, check=False, timeout=60).returncode == 0


class TestRevoked:
    @pytest.fixture
    def krl(self, plain: Path, tmp_path: Path) -> Path:
        file = tmp_path / "krl"
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(file), str(plain)], check=True)
        return file

    def test_a_revoked_key_signs_nothing(self, plain: Path, good: str, krl: Path) -> None:
        assert not openssh.verifier(lambda: krl)(hex_of(plain), MESSAGE, good)

    def test_a_list_of_public_keys_will_do(self, plain: Path, good: str) -> None:
        assert not openssh.verifier(lambda: plain)(hex_of(plain), MESSAGE, good)

    def test_another_key_is_not_concerned(self, plain: Path, good: str, tmp_path: Path) -> None:
        other = ssh_keys.new_key(tmp_path / "other", passphrase="")
        assert openssh.verifier(lambda: other)(hex_of(plain), MESSAGE, good)

    def test_a_list_that_is_gone_stops_everything(self, plain: Path, good: str) -> None:
        gone = openssh.verifier(lambda: plain.with_name("gone"))
        with pytest.raises(SignerUnavailable):
            gone(hex_of(plain), MESSAGE, good)

    def test_a_damaged_list_stops_everything(self, plain: Path, good: str, krl: Path) -> None:
        krl.write_bytes(krl.read_bytes()[:-3])
        assert not openssh.verifier(lambda: krl)(hex_of(plain), MESSAGE, good)
        krl.write_text("no key\n", "utf-8")
        assert not openssh.verifier(lambda: krl)(hex_of(plain), MESSAGE, good)


def test_without_ssh_keygen_it_says_which_package(
    monkeypatch: pytest.MonkeyPatch, plain: Path, good: str
) -> None:
    monkeypatch.setattr(openssh, "_PLACES", ("/nowhere/ssh-keygen",))
    with pytest.raises(SignerUnavailable) as caught:
        verify(hex_of(plain), MESSAGE, good)
    assert "openssh-client" in caught.value.hint


def test_a_program_of_that_name_in_path_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, plain: Path, good: str, tmp_path: Path
) -> None:
    fake = tmp_path / "ssh-keygen"
    fake.write_text("#!/bin/sh\nexit 0\n", "utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert not verify(hex_of(plain), MESSAGE + b"x", good)


# --- public keys -------------------------------------------------------------------------------

NO_KEYS = {
    "empty": "",
    "private": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    "no base64": "ssh-ed25519 !!!!",
    "options": "no-touch-required ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
    "DSA": "ssh-dss AAAAB3NzaC1kc3MAAAAA",
    "a certificate": "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t",
}


@pytest.mark.parametrize("text", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_for_approvals_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        openssh.public_key(text, "ada")


def test_two_keys_are_none(plain: Path) -> None:
    with pytest.raises(InputError):
        openssh.public_key(plain.read_text("utf-8") * 2, "ada")


def test_a_line_that_lies_about_its_kind_is_refused(plain: Path) -> None:
    with pytest.raises(InputError):
        openssh.public_key(plain.read_text("utf-8").replace("ssh-ed25519", "ssh-rsa"), "ada")


def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", str(tmp_path / "k")]
    subprocess.run(command, check=True, timeout=60)
    with pytest.raises(InputError):
        openssh.public_key((tmp_path / "k.pub").read_text("utf-8"), "ada")


def test_the_fingerprint_is_that_of_ssh_keygen(plain: Path) -> None:
    done = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(plain)], capture_output=True, text=True, check=True
    )
    assert ssh_wire.key_of_line(plain.read_text("utf-8")).fingerprint in done.stdout


# --- signing -----------------------------------------------------------------------------------

_SIGN = """
import os, sys
from pathlib import Path
from faber_db.adapters.signers import openssh
from faber_db.errors import FaberDbError
try:
    key = openssh.signing_key(Path(sys.argv[1]), os.environ)
    signature = key.sign(sys.argv[2].encode())
except FaberDbError as error:
    sys.exit(str(error))
Path(sys.argv[3]).write_text(signature, "ascii")
"""


def sign_at_terminal(
    key: Path, out: Path, *answers: Typed, environ: dict[str, str] | None = None
) -> Finished:
    return run_on_terminal(
        [sys.executable, "-c", _SIGN, str(key), MESSAGE.decode(), str(out)],
        answers,
        cwd=out.parent,
        environ={k: v for k, v in os.environ.items() if k != "SSH_AUTH_SOCK"} | (environ or {}),
    )


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
@pytest.mark.parametrize("suffix", ["", ".pub"])
def test_signs_at_the_terminal(kind: str, suffix: str, tmp_path: Path) -> None:
    public = ssh_keys.new_key(tmp_path / "k", kind)
    done = sign_at_terminal(
        tmp_path / f"k{suffix}", tmp_path / "out", Typed("Enter passphrase", PASSPHRASE)
    )
    assert done.exit_code == 0, done.screen
    assert PASSPHRASE not in done.screen
    assert verify(hex_of(public), MESSAGE, (tmp_path / "out").read_text("ascii"))


def test_another_passphrase_does_not_open_it(tmp_path: Path) -> None:
    ssh_keys.new_key(tmp_path / "k")
    done = sign_at_terminal(tmp_path / "k", tmp_path / "out", Typed("Enter passphrase", "wrong"))
    assert "[approval-passphrase]" in done.screen
    assert not (tmp_path / "out").exists()


def test_no_askpass_program_answers(tmp_path: Path) -> None:
    """An agent that has learnt the passphrase still needs a terminal."""
    public = ssh_keys.new_key(tmp_path / "k")
    askpass = tmp_path / "askpass"
    askpass.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\necho '{PASSPHRASE}'\n", "utf-8")
    askpass.chmod(0o755)
    environ = {"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":9"}
    answer = Typed("Enter passphrase", PASSPHRASE)
    done = sign_at_terminal(public, tmp_path / "out", answer, environ=environ)
    assert done.exit_code == 0, done.screen
    assert not (tmp_path / "asked").exists()


def test_without_a_terminal_nothing_is_signed(tmp_path: Path) -> None:
    ssh_keys.new_key(tmp_path / "k")
    done = subprocess.run(
        [sys.executable, "-c", _SIGN, str(tmp_path / "k"), "m", str(tmp_path / "out")],
        input=PASSPHRASE,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
        timeout=60,
    )
    assert "[input-no-terminal]" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "form"),
    [("ed25519", "OpenSSH"), ("rsa", "OpenSSH"), ("rsa", "PEM"), ("rsa", "PKCS8")],
)
def test_a_key_without_a_passphrase_is_no_approval(kind: str, form: str, tmp_path: Path) -> None:
    public = ssh_keys.new_key(tmp_path / "k", kind, passphrase="")
    if form != "OpenSSH":
        change = ["ssh-keygen", "-q", "-p", "-N", "", "-m", form, "-f", str(tmp_path / "k")]
        subprocess.run(change, check=True, stdout=subprocess.DEVNULL)
    with pytest.raises(KeyUnprotected):
        openssh.signing_key(public, {})
    with pytest.raises(KeyUnprotected):
        openssh.require_protected(tmp_path / "k")


@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
def test_another_form_with_a_passphrase_is_known(form: str, tmp_path: Path) -> None:
    public = ssh_keys.new_key(tmp_path / "k", "rsa")
    change = ["ssh-keygen", "-q", "-p", "-P", PASSPHRASE, "-N", PASSPHRASE, "-m", form]
    subprocess.run([*change, "-f", str(tmp_path / "k")], check=True, stdout=subprocess.DEVNULL)
    openssh.require_protected(public)


def test_a_handle_of_a_security_key_needs_no_passphrase(tmp_path: Path) -> None:
    (tmp_path / "k.pub").write_text(SoftwareDevice().line, "ascii")
    (tmp_path / "k").write_text("only a handle", "ascii")
    openssh.require_protected(tmp_path / "k.pub")


def test_a_key_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        openssh.signing_key(tmp_path / "gone", {})
    ssh_keys.new_key(tmp_path / "k")
    (tmp_path / "k").write_text("damaged", "ascii")
    with pytest.raises(FileUnreadable):
        openssh.signing_key(tmp_path / "k", {})


class TestAgent:
    @pytest.fixture
    def held(self, tmp_path: Path) -> Path:
        """A key whose private half is in no file."""
        public = ssh_keys.new_key(tmp_path / "k", passphrase="")
        (tmp_path / "k").rename(tmp_path / "held")
        return public

    def test_a_key_in_an_agent_signs(self, held: Path, tmp_path: Path) -> None:
        with ssh_keys.agent(tmp_path) as variables:
            ssh_keys.add_to_agent(tmp_path / "held", variables)
            done = sign_at_terminal(held, tmp_path / "out", environ=variables)
        assert done.exit_code == 0, done.screen
        assert verify(hex_of(held), MESSAGE, (tmp_path / "out").read_text("ascii"))

    def test_an_agent_that_is_refused_signs_nothing(self, held: Path, tmp_path: Path) -> None:
        """`ssh-add -c` asks by a program, and here there is none that could say yes."""
        with ssh_keys.agent(tmp_path) as variables:
            ssh_keys.add_to_agent(tmp_path / "held", variables, "-c")
            done = sign_at_terminal(held, tmp_path / "out", environ=variables)
        assert "[approval-not-signed]" in done.screen
        assert not (tmp_path / "out").exists()

    def test_an_agent_that_is_gone_is_said(self, held: Path, tmp_path: Path) -> None:
        done = sign_at_terminal(held, tmp_path / "out", environ={"SSH_AUTH_SOCK": "/nowhere"})
        assert "[approval-not-signed]" in done.screen
