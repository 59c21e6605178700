"""Undo: backups, and the way back to one."""

from typing import TYPE_CHECKING, Annotated

import typer

from faber_db.cli.call import Call, DatabaseOption, EnvironmentArgument, environment_names, verb
from faber_db.cli.coordinate import (
    Asked,
    DryRunOption,
    PlanOption,
    WaitOption,
    coordinate,
    followed,
)

if TYPE_CHECKING:
    from faber_db.model.answer import Answer

PANEL = "Undo"
BackupArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A backup, by id or unique prefix.")
]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""
    _register_backup(program)

    @verb(program, panel=PANEL)
    def restore(
        call: Call,
        environment: EnvironmentArgument,
        backup: Annotated[
            str, typer.Argument(metavar="BACKUP", help="A backup, by id or unique prefix.")
        ] = "",
        to: Annotated[
            str, typer.Option("--to", metavar="MIGRATION", help="The newest backup taken at it.")
        ] = "",
        table: Annotated[
            list[str] | None, typer.Option("--table", help="Only this one. Not there yet.")
        ] = None,
        plan: PlanOption = "",
        dry_run: DryRunOption = False,
        wait: WaitOption = True,
        database: DatabaseOption = "",
    ) -> int:
        """Go back to a backup: restore beside, prove the copy, put it in place."""
        from faber_db.cli.render.restore import outcome
        from faber_db.services import restore as service

        request = service.Request(
            environment=environment,
            backup_id=backup,
            to_migration=to,
            tables=tuple(table or ()),
            dry_run=dry_run,
            plan_id=plan,
            database=database,
            requester=call.requester,
        )
        with call.cancellable() as cancelled:
            answer = service.run(
                request, call.app, progress=call.terminal.progress, cancelled=cancelled
            )
        request = request.model_copy(update={"plan_id": answer.details.plan_id})
        answer = followed(
            call,
            answer,
            lambda: service.run(request, call.app, progress=call.terminal.progress),
            wait=wait,
        )
        return call.show(answer, outcome)

    @verb(program, panel=PANEL)
    def rollback(
        call: Call,
        environment: EnvironmentArgument,
        asked: Asked,
        to: Annotated[
            str,
            typer.Option("--to", metavar="MIGRATION", help="Take back what was applied after it."),
        ] = "",
        wait: WaitOption = True,
    ) -> int:
        """Take the newest migration back by its down script."""
        from faber_db.services import rollback as service

        request = asked.request(call, service.RollbackRequest, environment, to=to)
        return coordinate(call, service.run, request, wait=wait, did="rolled back")


def _register_backup(program: typer.Typer) -> None:
    backup = typer.Typer(help="Make, list, prove and prune backups.")
    program.add_typer(backup, name="backup", rich_help_panel=PANEL)

    @verb(backup)
    def create(
        call: Call,
        environment: EnvironmentArgument,
        label: Annotated[str, typer.Option("--label", help="A word to know it by.")] = "",
        wait: WaitOption = True,
        database: DatabaseOption = "",
    ) -> int:
        """Make a backup and prove it to level 2."""
        from faber_db.cli.render.backups import created
        from faber_db.services import create_backup as service

        request = service.Request(environment=environment, label=label, database=database)
        with call.cancellable() as cancelled:
            answer = service.run(
                request, call.app, progress=call.terminal.progress, cancelled=cancelled
            )
        job_id = answer.details.job_id

        def again() -> "Answer[service.CreateBackupDetails]":
            job = call.app.executor.watch(job_id, seconds=25, progress=call.terminal.progress)
            return service.of_job(job, call.app)

        return call.show(followed(call, answer, again, wait=wait), created)

    @verb(backup, name="list")
    def list_backups(
        call: Call,
        environment: Annotated[
            str,
            typer.Argument(
                metavar="ENVIRONMENT", help="Only of this one.", autocompletion=environment_names
            ),
        ] = "",
        limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many.")] = 20,
        after: Annotated[str, typer.Option("--after", metavar="ID", help="Older than this.")] = "",
        database: DatabaseOption = "",
    ) -> int:
        """List the newest backups."""
        from faber_db.cli.render.backups import listing
        from faber_db.services import list_backups as service

        request = service.Request(
            environment=environment, limit=limit, cursor=after, database=database
        )
        return call.show(service.run(request, call.app), listing(call.app.now()))

    @verb(backup)
    def show(call: Call, backup_id: BackupArgument) -> int:
        """Show all that is recorded of one backup."""
        from faber_db.cli.render.backups import one
        from faber_db.services import list_backups as service

        return call.show(service.show(backup_id, call.app), one(call.app.now()))

    @verb(backup)
    def verify(
        call: Call,
        backup_id: BackupArgument,
        level: Annotated[
            int,
            typer.Option(
                "--level",
                min=1,
                max=3,
                help="1: its bytes; 2: decoded whole; 3: test-restored and compared.",
            ),
        ] = 2,
    ) -> int:
        """Prove a backup again."""
        from faber_db.cli.render.backups import one
        from faber_db.services import list_backups as service

        with call.cancellable() as cancelled:
            answer = service.verify(
                backup_id, level, call.app, progress=call.terminal.progress, cancelled=cancelled
            )
        return call.show(answer, one(call.app.now()))

    @verb(backup)
    def prune(
        call: Call,
        environment: EnvironmentArgument,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
        database: DatabaseOption = "",
    ) -> int:
        """Remove what no rule keeps; the newest good backup always stays."""
        from faber_db.cli.render.backups import pruned
        from faber_db.services import list_backups as service

        request = service.PruneRequest(environment=environment, dry_run=dry_run, database=database)
        return call.show(service.prune(request, call.app), pruned)
