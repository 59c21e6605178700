"""The top-level boundary of the command line: every failure becomes a code, a hint and an exit code."""

import os
import traceback
from collections.abc import Sequence

import typer

from faber_db.cli.terminal import ReaderGone, Terminal
from faber_db.cli.usage import usage_error
from faber_db.errors import Cancelled, Exit, FaberDbError, InputError, InternalError, JobStillRuns


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Never raises, never shows a traceback."""
    try:
        return _invoke(arguments)
    except FaberDbError as error:
        failure = error
    except typer.TyperException as error:
        failure = usage_error(error)
    except (KeyboardInterrupt, typer.Abort):
        failure = Cancelled("cancelled")
    except ReaderGone:
        return Exit.DONE
    except RecursionError:
        failure = InternalError("the input is nested too deeply")
    except Exception as error:  # noqa: BLE001 - the one boundary: a bug is reported, never shown
        failure = _bug(error)
    return report(failure, as_json=wants_json(arguments))


def report(error: FaberDbError, *, as_json: bool) -> int:
    """Tell a failure to whoever reads: a person on standard error, or a program on standard output."""
    terminal = Terminal()
    if as_json and isinstance(error, JobStillRuns):
        from faber_db.services.watched import still_runs

        terminal.json(still_runs(error).as_json())
    elif as_json:
        from faber_db.model.answer import Details, refused

        terminal.json(refused(error, Details()).as_json())
    else:
        terminal.error(error)
    return error.exit_code


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` stands among the options, so that even a usage error answers as JSON."""
    options = list(arguments)
    if "--" in options:
        options = options[: options.index("--")]
    return "--json" in options


def _invoke(arguments: Sequence[str]) -> int:
    from faber_db.cli.program import program

    texts = [_text(number, argument) for number, argument in enumerate(arguments, start=1)]
    command = typer.main.get_command(program())
    result = command.main(args=texts, prog_name="faber-db", standalone_mode=False)
    return result if isinstance(result, int) else Exit.DONE


def _text(number: int, argument: str) -> str:
    """An argument as UTF-8, whatever the locale is."""
    try:
        return os.fsencode(argument).decode()
    except UnicodeError as error:
        raise InputError(f"argument {number} is not UTF-8", hint="Type it anew.") from error


def _bug(error: Exception) -> InternalError:
    if os.environ.get("FABER_DB_DEBUG") == "1":
        Terminal().note("".join(traceback.format_exception(error)))
        return InternalError(f"an internal error ({type(error).__name__})")
    return InternalError(
        f"an internal error ({type(error).__name__})",
        hint="Run it again with FABER_DB_DEBUG=1 for the details, and report them.",
    )
