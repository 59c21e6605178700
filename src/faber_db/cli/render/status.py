"""Where a project stands, for people: a line for each environment, then the one next command."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from faber_db.cli.render.next_step import add_next, command_of
from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import ago, count, listed, until
from faber_db.model.answer import Answer, NextPerson, NextTool
from faber_db.model.migration import MigrationState
from faber_db.model.plan import PlanState
from faber_db.services.status_lines import (
    EnvironmentLine,
    JobLine,
    MigrationLine,
    PlanLine,
    StatusDetails,
)

_WAITS = {
    PlanState.WAITING: "waits for a signature",
    PlanState.SIGNED: "is signed and may run",
    PlanState.CLAIMED: "is being carried out",
    PlanState.OPEN: "is planned",
}
_HEALTH = {"healthy": good, "degraded": warn, "unhealthy": bad, "unknown": warn}


def project(
    name: str, made_of: Sequence[str], now: datetime
) -> Callable[[Answer[StatusDetails], Page], None]:
    """Draws the whole project under a headline: `shop · prisma · postgresql`."""

    def draw(answer: Answer[StatusDetails], page: Page) -> None:
        lines = answer.details.environments
        guarded = sum(bool(line.protected) for line in lines)
        words = count(len(lines), "environment") + (f", {guarded} protected" if guarded else "")
        title = " · ".join([name, *made_of])
        page.line(strong(title), " " * max(page.width - 30 - len(title), 3), dim(words))
        standing(now)(answer, page)

    return draw


def standing(now: datetime) -> Callable[[Answer[StatusDetails], Page], None]:
    """Draws environments, migrations, what waits, what runs, and the next step."""

    def draw(answer: Answer[StatusDetails], page: Page) -> None:
        details = answer.details
        page.table([_environment(line, details.waiting) for line in details.environments])
        hints = {problem.message: problem.hint for problem in answer.warnings}
        for line in details.environments:
            _add_oddities(page, line, hints, now)
        if details.migrations:
            page.blank()
            page.table(
                [
                    _migration(_called(v, m.name), m.state, m.applied_at, _told(m), now)
                    for v, m in details.migrations.items()
                ]
            )
            if details.left_out:
                page.line(dim(f"  and {details.left_out:,} more: --detail full"))
        if details.drift and details.drift != "none":
            page.fact(warn("drift"), details.drift)
        if details.backup is not None:
            page.line(answer.message)
        _add_work(page, details, now)
        _add_step(page, details, now)

    return draw


def _add_oddities(
    page: Page, line: EnvironmentLine, hints: Mapping[str, str], now: datetime
) -> None:
    name = _name(line)
    if line.problem:
        told = f"{name}: {line.problem}"
        of_one = hints.get(f"{line.environment}: {line.problem}", "")
        hint = of_one or hints.get(line.problem, "")  # of a folder that all of them have
        page.fact(bad("problem"), f"{told}. {hint}" if hint else told, column=11)
    if line.deploying:
        since = f", {ago(line.deploying_since, now)}" if line.deploying_since else ""
        page.fact(warn("deploying"), f"{name}: {line.deploying}{since}", column=11)
    for note in line.notes:
        label = bad("blocks") if note.blocks else warn("note")
        page.fact(label, f"{name}: {note.message}. {note.hint}".rstrip(), column=11)


def _name(line: EnvironmentLine) -> str:
    return f"{line.database}/{line.environment}" if line.database else line.environment


def _environment(line: EnvironmentLine, waiting: Sequence[PlanLine]) -> tuple[Span | str, ...]:
    verdict, note = _standing(line, waiting)
    unseen = "" if line.problem else "not looked at"
    health = _HEALTH.get(line.health, dim)(line.health or unseen)
    age = f"{line.health_age} ago" if line.health_age else ""
    return (
        strong(_name(line)),
        verdict,
        note,
        health,
        age,
        warn(f"protected: {line.protected}") if line.protected else "",
    )


def _standing(line: EnvironmentLine, waiting: Sequence[PlanLine]) -> tuple[Span, str]:
    if line.problem:
        return bad("could not look"), ""
    odd = {s: n for s, n in line.counts.items() if s is not MigrationState.APPLIED}
    if not odd:
        return good("up to date"), f"{line.counts.get(MigrationState.APPLIED, 0)} applied"
    words = ", ".join(f"{n} {s.value.replace('_', ' ')}" for s, n in odd.items())
    mine = [p for p in waiting if (p.environment, p.database) == (line.environment, line.database)]
    to_run = {MigrationState.PENDING, MigrationState.ROLLED_BACK}
    waits = sum(line.counts.get(state, 0) for state in to_run)
    note = _WAITS.get(mine[0].state, "") if mine else listed(line.pending, most=1, of=waits)
    harmless = set(odd) <= to_run
    return (warn if harmless else bad)(words), note


def _called(version: str, name: str) -> str:
    """By its name, which people know; with the version where that does not stand in it."""
    return name if version in name else f"{version} {name}".strip()


def _told(line: MigrationLine) -> str:
    return f"{line.detail} Next: {line.command}" if line.command else line.detail


def _migration(
    called: str, state: MigrationState, applied_at: str, detail: str, now: datetime
) -> tuple[Span | str, ...]:
    word = state.value.replace("_", " ")
    match state:
        case MigrationState.APPLIED:
            style = good(word)
        case MigrationState.PENDING | MigrationState.ROLLED_BACK | MigrationState.SKIPPED_BY_TOOL:
            style = warn(word)
        case _:
            style = bad(word)
    return (called, style, ago(applied_at, now), detail)


def _add_work(page: Page, details: StatusDetails, now: datetime) -> None:
    rows: list[tuple[Span | str, ...]] = [_plan(plan, now) for plan in details.waiting]
    rows += [_job(job, now) for job in details.jobs]
    if rows:
        page.blank()
        page.table(rows)


def _plan(plan: PlanLine, now: datetime) -> tuple[Span | str, ...]:
    words = _WAITS.get(plan.state, f"is {plan.state.value}")
    loses = bad(f"loses {listed(plan.loses, most=2)}") if plan.loses else ""
    return (
        strong(plan.plan_id),
        plan.environment,
        plan.risk,
        warn(words),
        f"expires {until(plan.expires_at, now)}" if plan.state in _WAITS else plan.reason,
        loses,
    )


def _job(job: JobLine, now: datetime) -> tuple[Span | str, ...]:
    when = ago(job.finished_at or job.started_at, now)
    return (
        strong(job.job_id),
        job.environment,
        job.kind,
        warn(job.state.value),
        when,
        "" if job.state.over else job.progress,
    )


def _add_step(page: Page, details: StatusDetails, now: datetime) -> None:
    waiting = next((p for p in details.waiting if p.state is PlanState.WAITING), None)
    match details.next:
        case NextPerson(person=command) if waiting is not None and waiting.plan_id in command:
            work = f" for work item {waiting.work_id}" if waiting.work_id else ""
            asked = (
                f"asked by {waiting.asked_by or 'somebody'}{work}, {ago(waiting.created_at, now)}"
            )
            page.next_step(command, asked)
        case NextTool(tool=tool) as step if tool != "status":
            page.next_step(command_of(step))
        case step:
            add_next(page, step)
