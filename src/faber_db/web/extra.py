"""Whether what the page is made with is installed; `faber_db.web` itself imports it."""

from importlib.util import find_spec

from faber_db.errors import NotSupported


def require_extra() -> None:
    """Let nothing begin without what the page is made with.

    Raises:
        NotSupported: the extra `web` is not installed.
    """
    missing = [name for name in ("jinja2", "webauthn", "uvicorn") if find_spec(name) is None]
    if missing:
        raise NotSupported(
            f"the approval page needs {', '.join(missing)}",
            hint="Install the extra `web`: pip install 'faber-db[web]'.",
        )
