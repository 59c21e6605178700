"""Set an executor up under an account of its own: what would be done, then exactly that.

A Linux machine with systemd. What is written holds no secret: the URL is put into its file by whoever
has it.
"""

import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from faber_db.errors import ConfigExists, InputError, StateUnusable
from faber_db.model.answer import Answer, Details
from faber_db.model.finding import Frozen

_NAME = r"[a-z_][a-z0-9_-]{0,30}"
_UNIT = """\
[Unit]
Description=faber-db executor: holds the credentials of protected databases
Wants=network-online.target
After=network-online.target

[Service]
User={account}
Group={account}
ExecStart={program} executor run --config {config}
RuntimeDirectory=faber-db
RuntimeDirectoryMode=0755
UMask=0077
# a release that runs goes on in a process of its own
KillMode=process
Restart=on-failure
NoNewPrivileges=yes
ProtectSystem=full

[Install]
WantedBy=multi-user.target
"""


class Request(Frozen):
    """For which account, asked by whom, over which environment."""

    account: str = Field(default="faber-exec", pattern=f"^{_NAME}$")
    client: str = Field(pattern=f"^{_NAME}$")
    environment: str = Field(default="production", pattern="^[A-Za-z0-9_-]{1,60}$")
    engine: str = "postgresql"
    handler: str = "sql"
    program: str  # absolute path of faber-db
    root: str = "/"  # below which everything is written


def request_of(**given: str) -> Request:
    """A request from what was typed.

    Raises:
        InputError: a name that is none.
    """
    try:
        return Request.model_validate(given)
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        raise InputError(
            f"that is no name for --{where}", hint="Letters, digits, - and _."
        ) from None


class Written(Frozen):
    """A file or folder, with its owner and mode."""

    path: str
    owner: str
    mode: int
    content: str | None = None  # None: a folder

    @property
    def line(self) -> str:
        """For people."""
        kind = "folder" if self.content is None else "file  "
        return f"{kind} {self.path}  {self.owner} {self.mode:04o}"


class InstallDetails(Details):
    """What is done, what a person does then, and how to undo it."""

    commands: list[str] = []
    written: list[Written] = []
    then: list[str] = []
    undo: list[str] = []
    warnings: list[str] = []
    done: bool = False


def plan(request: Request) -> Answer[InstallDetails]:
    """What would be done; looks and changes nothing.

    Raises:
        ConfigExists: a file of it is there already.
        InputError: there is no account of the client's name.
    """
    _require_account(request.client)
    if request.client == request.account:
        raise InputError("the account that asks and the executor's are two", hint="Name another.")
    root = Path(request.root)
    etc, unit = root / "etc/faber-db", root / "etc/systemd/system/faber-db-executor.service"
    home = root / "var/lib/faber-db"
    config, url = etc / "executor.json", etc / f"{request.environment}.url"
    for file in (config, url, unit):
        if file.exists():
            raise ConfigExists(f"{file} is there already", hint="Move it away first, or edit it.")
    account = request.account
    details = InstallDetails(
        commands=[] if _there(account) else [" ".join(_useradd(account, home))],
        written=[
            Written(path=str(etc), owner="root", mode=0o755),
            Written(path=str(home), owner=account, mode=0o700),
            Written(
                path=str(config), owner="root", mode=0o644, content=_config(request, home, url)
            ),
            Written(path=str(url), owner=account, mode=0o600, content=""),
            Written(
                path=str(unit),
                owner="root",
                mode=0o644,
                content=_UNIT.format(account=account, program=request.program, config=config),
            ),
        ],
        then=[
            f"Put the database's URL into {url}, and take it away from everywhere else.",
            f"runuser -u {account} -- env FABER_DB_CONFIG={config} {request.program} protect"
            f" {request.environment}",
            "systemctl daemon-reload && systemctl enable --now faber-db-executor",
            f'In the project: "{request.environment}": '
            f'{{"executor": "unix:/run/faber-db/executor.sock", "executor_account": "{account}"}}',
        ],
        undo=[
            "systemctl disable --now faber-db-executor",
            f"rm -r {unit} {etc}",
            f"userdel {account} && rm -r {home}   # backups and audit trail too: copy them first",
        ],
        warnings=_warnings(Path(request.program)),
    )
    return Answer(
        status="warning" if details.warnings else "success",
        message=f"an executor of {request.environment} under {account}, asked by {request.client}",
        details=details,
    )


def carry_out(planned: InstallDetails) -> Answer[InstallDetails]:
    """Do exactly what was planned; root only.

    Raises:
        StateUnusable: a step failed; what was done before it stays, and `undo` takes it away.
    """
    if os.geteuid() != 0:
        raise InputError("only root can make an account and its files", hint="Use --print.")
    try:
        for command in planned.commands:
            subprocess.run(command.split(), check=True, capture_output=True)  # noqa: S603 as shown
        for item in planned.written:
            _write(item)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise StateUnusable(
            f"the executor could not be set up: {error}", hint="; ".join(planned.undo)
        ) from error
    return Answer(
        message="the executor is set up and not started yet",
        details=planned.model_copy(update={"done": True}),
    )


def _write(item: Written) -> None:
    path = Path(item.path)
    owner = pwd.getpwnam(item.owner)
    if item.content is None:
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(item.content)
    os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(item.mode)


def _config(request: Request, home: Path, url: Path) -> str:
    settings: dict[str, Any] = {
        "engine": request.engine,
        "handler": request.handler,
        "state_folder": str(home / "state"),
        "listen": ["unix:/run/faber-db/executor.sock"],
        "clients": [{"account": request.client}],
        "environments": {request.environment: {"url": f"file:{url}", "minimum_tier": 3}},
    }
    return json.dumps(settings, indent=2) + "\n"


def _useradd(account: str, home: Path) -> Sequence[str]:
    return ("useradd", "--system", "--home-dir", str(home), "--shell", "/usr/sbin/nologin", account)


def _there(account: str) -> bool:
    try:
        pwd.getpwnam(account)
        grp.getgrnam(account)
    except KeyError:
        return False
    return True


def _require_account(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError as error:
        raise InputError(f"there is no account {name!r} on this machine") from error


def _warnings(program: Path) -> list[str]:
    """What keeps the executor from being one: a program that somebody else can change."""
    found = []
    for place in (program.resolve(), *program.resolve().parents):
        status = place.stat() if place.exists() else None
        if status is None or status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            found.append(f"{place} is not root's alone: install faber-db where only root writes")
            break
    if any(not p.stat().st_mode & 0o001 for p in program.resolve().parents if p.exists()):
        found.append(f"{program} lies where the executor's account cannot run it")
    if shutil.which("systemctl") is None:
        found.append("there is no systemd here: have your service manager run ExecStart's command")
    return found
