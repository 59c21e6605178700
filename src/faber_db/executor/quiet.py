"""Wait for a moment at which a migration holds nobody up: before the start, and between two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

from faber_db.errors import Cancelled, LockBlocked, ReplicaBehind
from faber_db.model.plan import PreflightAnswer
from faber_db.services.ports import Blocker, Progress, ReplicaLag, Session
from faber_db.services.ports import Cancelled as IsCancelled

_PAUSE = timedelta(seconds=0.5)
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """What is waited for, and how long.

    A younger transaction than `old` is left to `lock_timeout` and its retries, which see it through
    without keeping anybody in a queue for longer.
    """

    old: timedelta = timedelta(minutes=1)
    blockers: timedelta = timedelta(seconds=30)
    behind_seconds: float = 10.0
    behind_bytes: int = 256 * _MEBIBYTE
    replicas: timedelta = timedelta(minutes=5)


def wait_for_blockers(
    session: Session,
    tables: Sequence[str],
    *,
    progress: Progress,
    cancelled: IsCancelled,
    patience: Patience = Patience(),
) -> None:
    """Return once no old transaction has locks on the tables.

    Raises:
        LockBlocked: it is still open after all of `patience.blockers`. Nothing has run.
        Cancelled.
    """

    def found() -> str:
        old = [b for b in session.blockers(tables) if _is_old(b, session, patience)]
        return f"{_named(old[0], tables)}{_more(len(old))}" if old else ""

    left = _waited(found, patience.blockers, progress, cancelled)
    if left:
        raise LockBlocked(
            f"{left}; the migration would wait for it, and the application behind the migration",
            hint="End that session, or deploy when it has ended. Nothing was run.",
        )


def in_the_way(
    session: Session,
    tables: Sequence[str],
    now: datetime,
    *,
    patience: Patience = Patience(),
) -> tuple[PreflightAnswer, ...]:
    """Old transactions on the tables, for a plan: what a deployment would wait for now."""
    return tuple(
        PreflightAnswer(
            question="in the way now",
            answer=_named(blocker, tables),
            ok=None,
            asked_at=now.isoformat(timespec="seconds"),
            decides=False,
        )
        for blocker in session.blockers(tables)
        if _is_old(blocker, session, patience)
    )


def wait_for_replicas(
    session: Session,
    *,
    progress: Progress,
    cancelled: IsCancelled,
    patience: Patience = Patience(),
) -> None:
    """Return once no replica is far behind; what this role may not see is not waited for.

    Raises:
        ReplicaBehind: one is still behind after all of `patience.replicas`.
        Cancelled.
    """

    def found() -> str:
        behind = [r for r in session.replica_lag() if _is_behind(r, patience)]
        return f"replica {_far(behind[0])}{_more(len(behind))}" if behind else ""

    left = _waited(found, patience.replicas, progress, cancelled)
    if left:
        raise ReplicaBehind(left, hint="Deploy when it has caught up; `faber-db health` shows it.")


def _waited(
    found: Callable[[], str], most: timedelta, progress: Progress, cancelled: IsCancelled
) -> str:
    """What is still in the way after waiting; empty where nothing is."""
    passed = timedelta(0)
    while words := found():
        if passed >= most:
            return words
        if cancelled():
            raise Cancelled("cancelled while it waited for others")
        progress(f"waiting for {words}")
        sleep(_PAUSE.total_seconds())
        passed += _PAUSE
    return ""


def _is_old(blocker: Blocker, session: Session, patience: Patience) -> bool:
    return blocker.since is None or session.now() - blocker.since >= patience.old


def _named(blocker: Blocker, tables: Sequence[str]) -> str:
    where = ", ".join(blocker.tables[:3]) or f"a table of this database ({', '.join(tables[:3])}?)"
    doing = f": {' '.join(blocker.doing.split())[:100]}" if blocker.doing else ""
    return f"{blocker} on {where}{doing}"


def _more(count: int) -> str:
    return f", and {count - 1} more" if count > 1 else ""


def _is_behind(replica: ReplicaLag, patience: Patience) -> bool:
    return (replica.seconds or 0.0) > patience.behind_seconds or (
        (replica.bytes or 0) > patience.behind_bytes
    )


def _far(replica: ReplicaLag) -> str:
    seconds = f"{replica.seconds or 0.0:.0f} s"
    size = f"{(replica.bytes or 0) / _MEBIBYTE:.0f} MiB"
    return f"{replica.name} is {seconds}, {size} behind"
