"""The refusal of what this version does not do on MySQL and MariaDB yet."""

from faber_db.errors import NotSupported

_HINT = (
    "`faber-db schema`, `faber-db analyze --environment` and `faber-db status` work there;"
    " deploy with the tool you have."
)
CANNOT_DEPLOY = "MySQL and MariaDB can be analysed and looked at, not deployed to yet"


def unsupported(what: str, product: str = "MySQL and MariaDB") -> NotSupported:
    """The error for an operation, as in `unsupported("restoring")`."""
    return NotSupported(f"{what} {product} is not supported yet", hint=_HINT)
