"""The account that this process runs under, as the system knows it."""

import os


def account() -> str:
    """Its name, or its number. Never what `$USER`, `$LOGNAME` or a client says."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
