"""Reading the configuration of an executor of its own."""

from pathlib import Path

from pydantic import ValidationError

from faber_db.config.executor import ExecutorSettings, require_private
from faber_db.config.file import as_error, read_text
from faber_db.config.problems import examine
from faber_db.errors import ConfigError


def load_executor(path: Path, listen: tuple[str, ...] = ()) -> ExecutorSettings:
    """The settings in a file that nobody else may write.

    Args:
        path: of the file.
        listen: addresses in the place of those in the file.

    Raises:
        ConfigError: it is not there, not private, or cannot be used.
    """
    if not path.is_file():
        raise ConfigError(f"there is no {path}", hint="docs/executor.md has one to begin with.")
    require_private(path)
    settings, found = examine(read_text(path))
    if settings is None:
        raise as_error(path.name, found)
    if not isinstance(settings, ExecutorSettings):
        raise ConfigError(
            f"{path.name} names nobody who may ask", hint='Add "clients" and "listen".'
        )
    if not listen:
        return settings
    try:
        return ExecutorSettings.model_validate(
            settings.model_dump(by_alias=True) | {"listen": listen}
        )
    except ValidationError as error:
        raise ConfigError(f"--listen: {error.errors(include_url=False)[0]['msg']}") from error
