"""The executor's project as one request sees it: with the history that came along, and from where."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from faber_db.errors import ConfigError
from faber_db.executor.local import LocalExecutor
from faber_db.executor.protocol import SentHistory
from faber_db.services.app import App, Database


class _Sent(Mapping[str, Database]):
    """The databases, each with the history that was sent in the place of a folder."""

    def __init__(self, databases: Mapping[str, Database], history: SentHistory | None) -> None:
        self._databases = databases
        self._history = history
        self._files = history.as_files() if history else ()

    def __getitem__(self, name: str) -> Database:
        database = self._databases[name]
        if self._history is not None and self._history.handler != database.handler.name:
            raise ConfigError(
                f"the history was read as {self._history.handler[:40]!r}, and the executor"
                f" has {database.handler.name!r} for {name}",
                hint="Name the same `handler` in both configurations.",
            )
        return replace(database, sent=self._files)

    def __iter__(self) -> Iterator[str]:
        return iter(self._databases)

    def __len__(self) -> int:
        return len(self._databases)


def seen_from(app: App, history: SentHistory | None = None) -> App:
    """The same project for one request.

    Args:
        app: the executor's own.
        history: what it brought; None: nothing, and then no migration is known.
    """
    executor = app.executor
    assert isinstance(executor, LocalExecutor)  # noqa: S101 an executor's own has no other
    view: App

    def itself() -> App:
        return view

    of_view: Callable[[], App] = itself
    view = replace(
        app,
        databases=_Sent(app.databases, history),
        executor=executor.over(of_view),
    )
    return view
