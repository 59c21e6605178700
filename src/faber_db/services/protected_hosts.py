"""Hosts of the protected databases of a project that is not opened."""

import re
from collections.abc import Mapping
from pathlib import Path

from faber_db.config.file import load
from faber_db.config.protection import LOOPBACK, host_of, is_named_like_production
from faber_db.config.reference import resolve, split
from faber_db.errors import ConfigMissing, FaberDbError

_HOST = re.compile(r"[A-Za-z0-9._:-]+")  # nothing that a rule would read as more than a name


def is_configured(root: Path, environ: Mapping[str, str]) -> bool:
    """Whether the project has a configuration that can be used.

    Raises:
        ConfigError: it has one that cannot.
    """
    try:
        load(root, environ)
    except ConfigMissing:
        return False
    return True


def protected_hosts(root: Path, environ: Mapping[str, str]) -> list[str]:
    """Hosts of protected databases, as far as they are known here. No command is run to know them."""
    try:
        databases = load(root, environ).settings.all_databases().values()
    except ConfigMissing:
        return []
    hosts = []
    for name, environment in (e for d in databases for e in d.environments.items()):
        reference = environment.direct_url or environment.url
        kind = split(reference)[0] if reference else "command"
        open_one = environment.protected is False and not is_named_like_production(name)
        if open_one or reference is None or kind in ("command", "keyring"):
            continue
        try:
            host = host_of(resolve(reference, environ=environ, root=root))
        except FaberDbError:
            continue
        if host and host not in LOOPBACK and _HOST.fullmatch(host):
            hosts.append(host)
    return sorted(set(hosts))
