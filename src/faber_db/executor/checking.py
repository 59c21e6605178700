"""What an approver's side checks of an executor elsewhere before a key of its signs anything.

The executor may be the wrong one, or somebody between: what was shown and what is to be signed have
to be the same plan, and what was shown has to follow from the plan and from bytes that it names.
"""

from collections.abc import Sequence

from faber_db.errors import ExecutorUntrusted, FaberDbError
from faber_db.executor.approving import LONGEST_APPROVAL, payload_for
from faber_db.executor.rendering import (
    approvers_of,
    exact_script,
    facts_of,
    names_lost,
    statements_of,
    title_of,
)
from faber_db.model.approval import ApprovalPayload, moment_of
from faber_db.model.migration import SourceFile
from faber_db.model.plan import Plan
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import Handler, Rendering
from faber_db.sql.visible import visible

_HINT = "Nothing was signed. Tell whoever runs the executor."


def require_shown(shown: Rendering, files: Sequence[SourceFile], handler: Handler) -> None:
    """Dangers, statements, script and losses are those of the plan and of bytes with its SHA-256s.

    Raises:
        ExecutorUntrusted: they are not.
    """
    plan = shown.stored.plan
    sent = sorted((file.path, sha256_of(file.content)) for file in files)
    if sent != sorted((file.path, file.sha256) for file in plan.files):
        raise ExecutorUntrusted(f"the files of {plan.id} are not those that it names", hint=_HINT)
    try:
        script = exact_script(plan, files, handler)
    except FaberDbError as error:
        raise ExecutorUntrusted(f"the files of {plan.id} cannot be read", hint=_HINT) from error
    _require_planned(plan, files, handler)
    if (shown.sql, shown.exact, shown.statements, shown.loses) != (
        visible(script),
        visible(script) == script,
        statements_of(plan),
        names_lost(plan),
    ):
        raise ExecutorUntrusted(f"what was shown of {plan.id} is not what it holds", hint=_HINT)
    _require_facts(shown, plan)


def _require_facts(shown: Rendering, plan: Plan) -> None:
    """Title and dangers are those that the plan itself tells; none is left out or told twice."""
    told = dict(shown.facts)
    wanted = dict(facts_of(plan)) | {"Approvers": approvers_of(plan)}
    if (
        shown.title != title_of(plan)
        or len(told) != len(shown.facts)
        or any(told.get(k, "") != visible(v, keep_lines=False) for k, v in wanted.items())
    ):
        raise ExecutorUntrusted(f"what was said of {plan.id} is not what it holds", hint=_HINT)


def _require_planned(plan: Plan, files: Sequence[SourceFile], handler: Handler) -> None:
    """Every migration of the plan is in the files, with the bytes that it names."""
    there = {m.version: m.sha256 for m in handler.parse(files)} if files else {}
    if any(there.get(m.version) != m.sha256 for m in plan.migrations):
        raise ExecutorUntrusted(f"a migration of {plan.id} is not in its files", hint=_HINT)


def require_payload(payload: ApprovalPayload, plan: Plan, *, approver: str, key_id: str) -> None:
    """What is to be signed is the plan that was shown, for this approver, and not for long.

    Raises:
        ExecutorUntrusted: it is not.
    """
    begin, end = moment_of(payload.not_before), moment_of(payload.expires_at)
    if begin is None or end is None or not begin < end <= begin + LONGEST_APPROVAL:
        raise ExecutorUntrusted(f"the signature over {plan.id} would last too long", hint=_HINT)
    wanted = payload_for(plan, approver=approver, key_id=key_id, now=begin, lifetime=end - begin)
    own = {
        "nonce": payload.nonce,
        "not_before": payload.not_before,
        "expires_at": payload.expires_at,
    }
    if wanted.model_copy(update=own) != payload:
        raise ExecutorUntrusted(
            f"the executor asks for a signature over something else than {plan.id} as it showed it",
            hint=_HINT,
        )
