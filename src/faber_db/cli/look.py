"""Look: what is there, what would happen, and what a code means."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from faber_db.cli.call import (
    Call,
    DatabaseOption,
    EnvironmentArgument,
    environment_names,
    verb,
)
from faber_db.cli.coordinate import WorkOption

PANEL = "Look"
AnyDialect = Literal["auto", "postgresql", "mysql", "mariadb", "sqlite"]


def register(program: typer.Typer) -> None:
    """Add the verbs of this group."""

    @verb(program, panel=PANEL)
    def status(
        call: Call,
        environment: Annotated[
            str,
            typer.Argument(
                metavar="ENVIRONMENT",
                help="Only this one, with its migrations; or the id of a plan, job or backup.",
                autocompletion=environment_names,
            ),
        ] = "",
        work_id: WorkOption = "",
        wait: Annotated[
            int, typer.Option("--wait", min=0, max=25, help="Seconds to wait for an id to move.")
        ] = 0,
        detail: Annotated[
            Literal["summary", "full"],
            typer.Option("--detail", help="`full` lists all migrations."),
        ] = "summary",
        after: Annotated[
            str, typer.Option("--after", metavar="VERSION", help="Migrations after this one.")
        ] = "",
        database: DatabaseOption = "",
    ) -> int:
        """Show migrations, plans that wait, jobs that run, and the next step."""
        from faber_db.cli.render.status import standing
        from faber_db.services import status as service

        is_id = environment.startswith(("plan_", "job_", "backup_"))
        request = service.Request(
            environment="" if is_id else environment,
            id=environment if is_id else "",
            work_id=work_id,
            wait_seconds=wait,
            detail=detail,
            cursor=after,
            database=database,
        )
        with call.cancellable() as cancelled:
            answer = service.run(
                request, call.app, progress=call.terminal.progress, cancelled=cancelled
            )
        return call.show(
            answer,
            standing(call.app.now()),
            contract=("migrations",),
            drawn=bool(answer.details.environments),
        )

    @verb(program, panel=PANEL)
    def analyze(
        call: Call,
        paths: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="PATH",
                help="Files or folders; `-` reads standard input.",
                show_default=False,
            ),
        ] = None,
        environment: Annotated[
            str,
            typer.Option(
                "--environment",
                metavar="ENVIRONMENT",
                help="What is pending there, against its schema and sizes.",
                autocompletion=environment_names,
            ),
        ] = "",
        dialect: Annotated[
            AnyDialect, typer.Option("--dialect", help="How the text is read.")
        ] = "auto",
        server_version: Annotated[
            str,
            typer.Option(
                "--server-version",
                metavar="VERSION",
                help="Of the server: 17, 8.0.36, 10.11 (MariaDB), or as it numbers itself.",
            ),
        ] = "",
        schema: Annotated[
            str, typer.Option("--schema", metavar="FILE", help="SQL of the schema that is there.")
        ] = "",
        transaction: Annotated[
            Literal["auto", "wrap", "none"],
            typer.Option(
                "--transaction", help="Whether the runner puts a file into one transaction."
            ),
        ] = "auto",
        fail_on: Annotated[
            Literal["low", "medium", "high", "critical", "never"],
            typer.Option("--fail-on", help="Exit with 5 from this risk on."),
        ] = "never",
        detail: Annotated[
            Literal["summary", "full"],
            typer.Option("--detail", help="`full` lists the safe statements too."),
        ] = "summary",
        as_sarif: Annotated[
            bool,
            typer.Option("--sarif", help="Answer as SARIF 2.1.0.", show_default=False),
        ] = False,
        preflight: Annotated[
            bool,
            typer.Option(
                "--preflight/--no-preflight",
                help="With `--environment`: count, read-only, what the findings depend on.",
            ),
        ] = True,
        fix: Annotated[
            bool,
            typer.Option(
                "--fix",
                help="Print the safe form, file by file, proved on a throw-away database.",
                show_default=False,
            ),
        ] = False,
        write: Annotated[
            bool,
            typer.Option(
                "--write",
                help="With `--fix`: put it in the place of a migration that was applied nowhere.",
                show_default=False,
            ),
        ] = False,
        trial: Annotated[
            bool,
            typer.Option(
                "--trial",
                help="Run it on a throw-away copy of the schema, and say what it locked.",
                show_default=False,
            ),
        ] = False,
        queries: Annotated[
            str,
            typer.Option(
                "--queries",
                metavar="FILE",
                help="Queries of the application; with `--trial`: which of them break.",
            ),
        ] = "",
        database: DatabaseOption = "",
    ) -> int:
        """Say what SQL would lock, rewrite, lose or break on a live database.

        Runs nothing, but on a throw-away database with `--trial`.
        """
        from faber_db.cli import analyzing
        from faber_db.cli.render.analysis import draw

        analyzing.refuse_two_forms(as_json=call.common.json, as_sarif=as_sarif, fix=fix)
        answer = analyzing.run(
            call,
            paths=paths or [],
            environment=environment,
            dialect=dialect,
            server_version=server_version,
            schema=schema,
            transaction=transaction,
            database=database,
            preflight=preflight,
            fix=fix,
            write=write,
            trial=trial,
            queries=queries,
        )

        if as_sarif:
            from faber_db.cli.sarif import sarif

            call.terminal.json(sarif(answer, Path.cwd()))
        elif call.common.json:
            call.terminal.json(analyzing.contract(answer, fix=fix))
        else:
            call.show(answer, draw(all_of_them=detail == "full", now=datetime.now(UTC)))
            if fix and not answer.details.fixes:
                call.terminal.note("no statement needs another form")
        return analyzing.exit_code(answer, fail_on)

    @verb(program, panel=PANEL)
    def explain(
        call: Call,
        code: Annotated[str, typer.Argument(metavar="CODE", help="Of a finding or error.")],
    ) -> int:
        """Explain the code of a finding or of an error."""
        from faber_db.cli.render.explain import draw
        from faber_db.services import explain as service

        return call.show(service.run(code), draw)

    @verb(program, panel=PANEL)
    def drift(call: Call, environment: EnvironmentArgument, database: DatabaseOption = "") -> int:
        """Compare a live schema with its applied migrations."""
        from faber_db.cli.render.drift import draw
        from faber_db.services import show_drift as service

        request = service.Request(environment=environment, database=database)
        return call.show(service.run(request, call.app, progress=call.terminal.progress), draw)

    @verb(program, panel=PANEL)
    def health(
        call: Call,
        environment: EnvironmentArgument,
        check: Annotated[
            list[str] | None, typer.Option("--check", help="Only this one; may be repeated.")
        ] = None,
        database: DatabaseOption = "",
    ) -> int:
        """Look whether a database is well enough to be changed."""
        from faber_db.cli.render.health import draw
        from faber_db.services import health as service

        request = service.Request(
            environment=environment,
            checks=tuple(check or ()),
            detail="full" if call.common.json else "summary",
            database=database,
        )
        answer = service.run(request, call.app)
        return call.show(answer, draw, contract=("overall", "checks"), drawn=True)

    @verb(program, panel=PANEL)
    def schema(
        call: Call,
        environment: Annotated[
            str,
            typer.Argument(
                metavar="ENVIRONMENT",
                help="Instead of dev.",
                autocompletion=environment_names,
            ),
        ] = "",
        table: Annotated[
            list[str] | None, typer.Option("--table", help="Show it whole; may be repeated.")
        ] = None,
        search: Annotated[
            str, typer.Option("--search", help="Part of the name of a table or column.")
        ] = "",
        after: Annotated[
            str, typer.Option("--after", metavar="TABLE", help="Tables after this one.")
        ] = "",
        detail: Annotated[
            Literal["summary", "full"], typer.Option("--detail", help="`full` shows all whole.")
        ] = "summary",
        database: DatabaseOption = "",
    ) -> int:
        """Show the tables of a live database."""
        from faber_db.cli.render.schema import draw
        from faber_db.services import describe as service

        request = service.Request(
            environment=environment,
            tables=tuple(table or ()),
            search=search,
            detail=detail,
            cursor=after,
            database=database,
        )
        return call.show(service.run(request, call.app), draw)
