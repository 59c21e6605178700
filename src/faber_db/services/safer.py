"""The safe form of what was analysed: planned, judged by the same rules, run on throw-away databases.

A plan that fails its proof is not offered. Where no throw-away database is to be had, it is offered
as not proved, after our own rules have found nothing in it that makes others wait.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faber_db.errors import FaberDbError, LockTimeout, MigrationFailed, ShadowFailed
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding, Frozen, Kind, Risk
from faber_db.services.catalogue_differences import differences
from faber_db.services.ports import Session, Tried
from faber_db.services.verdict import Surroundings
from faber_db.sql.script import Script, parse

if TYPE_CHECKING:
    from faber_db.rules.context import Context

_ON_DATA = "may-fail-on-data"  # the data decides, not the form
_OF_THE_END = (Kind.DATA_LOSS, Kind.APP_BREAK)  # what a later release may do, since code is new
_PATIENT = "SHARE"  # from this mode on, writers wait


class FixFile(Frozen):
    """One file of a plan."""

    name: str
    sql: str
    transaction: bool = True
    why: str
    deploy_before: str = ""  # what has to be deployed before it runs
    later: bool = False  # belongs to a later release: it takes away what the release before needs


class Unsolved(Frozen):
    """A statement for which no safe form is known, and why."""

    line: int
    statement: str
    why: str


class Fix(Frozen):
    """What to run instead of one script."""

    migration: str = ""  # which, where there are several
    files: tuple[FixFile, ...] = ()
    proof: str = ""  # how far it was proved, or why not
    proved: bool = False
    unsolved: tuple[Unsolved, ...] = ()
    refused: str = ""  # why nothing is offered


@dataclass(frozen=True)
class Source:
    """One script, as it was analysed."""

    name: str
    script: Script
    wrap: bool
    takes_out: bool = False


@dataclass(frozen=True)
class Ground:
    """Where plans are proved: each call of `place` makes a database as it is before the scripts."""

    place: Callable[[], AbstractContextManager[Session]]
    label: str  # what it is made of
    leave_out: tuple[str, ...] = ()  # tables that are no part of the schema


def fixes(
    sources: Sequence[Source],
    findings: Sequence[Finding],
    around: Surroundings,
    ground: Ground | None,
) -> tuple[Fix, ...]:
    """A fix for each script that something speaks against and that has a safe form, or why not.

    Args:
        sources: in the order in which they run.
        findings: about all of them.
        around: what they were analysed with.
        ground: where to prove; None: nowhere.
    """
    found = []
    for position, source in enumerate(sources):
        mine = [f for f in findings if len(sources) == 1 or f.migration == source.name]
        fix = _Fixing(tuple(sources[:position]), source, mine, around, ground).fix()
        if fix.files or fix.unsolved or fix.refused:
            named = {"migration": source.name if len(sources) > 1 else ""}
            found.append(fix.model_copy(update=named))
    return tuple(found)


def in_words(fix: Fix) -> Iterator[str]:
    """One line for each file, for callers that take texts only; the SQL stands in the fix."""
    what = fix.migration or "the script"
    for number, file in enumerate(fix.files, start=1):
        how = "" if file.transaction else ", outside a transaction"
        deploy = f" (deploy before: {file.deploy_before})" if file.deploy_before else ""
        yield f"instead of {what}, file {number} of {len(fix.files)}{how}: {file.name}{deploy}"


@dataclass(frozen=True)
class _Fixing:
    earlier: tuple[Source, ...]
    source: Source
    findings: Sequence[Finding]
    around: Surroundings
    ground: Ground | None

    def fix(self) -> Fix:
        from faber_db import recipes

        if not recipes.wanted(self.findings):
            return Fix()
        why = "nothing was run"
        postgresql = self.around.dialect is Dialect.POSTGRESQL
        if postgresql and self.ground is not None:
            try:
                return self._proved(self.ground)
            except FaberDbError as error:
                why = error.message
        return _unproved(self._planned(self.around.catalogue, self.findings), why)

    # planning

    def _planned(self, catalogue: Catalogue | None, findings: Sequence[Finding]) -> Fix:
        """The plan for a schema, with what our own rules say of it."""
        from faber_db import recipes

        context = self._context(catalogue, self.source, tuple(s.script for s in self.earlier))
        plan = recipes.plan(self.source.script, context, findings)
        files = tuple(
            FixFile(
                name=step.name,
                sql=step.sql,
                transaction=step.transaction,
                why=step.why,
                deploy_before=step.deploy,
                later=step.last,
            )
            for step in plan.steps
        )
        fix = Fix(
            files=files,
            refused=plan.refused,
            unsolved=tuple(
                Unsolved(line=u.line, statement=u.statement, why=u.why) for u in plan.unsolved
            ),
        )
        bad = self._still_bad(files, catalogue)
        return fix.model_copy(update={"files": (), "refused": bad}) if files and bad else fix

    def _still_bad(self, files: Sequence[FixFile], catalogue: Catalogue | None) -> str:
        """What our rules would say of the plan itself that they should not."""
        scripts = [s.script for s in self.earlier]
        for file in files:
            source = Source(file.name, parse(file.sql, self.around.dialect), file.transaction)
            for finding in self._findings(source, catalogue, tuple(scripts)):
                if file.later and finding.kind in _OF_THE_END:
                    continue
                if self._is_worse(finding):
                    return f"the safe form has {finding.code} itself, in the file {file.name!r}"
            scripts.append(source.script)
        return ""

    def _is_worse(self, finding: Finding) -> bool:
        """Whether a finding about the plan is one that the plan should have done away with, or is new."""
        if finding.allowed or not finding.risk.at_least(Risk.MEDIUM):
            return False
        if finding.statement in self._kept():
            return False
        if finding.kind is Kind.BLOCKING:
            return True
        if finding.kind is Kind.FAILS:
            return finding.code not in {f.code for f in self.findings}
        return finding.kind not in {f.kind for f in self.findings} | {Kind.STYLE}

    def _findings(
        self, source: Source, catalogue: Catalogue | None, earlier: tuple[Script, ...]
    ) -> tuple[Finding, ...]:
        from faber_db.rules import analyze

        found = analyze(source.script, self._context(catalogue, source, earlier)).findings
        return tuple(f for f in found if f.code != _ON_DATA)

    def _context(
        self, catalogue: Catalogue | None, source: Source, earlier: tuple[Script, ...]
    ) -> "Context":
        from faber_db.rules.context import Context

        return Context(
            dialect=self.around.dialect,
            server_version=self.around.server_version,
            catalogue=catalogue,
            sizes=self.around.sizes,
            wrap=source.wrap,
            takes_out=source.takes_out,
            protected=self.around.protected,
            earlier=earlier,
            schemas=self.around.schemas,
            database=self.around.database,
            ledgers=self.around.ledgers,
        )

    # proving

    def _proved(self, ground: Ground) -> Fix:
        """Plan on the schema as the server prints it, run original and plan, compare."""
        with ground.place() as session:
            other = _other_major(session, self.around)
            catalogue = session.catalogue(leave_out=ground.leave_out)
            self._run_earlier(session)
            earlier = tuple(s.script for s in self.earlier)
            findings = self._findings(self.source, catalogue, earlier)
            fix = self._planned(catalogue, findings)
            if not fix.files or other:
                return _unproved(fix, other)
            try:
                session.run(self.source.script, wrap=self.source.wrap)
            except (MigrationFailed, LockTimeout) as error:
                return _unproved(
                    fix, f"the file as it stands does not run on an empty database: {error.message}"
                )
            wanted = session.catalogue(leave_out=ground.leave_out)
        with ground.place() as session:
            self._run_earlier(session)
            trouble = _trouble(session, fix.files, self._kept())
            if not trouble:
                found = differences(session.catalogue(leave_out=ground.leave_out), wanted)
                trouble = "; ".join(f"{d.kind} {d.name} {d.difference}" for d in found[:3])
        if trouble:
            return Fix(unsolved=fix.unsolved, refused=f"the safe form failed its proof: {trouble}")
        proof = (
            f"proved on a {ground.label}: it ends in the same schema, and nobody waits for its work"
        )
        return fix.model_copy(update={"proof": proof, "proved": True})

    def _kept(self) -> frozenset[str]:
        """Statements of the source, which may stay in a plan as unsafe as they are."""
        return frozenset(s.text[:300] for s in self.source.script.statements)

    def _run_earlier(self, session: Session) -> None:
        for source in self.earlier:
            try:
                session.run(source.script, wrap=source.wrap)
            except (MigrationFailed, LockTimeout) as error:
                raise ShadowFailed(
                    f"{source.name}, which runs before it, does not run on an empty database:"
                    f" {error.message}"
                ) from error


def _unproved(fix: Fix, why: str) -> Fix:
    return fix.model_copy(update={"proof": f"not proved: {why}"}) if fix.files else fix


def _other_major(session: Session, around: Surroundings) -> str:
    """Forms differ from version to version; empty where the server's is the target's or not known."""
    wanted = around.server_version
    if wanted is None or wanted // 10_000 == session.server_version // 10_000:
        return ""
    return (
        f"the throw-away database is {session.server_label}, the server is of version"
        f" {wanted // 10_000}"
    )


def _trouble(session: Session, files: Sequence[FixFile], kept: frozenset[str]) -> str:
    """What a trial run of the plan objects to."""
    tables = frozenset(t.full_name for t in session.catalogue().tables)  # nobody writes to a view
    for file in files:
        script = parse(file.sql, session.dialect)
        for tried in session.try_out(script, wrap=file.transaction):
            if tried.error or tried.not_tried:
                return f"{file.name}: {tried.error or tried.not_tried}"
            waiting = _waiting(tried, tables)
            if waiting and tried.text not in kept:
                return f"{file.name}: others wait for {waiting} while it works"
    return ""


def _waiting(tried: Tried, tables: frozenset[str]) -> str:
    """The table that is locked against writers while a statement reads or rewrites one."""
    from faber_db.rules.effects import ACCESS_EXCLUSIVE, strength

    if not (tried.rewritten or tried.scanned):
        return ""
    for table, mode in (*tried.locks, *tried.held):
        if strength(mode) >= strength(_PATIENT if table in tables else ACCESS_EXCLUSIVE):
            return table
    return ""
