"""Decide: what only a person does, at a terminal."""

from typing import TYPE_CHECKING, Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, EnvironmentArgument, verb
from faber_db.cli.serving import DEFAULT_PORT, PortOption
from faber_db.errors import Cancelled, Exit, InputError, PassphraseWrong
from faber_db.services.account import account

if TYPE_CHECKING:
    from faber_db.cli.controlling_terminal import ControllingTerminal
    from faber_db.services.ports import PublicKey, Rendering

PANEL = "Decide"
TRIES = 3
PlanArgument = Annotated[str, typer.Argument(metavar="ID", help="A plan, by id or unique prefix.")]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def approve(
        call: Call,
        plan_id: Annotated[
            str, typer.Argument(metavar="[ID]", help="A plan; without one, list what waits.")
        ] = "",
        deploy: Annotated[
            bool, typer.Option("--deploy", help="Carry it out right after signing.")
        ] = False,
        approver: Annotated[
            str, typer.Option("--as", metavar="NAME", help="Which of your keys signs.")
        ] = "",
        web: Annotated[
            bool, typer.Option("--web", help="On a page in your browser, with a passkey.")
        ] = False,
        port: PortOption = DEFAULT_PORT,
    ) -> int:
        """Read a plan and sign it, with your passphrase, at this terminal."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        if web:
            from faber_db.cli.web_page import open_page

            return open_page(call, plan_id, port)
        if not plan_id:
            return call.show(service.waiting(call.app), render.waiting(call.app.now()))
        from faber_db.cli.controlling_terminal import ControllingTerminal

        with ControllingTerminal() as terminal:
            rendering = service.show(call.app, plan_id)
            plan = rendering.stored.plan
            terminal.say(render.first_screen(rendering, call.terminal.width))
            _look_closer(terminal, rendering)
            _confirm(terminal, rendering)
            signed = _sign(call, terminal, plan.id, _key(call, approver))
            if signed.details.plan_state == "waiting":
                return call.show(signed, render.decision)
            if not deploy and terminal.ask("Signed.   [Enter] deploy now   [q] leave it: ") != "":
                return call.show(signed, render.decision)
        with call.cancellable() as cancelled:
            answer = service.deploy(
                call.app, plan.id, progress=call.terminal.progress, cancelled=cancelled
            )
        return call.show(answer, render.deployed)

    @verb(program, panel=PANEL)
    def reject(
        call: Call,
        plan_id: PlanArgument,
        reason: Annotated[str, typer.Option("--reason", help="Why; the agent reads it.")] = "",
    ) -> int:
        """Reject a plan, with a reason."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        return call.show(service.reject(call.app, plan_id, reason=reason), render.decision)

    @verb(program, panel=PANEL)
    def protect(
        call: Call,
        environment: EnvironmentArgument,
        database: DatabaseOption = "",
        approver: Annotated[
            str,
            typer.Option("--as", metavar="NAME", help="Name of the approver; yours if not given."),
        ] = "",
        adopt_clone: Annotated[
            bool,
            typer.Option(
                "--adopt-clone",
                help="It is a copy of a protected one: propose to make it a target of its own.",
            ),
        ] = False,
    ) -> int:
        """Protect a database once: make your key and pin it there. Needs a terminal."""
        from pydantic import SecretStr

        from faber_db.cli.controlling_terminal import ControllingTerminal
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        if adopt_clone:
            answer = service.adopt_clone(
                call.app, environment=environment, database=database, requester=call.requester
            )
            return call.show(answer, render.decision)
        name = approver or account().lower()
        call.app.database(database).environment(
            environment
        ).require_here()  # before anybody types anything
        with ControllingTerminal() as terminal:
            if service.has_key(call.app, name):
                passphrase = terminal.ask_secret(f"Passphrase for {name}: ")
            else:
                passphrase = _new_passphrase(terminal, name)
        protected = service.protect(
            call.app,
            environment=environment,
            database=database,
            approver=name,
            passphrase=SecretStr(passphrase),
        )
        return call.show(protected, render.protected)

    _register_plan(program)
    _register_policy(program)
    _register_approvers(program)


def _register_plan(program: typer.Typer) -> None:
    plan = typer.Typer(help="Read plans.")
    program.add_typer(plan, name="plan", rich_help_panel=PANEL)

    @verb(plan)
    def show(
        call: Call,
        plan_id: PlanArgument,
        sql: Annotated[
            bool,
            typer.Option(
                "--sql", help="Print the exact script, ledger included, for psql or sqlite3."
            ),
        ] = False,
    ) -> int:
        """Show what a plan does, as its approver sees it."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        rendering = service.show(call.app, plan_id)
        if sql:
            call.terminal.text(service.script(rendering))
        elif call.common.json:
            call.terminal.json(rendering.stored.model_dump(mode="json"))
        else:
            call.terminal.text(render.first_screen(rendering, call.terminal.width))
        return Exit.DONE


def _register_policy(program: typer.Typer) -> None:
    policy = typer.Typer(help="Look at an environment's policy, and propose a change.")
    program.add_typer(policy, name="policy", rich_help_panel=PANEL)

    @verb(policy, name="show")
    def show_policy(
        call: Call, environment: EnvironmentArgument, database: DatabaseOption = ""
    ) -> int:
        """Show the policy and whether it is the one that was signed."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        answer = service.policy(call.app, environment=environment, database=database)
        return call.show(answer, render.policy)

    @verb(policy)
    def propose(call: Call, environment: EnvironmentArgument, database: DatabaseOption = "") -> int:
        """Propose the configuration's policy for signature."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        answer = service.propose_policy(
            call.app, environment=environment, database=database, requester=call.requester
        )
        return call.show(answer, render.decision)


def _register_approvers(program: typer.Typer) -> None:
    approvers = typer.Typer(help="See who may approve.")
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


def _key(call: Call, approver: str) -> "PublicKey":
    from faber_db.services import approve as service

    keys = service.my_keys(call.app)
    if not approver and len(keys) == 1:
        return keys[0]
    found = next((k for k in keys if k.approver == approver), None)
    if found is None:
        names = ", ".join(k.approver for k in keys)
        problem = f"this account holds no key for {approver}" if approver else "there are several"
        raise InputError(problem, hint=f"Name one with --as: {names}.")
    return found


def _look_closer(terminal: "ControllingTerminal", rendering: "Rendering") -> None:
    """Let the person read on, until they go on or leave."""
    while True:
        answer = terminal.ask("[Enter] go on   [t] full text   [a] all statements   [q] leave: ")
        match answer.strip().lower():
            case "":
                return
            case "t":
                terminal.say(rendering.sql)
            case "a":
                facts = "\n".join(f"{name}: {value}" for name, value in rendering.facts)
                terminal.say(f"{facts}\n\n" + "\n".join(rendering.statements))
            case "q":
                raise Cancelled("left without signing")


def _confirm(terminal: "ControllingTerminal", rendering: "Rendering") -> None:
    """High risk asks twice: what is lost is typed, or the environment's name where nothing is."""
    words = "This loses data. Type" if rendering.loses else "This is a high risk. Type"
    for name in rendering.to_type:
        if terminal.ask(f"{words} {name} to go on: ").strip() != name.strip():
            raise Cancelled("that is another name; nothing was signed")


def _sign(call: Call, terminal: "ControllingTerminal", plan_id: str, key: "PublicKey") -> "Signed":
    from pydantic import SecretStr

    from faber_db.services import approve as service

    for attempt in range(1, TRIES + 1):
        passphrase = SecretStr(terminal.ask_secret(f"Passphrase for {key.approver}: "))
        try:
            return service.sign(call.app, plan_id, approver=key.approver, passphrase=passphrase)
        except PassphraseWrong:
            if attempt == TRIES:
                raise
            terminal.say("That does not open the key.")
    raise AssertionError  # the loop returns or raises


def _new_passphrase(terminal: "ControllingTerminal", name: str) -> str:
    terminal.say(
        f"A key for {name} is made. Its passphrase signs every change; no agent may know it."
    )
    first = terminal.ask_secret("New passphrase (8 characters or more): ")
    if terminal.ask_secret("Once more: ") != first:
        raise InputError("the two passphrases differ", hint="Nothing was made; try again.")
    return first


if TYPE_CHECKING:
    from faber_db.model.answer import Answer
    from faber_db.services.approve import DecisionDetails

    Signed = Answer[DecisionDetails]
