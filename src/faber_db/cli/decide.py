"""Decide: what only a person does, at a terminal."""

from typing import Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, EnvironmentArgument, verb
from faber_db.cli.serving import DEFAULT_PORT, PortOption
from faber_db.errors import Exit

PANEL = "Decide"
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
        ssh_key: Annotated[
            str,
            typer.Option(
                "--ssh-key",
                metavar="FILE",
                help="Sign with this OpenSSH key, by its .pub file; it may be a security key.",
            ),
        ] = "",
        web: Annotated[
            bool, typer.Option("--web", help="On a page in your browser, with a passkey.")
        ] = False,
        port: PortOption = DEFAULT_PORT,
    ) -> int:
        """Read a plan and sign it, with your passphrase or a touch, at this terminal."""
        from faber_db.cli.render import decisions as render
        from faber_db.services import approve as service

        if web:
            from faber_db.cli.web_page import open_page

            return open_page(call, plan_id, port)
        if not plan_id:
            return call.show(service.waiting(call.app), render.waiting(call.app.now()))
        if deploy and service.show(call.app, plan_id).stored.state == "signed":
            return _deploy(call, plan_id)  # everybody who has to has signed it before
        from faber_db.cli import signing
        from faber_db.cli.controlling_terminal import ControllingTerminal

        with ControllingTerminal() as terminal:
            rendering = service.show(call.app, plan_id)
            plan = rendering.stored.plan
            sign = signing.chosen(call.app, plan, approver, ssh_key)
            terminal.say(render.first_screen(rendering, call.terminal.width))
            signing.look_closer(call.app, terminal, rendering)
            signing.confirm(terminal, rendering)
            signed = sign(terminal)
            if signed.details.plan_state == "waiting":
                return call.show(signed, render.decision)
            if not deploy and terminal.ask("Signed.   [Enter] deploy now   [q] leave it: ") != "":
                return call.show(signed, render.decision)
        return _deploy(call, plan.id)

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

    _register_plan(program)
    _register_policy(program)


def _deploy(call: Call, plan_id: str) -> int:
    from faber_db.cli.render import decisions as render
    from faber_db.services import approve as service

    with call.cancellable() as cancelled:
        answer = service.deploy(
            call.app, plan_id, progress=call.terminal.progress, cancelled=cancelled
        )
    return call.show(answer, render.deployed)


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
