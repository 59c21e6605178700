"""The conversation before a signature: read on, type what is lost, then passphrase or touch."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from faber_db.errors import Cancelled, InputError, PassphraseWrong

if TYPE_CHECKING:  # typing only: these load pydantic
    from faber_db.cli.controlling_terminal import ControllingTerminal
    from faber_db.model.answer import Answer
    from faber_db.model.plan import Plan
    from faber_db.model.target import PinnedApprover
    from faber_db.services.app import App
    from faber_db.services.approve import DecisionDetails
    from faber_db.services.ports import PublicKey, Rendering, SigningKey

    Sign = Callable[[ControllingTerminal], Answer[DecisionDetails]]

TRIES = 3


def chosen(app: "App", plan: "Plan", approver: str, ssh_key: str) -> "Sign":
    """How the person signs: with the key that was named, or with the only one there is.

    Raises:
        InputError: several keys are pinned, and none was named.
        KeyUnknown: the target has not pinned the key.
    """
    from faber_db.services import approve as service

    if ssh_key:
        key, pinned = service.ssh_key(app, plan, Path(ssh_key))
        if approver and approver != pinned.approver:
            raise InputError(f"that key is {pinned.approver}'s, not {approver}'s")
        return lambda terminal: _touched(app, plan, terminal, key, pinned)
    own, pinned = _one(service.own_keys(app, plan, named=approver))
    return lambda terminal: _opened(app, plan, terminal, own, pinned)


def _one(keys: "list[tuple[PublicKey, PinnedApprover]]") -> "tuple[PublicKey, PinnedApprover]":
    if len(keys) > 1:
        names = ", ".join(pinned.approver for _, pinned in keys)
        raise InputError("there are several keys of yours", hint=f"Name one with --as: {names}.")
    return keys[0]


def _opened(
    app: "App",
    plan: "Plan",
    terminal: "ControllingTerminal",
    key: "PublicKey",
    pinned: "PinnedApprover",
) -> "Answer[DecisionDetails]":
    """Sign with a passphrase key."""
    from pydantic import SecretStr

    from faber_db.services import approve as service

    def once() -> "Answer[DecisionDetails]":
        words = f"Passphrase for {pinned.approver}: "
        opened = service.unlock(app, key, SecretStr(terminal.ask_secret(words)))
        return service.sign(app, plan, opened, pinned)

    return _tried(terminal, once)


def _touched(
    app: "App",
    plan: "Plan",
    terminal: "ControllingTerminal",
    key: "SigningKey",
    pinned: "PinnedApprover",
) -> "Answer[DecisionDetails]":
    """Sign with an OpenSSH key: `ssh-keygen` itself asks."""
    from faber_db.services import approve as service

    asks = (
        "touch your security key" if pinned.hardware else "its passphrase, or your agent's question"
    )
    terminal.say(f"OpenSSH signs for {pinned.approver}: {asks}.")
    if not pinned.hardware:
        terminal.say(
            "A key that an agent holds without asking (no `ssh-add -c`) can be used by any program"
            " of this account."
        )
    return _tried(terminal, lambda: service.sign(app, plan, key, pinned))


def _tried(
    terminal: "ControllingTerminal", once: "Callable[[], Answer[DecisionDetails]]"
) -> "Answer[DecisionDetails]":
    for _ in range(TRIES - 1):
        try:
            return once()
        except PassphraseWrong:
            terminal.say("That does not open the key.")
    return once()


def look_closer(app: "App", terminal: "ControllingTerminal", rendering: "Rendering") -> None:
    """Let the person read on, until they go on or leave."""
    plan = rendering.stored.plan
    drifted = any(a.question == "drift" and a.answer != "none" for a in plan.preflight)
    keys = "[t] full text   [a] all statements   " + ("[d] drift   " if drifted else "")
    while True:
        answer = terminal.ask(f"[Enter] go on   {keys}[q] leave: ")
        match answer.strip().lower():
            case "":
                return
            case "t":
                terminal.say(rendering.sql)
            case "a":
                facts = "\n".join(f"{name}: {value}" for name, value in rendering.facts)
                terminal.say(f"{facts}\n\n" + "\n".join(rendering.statements))
            case "d":
                terminal.say(_drift(app, plan))
            case "q":
                raise Cancelled("left without signing")


def _drift(app: "App", plan: "Plan") -> str:
    """What differs from the history now, as the executor sees it."""
    from faber_db.cli.render import drift
    from faber_db.cli.render.page import Page
    from faber_db.errors import FaberDbError
    from faber_db.services import show_drift

    request = show_drift.Request(environment=plan.environment, database=plan.database)
    page = Page()
    try:
        drift.draw(show_drift.run(request, app), page)
    except FaberDbError as error:
        return str(error)
    return page.render()


def confirm(terminal: "ControllingTerminal", rendering: "Rendering") -> None:
    """High risk asks twice: what is lost is typed, or the environment's name where nothing is."""
    words = "This loses data. Type" if rendering.loses else "This is a high risk. Type"
    for name in rendering.to_type:
        if terminal.ask(f"{words} {name} to go on: ").strip() != name.strip():
            raise Cancelled("that is another name; nothing was signed")


def new_passphrase(terminal: "ControllingTerminal", name: str) -> str:
    """The passphrase of a key that is made now, typed twice."""
    terminal.say(
        f"A key for {name} is made. Its passphrase signs every change; no agent may know it."
    )
    first = terminal.ask_secret("New passphrase (8 characters or more): ")
    if terminal.ask_secret("Once more: ") != first:
        raise InputError("the two passphrases differ", hint="Nothing was made; try again.")
    return first
