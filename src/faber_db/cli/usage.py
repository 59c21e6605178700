"""What the option parser objects to, as our own coded error with the nearest name."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import typer
from typer.core import TyperCommand

from faber_db.errors import InputError


def usage_error(error: typer.TyperException) -> InputError:
    """The same objection with code `input-invalid` and a hint."""
    text = error.message or error.format_message()
    if type(error).__name__ in ("BadParameter", "MissingParameter"):
        text = error.format_message()
    message, _, suggestion = text.partition(" Did you mean ")
    message = message.replace("Value error, ", "").strip().rstrip(".")
    message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "faber-db"
    near = list(getattr(error, "possibilities", None) or ())
    if not near and (wrong := getattr(error, "option_name", "")) and context is not None:
        near = nearest(wrong, [name for p in context.command.params for name in p.opts])
    if near:
        return InputError(message, hint=f"Did you mean {_or(near)}?")
    if suggestion:
        return InputError(
            message, hint=f"Did you mean {suggestion.rstrip('?').replace(chr(39), '`')}?"
        )
    verbs = [name for name, verb in _verbs(context).items() if not verb.hidden]
    if message == "missing command":
        return InputError(f"`{command}` needs one more word", hint=f"One of: {', '.join(verbs)}.")
    return InputError(message, hint=f"Run `{command} --help`.")


def _verbs(context: typer.Context | None) -> Mapping[str, TyperCommand]:
    verbs: Mapping[str, TyperCommand] = getattr(context and context.command, "commands", {})
    return verbs


def nearest(wrong: str, known: Sequence[str]) -> list[str]:
    """Known names that look like a wrong one, best first, at most three."""
    return get_close_matches(wrong, known, n=3, cutoff=0.5)


def _or(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
