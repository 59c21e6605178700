"""A real browser with a virtual authenticator, and the page as its own process."""

import os
import re
import signal
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from faber_db.model.passkey import from_base64url
from tests.e2e.project import Project
from tests.passkey_device import Device

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; nothing is downloaded."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail("no chromium: CI must provide it")
        pytest.skip("no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        yield browser
        browser.close()


@dataclass
class Served:
    """`faber-db approve --web` of one project."""

    port: int

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def url(self, path: str = "") -> str:
        return f"{self.origin}/approvals{path}"


@contextmanager
def served(project: Project, port: int = 0) -> Iterator[Served]:
    """The page as a person starts it, in a process of its own."""
    port = port or free_port()
    process = subprocess.Popen(
        project.command("approve", "--web", "--port", str(port)),
        cwd=project.root,
        env=project.environ | {"DISPLAY": "", "WAYLAND_DISPLAY": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        line = process.stdout.readline()  # it listens when it says where
        assert re.match(rf"http://localhost:{port}/approvals\b", line), line
        yield Served(port)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert "Traceback" not in rest, rest
    assert process.returncode == 0, rest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Authenticator:
    """A device that answers by itself, as if somebody touched it."""

    session: CDPSession
    id: str

    def holds(self, device: Device) -> None:
        """It has this passkey, as if it had been made in it."""
        secret = device.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        credential = {
            "credentialId": b64encode(from_base64url(device.credential_id)).decode(),
            "isResidentCredential": False,
            "rpId": device.rp_id,
            "privateKey": b64encode(secret).decode(),
            "signCount": 1,
        }
        self.session.send(
            "WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential}
        )

    def verifies(self, *, user: bool) -> None:
        """Whether it finds that the person is the right one from now on."""
        self.session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": user}
        )


def authenticator(tab: Page) -> Authenticator:
    """Plug one in, for this tab."""
    session = tab.context.new_cdp_session(tab)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return Authenticator(session, made["authenticatorId"])


@dataclass
class Watched:
    """A tab, and what went wrong in it."""

    tab: Page
    problems: list[str]


def watched(context: BrowserContext, origin: str) -> Watched:
    """A new tab; complaints of the console and requests to anywhere else are noted."""
    found = Watched(context.new_page(), [])

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.problems.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:")):
            found.problems.append(f"asks {request.url}")

    found.tab.on("console", said)
    found.tab.on("pageerror", lambda error: found.problems.append(str(error)))
    found.tab.on("request", asked)
    return found
