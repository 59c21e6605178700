"""Accept an edit: the checksum of a migration that was changed after it was applied is recorded anew."""

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from faber_db.errors import (
    ApprovalStale,
    FaberDbError,
    InputError,
    LedgerError,
    NothingPending,
)
from faber_db.executor.planning import Content, Ground, files_of, require_unblocked
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk
from faber_db.model.migration import LedgerRow, Migration, MigrationState
from faber_db.model.plan import Plan
from faber_db.services.ports import Proposal
from faber_db.sql.lexer import COMMENT, SPACE, tokens

_MOST = 8_000  # characters of a difference that a plan holds
_BY_CHOICE = (
    " The difference is shown from a text that has the recorded checksum; that is so short that"
    " another text can be given the same."
)


@dataclass(frozen=True, slots=True)
class _Edit:
    """What is known of an edit: the text that was applied, where it could be found."""

    now: Migration
    recorded: str  # checksum in the ledger
    before: Migration | None
    by_sha256: bool  # else by a short checksum, and any text can be given one

    def is_layout(self, dialect: Dialect) -> bool:
        """Whether it is certain that only white space and comments differ, and nothing of how it runs."""
        if not self.by_sha256 or self.before is None or self.before.wrap is not self.now.wrap:
            return False
        return all(
            list(_meant(one, dialect)) == list(_meant(other, dialect))
            for one, other in (
                (self.before.up, self.now.up),
                (self.before.down or "", self.now.down or ""),
            )
        )

    def difference(self) -> str:
        """Line by line, from what was applied to what is there; empty where that is not known."""
        if self.before is None:
            return ""
        lines = difflib.unified_diff(
            _lines(self.before), _lines(self.now), "applied", "now", lineterm="", n=1
        )
        text = "\n".join(lines)
        return text if len(text) <= _MOST else f"{text[:_MOST]}\n… the rest is left out"


def plan(ground: Ground, proposal: Proposal) -> Content:
    """What accepting an edit has to say: both checksums, and the difference where it is known.

    Raises:
        NothingPending: it is applied as it is there.
        InputError: there is no such migration, or it is not applied.
    """
    history = ground.database.handler.parse(proposal.files)
    edit = _edit(ground, proposal, history)
    layout = edit.is_layout(ground.session.dialect)
    difference = edit.difference()
    finding = Finding(
        code="accept-edit",
        kind=Kind.APP_BREAK,
        risk=Risk.LOW if layout else Risk.HIGH,
        line=0,
        statement=f"accept the edit of {edit.now.version}",
        objects=(edit.now.version,),
        effect=_effect(edit, layout),
        remedy="" if layout else "Restore the file, and write the change as a new migration.",
        confidence=Confidence.PARSED,
    )
    return Content(
        Analysis(risk=finding.risk, findings=(finding,)),
        (edit.now,),
        files=files_of((edit.now,), history, proposal.files),
        arguments=(
            ("difference", difference),
            ("recorded", edit.recorded),
            ("sha256", edit.now.sha256),
            ("version", edit.now.version),
        ),
    )


def require_as_planned(ground: Ground, plan: Plan) -> None:
    """The ledger still has the checksum that is replaced.

    Raises:
        ApprovalStale.
    """
    row = _row(ground, plan.arguments["version"])
    if row is None or _checksum(row) != plan.arguments["recorded"]:
        raise ApprovalStale(
            f"the ledger's row of {plan.arguments['version']} changed after this plan was made",
            hint="Ask for a new plan.",
        )


def require_recorded(ground: Ground, migration: Migration) -> None:
    """The ledger has the new checksum now.

    Raises:
        LedgerError: it has not.
    """
    handler = ground.database.handler
    found = handler.status((migration,), handler.ledger(ground.session))
    if next(s.state for s in found if s.version == migration.version) is not MigrationState.APPLIED:
        raise LedgerError(
            f"the ledger did not take the new checksum of {migration.version}",
            hint=f"`faber-db status {ground.environment.name}` says what it holds.",
        )


def _checksum(row: LedgerRow) -> str:
    """As the ledger keeps it, whatever its kind."""
    return row.sha256 or row.checksum


def _row(ground: Ground, version: str) -> LedgerRow | None:
    rows = ground.database.handler.ledger(ground.session)
    return next((r for r in rows if r.version == version), None)


def _edit(ground: Ground, proposal: Proposal, history: Sequence[Migration]) -> _Edit:
    handler, version = ground.database.handler, proposal.arguments.get("version", "")
    ledger = handler.ledger(ground.session)
    require_unblocked(ground, history, ledger)
    migration = next((m for m in history if m.version == version), None)
    if migration is None:
        raise InputError(
            f"there is no migration {version!r} in the folder",
            hint=f"`faber-db status {ground.environment.name} --detail full` lists them.",
        )
    state = next(s.state for s in handler.status(history, ledger) if s.version == version)
    if state is MigrationState.APPLIED:
        raise NothingPending(f"{version} is applied as it is in the folder")
    row = next((r for r in ledger if r.version == version), None)
    if state is not MigrationState.EDITED or row is None or not _checksum(row):
        raise InputError(
            f"{version} is {state.value.replace('_', ' ')} in {ground.environment.name}, not edited",
            hint=f"`faber-db status {ground.environment.name}` says what to do about it.",
        )
    before = _before(ground, proposal, migration, ledger)
    return _Edit(migration, _checksum(row), before, by_sha256=bool(row.sha256))


def _before(
    ground: Ground, proposal: Proposal, migration: Migration, ledger: Sequence[LedgerRow]
) -> Migration | None:
    """The migration as it was applied: the one of the texts offered that the ledger recognises."""
    handler = ground.database.handler
    for text in _offered(proposal):
        files = [
            replace(f, content=text.encode()) if f.path == migration.path else f
            for f in proposal.files
        ]
        try:
            history = handler.parse(files)
            found = {s.version: s.state for s in handler.status(history, ledger)}
        except FaberDbError:
            continue
        if found.get(migration.version) is MigrationState.APPLIED:
            return next(m for m in history if m.version == migration.version)
    return None


def _offered(proposal: Proposal) -> Iterable[str]:
    try:
        found = json.loads(proposal.arguments.get("candidates") or "[]")
    except ValueError:
        found = []
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _effect(edit: _Edit, layout: bool) -> str:
    ledger = f"The ledger then has the checksum of what is there in place of {edit.recorded[:12]};"
    if layout:
        return f"{ledger} only white space and comments differ from what was applied."
    if edit.before is None:
        return (
            f"{ledger} what differs is not known: no committed version has the recorded checksum."
        )
    shown = "" if edit.by_sha256 else _BY_CHOICE
    return (
        f"{ledger} the database has what was applied, not what the file says now, and a new database"
        f" gets what it says now.{shown}"
    )


def _lines(migration: Migration) -> list[str]:
    return migration.content.decode("utf-8-sig", "replace").splitlines()


def _meant(text: str, dialect: Dialect) -> Iterator[str]:
    """The tokens that are neither space nor comment; a hint to the planner is none either."""
    for token in tokens(text, dialect):
        word = text[token.start : token.end]
        if token.kind == SPACE or (token.kind == COMMENT and not word.startswith("/*+")):
            continue
        yield word
