"""Every way past the approval is made for real, found by doctor, closed, and gone.

Doctor runs under an account that is not root, with the real machine; what an executor of another
account would close is closed here by giving files to root.
"""

import grp
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from faber_db.app import build
from faber_db.cli.machine import machine
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import PinnedApprover
from faber_db.services import doctor, open_credentials, open_files, open_keys
from faber_db.services.holes import KINDS, Hole, Lets, what_holds
from tests.plain_user import NOBODY, as_plain_user, own_folder

URL = "postgresql://shop:geheim@127.0.0.1:1/shop"  # nothing listens there, and none has to
Found = set[tuple[str, str, bool]]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to have two accounts")


class Place:
    """A project of the plain account, whose production is the server at `URL`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "shop"
        self.home = folder / "home"
        self.environ = {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        (self.root / "migrations").mkdir(parents=True)
        (folder / "state").mkdir()
        self.home.mkdir()
        self.refer("env:SHOP_PRODUCTION")

    def refer(self, reference: str) -> None:
        production = {"url": reference}
        environments = {"dev": {"url": "./dev.db"}, "production": production}
        config = {"engine": "postgresql", "handler": "sql", "environments": environments}
        del environments["dev"]
        self.write("shop/faber-db.json", json.dumps(config))

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def give_away(self) -> None:
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def take(self, path: Path) -> None:
        os.chown(path, 0, 0)
        path.chmod(0o700 if path.is_dir() else 0o600)

    def looked_at(self) -> list[Hole]:
        answer = doctor.run(
            doctor.Request(), lambda: build(self.root, self.environ), machine(self.environ)
        )
        assert "geheim" not in answer.model_dump_json()
        return answer.details.holes

    def holes(self) -> list[Hole]:
        """As the plain account finds them."""
        result = self.folder / "found.json"

        def look() -> None:
            result.write_text(json.dumps([h.model_dump() for h in self.looked_at()]))

        as_plain_user(look)
        found = json.loads(result.read_text())
        result.unlink()
        return [Hole.model_validate(h) for h in found]

    def found(self, *, certain: bool = True) -> set[str]:
        return {h.code for h in self.holes() if h.certain is certain}


@pytest.fixture(scope="module")
def imported() -> None:
    """Everything that doctor needs: the plain account may not be able to read our own files."""
    with own_folder() as folder:
        first = Place(folder)
        known(first)
        first.looked_at()


@pytest.fixture
def place(imported: None) -> Iterator[Place]:
    with own_folder() as folder:
        found = Place(folder)
        found.give_away()
        yield found
        shutil.rmtree(found.root)
        found.root.mkdir()


Make = Callable[[Place], object]


def in_environment(place: Place) -> None:
    place.environ["SHOP_PRODUCTION"] = URL


def in_secret_file(place: Place) -> None:
    place.refer("file:secret")
    place.write("shop/secret", URL + "\n")


def by_command(place: Place) -> None:
    place.refer(f"command:echo {URL}")


def in_configuration(place: Place) -> None:
    place.refer("postgresql://127.0.0.1:1/shop")


def known(place: Place) -> None:
    """The target is known here, so that other ways to it are told for certain."""
    place.environ["SHOP_PRODUCTION"] = URL


def in_dotenv(place: Place) -> None:
    known(place)
    place.write("shop/app/.env.local", f"# old\nexport DATABASE_URL='{URL}'\n")


def in_pgpass(place: Place) -> None:
    known(place)
    place.write("home/.pgpass", "127.0.0.1:*:*:shop:geheim\n").chmod(0o600)


def in_service_file(place: Place) -> None:
    known(place)
    place.write("services", "[prod]\nhost=127.0.0.1\npassword=geheim\n")
    place.environ["PGSERVICEFILE"] = str(place.folder / "services")


def in_my_cnf(place: Place) -> None:
    known(place)
    place.write("home/.my.cnf", "[client]\nhost=127.0.0.1\npassword='geheim'\n!includedir /x\n")


def password_in_variable(place: Place) -> None:
    known(place)
    place.environ |= {"PGPASSWORD": "geheim"}


def claude(where: str, **settings: object) -> Make:
    return lambda place: place.write(f"{where}/.claude/settings.json", json.dumps(settings))


def codex(text: str) -> Make:
    return lambda place: place.write("home/.codex/config.toml", text)


def cursor(name: str, text: str) -> Make:
    return lambda place: place.write(f"home/.cursor/{name}", text)


HOLES: dict[str, tuple[str, Make]] = {
    "variable": ("credential-in-environment", in_environment),
    "secret file": ("credential-in-file", in_secret_file),
    "command": ("credential-by-command", by_command),
    "configuration": ("credential-in-configuration", in_configuration),
    "dotenv": ("credential-in-dotenv", in_dotenv),
    "pgpass": ("credential-in-client-file", in_pgpass),
    "service file": ("credential-in-client-file", in_service_file),
    "my.cnf": ("credential-in-client-file", in_my_cnf),
    "PGPASSWORD": ("credential-in-environment", password_in_variable),
    "Claude bypasses": (
        "client-accepts-everything",
        claude("home", permissions={"defaultMode": "bypassPermissions"}),
    ),
    "Claude allows Bash": (
        "client-allows-any-command",
        claude("shop", permissions={"allow": ["Bash"]}),
    ),
    "Claude allows us": (
        "client-allows-our-tools",
        claude("shop", permissions={"allow": ["mcp__faber-db__coordinate-build"]}),
    ),
    "Claude allows the plugin": (
        "client-allows-our-tools",
        claude("shop", permissions={"allow": ["mcp__plugin_fractary-faber-db_faber-db__*"]}),
    ),
    "Claude trusts": ("client-trusts-any-server", claude("shop", enableAllProjectMcpServers=True)),
    "Claude answers": ("client-answers-elicitation", claude("home", hooks={"Elicitation": [{}]})),
    "Claude is malformed": (
        "client-settings-unreadable",
        lambda p: p.write("home/.claude/settings.json", "{"),
    ),
    "Codex never asks": ("client-accepts-everything", codex('approval_policy = "never"\n')),
    "Codex has no sandbox": (
        "client-accepts-everything",
        codex('profile = "x"\n[profiles.x]\nsandbox_mode = "danger-full-access"\n'),
    ),
    "Cursor allows": (
        "client-allows-any-command",
        cursor("cli-config.json", '{"permissions": {"allow": ["Shell(**)"]}}'),
    ),
    "Cursor allows us": (
        "client-allows-our-tools",
        cursor("permissions.json", '{ // all of it\n "mcpAllowlist": ["faber-db:*"] }'),
    ),
}


@pytest.mark.parametrize(("code", "make"), HOLES.values(), ids=HOLES)
def test_a_hole_is_found(code: str, make: Make, place: Place) -> None:
    assert place.found() & {c for c, _ in HOLES.values()} == set()
    make(place)
    place.give_away()
    certain = code != "client-settings-unreadable"
    assert code in place.found(certain=certain)
    known_here = {"credential-in-environment"} if "SHOP_PRODUCTION" in place.environ else set()
    assert place.found() & {c for c, _ in HOLES.values()} <= {code, *known_here}


HARMLESS: dict[str, Make] = {
    "a mode that asks": claude("home", permissions={"defaultMode": "acceptEdits"}),
    "single commands": claude("shop", permissions={"allow": ["Bash(npm test)", "Read"]}),
    "tools that only look": claude("shop", permissions={"allow": ["mcp__faber-db__status"]}),
    "servers by name": claude("shop", enabledMcpjsonServers=["faber-db"]),
    "another hook": claude("home", hooks={"PreToolUse": [{}]}),
    "a profile that is not chosen": codex('[profiles.x]\napproval_policy = "never"\n'),
    "Codex asks": codex('approval_policy = "on-request"\nsandbox_mode = "workspace-write"\n'),
    "Cursor lists": cursor("permissions.json", '{"terminalAllowlist": ["git status"]}'),
    "a comment": lambda p: p.write("shop/.env", f"# DATABASE_URL={URL}\n"),
    "another host": lambda p: p.write("home/.pgpass", "db-2:*:*:shop:geheim\n"),
}


@pytest.mark.parametrize("make", HARMLESS.values(), ids=HARMLESS)
def test_what_is_no_hole(make: Make, place: Place) -> None:
    known(place)
    make(place)
    place.give_away()
    codes = {c for c, _ in HOLES.values()} - {"credential-in-environment"}
    assert place.found() & codes == set()
    assert place.found(certain=False) & codes == set()


def test_where_the_target_is_not_known_here_any_url_may_be_its(place: Place) -> None:
    place.write("shop/.env", f"DATABASE_URL={URL}\n")
    place.give_away()
    (hole,) = [h for h in place.holes() if h.code == "credential-in-dotenv"]
    assert not hole.certain
    assert "127.0.0.1" in hole.text


def test_a_tree_that_is_too_big_is_not_known_to_be_closed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_credentials, "_FILES", 5)
    assert "credential-in-dotenv" not in place.found(certain=False)
    for number in range(6):
        place.write(f"shop/src/{number}.txt", "")
    place.write("shop/node_modules/x/.env", f"DATABASE_URL={URL}\n")
    place.give_away()
    assert "credential-in-dotenv" in place.found(certain=False)


def test_an_entry_of_the_key_ring(place: Place) -> None:
    """As any program of the session reads it; here with a backend that a test fills."""
    import keyring
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        priority = 1.0

        def get_password(self, service: str, username: str) -> str | None:
            return URL if (service, username) == ("faber-db", "production") else None

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

        def delete_password(self, service: str, username: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())  # type: ignore[no-untyped-call]  # its base has no annotations
    try:
        place.refer("keyring:faber-db/other")
        place.give_away()
        assert "credential-in-keyring" not in place.found()
        place.refer("keyring:faber-db/production")
        assert "credential-in-keyring" in place.found()
    finally:
        keyring.set_keyring(before)


@ROOT
def test_a_secret_file_of_another_account_is_closed(place: Place) -> None:
    in_secret_file(place)
    place.give_away()
    assert "credential-in-file" in place.found()
    place.take(place.root / "secret")
    assert "credential-in-file" not in place.found()


@ROOT
def test_a_database_file(place: Place) -> None:
    place.refer("./production.db")
    text = (place.root / "faber-db.json").read_text().replace("postgresql", "sqlite")
    place.write("shop/faber-db.json", text)
    file = place.write("shop/production.db", "")
    place.give_away()
    assert "database-file-open" in place.found()
    place.take(file)
    assert "database-file-open" not in place.found()


@ROOT
def test_what_faber_db_itself_is_made_of(place: Place) -> None:
    """In the account that asks, policy and state are open by nature; in another one they are not."""
    open_ones = {"policy-writable", "state-writable", "backups-writable"}
    assert open_ones <= place.found()
    result = place.folder / "found.json"
    app = build(place.root, place.environ)
    (place.folder / "away").mkdir()

    def look() -> None:
        holes = open_files.of_own(app, app.state_folder / "backups", machine(place.environ))
        result.write_text(json.dumps([h.code for h in holes]))

    for path in (place.root, place.root / "faber-db.json", place.folder / "state"):
        os.chown(path, 0, 0)
    as_plain_user(look)
    assert open_ones <= set(json.loads(result.read_text()))  # by the folder above all three
    os.chown(place.folder, 0, 0)
    place.folder.chmod(0o755)
    result.touch()
    os.chown(result, NOBODY, NOBODY)
    as_plain_user(look)
    assert set(json.loads(result.read_text())) & open_ones == set()


def test_a_state_in_a_database_is_open_to_whoever_is_given_its_url(place: Place) -> None:
    config = json.loads((place.root / "faber-db.json").read_text())
    place.write("shop/faber-db.json", json.dumps({**config, "state": "env:STATE_URL"}))
    place.give_away()

    def told() -> list[str]:
        return [h.text for h in place.holes() if h.code == "state-writable"]

    assert told() == []
    place.environ["STATE_URL"] = URL
    assert [("STATE_URL" in text, "geheim" in text) for text in told()] == [(True, False)]


@ROOT
def test_a_program_that_can_be_replaced(place: Place) -> None:
    package = place.folder / "lib" / "faber_db"
    package.mkdir(parents=True)
    place.give_away()
    result = place.folder / "found.json"

    def look() -> None:
        from dataclasses import replace

        here = replace(machine(place.environ), programs=(package,))
        app = build(place.root, place.environ)
        holes = [h.code for h in open_files.of_own(app, app.state_folder, here)]
        result.write_text(json.dumps(holes))

    as_plain_user(look)
    assert "program-writable" in json.loads(result.read_text())
    for path in (package, package.parent, place.folder):
        os.chown(path, 0, 0)
        path.chmod(0o755)
    as_plain_user(look)
    assert "program-writable" not in json.loads(result.read_text())


@ROOT
def test_in_a_sticky_folder_only_the_owner_replaces(place: Place) -> None:
    from faber_db.services.machine import replaceable

    shared = place.folder / "tmp"
    shared.mkdir()
    file = shared / "config.json"
    file.write_text("{}")
    for path in (shared, place.folder):
        os.chown(path, 0, 0)

    def can() -> None:
        assert replaceable(file, machine(place.environ))

    def cannot() -> None:
        assert not replaceable(file, machine(place.environ))

    place.folder.chmod(0o755)
    shared.chmod(0o777)
    as_plain_user(can)
    shared.chmod(0o1777)
    as_plain_user(cannot)


@ROOT
@pytest.mark.parametrize(("group", "certain"), [("disk", True), ("sudo", False)])
def test_groups_that_are_as_good_as_root(group: str, certain: bool, place: Place) -> None:
    number = grp.getgrnam(group).gr_gid

    def is_in() -> None:
        found = list(open_files.of_machine(machine(place.environ)))
        assert [(h.code, h.certain) for h in found] == [("root-by-group", certain)]

    def is_not_in() -> None:
        assert list(open_files.of_machine(machine(place.environ))) == []

    as_plain_user(is_in, groups=[number])
    as_plain_user(is_not_in)


@ROOT
def test_root_is_a_hole(place: Place) -> None:
    assert "becomes-root" in [h.code for h in open_files.of_machine(machine(place.environ))]
    assert "becomes-root" not in place.found()


def test_a_program_called_sudo_in_path_is_not_asked(place: Place) -> None:
    """The agent may put one there that says no, or yes."""
    fake = place.write("bin/sudo", "#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    place.give_away()
    place.environ["PATH"] = str(fake.parent)
    assert "becomes-root" not in place.found()


@ROOT
def test_the_executor_behind_a_socket(place: Place) -> None:
    """Listening here, as root, is another account than the one that looks."""
    path = place.folder / "executor.sock"
    address = f"unix:{path}"
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0o666)
        same = open_files.of_executor(address, machine(place.environ))
        assert [h.code for h in same] == ["executor-same-account"]

        def look() -> None:
            found = machine(place.environ).listener(str(path))
            assert found is not None
            assert (found.uid, found.is_open) == (0, False)
            assert found.command
            codes = [h.code for h in open_files.of_executor(address, machine(place.environ))]
            assert not {"executor-same-account", "executor-process-open"} & set(codes)

        as_plain_user(look)


@ROOT
def test_a_process_of_another_account_that_is_open(place: Place) -> None:
    """What root sees of the plain account's process: its variables can be opened."""
    path = place.folder / "executor.sock"
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen()
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    try:
        holes = list(open_files.of_executor(f"unix:{path}", machine(place.environ)))
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
    assert "executor-process-open" in [h.code for h in holes]


# --- keys --------------------------------------------------------------------------------------


def ssh_key(folder: Path, name: str, passphrase: str = "") -> PinnedApprover:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(folder / name)],
        check=True,
    )
    import base64

    blob = base64.b64decode((folder / f"{name}.pub").read_text().split()[1])
    return PinnedApprover(
        approver="ada", key_id="k", public_key_sha256=sha256_of(blob), signer="openssh"
    )


def of_keys(pinned: PinnedApprover, environ: dict[str, str]) -> list[str]:
    found = open_keys.of_approvers("production", [pinned], machine(environ))
    return [hole.code for hole in found]


def test_a_pinned_key_without_a_passphrase_signs_by_itself(place: Place) -> None:
    folder = place.home / ".ssh"
    ada, other = ssh_key(folder, "id_ada"), ssh_key(folder, "id_other")
    assert of_keys(ada, place.environ) == ["key-without-passphrase"]
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret word", "-f", str(folder / "id_ada")],
        check=True,
        capture_output=True,
    )
    assert of_keys(ada, place.environ) == ["key-in-this-account"]
    (folder / "id_ada").unlink()
    assert of_keys(ada, place.environ) == []
    assert of_keys(other.model_copy(update={"hardware": True}), place.environ) == []


def test_a_pinned_key_in_an_agent(place: Place) -> None:
    ada = ssh_key(place.home / "elsewhere", "id_ada")
    path = place.folder / "agent.sock"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    environ = {**place.environ, "SSH_AUTH_SOCK": str(path)}
    try:
        key = place.home / "elsewhere" / "id_ada"
        for _ in range(100):
            added = subprocess.run(
                ["ssh-add", "-q", str(key)], env=environ, capture_output=True, check=False
            )
            if added.returncode == 0:
                break
        assert of_keys(ada, environ) == ["key-in-ssh-agent"]
        subprocess.run(["ssh-add", "-q", "-D"], env=environ, check=True, capture_output=True)
        assert of_keys(ada, environ) == []
    finally:
        agent.terminate()
        agent.wait()


def test_our_own_key_file(place: Place) -> None:
    from faber_db.adapters.signers.ed25519 import KeyFolder

    folder = Path(place.environ["XDG_CONFIG_HOME"]) / "faber-db" / "keys"
    public = KeyFolder(folder).create("ada", "correct horse")
    assert of_keys(public.pinned(), place.environ) == ["key-in-this-account"]
    shutil.rmtree(folder)
    assert of_keys(public.pinned(), place.environ) == []


@pytest.mark.parametrize("text", ["", "-----BEGIN OPENSSH PRIVATE KEY-----\n", "x" * 100])
def test_what_is_no_key(text: str) -> None:
    assert open_keys.openssh_key(text) is None
    for cut in ("b3BlbnNzaC1rZXktdjEA", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAA", "!!!"):
        assert open_keys.openssh_key(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{cut}\n") is None


# --- what is left ------------------------------------------------------------------------------


def hole(code: str, *, certain: bool = True) -> Hole:
    return Hole(code=code, text="", hint="", certain=certain)


LEFT = {
    "closed": (3, [], False, 3),
    "a speed bump is off": (3, [hole("client-accepts-everything")], False, 3),
    "around": (3, [hole("credential-in-file")], False, 1),
    "around, with hardware keys": (4, [hole("program-writable")], True, 2),
    "perhaps around": (3, [hole("credential-in-dotenv", certain=False)], False, 3),
    "around, in this account anyway": (1, [hole("state-writable")], False, 1),
    "hardware keys in this account": (2, [hole("state-writable")], True, 2),
    "it signs by itself": (4, [hole("key-without-passphrase")], False, 0),
    "it may sign by itself": (1, [hole("key-in-ssh-agent", certain=False)], False, 1),
}


@pytest.mark.parametrize(("in_force", "holes", "hardware", "left"), LEFT.values(), ids=LEFT)
def test_what_holds(in_force: int, holes: list[Hole], hardware: bool, left: int) -> None:
    assert what_holds(in_force, holes, hardware=hardware) == left


def test_every_code_is_made_somewhere() -> None:
    source = "".join(p.read_text() for p in Path(doctor.__file__).parent.glob("*.py"))
    for code in KINDS:
        assert source.count(f'"{code}"') > 1, code
    assert {Lets.SIGN, Lets.GO_AROUND, Lets.HURRY} == set(KINDS.values())
