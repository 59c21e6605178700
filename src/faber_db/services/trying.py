"""Where `analyze` runs its scripts when it is asked to try them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from faber_db.errors import FaberDbError, InputError
from faber_db.model.trial import TrialRun
from faber_db.services.ports import Progress, Session, Shadow, silent
from faber_db.services.trial_run import try_scripts
from faber_db.sql.script import Script

MOST = 2_000  # statements that a plan waits for; `analyze --trial` takes any number


@dataclass(frozen=True, slots=True)
class Trying:
    """What a trial run is given beside the scripts.

    Args:
        shadow: makes the throw-away database.
        queries: of the running application, one text.
        progress: told what is done.
    """

    shadow: Shadow
    queries: str = ""
    progress: Progress = silent

    def place(self, *, url: str, before: str, whole: bool) -> AbstractContextManager[Session]:
        """The throw-away database with the schema as it is before.

        Args:
            url: of the database whose schema is copied, or empty.
            before: SQL of the schema, or empty.
            whole: whether the scripts are a whole history, which needs no schema.

        Raises:
            InputError: there is no schema to try on.
            ShadowUnavailable.
        """
        self.progress("making a throw-away database")
        if url:
            return self.shadow.copy_of(url)
        if before.strip():
            return self.shadow.with_schema(before)
        if whole:
            return self.shadow.new()
        raise InputError(
            "a trial run needs the schema that is there",
            hint="Add `--schema FILE`, or `--environment ENVIRONMENT` in place of a path.",
        )


@dataclass(frozen=True, slots=True)
class ToTry:
    """Scripts in the order in which they run, and how their runner takes each."""

    scripts: Sequence[Script]
    wraps: Sequence[bool]
    takes_out: Sequence[bool]

    def on(
        self,
        place: AbstractContextManager[Session],
        *,
        version: int | None,
        queries: Sequence[str] = (),
        progress: Progress = silent,
        listing: bool = False,
    ) -> TrialRun:
        """Try them there."""
        with place as session:
            return try_scripts(
                session,
                self.scripts,
                self.wraps,
                takes_out=self.takes_out,
                version=version,
                queries=queries,
                progress=progress,
                listing=listing,
            )


def on_copy(
    shadow: Shadow,
    url: Callable[[], str],
    to_try: ToTry,
    *,
    version: int | None,
    progress: Progress = silent,
) -> tuple[TrialRun | None, str]:
    """Try on a copy of the schema at a URL, where one can be had; else why there is none.

    A trial adds to what is known and is never a condition: whatever keeps it from being made is
    a reason, not an error.
    """
    count = sum(len(script.statements) for script in to_try.scripts)
    if count > MOST:
        return None, f"{count} statements are more than {MOST}"
    try:
        place = shadow.copy_of(url())
        return to_try.on(place, version=version, progress=progress, listing=True), ""
    except FaberDbError as error:
        return None, error.message
