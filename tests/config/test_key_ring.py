"""`keyring:` references, over backends that are registered with the package as any other is."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from faber_db.config import key_ring
from faber_db.config.reference import describe, resolve
from faber_db.config.settings import EnvironmentSettings
from faber_db.errors import SecretUnavailable

URL = "postgresql://ada:s3cret@db/shop"


class Ring(KeyringBackend):
    """Keeps its entries in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


def no_ring() -> KeyringBackend:
    ring: KeyringBackend = fail.Keyring()  # type: ignore[no-untyped-call]
    return ring


class Locked(Ring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"locked, and it holds {URL}")


class Asking(Ring):
    """Waits for a person who does not come."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.answered.wait(60)
        return None


class Several(Ring):
    def __init__(self, *backends: KeyringBackend) -> None:
        super().__init__()
        self.backends = list(backends)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def ring() -> Ring:
    made = Ring()
    keyring.set_keyring(made)
    return made


def look(reference: str) -> str:
    return resolve(f"keyring:{reference}", environ={}, root=Path())


def test_an_entry(ring: Ring) -> None:
    keyring.set_password("faber-db", "production", f"{URL}\n")
    keyring.set_password("teams/shop", "production", "postgresql://db/other")
    assert look("faber-db/production") == URL
    assert look("teams/shop/production") == "postgresql://db/other"
    assert describe("keyring:faber-db/production") == "key ring entry faber-db/production"


@pytest.mark.parametrize("entry", ["", "two\nlines", "x" * 70_000], ids=["empty", "lines", "long"])
def test_an_entry_that_is_no_url(ring: Ring, entry: str) -> None:
    keyring.set_password("faber-db", "production", entry)
    with pytest.raises(SecretUnavailable) as caught:
        look("faber-db/production")
    assert caught.value.hint


REFUSED = {
    "no such entry": Ring(),
    "locked": Locked(),
    "none at all": no_ring(),
    "one that keeps nothing": null.Keyring(),  # type: ignore[no-untyped-call]
    "several that keep nothing": Several(no_ring(), no_ring()),
}


@pytest.mark.parametrize("backend", REFUSED.values(), ids=REFUSED)
def test_nothing_to_be_had(backend: KeyringBackend) -> None:
    keyring.set_keyring(backend)
    with pytest.raises(SecretUnavailable) as caught:
        look("faber-db/production")
    assert caught.value.hint
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"


def test_several_are_asked_in_turn(ring: Ring) -> None:
    ring.entries["faber-db", "production"] = URL
    keyring.set_keyring(Several(no_ring(), Ring(), ring))
    assert look("faber-db/production") == URL


def test_one_that_keeps_text_in_the_open(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    ring.entries["faber-db", "production"] = URL
    monkeypatch.setattr(Ring, "__module__", "keyrings.alt.file")
    with pytest.raises(SecretUnavailable, match="no key ring"):
        look("faber-db/production")


def test_one_that_waits_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking()
    keyring.set_keyring(asking)
    monkeypatch.setattr(key_ring, "SECONDS", 0.05)
    with pytest.raises(SecretUnavailable, match="did not answer"):
        look("faber-db/production")
    asking.answered.set()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SecretUnavailable) as caught:
        look("faber-db/production")
    assert "faber-db[keyring]" in caught.value.hint


@pytest.mark.parametrize("reference", ["keyring:shop", "keyring:/name", "keyring:shop/"])
def test_a_reference_names_both(reference: str) -> None:
    with pytest.raises(ValueError, match="a service, a slash and a name"):
        EnvironmentSettings(url=reference)
