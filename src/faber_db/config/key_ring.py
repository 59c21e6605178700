"""`keyring:SERVICE/NAME`: a secret from the system's key ring, through the package `keyring`."""

import threading
from typing import TYPE_CHECKING

from faber_db.errors import SecretUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SECONDS = 10  # a key ring may ask a person to unlock it; nobody waits longer for that
_NO_RING = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
_EXTRA_HINT = "Install the extra: pip install 'faber-db[keyring]'."


def password(reference: str) -> str:
    """The entry of a service and a name; the last slash divides them.

    Raises:
        SecretUnavailable: no package, no key ring that keeps secrets, no such entry, or no answer.
            Nothing of the secret is in any message.
    """
    service, _, name = reference.rpartition("/")
    try:
        import keyring
    except ImportError as error:
        raise SecretUnavailable("the package keyring is not installed", hint=_EXTRA_HINT) from error
    rings = _rings(keyring.get_keyring())
    if not rings:
        raise SecretUnavailable(
            "there is no key ring here that keeps secrets",
            hint="Start the key ring of your desktop or system, or use env:NAME or file:PATH.",
        )
    for ring in rings:
        if found := _asked(ring, service, name):
            return found
    raise SecretUnavailable(
        f"the key ring holds nothing for {service}/{name}",
        hint=f"Put the URL there: `keyring set {service} {name}`.",
    )


def _rings(ring: "KeyringBackend") -> list["KeyringBackend"]:
    """The one that was chosen, or the several that it asks; none that keeps text in the open."""
    several = getattr(ring, "backends", [ring])
    return [one for one in several if not type(one).__module__.startswith(_NO_RING)]


def _asked(ring: "KeyringBackend", service: str, name: str) -> str:
    from keyring.errors import KeyringError

    found: list[str] = []
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            found.append(ring.get_password(service, name) or "")
        except (KeyringError, OSError, RuntimeError) as error:
            failed.append(error)

    thread = threading.Thread(target=ask, daemon=True)  # left behind where a prompt stays open
    thread.start()
    thread.join(SECONDS)
    if failed:
        raise SecretUnavailable(
            f"the key ring gave nothing for {service}/{name} ({type(failed[0]).__name__})",
            hint="Unlock the key ring, and try `keyring get` with the same words.",
        ) from None  # the chained error may say more than a name
    if not found:
        raise SecretUnavailable(
            f"the key ring did not answer within {SECONDS} s",
            hint="Unlock it first: it may wait for a password.",
        )
    return found[0].strip()
