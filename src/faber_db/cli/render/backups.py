"""Backups for people."""

from collections.abc import Callable
from datetime import datetime

from faber_db.cli.render.next_step import add_next
from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import ago, count, duration, listed, size
from faber_db.model.answer import Answer, State
from faber_db.model.backup import BackupState
from faber_db.services.create_backup import CreateBackupDetails
from faber_db.services.list_backups import BackupDetails, ListBackupsDetails, PruneDetails

_LEVELS = ("not proved", "bytes match", "decoded whole", "test-restored")


def created(answer: Answer[CreateBackupDetails], page: Page) -> None:
    """The new backup, or the job that makes it."""
    details = answer.details
    if details.state is State.RUNNING:
        page.line(strong(details.environment), "  ", warn("running"), f"  {answer.message}")
    elif details.backup_id:
        page.line(
            strong(details.environment),
            "  ",
            good("done"),
            f"  {details.backup_id}  {size(details.size_bytes)}  {_LEVELS[details.level]}",
        )
        page.fact("sha256", details.sha256)
        for note in details.notes:
            page.fact("note", note)
    add_next(page, details.next)


def listing(now: datetime) -> Callable[[Answer[ListBackupsDetails], Page], None]:
    """Draws a list, newest first."""

    def draw(answer: Answer[ListBackupsDetails], page: Page) -> None:
        details = answer.details
        if not details.backups:
            page.line("No backups.")
        page.table(
            [
                (
                    strong(b.backup_id),
                    b.environment,
                    _state(b.state),
                    _LEVELS[b.level] if b.state is BackupState.GOOD else b.error,
                    size(b.size_bytes) if b.size_bytes else "",
                    ago(b.created_at, now),
                    b.ledger_head,
                    b.label,
                )
                for b in details.backups
            ],
            indent=0,
        )
        if details.left_out:
            page.line(dim(f"{count(details.left_out, 'older one')}: --after {details.cursor}"))

    return draw


def one(now: datetime) -> Callable[[Answer[BackupDetails], Page], None]:
    """Draws all that is recorded of a backup."""

    def draw(answer: Answer[BackupDetails], page: Page) -> None:
        backup = answer.details.backup
        page.line(
            strong(backup.id),
            "  ",
            _state(backup.state),
            f"  {backup.environment}  ",
            _LEVELS[backup.level],
        )
        rows = sum(backup.row_counts.values())
        for label, text in (
            ("made", f"{ago(backup.created_at, now)} in {duration(backup.duration_ms)}"),
            ("why", ", ".join(word for word in (backup.reason, backup.label) if word)),
            ("size", size(backup.size_bytes) if backup.size_bytes else ""),
            (
                "holds",
                f"{count(len(backup.row_counts), 'table')}, {count(rows, 'row')}" if rows else "",
            ),
            ("ledger", backup.ledger_head),
            ("server", backup.server_version),
            ("tool", ", ".join(word for word in (backup.tool, backup.format) if word)),
            ("sha256", backup.sha256),
            ("file", backup.path),
            ("error", backup.error),
        ):
            if text:
                page.fact(label, text)
        for note in backup.notes:
            page.fact("note", note)
        add_next(page, answer.details.next)

    return draw


def pruned(answer: Answer[PruneDetails], page: Page) -> None:
    """What went and what stayed."""
    details = answer.details
    page.line(answer.message)
    if details.removed:
        page.fact("removed", listed(details.removed, most=20))
    if details.in_use:
        page.fact("in use", listed(details.in_use, most=20))


def _state(state: BackupState) -> Span:
    match state:
        case BackupState.GOOD:
            return good(state.value)
        case BackupState.FAILED | BackupState.DAMAGED:
            return bad(state.value)
        case _:
            return warn(state.value)
