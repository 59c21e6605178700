"""A script as a sequence of files: what is unsafe step by step, everything else as it was, in order."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from faber_db.model.finding import Finding, Kind, Risk
from faber_db.model.statement import DetachPartition, Drop, Maintain, Rename, Update
from faber_db.recipes.base import Known, NoWay, Part, Recipe, Step, sentence, whole
from faber_db.recipes.pieces import parts
from faber_db.recipes.splitting import Splittable, splittable
from faber_db.rules.context import Context
from faber_db.rules.effects import strength
from faber_db.rules.scene import effects_of
from faber_db.rules.state import State
from faber_db.sql.script import Script, Statement

_ONLY_TOGETHER = {"lock-held", "enum-value-used", "concurrently-in-transaction"}
"""Findings about statements that are harmless in a transaction of their own, or outside of one."""
_ASKING = _ONLY_TOGETHER | {"add-required-column", "detach-partition", "rename-breaks-code"}
"""Codes that ask for a safe form, beside everything that makes others wait."""
_MOST = 200  # statements that one plan replaces
_WITHOUT_WORK = (DetachPartition, Drop, Maintain, Rename, Update)  # judged by their recipes


@dataclass(frozen=True, slots=True)
class Unsolved:
    """A statement that stays as it is, and why."""

    line: int
    statement: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run instead of a script; no steps where nothing is gained, or nothing is safe."""

    steps: tuple[Step, ...] = ()
    unsolved: tuple[Unsolved, ...] = ()
    refused: str = ""  # why the script as a whole is left alone


def compose(
    script: Script, context: Context, findings: Sequence[Finding], recipes: Sequence[Recipe]
) -> Plan:
    """Replace the statements that make others wait, or that fail, by their safe form.

    Args:
        script: of PostgreSQL.
        context: that it was analysed with.
        findings: of this script.
        recipes: tried in order on each unsafe part.
    """
    asking: dict[int, list[Finding]] = {}
    for finding in filter(asks, findings):
        asking.setdefault(finding.line, []).append(finding)
    if not asking:
        return Plan()
    if len(asking) > _MOST:
        return Plan(
            refused=f"{len(asking)} statements have to change, which is too much for one plan"
        )
    found = splittable(script)
    if isinstance(found, str):
        return Plan(refused=found)
    state = State(context.dialect, context.catalogue)
    for earlier in context.earlier:
        _apply(state, earlier.statements)
    composer = _Composer(context, recipes, state, found)
    for statement in found.statements:
        codes = {
            f.code
            for f in asking.get(statement.line, ())
            if f.statement == statement.text[: len(f.statement)]
        }
        composer.take(statement, codes)
    return composer.plan()


def asks(finding: Finding) -> bool:
    """Whether a safe form is looked for: others wait, or it fails for its place in the file."""
    return (
        (finding.kind is Kind.BLOCKING or finding.code in _ASKING)
        and finding.risk.at_least(Risk.MEDIUM)
        and not finding.allowed
    )


def _apply(state: State, statements: Sequence[Statement]) -> None:
    for statement in statements:
        for action in statement.actions:
            state.apply(action)


@dataclass
class _Composer:
    """Steps in order; statements that stay gather in one file until something has to stand apart."""

    context: Context
    recipes: Sequence[Recipe]
    state: State
    source: Splittable
    steps: list[Step] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    staying: list[str] = field(default_factory=list)
    unsolved: list[Unsolved] = field(default_factory=list)
    changed: bool = False
    lingering: set[str] = field(default_factory=set)  # names that both stay until the last file
    refused: str = ""

    def take(self, statement: Statement, codes: set[str]) -> None:
        """One statement of the script; `codes` of what speaks against it."""
        lead = self.source.comments_above(statement)
        self._look_for_lingering(statement)
        if codes and self._replaced(statement, lead, codes):
            pass
        elif not statement.transactional:
            self._close()
            self.changed = self.changed or self.context.wrap
            self.steps.append(_alone(statement, lead))
        else:
            self._stay(lead + sentence(whole(statement).text), apart=bool(codes & _ONLY_TOGETHER))
        _apply(self.state, (statement,))

    def plan(self) -> Plan:
        if self.refused:
            return Plan(unsolved=tuple(self.unsolved), refused=self.refused)
        self._close()
        steps = (*self.steps, *self.last) if self.changed else ()
        settings = self.source.settings
        if settings:
            steps = tuple(
                replace(s, sql=settings + s.sql) if s.transaction else s for s in steps
            )  # fmt: skip
        return Plan(steps, tuple(self.unsolved))

    def _stay(self, text: str, *, apart: bool = False) -> None:
        if apart and self.staying:
            self._close()
            self.changed = True
        self.staying.append(text)

    def _close(self) -> None:
        if self.staying:
            name = "the rest" if self.steps else "as it was"
            text = "\n".join(self.staying)
            why = "As it stands in the file."
            self.steps.append(Step(name, text, why, transaction=self.context.wrap))
            self.staying = []

    def _replaced(self, statement: Statement, lead: str, codes: set[str]) -> bool:
        """Put the safe form in the place of a statement, where there is one."""
        try:
            found = self._parts(statement)
        except NoWay as no_way:
            self._stays_unsafe(statement, str(no_way), codes)
            return False
        if all(isinstance(item, str) for item in found):
            known_as = codes - {"detach-partition"}  # which CONCURRENTLY is too
            self._stays_unsafe(statement, "no safe form of it is known", known_as)
            return False
        for item in found:
            if isinstance(item, str):
                self._stay(lead + sentence(item))
            else:
                self._add(item, lead)
            lead = ""
        return True

    def _stays_unsafe(self, statement: Statement, why: str, codes: set[str]) -> None:
        if codes - _ONLY_TOGETHER:
            self.unsolved.append(Unsolved(statement.line, statement.text[:300], why))

    def _look_for_lingering(self, statement: Statement) -> None:
        """What follows on a renamed table would meet the old name, which is there until the end."""
        for action in statement.actions:
            names = {getattr(action, word, "") for word in ("table", "name", "old", "new")}
            if names & self.lingering and not self.refused:
                self.refused = (
                    f"line {statement.line} touches {min(names & self.lingering)}, which is renamed above"
                    " and keeps both names for a while: give the rename a migration of its own"
                )

    def _add(self, steps: tuple[Step, ...], lead: str) -> None:
        self._close()
        self.changed = True
        first, *rest = steps
        for step in (replace(first, sql=lead + first.sql), *rest):
            (self.last if step.last else self.steps).append(step)

    def _parts(self, statement: Statement) -> list[str | tuple[Step, ...]]:
        """Each part of a statement: its text where it is harmless, else the steps of a recipe.

        Raises:
            NoWay: a part of it has no safe form.
        """
        state = deepcopy(self.state)
        found: list[str | tuple[Step, ...]] = []
        for part in parts(whole(statement)):
            known = Known(
                self.context.dialect, self.context.postgresql_major, state, self.context.catalogue
            )
            steps = self._safe_form(part, known) if self._is_unsafe(part, state) else None
            if steps is not None:
                self.lingering |= {
                    name
                    for a in part.main
                    if isinstance(a, Rename)
                    for name in (a.table or a.old, a.table or a.new)
                }
            found.append(steps or part.text)
            for action in part.actions:
                state.apply(action)
        return found

    def _safe_form(self, part: Part, known: Known) -> tuple[Step, ...] | None:
        for recipe in self.recipes:
            steps = recipe(part, known)
            if steps is not None:
                return steps
        return None

    def _is_unsafe(self, part: Part, state: State) -> bool:
        return any(
            isinstance(action, _WITHOUT_WORK)
            or any(
                effect.works and strength(effect.lock) >= strength("SHARE")
                for effect in effects_of(action, state, self.context)
                if not state.is_new(effect.table)
            )
            for action in part.main
        )


def _alone(statement: Statement, lead: str) -> Step:
    words = " ".join(statement.text.split()[:3]).lower()
    why = "It refuses to run inside a transaction."
    return Step(words, lead + sentence(whole(statement).text), why, transaction=False)
