"""What another environment measured when the same bytes ran there. It is shown, and lowers no risk."""

from collections.abc import Mapping, Sequence
from typing import Any

from faber_db.model.dialect import Dialect
from faber_db.model.plan import PlanKind, PlannedMigration, PlanState, PreflightAnswer, StoredPlan
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import Session

QUESTION = "measured elsewhere"


def seen(session: Session, touched: Sequence[str]) -> dict[str, Any]:
    """What stands beside the measured times of a deployment: version, and rows of what it touches."""
    sizes = session.sizes()
    rows = {name: sizes[name].rows for name in touched if name in sizes}
    return {"server_version": session.server_version, "rows": rows}


def measured_elsewhere(
    app: App,
    database: Database,
    environment: Environment,
    migrations: Sequence[PlannedMigration],
    here: Mapping[str, Any],
    dialect: Dialect,
) -> PreflightAnswer | None:
    """How long exactly these bytes took where they ran before, with the rows there and here.

    Only on the same product and major version. None where no environment ran all of them.

    Args:
        app: its state knows what ran.
        database: which one.
        environment: the one that is planned for; another's measurement is looked for.
        migrations: that would run.
        here: of `seen`.
        dialect: of the target.
    """
    found: dict[str, dict[tuple[str, str], int]] = {}
    rows: dict[str, dict[str, int]] = {}
    for stored in app.state.plans(database=database.name):
        name = stored.plan.environment
        if name == environment.name or not _comparable(stored, here, dialect):
            continue
        try:
            times, there = _times(stored), _rows(stored)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # the row was edited: it measured nothing
        for key, milliseconds in times.items():
            found.setdefault(name, {}).setdefault(key, milliseconds)  # the newest first
        rows[name] = {**there, **rows.get(name, {})}
    wanted = [(m.version, m.sha256) for m in migrations]
    for name, times in found.items():
        if wanted and all(key in times for key in wanted):
            seconds = sum(times[key] for key in wanted) / 1000
            return PreflightAnswer(
                question=QUESTION,
                answer=f"{name} ran the same bytes in {_duration(seconds)} on"
                f" {sum(rows[name].values()):,} rows; {sum(here['rows'].values()):,} rows here",
                ok=True,
                asked_at=app.now().isoformat(timespec="seconds"),
            )
    return None


def _comparable(stored: StoredPlan, here: Mapping[str, Any], dialect: Dialect) -> bool:
    there = stored.result.get("seen")
    return (
        stored.plan.kind is PlanKind.DEPLOY
        and stored.state is PlanState.DONE
        and isinstance(there, dict)
        and _major(there.get("server_version"), dialect) == _major(here["server_version"], dialect)
    )


def _major(version: object, dialect: Dialect) -> int:
    """170010 is 17 of PostgreSQL, 101100 is 10.11 of MariaDB, 3045001 is 3 of SQLite."""
    size = {Dialect.POSTGRESQL: 10_000, Dialect.SQLITE: 1_000_000}.get(dialect, 100)
    return int(str(version)) // size if str(version).isdecimal() else -1


def _times(stored: StoredPlan) -> dict[tuple[str, str], int]:
    digests = {m.version: m.sha256 for m in stored.plan.migrations}
    return {
        (m["version"], digests[m["version"]]): int(m["duration_ms"])
        for m in stored.result.get("measured", [])
        if m["version"] in digests
    }


def _rows(stored: StoredPlan) -> dict[str, int]:
    return {str(name): int(rows) for name, rows in stored.result["seen"].get("rows", {}).items()}


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else "under 0.1 s"
