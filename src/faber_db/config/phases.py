"""Which environment a phase works on."""

from collections.abc import Mapping

from faber_db.errors import UnknownEnvironment

ALIASES = {"development": "dev", "test": "staging", "prod": "production"}
"""Names that stand for another, where no environment has the exact name."""

PHASES = {"build": "dev", "evaluate": "staging", "release": "production"}
"""The phases that change a database, and the environment of each unless `phases` says another."""


def named(name: str, environments: Mapping[str, object]) -> str | None:
    """The configured name that `name` means: itself, what it is an alias of, or the reverse."""
    same = [name, ALIASES.get(name, ""), *(a for a, full in ALIASES.items() if full == name)]
    return next((candidate for candidate in same if candidate in environments), None)


def environment_of(
    phase: str, environments: Mapping[str, object], phases: Mapping[str, str]
) -> str | None:
    """The environment of a phase.

    Returns:
        None for `evaluate` where there is no staging: it trial-runs on a shadow and says so.

    Raises:
        UnknownEnvironment: there is none, or `phases` names one that is not configured.
    """
    wanted = phases.get(phase, PHASES[phase])
    found = named(wanted, environments)
    if found is None and (phase != "evaluate" or phase in phases):
        raise UnknownEnvironment(
            f"{phase} works on {wanted!r}, which is not configured",
            hint=f'Name another in the configuration: "phases": {{"{phase}": "…"}}. '
            f"Configured: {', '.join(environments) or 'none'}.",
        )
    return found
