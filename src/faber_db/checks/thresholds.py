"""The limits and mutes of an environment, laid over the checks' own. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from faber_db.checks.base import Check, Unit
from faber_db.config.duration import parse_duration
from faber_db.errors import ConfigError
from faber_db.model.health import CheckResult, CheckStatus

_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(B|kB|MB|GB|TB)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def with_limits(checks: Sequence[Check], thresholds: Mapping[str, int | str]) -> tuple[Check, ...]:
    """The checks with the limits that `thresholds` names.

    A key is `<check>.warning` or `<check>.critical`; a value is a number in the check's unit, a
    duration (`5m`), a size (`2GB`) or a percentage (`80%`).

    Raises:
        ConfigError: no check has that name here, or the value has another shape.
    """
    by_name = {check.name: check for check in checks}
    for key, value in thresholds.items():
        name, _, which = key.rpartition(".")
        if name not in by_name or which not in ("warning", "critical"):
            known = [f"{n}.{w}" for n in by_name for w in ("warning", "critical")]
            near = get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Write <check>.warning or .critical."
            raise ConfigError(f"there is no threshold {key!r}", hint=hint)
        limit = _limit(key, value, by_name[name].unit)
        check = by_name[name]
        by_name[name] = (
            replace(check, warning=limit) if which == "warning" else replace(check, critical=limit)
        )
    return tuple(by_name.values())


def muted(results: Sequence[CheckResult], keys: Sequence[str]) -> list[CheckResult]:
    """Warnings and critical results under a muted key (`check`, `check:object`) become `info`.

    What could not look stays unknown: silence is not knowledge.
    """
    loud = (CheckStatus.WARNING, CheckStatus.CRITICAL)
    return [
        result.model_copy(
            update={
                "status": CheckStatus.INFO,
                "why": f"Muted by the configuration; else {result.status.value}. {result.why}",
            }
        )
        if result.status in loud and (result.key in keys or result.check in keys)
        else result
        for result in results
    ]


def _limit(key: str, value: int | str, unit: Unit) -> float:
    if isinstance(value, int):
        return value
    text = value.strip()
    try:
        if _NUMBER.fullmatch(text):
            return float(text)
        if unit is Unit.PERCENT and _NUMBER.fullmatch(text.removesuffix("%").strip()):
            return float(text.removesuffix("%"))
        if unit is Unit.BYTES and (size := _SIZE.fullmatch(text)):
            return float(size[1]) * _SIZES[size[2]]
        if unit in (Unit.SECONDS, Unit.MILLISECONDS):
            seconds = parse_duration(text).total_seconds()
            return seconds * 1000 if unit is Unit.MILLISECONDS else seconds
    except ValueError as error:
        raise ConfigError(f"threshold {key!r}: {error}") from error
    raise ConfigError(
        f"threshold {key!r} cannot be {value!r}",
        hint=f"Write a number{f' in {unit.value}' if unit.value else ''}.",
    )
