"""What `analyze` reads, and its machine contract."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faber_db.cli import standard_input
from faber_db.cli.call import Call
from faber_db.errors import Exit, InputError

if TYPE_CHECKING:
    from faber_db.model.answer import Answer
    from faber_db.model.dialect import Dialect
    from faber_db.services.analyze import AnalyzeDetails, Shadows
    from faber_db.services.trying import Trying

_MOST_QUERIES = 5_000_000  # bytes
_EMPTY = ";"  # an empty script holds no statement, and no statement is an answer too


def run(
    call: Call,
    *,
    paths: Sequence[str],
    environment: str,
    dialect: str,
    server_version: str,
    schema: str,
    transaction: str,
    database: str,
    preflight: bool = True,
    fix: bool = False,
    write: bool = False,
    trial: bool = False,
    queries: str = "",
) -> "Answer[AnalyzeDetails]":
    """Analyse standard input, files, or what is pending.

    Without a project, `-` and files work when the dialect is named.

    Raises:
        InputError: nothing, or too much, is named.
    """
    from faber_db.services import analyze as service

    if write and not fix:
        raise InputError("`--write` belongs to `--fix`", hint="Look at the files without it first.")
    if write and (list(paths) == ["-"] or len(paths) > 1):
        raise InputError("`--write` needs one migration of the project", hint="Name its file.")
    if bool(paths) == bool(environment):
        raise InputError(
            "name what to analyse",
            hint="`faber-db analyze FILE`, `faber-db analyze -`, or `--environment ENVIRONMENT`.",
        )
    if "-" in paths and len(paths) > 1:
        raise InputError("`-` stands alone", hint="Give files, or standard input.")
    if queries and not trial:
        raise InputError("`--queries` needs `--trial`", hint="Queries are prepared on a copy.")
    trying = (
        _trying(call, environment, dialect, server_version, database, queries) if trial else None
    )
    fields: dict[str, Any] = {
        "environment": environment,
        "dialect": dialect,
        "server_version": server_version,
        "transaction": transaction,
        "detail": "full",  # the page folds what it does not show
        "database": database,
        "before": standard_input.read_file(Path(schema)) if schema else "",
        "anywhere": True,
        "preflight": preflight,
        "fix": fix,
        "write": write,
    }
    shadow = _shadows() if fix else None
    if list(paths) == ["-"]:
        text = standard_input.read_all()
        request = service.Request(sql=text if text.strip() else _EMPTY, **fields)
        return service.run(
            request, None if dialect != "auto" else call.app, shadow=shadow, trying=trying
        )
    named = {"path": paths[0]} if len(paths) == 1 else {"paths": tuple(paths)}
    return service.run(
        service.Request(**named, **fields),
        call.app,
        shadow=shadow,
        trying=trying,
        progress=call.terminal.progress,
    )


def _major(version: str, dialect: "Dialect") -> int | None:
    """For PostgreSQL; a version that cannot be read is refused by the analysis."""
    from faber_db.model.dialect import version_number

    try:
        return version_number(version or "0", dialect) // 10_000 or None
    except ValueError:
        return None


def _trying(
    call: Call, environment: str, dialect: str, server_version: str, database: str, queries: str
) -> "Trying":
    """A throw-away database as the project makes it; without a project, as this machine can."""
    from faber_db.model.dialect import Dialect
    from faber_db.services.trying import Trying

    if dialect == "auto" or environment:
        shadow = call.app.database(database).shadow
    else:
        shadow = _shadows()(Dialect(dialect), _major(server_version, Dialect(dialect)))
    text = standard_input.read_file(Path(queries), _MOST_QUERIES) if queries else ""
    return Trying(shadow, text, call.terminal.progress)


def _shadows() -> "Shadows":
    from faber_db.app import throw_away

    return throw_away


def refuse_two_forms(*, as_json: bool, as_sarif: bool, fix: bool) -> None:
    """One answer has one form, and SARIF none for files that are written instead.

    Raises:
        InputError: two were asked for.
    """
    for other, asked in (("--json", as_json), ("--fix", fix)):
        if asked and as_sarif:
            raise InputError(f"`{other}` and `--sarif` exclude each other", hint="Call it twice.")


def contract(answer: "Answer[AnalyzeDetails]", *, fix: bool = False) -> dict[str, Any]:
    """`{"risk", "findings", "statements"}`, as DESIGN fixes it; with `fix` also `fixes`."""
    details = answer.details
    checks = [check.model_dump(mode="json") for check in details.checks]
    fixed = {
        "fixes": [f.model_dump(mode="json") for f in details.fixes],
        "written": details.written,
        "replaced": details.replaced,
    }
    return {
        "risk": details.risk.value,
        "findings": [finding.model_dump(mode="json") for finding in details.findings],
        "statements": [report.model_dump(mode="json") for report in details.statements],
        **({"checks": checks} if checks else {}),
        **(fixed if fix else {}),
        **({"trial": details.trial} if details.trial else {}),
    }


def exit_code(answer: "Answer[AnalyzeDetails]", fail_on: str) -> Exit:
    """0 when analysed; 5 when the risk reaches what the caller does not accept."""
    from faber_db.model.finding import Risk

    if fail_on != "never" and answer.details.risk.at_least(Risk(fail_on)):
        return Exit.REFUSED
    return Exit.DONE
