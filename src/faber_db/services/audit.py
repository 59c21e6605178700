"""Show, verify and export the audit trail.

The trail is a chain: every entry holds the hash of the one before it. Its head is anchored in the
marker of each protected target, so that a trail that was cut short or replaced is noticed where
the target can be reached.
"""

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from faber_db.errors import AuditBroken, Exit, FaberDbError, FileUnreadable, InputError
from faber_db.model.answer import Answer, Details, Problem
from faber_db.model.audit import AuditEntry
from faber_db.model.finding import Frozen
from faber_db.services.app import App, Database, Environment
from faber_db.services.elsewhere import Nothing
from faber_db.services.ports import Away

_PAGE = 1000
_MOST_BROKEN = 1000  # links that are told
_LONGEST_LINE = 1024 * 1024  # bytes; ours have a few hundred


class ShowRequest(Frozen):
    """Which entries: the newest `limit`, or those of one plan, job or event."""

    limit: int = 20
    event: str = ""  # "deploy" matches "deploy.intent" and "deploy.done"
    about: str = ""  # an id that stands in the entry: of a plan, job or backup


class ShowDetails(Details):
    """Entries in order, the newest last."""

    entries: list[AuditEntry] = []
    left_out: int = 0  # older entries that fit the request too


class BrokenLink(Frozen):
    """One place where the trail is not what was written."""

    seq: int
    problem: str


class Anchor(Frozen):
    """What one target remembers of the trail, and whether it agrees."""

    database: str
    environment: str
    seq: int = 0
    agrees: bool | None = None  # None: not compared
    reason: str = ""


class VerifyDetails(Details):
    """The verdict over the whole trail."""

    entries: int = 0
    head: str = ""
    broken: list[BrokenLink] = []
    anchors: list[Anchor] = []


class ExportDetails(Details):
    """Every entry, in order."""

    entries: list[AuditEntry] = []


def show(request: ShowRequest, app: App, away: Away | None = None) -> Answer[ShowDetails]:
    """The newest entries that fit; with `away` those of an executor elsewhere."""
    if away is not None:
        return away.ask("show-audit", request, ShowDetails)
    newest: deque[AuditEntry] = deque(maxlen=request.limit)
    fitting = 0
    for entry in _all(app):
        if _fits(entry, request):
            newest.append(entry)
            fitting += 1
    details = ShowDetails(entries=list(newest), left_out=fitting - len(newest))
    return Answer[ShowDetails](message=f"{len(newest)} of {fitting} audit entries", details=details)


def export(app: App, away: Away | None = None) -> Answer[ExportDetails]:
    """Every entry, for keeping elsewhere; with `away` those of an executor elsewhere."""
    if away is not None:
        return away.ask("export-audit", Nothing(), ExportDetails)
    entries = list(_all(app))
    return Answer[ExportDetails](
        message=f"{len(entries)} audit entries", details=ExportDetails(entries=entries)
    )


def lines(app: App) -> Iterator[str]:
    """Every entry of our own trail as a line of JSON, a page at a time."""
    for entry in _all(app):
        yield json.dumps(entry.model_dump(mode="json"), sort_keys=True)


def verify(app: App, away: Away | None = None) -> Answer[VerifyDetails]:
    """Whether the trail is whole: recomputed hashes, the chain, no gap, and each target's anchor.

    Talks to every protected environment; one that cannot be reached is a warning, since a trail
    that was cut short is noticed only there. An executor elsewhere is asked about its own trail; with
    `away` only that one.
    """
    if away is not None:
        return away.ask("verify-audit", Nothing(), VerifyDetails)
    remembered = list(_remembered(app))  # before the walk: what is written meanwhile is not theirs
    walk = _Walk({anchor.seq for anchor, _ in remembered})
    for entry in _all(app):
        walk.step(entry)
    anchors = [_judged(anchor, head, walk.hashes) for anchor, head in remembered]
    for anchor in anchors:
        if anchor.agrees is False:
            walk.breaks(BrokenLink(seq=anchor.seq, problem=anchor.reason))
    return _verdict(walk.details([a for a in anchors if a.reason or a.seq]))


def verify_file(file: Path) -> Answer[VerifyDetails]:
    """The same over an export, a line at a time, without any state or target.

    That its end was cut off is noticed by its head alone, which is told: a target remembers it.

    Raises:
        FileUnreadable.
    """
    walk = _Walk(set())
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_LONGEST_LINE), b""), 1):
                try:
                    walk.step(AuditEntry.model_validate_json(line, strict=True))
                except ValidationError:
                    walk.breaks(
                        BrokenLink(seq=walk.seq + 1, problem=f"cannot be read (line {number})")
                    )
    except OSError as error:
        raise FileUnreadable(
            f"{file.name} cannot be read: {error.strerror or 'unreadable'}",
            hint="Give a file that `faber-db audit export` wrote.",
        ) from error
    return _verdict(walk.details([]))


class _Walk:
    """Along the chain, keeping what is broken and the hashes that somebody asked for."""

    def __init__(self, wanted: set[int]) -> None:
        self._wanted = wanted
        self.hashes: dict[int, str] = {}
        self.seq, self._head, self._entries = 0, "", 0
        self._broken: list[BrokenLink] = []

    def step(self, entry: AuditEntry) -> None:
        for link in _broken(entry, after=self.seq, head=self._head):
            self.breaks(link)
        self.seq, self._head, self._entries = entry.seq, entry.hash, self._entries + 1
        if entry.seq in self._wanted:
            self.hashes[entry.seq] = entry.hash

    def breaks(self, link: BrokenLink) -> None:
        if len(self._broken) < _MOST_BROKEN:  # the first ones tell where to look
            self._broken.append(link)

    def details(self, anchors: list[Anchor]) -> VerifyDetails:
        return VerifyDetails(
            entries=self._entries, head=self._head, broken=self._broken, anchors=anchors
        )


def _verdict(details: VerifyDetails) -> Answer[VerifyDetails]:
    unseen = [
        Problem(
            code="connection-failed",
            message=f"the anchor in {a.environment} was not compared: {a.reason}",
            hint="Verify again when the target can be reached; only it notices a trail cut short.",
        )
        for a in details.anchors
        if a.agrees is None and a.reason
    ]
    if details.broken:
        first = details.broken[0]
        error = AuditBroken(
            f"the audit trail is not what was written: entry {first.seq} {first.problem}",
            hint="Keep the state folder as it is, and compare it with its newest copy.",
        )
        return Answer[VerifyDetails](
            status="failure",
            message=error.message,
            details=details,
            errors=[Problem.of(error)],
            warnings=unseen,
            exit_code=error.exit_code,
        )
    return Answer[VerifyDetails](
        status="warning" if unseen else "success",
        message=f"{details.entries} audit entries, each as it was written",
        details=details,
        warnings=unseen,
        exit_code=Exit.FAILED if unseen else Exit.DONE,
    )


def _all(app: App) -> Iterator[AuditEntry]:
    after = 0
    while page := app.state.audit(after=after, limit=_PAGE):
        yield from page
        after = page[-1].seq


def _fits(entry: AuditEntry, request: ShowRequest) -> bool:
    if request.event and not (
        entry.event == request.event or entry.event.startswith(f"{request.event}.")
    ):
        return False
    return not request.about or any(
        isinstance(value, str) and value.startswith(request.about) for value in entry.body.values()
    )


def _broken(entry: AuditEntry, *, after: int, head: str) -> Iterator[BrokenLink]:
    if entry.seq > after + 1:
        gap = f"{after + 1}" if entry.seq == after + 2 else f"{after + 1} to {entry.seq - 1}"
        yield BrokenLink(seq=after + 1, problem=f"is missing ({gap})")
    elif entry.previous != head:
        yield BrokenLink(seq=entry.seq, problem="does not follow the entry before it")
    if not _is_as_written(entry):
        yield BrokenLink(seq=entry.seq, problem="was changed")


def _is_as_written(entry: AuditEntry) -> bool:
    try:
        return entry.hash == entry.expected_hash()
    except InputError:  # a value that we never write has no canonical spelling
        return False


def _remembered(app: App) -> Iterator[tuple[Anchor, str]]:
    """Of each target the entry that it remembers, not judged yet, and that entry's hash."""
    for name in app.databases:
        try:
            database = app.databases[name]
        except FaberDbError as error:  # neither its product nor its environments are known
            yield Anchor(database=name, environment="every environment", reason=error.message), ""
            continue
        for environment in database.environments.values():
            yield _anchor(database, environment)


def _anchor_elsewhere(place: dict[str, str], away: Away) -> Anchor:
    """What the executor that holds a target says of its own trail and that target's anchor."""
    try:
        theirs = away.ask("verify-audit", Nothing(), VerifyDetails).details
    except FaberDbError as error:
        return Anchor(**place, reason=error.message)
    if theirs.broken:
        first = theirs.broken[0]
        return Anchor(
            **place, seq=first.seq, agrees=False, reason=f"{first.problem}, in its executor's trail"
        )
    mine = (a for a in theirs.anchors if a.environment == place["environment"])
    return next(mine, Anchor(**place))


def _anchor(database: Database, environment: Environment) -> tuple[Anchor, str]:
    place = {"database": database.name, "environment": environment.name}
    if environment.away is not None:
        return _anchor_elsewhere(place, environment.away), ""
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=environment.limits, read_only=True
        ) as session:
            marker = session.read_marker()
    except FaberDbError as error:
        return Anchor(**place, reason=error.message if environment.protected else ""), ""
    if marker is None or not marker.audit_seq:
        return Anchor(**place), ""
    return Anchor(**place, seq=marker.audit_seq), marker.audit_head


def _judged(anchor: Anchor, head: str, hashes: dict[int, str]) -> Anchor:
    """Whether the trail holds what a target remembers of it."""
    if not head:
        return anchor  # nothing is remembered, or it was judged elsewhere
    if anchor.seq not in hashes:
        lost = f"is gone, but {anchor.environment} remembers it: the trail was cut short"
        return anchor.model_copy(update={"agrees": False, "reason": lost})
    if hashes[anchor.seq] != head:
        other = f"is another one than {anchor.environment} remembers"
        return anchor.model_copy(update={"agrees": False, "reason": other})
    return anchor.model_copy(update={"agrees": True})
