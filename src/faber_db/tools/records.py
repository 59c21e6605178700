"""Plans, backups and the audit trail as resources: what is on record, for reading only.

Nothing in them is accepted as an approval: a plan's text is the executor's own rendering, and no
payload, nonce or signature is part of it.
"""

import functools
import json
from collections.abc import Callable

from anyio import to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from faber_db.errors import BackupMissing, FaberDbError, UnknownHandle
from faber_db.sql.visible import visible
from faber_db.tools.call import Caller
from faber_db.tools.project import OpenProject

NEWEST = 100


def add_records(server: MCPServer[OpenProject]) -> None:
    """Register the three templates."""

    @server.resource(
        "faber-db://plans/{plan_id}",
        name="plan",
        description="One plan as the executor renders it, with the whole script",
        mime_type="text/plain",
    )
    async def plan(plan_id: str, ctx: Caller) -> str:
        return await _read(ctx, lambda project: _plan(project, plan_id))

    @server.resource(
        "faber-db://backups/{backup_id}",
        name="backup",
        description="All that is recorded of one backup",
        mime_type="application/json",
    )
    async def backup(backup_id: str, ctx: Caller) -> str:
        return await _read(ctx, lambda project: _backup(project, backup_id))

    @server.resource(
        "faber-db://audit/{after}",
        name="audit",
        description=f"Up to {NEWEST} entries of the audit trail after this number, in order",
        mime_type="application/json",
    )
    async def audit(after: str, ctx: Caller) -> str:
        return await _read(ctx, lambda project: _audit(project, after))


async def _read(ctx: Caller, read: Callable[[OpenProject], str]) -> str:
    project = ctx.request_context.lifespan_context
    try:
        return visible(await to_thread.run_sync(functools.partial(read, project)))
    except (UnknownHandle, BackupMissing) as error:
        raise ResourceNotFoundError(str(error)) from error
    except FaberDbError as error:
        raise ResourceError(str(error)) from error


def _plan(project: OpenProject, plan_id: str) -> str:
    app = project.app()
    shown = app.executor.show(plan_id)
    facts = [f"{name}: {words}" for name, words in shown.facts]
    return "\n".join([shown.title, "", *facts, "", shown.sql])


def _backup(project: OpenProject, backup_id: str) -> str:
    from faber_db.services import list_backups

    found = list_backups.show(backup_id, project.app()).details.backup
    return found.model_dump_json(exclude_defaults=True)


def _audit(project: OpenProject, after: str) -> str:
    if not after.isascii() or not after.isdigit():
        raise UnknownHandle(f"{after[:40]!r} is no number of an entry", hint="Begin with 0.")
    entries = project.app().state.audit(after=int(after), limit=NEWEST)
    return json.dumps([e.model_dump(mode="json") for e in entries], ensure_ascii=False)
