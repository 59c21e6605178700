"""A named place for throw-away databases: made there, and refused where anything matters."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.app import build
from faber_db.errors import ConfigError, ShadowUnavailable
from faber_db.model.target import Marker
from faber_db.services.ports import Shadow

_MARKER = Marker(
    target_id="t", environment="x", database="main", approvers=(), policy_digest="p",
    server_digest="s",
)  # fmt: skip


def _shadow(folder: Path, scratch: str, **environments: str) -> Shadow:
    (folder / "faber-db.json").write_text(
        json.dumps(
            {
                "shadow": "env:SCRATCH_URL",
                "environments": {n: {"url": f"env:{n.upper()}_URL"} for n in environments},
            }
        )
    )
    urls = {f"{name.upper()}_URL": url for name, url in environments.items()}
    return build(folder, {"HOME": str(folder), "SCRATCH_URL": scratch, **urls}).database().shadow


def test_it_is_made_on_the_server_that_is_named(
    tmp_path: Path, new_postgresql: Callable[..., str]
) -> None:
    shadow = _shadow(tmp_path, new_postgresql(), dev=new_postgresql())
    assert shadow.label == "scratch database"
    with shadow.new() as session:
        assert session.identity().parts["database"].startswith("faber_db_shadow_")


def test_it_is_refused_where_something_matters(
    tmp_path: Path, new_postgresql: Callable[..., str]
) -> None:
    scratch, other = new_postgresql(), new_postgresql()
    cases = {
        "is the database of dev": _shadow(tmp_path, scratch, dev=scratch),
        "is on the server of production": _shadow(tmp_path, scratch, production=other),
    }
    for why, shadow in cases.items():
        with pytest.raises(ShadowUnavailable, match=why), shadow.new():
            pass
    shadow = _shadow(tmp_path, scratch, dev=other)
    with Postgresql().connect(other) as session:
        session.write_marker(_MARKER)
    with pytest.raises(ShadowUnavailable, match="server of dev, which is protected"), shadow.new():
        pass


def test_sqlite_needs_no_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SQLite has none"):
        _shadow(tmp_path, "postgresql://nowhere", dev="sqlite:dev.db")
