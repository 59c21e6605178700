import sqlite3
import sys
from pathlib import Path

import pytest

from faber_db.config.reference import describe, has_password, resolve
from faber_db.errors import ConfigError, FaberDbError, SecretUnavailable

URL = "postgresql://u:geheim@db/shop"


def test_environment_variable(tmp_path: Path) -> None:
    assert resolve("env:DB", environ={"DB": URL}, root=tmp_path) == URL


@pytest.mark.parametrize("environ", [{}, {"DB": " "}])
def test_a_missing_variable_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="DB is") as caught:
        resolve("env:DB", environ=environ, root=tmp_path)
    assert "Set DB" in caught.value.hint


def test_dotenv_is_not_read_but_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"A=1\nexport DB={URL}\n")
    with pytest.raises(SecretUnavailable) as caught:
        resolve("env:DB", environ={}, root=tmp_path)
    assert ".env" in caught.value.hint
    assert "geheim" not in str(caught.value)


def test_a_command_that_waits_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faber_db.config.reference._SECONDS", 0.2)
    (tmp_path / "c.py").write_text("import time; print('geheim', flush=True); time.sleep(60)")
    with pytest.raises(SecretUnavailable, match="gave no URL") as caught:
        resolve(f"command:{sys.executable} c.py", environ={}, root=tmp_path)
    assert "geheim" not in str(caught.value)


def test_secret_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL + "\n")
    assert resolve("file:url", environ={}, root=tmp_path) == URL
    assert resolve(f"file:{tmp_path}/url", environ={}, root=Path("/")) == URL


@pytest.mark.parametrize("name", ["dev.db", "./dev.sqlite", "a/b.sqlite3", "x.db3", "d.db?mode=rw"])
def test_a_database_by_its_name(name: str, tmp_path: Path) -> None:
    assert resolve(f"file:{name}", environ={}, root=tmp_path) == f"file:{name}"


def test_a_database_by_its_first_bytes(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "data")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert resolve("file:data", environ={}, root=tmp_path) == "file:data"


def test_a_database_by_its_engine(tmp_path: Path) -> None:
    assert resolve("file:new", environ={}, root=tmp_path, engine="sqlite") == "file:new"


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo", b"\xff\xfe", None])
def test_a_useless_secret_file(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "url").write_bytes(content)
    with pytest.raises(SecretUnavailable, match="url"):
        resolve("file:url", environ={}, root=tmp_path)


def test_command(tmp_path: Path) -> None:
    script = tmp_path / "give url.py"
    script.write_text("import os; print(os.environ['DB'])")
    reference = f"command:{sys.executable} '{script}'"
    assert resolve(reference, environ={"DB": URL}, root=tmp_path) == URL


@pytest.mark.parametrize(
    "code", ["import sys; print('geheim'); sys.exit(3)", "pass", "print('geheim'); print(2)"]
)
def test_what_a_command_prints_is_never_shown(code: str, tmp_path: Path) -> None:
    (tmp_path / "c.py").write_text(code)
    with pytest.raises(SecretUnavailable) as caught:
        resolve(f"command:{sys.executable} c.py", environ={}, root=tmp_path)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_command_has_no_shell(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="cannot be run"):
        resolve("command:no-such-program; touch made", environ={}, root=tmp_path)
    assert not (tmp_path / "made").exists()


LITERALS = {
    "url": (URL, True),
    "no password": ("postgresql://u@db/shop", False),
    "empty password": ("postgresql://u:@db/shop", True),
    "in the query": ("postgresql://db/shop?user=u&password=x", True),
    "key file's": ("postgresql://db/shop?sslpassword=x", True),
    "words": ("host=db password = x", True),
    "broken": ("postgresql://u:p@[db/shop", True),
    "path": ("./dev.db", False),
    "reference": ("env:PASSWORD", False),
}


@pytest.mark.parametrize(("reference", "expected"), LITERALS.values(), ids=LITERALS)
def test_literal_passwords(reference: str, expected: bool, tmp_path: Path) -> None:
    assert has_password(reference) is expected
    if not expected:
        resolve(reference, environ={"PASSWORD": "x"}, root=tmp_path, protected=True)
        return
    with pytest.raises(ConfigError) as caught:
        resolve(reference, environ={}, root=tmp_path, protected=True)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("reference", [URL, "command:vault read geheim", "env:A", "file:x/url"])
def test_a_description_holds_no_secret(reference: str) -> None:
    assert "geheim" not in describe(reference)


def test_no_error_holds_a_value(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n{URL}")
    with pytest.raises(FaberDbError) as caught:
        resolve("file:url", environ={}, root=tmp_path)
    assert "geheim" not in str(caught.value)
