"""Who may approve: protect a target, hand a key over, add and take away approvers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, EnvironmentArgument, verb
from faber_db.errors import Cancelled
from faber_db.services.account import account

if TYPE_CHECKING:  # typing only: these load pydantic
    from faber_db.cli.controlling_terminal import ControllingTerminal
    from faber_db.model.approver_change import ApproverChange
    from faber_db.services.ports import PublicKey

PANEL = "Decide"
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the approver.")]
NameOption = Annotated[
    str,
    typer.Option("--as", metavar="NAME", help="Name of the approver; your account's if not given."),
]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def protect(
        call: Call,
        environment: EnvironmentArgument,
        database: DatabaseOption = "",
        approver: NameOption = "",
        key: Annotated[
            str,
            typer.Option(
                "--key",
                metavar="FILE",
                help="Pin this public key: an OpenSSH .pub file, or one of `approvers key --export`.",
            ),
        ] = "",
        adopt_clone: Annotated[
            bool,
            typer.Option(
                "--adopt-clone",
                help="It is a copy of a protected one: propose to make it a target of its own.",
            ),
        ] = False,
    ) -> int:
        """Protect a database once: pin its first approver there. Needs a terminal."""
        from faber_db.cli.controlling_terminal import ControllingTerminal
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve
        from faber_db.services import enrol as service

        if adopt_clone:
            proposed = approve.adopt_clone(
                call.app, environment=environment, database=database, requester=call.requester
            )
            return call.show(proposed, render.decision)
        where = call.app.database(database).environment(environment)
        where.require_here()  # before anybody types anything
        with ControllingTerminal() as terminal:
            if key:
                public = service.read_key(call.app, Path(key), approver)
                _confirm(terminal, public, where.name)
            else:
                public = _own_key(call, terminal, approver or account().lower())
        answer = service.protect(call.app, environment=where.name, database=database, key=public)
        return call.show(answer, render.protected)

    _register_approvers(program)


def _register_approvers(program: typer.Typer) -> None:
    approvers = typer.Typer(help="See and change who may approve.")
    program.add_typer(approvers, name="approvers", rich_help_panel=PANEL)

    @verb(approvers, name="list")
    def list_approvers(
        call: Call, environment: EnvironmentArgument, database: DatabaseOption = ""
    ) -> int:
        """List the approvers that the target itself has pinned."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        answer = service.policy(call.app, environment=environment, database=database)
        return call.show(answer, render.approvers)

    @verb(approvers)
    def key(
        call: Call,
        approver: NameOption = "",
        export: Annotated[
            str,
            typer.Option("--export", metavar="FILE", help="Write the public key into a new file."),
        ] = "",
    ) -> int:
        """Show the public half of your key, for another person to add; make the key if need be."""
        from faber_db.cli.controlling_terminal import ControllingTerminal
        from faber_db.cli.render import decisions as render
        from faber_db.services import enrol as service

        name = approver or account().lower()
        if not service.has_key(call.app, name):
            with ControllingTerminal() as terminal:
                _own_key(call, terminal, name)
        answer = service.key(call.app, name, export=Path(export) if export else None)
        return call.show(answer, render.key)

    @verb(approvers)
    def add(
        call: Call,
        environment: EnvironmentArgument,
        name: NameArgument,
        key: Annotated[
            str,
            typer.Option(
                "--key",
                metavar="FILE",
                help="Their public key: an OpenSSH .pub file, or one of `approvers key --export`.",
            ),
        ],
        asks_from: Annotated[
            list[str] | None,
            typer.Option(
                "--account",
                metavar="ACCOUNT",
                help="An account that they ask for changes from, where it has another name.",
            ),
        ] = None,
        database: DatabaseOption = "",
    ) -> int:
        """Propose an approver, or another key for one; those who are there sign it."""
        from faber_db.model.approver_change import ApproverChange
        from faber_db.services import enrol as service

        public = service.read_key(call.app, Path(key), name)
        change = ApproverChange(
            action="add",
            approver=name,
            signer=public.signer,
            public_key=public.public_key,
            accounts=tuple(asks_from or ()),
        )
        return _propose(call, environment, database, change)

    @verb(approvers)
    def revoke(
        call: Call,
        environment: EnvironmentArgument,
        name: NameArgument,
        database: DatabaseOption = "",
    ) -> int:
        """Propose to take an approver away; those who are there sign it."""
        from faber_db.model.approver_change import ApproverChange

        change = ApproverChange(action="revoke", approver=name)
        return _propose(call, environment, database, change)


def _propose(call: Call, environment: str, database: str, change: "ApproverChange") -> int:
    from faber_db.cli.render import decisions as render
    from faber_db.services import approve as service

    change.check()
    answer = service.propose_policy(
        call.app,
        environment=environment,
        database=database,
        requester=call.requester,
        change=change,
    )
    return call.show(answer, render.decision)


def _own_key(call: Call, terminal: "ControllingTerminal", name: str) -> "PublicKey":
    from pydantic import SecretStr

    from faber_db.cli.signing import new_passphrase
    from faber_db.services import enrol as service

    if service.has_key(call.app, name):
        passphrase = terminal.ask_secret(f"Passphrase for {name}: ")
    else:
        passphrase = new_passphrase(terminal, name)
    return service.own_key(call.app, name, SecretStr(passphrase))


def _confirm(terminal: "ControllingTerminal", key: "PublicKey", environment: str) -> None:
    """A key that was handed over is compared by its fingerprint before it is pinned."""
    terminal.say(f"{key.approver} will approve what happens to {environment}, with this key:")
    terminal.say(f"  {key.pinned().words}")
    if terminal.ask(f"Compare the fingerprint, then type {environment} to go on: ") != environment:
        raise Cancelled("that is another name; nothing was pinned")
