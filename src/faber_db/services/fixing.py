"""The safe forms added to an analysis, under the names that their files would have."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from faber_db.model.answer import Answer
from faber_db.model.dialect import Dialect
from faber_db.services import replacing
from faber_db.services.app import App
from faber_db.services.history import history
from faber_db.services.ports import Shadow
from faber_db.services.replaying import replayed
from faber_db.services.safer import Fix, Ground, Source, fixes, in_words
from faber_db.services.verdict import Surroundings
from faber_db.sql.script import parse

if TYPE_CHECKING:
    from faber_db.services.analyze import AnalyzeDetails, Request


class Piece(Protocol):
    """One script that was analysed."""

    @property
    def name(self) -> str: ...
    @property
    def sql(self) -> str: ...
    @property
    def wrap(self) -> bool: ...
    @property
    def takes_out(self) -> bool: ...
    @property
    def version(self) -> str:
        """Of a migration of the project; empty for any other file."""
        ...


def add(
    answer: "Answer[AnalyzeDetails]",
    request: "Request",
    app: App | None,
    pieces: Sequence[Piece],
    around: Surroundings,
    shadows: Callable[[Dialect, int | None], Shadow] | None,
) -> None:
    """Plan, prove and name the safe forms, and write one where that was asked for.

    Args:
        answer: of the analysis; the fixes go into its details, their names into its suggestions.
        request: that it answers.
        app: the project, where there is one.
        pieces: the scripts, in the order in which they run.
        around: what they were analysed with.
        shadows: makes throw-away databases; None: nothing is run.

    Raises:
        MigrationNotReplaced: the files cannot take the place of what was looked at.
    """
    from faber_db import recipes

    details = answer.details
    if recipes.wanted(details.findings):  # else nothing has to be read a second time
        ground = None
        if shadows is not None:
            made = shadows(around.dialect, (around.server_version or 0) // 10_000 or None)
            ground = _ground(request, app, pieces, made)
        dialect = around.dialect
        sources = [Source(p.name, parse(p.sql, dialect), p.wrap, p.takes_out) for p in pieces]
        details.fixes = list(fixes(sources, details.findings, around, ground))
    _name(details, request, pieces, app)
    lines = [line for fix in details.fixes for line in in_words(fix)]
    answer.suggested_fixes = [*lines, *answer.suggested_fixes]
    if request.fix_characters:
        details.fixes = [_within(fix, request.fix_characters) for fix in details.fixes]


def _within(fix: Fix, characters: int) -> Fix:
    """A fix without its files where they are too long: half a plan would be worse than none."""
    if sum(len(file.sql) + len(file.why) for file in fix.files) <= characters:
        return fix
    left = f"{len(fix.files)} files are left out here; `faber-db analyze --fix` prints them"
    return fix.model_copy(update={"files": (), "proof": left})


def _name(
    details: "AnalyzeDetails", request: "Request", pieces: Sequence[Piece], app: App | None
) -> None:
    by_name = {piece.name if len(pieces) > 1 else "": piece for piece in pieces}
    plans = []
    for position, fix in enumerate(details.fixes):
        piece = by_name[fix.migration]
        if piece.version and app is not None and fix.files:
            database = app.database(request.database)
            plan = replacing.planned(fix, piece.version, database, app)
            plans.append((plan, database))
            details.fixes[position] = replacing.with_names(fix, plan)
        else:
            stem = Path(piece.name).stem or "stdin"
            details.fixes[position] = replacing.with_plain_names(fix, stem)
    if request.write and app is not None:
        plan, database = replacing.the_only(plans, details.fixes)
        details.replaced = str(replacing.replace(plan, database, app))
        details.written = [file.path for file in plan.files]


def _ground(request: "Request", app: App | None, pieces: Sequence[Piece], shadow: Shadow) -> Ground:
    """A throw-away database with the schema that the first piece finds."""
    versions = {piece.version for piece in pieces if piece.version}
    if not versions or app is None:
        before = request.before
        place = (lambda: shadow.with_schema(before)) if before.strip() else shadow.new
        return Ground(place, shadow.label)
    database = app.database(request.database)
    ledgers = database.handler.ledger_tables
    if request.environment:
        url = database.environment(request.environment).resolve_url()
        return Ground(lambda: shadow.copy_of(url), shadow.label, ledgers)
    earlier = tuple(takewhile(lambda m: m.version not in versions, history(database)))

    return Ground(lambda: replayed(database, earlier, app, shadow=shadow), shadow.label, ledgers)
