"""How long a signature takes: to make, to verify, and to be held against its plan and target.

`python bench/approval.py` prints the median of each; the passphrase's scrypt is meant to be slow.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faber_db.adapters.signers import ed25519, openssh, passkey, ssh_wire
from faber_db.executor import approving
from faber_db.model.approval import Approval, approval_from_text
from faber_db.model.finding import Analysis, Risk
from faber_db.model.plan import BackupRequirement, Plan, PlanKind, PlanSettings, Requester
from faber_db.model.target import Marker, TargetIdentity
from tests.passkey_device import Device

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSPHRASE = "a passphrase of the bench"  # noqa: S105 of nothing


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        keys = ed25519.KeyFolder(Path(folder))
        keys.create("ada", PASSPHRASE)
        show("open the key (scrypt 2^17)", lambda: keys.unlock("ada", PASSPHRASE), 5)
        key = keys.unlock("ada", PASSPHRASE)
    plan = a_plan()
    payload = approving.payload_for(
        plan, approver="ada", key_id=key.public.key_id, now=NOW, lifetime=timedelta(minutes=15)
    )
    message = payload.signed_bytes()
    signature = key.sign(message)
    approval = Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=signature,
    )
    text = approval.text()
    marker = Marker(
        target_id="m",
        environment="production",
        database="main",
        approvers=(key.public.pinned(),),
        policy_digest="0a" * 32,
        server_digest=plan.target.server_digest,
    )
    verifiers = {ed25519.SIGNER: ed25519.verify}

    def whole() -> None:
        found = approving.fault(
            approval, plan, marker, verifiers=verifiers, lifetime=timedelta(minutes=15)
        )
        assert found == "", found  # noqa: S101 else it measures a refusal

    show("ed25519: sign", lambda: key.sign(message), 2_000)
    show(
        "ed25519: verify",
        lambda: ed25519.verify(key.public.public_key, message, signature),
        2_000,
    )
    openssh_times(message)
    passkey_times(message)
    show("read the text strictly", lambda: approval_from_text(text), 2_000)
    show("fault(): all of it, the plan's digest included", whole, 2_000)
    return 0


def openssh_times(message: bytes) -> None:
    """A program of its own for each: `ssh-keygen`. The key has no passphrase, so that it can run."""
    with tempfile.TemporaryDirectory() as folder:
        key, file = Path(folder) / "key", Path(folder) / "message"
        ssh("-q", "-t", "ed25519", "-N", "", "-f", str(key))
        file.write_bytes(message)

        def sign() -> None:
            file.with_name("message.sig").unlink(missing_ok=True)
            ssh("-q", "-Y", "sign", "-n", ssh_wire.NAMESPACE, "-f", str(key), str(file))

        show("openssh: sign (ssh-keygen)", sign, 50)
        signature = file.with_name("message.sig").read_text("utf-8")
        public = openssh.public_key(key.with_suffix(".pub").read_text("utf-8"), "ada").public_key
        verify = openssh.verifier()
        assert verify(public, message, signature)  # noqa: S101 else it measures a refusal
        show("openssh: verify (ssh-keygen)", lambda: verify(public, message, signature), 50)


def ssh(*words: str) -> None:
    subprocess.run([openssh.program(), *words], check=True, capture_output=True)


def passkey_times(message: bytes) -> None:
    device = Device()
    public, signature = device.passkey.public_key, device.sign(message)
    assert passkey.verify(public, message, signature)  # noqa: S101 else it measures a refusal
    show("passkey: verify", lambda: passkey.verify(public, message, signature), 1_000)


def show(what: str, run: Callable[[], object], times: int) -> None:
    """Print the median of so many runs."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    print(f"{what:50} {statistics.median(taken) * 1e6:12,.0f} µs")


def a_plan() -> Plan:
    return Plan(
        id="plan_abcdefgh",
        kind=PlanKind.DEPLOY,
        database="main",
        environment="production",
        protected=True,
        engine="sqlite",
        handler="sql",
        requester=Requester(client="bench", account="me"),
        created_at=NOW.isoformat(),
        expires_at=(NOW + timedelta(days=7)).isoformat(),
        target=TargetIdentity(product="sqlite", marker_id="m", parts={"inode": "1"}),
        ledger_head="1",
        subject="s" * 64,
        analysis=Analysis(risk=Risk.LOW),
        settings=PlanSettings(lock_timeout_ms=1, statement_timeout_ms=1, lock_retries=0),
        schema_fingerprint="f" * 64,
        backup=BackupRequirement(required=True),
        policy_digest="0a" * 32,
        min_approvals=1,
        rules_version="1",
        tool_version="1",
    )


if __name__ == "__main__":
    sys.exit(main())
