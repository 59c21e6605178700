"""Answers as compact text, complete enough to act on without the structured part."""

import json
from collections.abc import Iterator
from typing import Any

SILENT = ("state", "next")
UNSAID = (  # of a finding: what goes without saying
    ("until_line", 0),
    ("rewrite", False),
    ("scan", False),
    ("confidence", "parsed"),
)
EMPTY: tuple[object, ...] = ("", [], {}, None)


def render(answer: dict[str, Any]) -> str:
    """The whole answer: what happened, problems, facts, next step; one line a fact."""
    return "\n".join(_lines(answer))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    details: dict[str, Any] = answer.get("details", {})
    errors: list[dict[str, str]] = answer.get("errors", [])
    state = details.get("state", "")
    message = answer["message"]
    if [message] != [e["message"] for e in errors]:
        yield message if state in ("", "done") else f"{state}: {message}"
    for error in errors:
        yield problem(error)
    for warning in answer.get("warnings", []):
        yield f"warning {problem(warning)}"
    for key, value in details.items():
        if key not in SILENT and (key, value) != ("left_out", 0):
            yield from _field(key, value, "")
    for fix in answer.get("suggested_fixes", []):
        yield f"fix: {fix}"
    yield from _next(details)
    if state == "approval_required" and "cannot approve" not in message:
        yield "You cannot approve it. Nothing has run."


def problem(value: dict[str, str]) -> str:
    """Code, message and hint on one line."""
    hint = f" Hint: {value['hint']}" if value.get("hint") else ""
    return f"[{value['code']}] {value['message'].rstrip('.')}.{hint}"


def _next(details: dict[str, Any]) -> Iterator[str]:
    step = details.get("next")
    if not step:
        return
    if "person" in step:
        yield f"Tell the user: run `{step['person']}` in their own terminal."
    else:
        arguments = step.get("arguments")
        with_them = f" with {_json(arguments)}" if arguments else ""
        yield f"Next: call {step['tool']}{with_them}."


def _field(key: str, value: Any, indent: str) -> Iterator[str]:
    """Lines of one field; nothing for an empty one."""
    if _is_empty(value):
        return
    match value:
        case str() if "\n" in value:
            yield f"{indent}{key}:"
            yield from (f"{indent}  {line}" for line in value.rstrip("\n").split("\n"))
        case list() if not any(isinstance(item, dict | list) or _is_long(item) for item in value):
            yield f"{indent}{key}: {', '.join(_scalar(item) for item in value)}"
        case list():
            yield f"{indent}{key}:"
            for item in value:
                yield from _item(item, indent)
        case dict():
            flat = _flat(value)
            if flat is not None:
                yield f"{indent}{key}: {flat}"
                return
            yield f"{indent}{key}:"
            for name, child in value.items():
                yield from _field(name, child, indent + "  ")
        case _:
            yield f"{indent}{key}: {_scalar(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    """Lines of one entry of a list: its short values on one line, long ones below."""
    if not isinstance(value, dict):
        text = _json(value) if isinstance(value, list) else _scalar(value)
        yield f"{indent}- " + text.replace("\n", f"\n{indent}  ")
        return
    value = {k: v for k, v in value.items() if (k, v) not in UNSAID}
    short = {k: v for k, v in value.items() if _is_short(v)}
    yield f"{indent}- {_flat(short) or ''}".rstrip()
    for key, child in value.items():
        if key not in short:
            yield from _field(key, child, indent + "  ")


def _flat(value: dict[str, Any]) -> str | None:
    """`a 1, b 2`, or None where a value needs lines of its own."""
    if not all(_is_short(child) for child in value.values()):
        return None
    return ", ".join(
        f"{key} {_scalar(child) if not isinstance(child, list) else ' '.join(map(_scalar, child))}"
        for key, child in value.items()
        if not _is_empty(child)
    )


def _is_short(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(v, str) for v in value) and sum(map(len, value)) <= 60
    return not isinstance(value, dict) and not _is_long(value)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and ("\n" in value or len(value) > 60)


def _is_empty(value: Any) -> bool:
    return any(value is empty or (value == empty and value is not False) for empty in EMPTY)


def _scalar(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict() | list():
            return _json(value)
        case _:
            return str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
