"""Work on one store from many processes at once: `python -m tests.contract.state_worker`."""

import os
import signal
import sys

from faber_db.model.plan import PlanState
from tests.contract.states import Place, Store

AUDITED = 25  # entries that each process writes


def claim(store: Store, number: int) -> bool:
    """Take the one plan that was signed."""
    return store.move_plan(
        "plan_1", expect=(PlanState.SIGNED,), to=PlanState.CLAIMED, job_id=f"job_{number}"
    )


def write_audit(store: Store, number: int) -> bool:
    """Append entries, each of which says who wrote it."""
    for entry in range(AUDITED):
        store.append_audit("event", {"process": number, "entry": entry})
    return True


def die_writing(store: Store, number: int) -> bool:
    """Be killed in the transaction, after the change and before its commit."""
    writing = store._writing()  # type: ignore[attr-defined]  # what a kill would interrupt
    with writing as db:
        db.execute("UPDATE plans SET state = ? WHERE id = ?", ("claimed", "plan_1"))
        os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError(number)


WORK = {"claim": claim, "audit": write_audit, "die": die_writing}


def main(work: str, where: str, processes: int) -> None:
    """Fork, begin together, and print the numbers of the processes whose work held."""
    gate, starter = os.pipe()
    children = {}
    for number in range(processes):
        pid = os.fork()
        if not pid:
            os.close(starter)
            store = Place(where).open()
            store.audit_entry(1)  # so that it is open when the gun goes off
            os.read(gate, 1)
            held = WORK[work](store, number)
            store.close()
            os._exit(11 if held else 10)
        children[pid] = number
    os.close(starter)  # the end of the pipe is the gun
    codes = {n: os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p, n in children.items()}
    if not set(codes.values()) <= {10, 11}:
        raise SystemExit(f"a process failed: {codes}")
    print(*(number for number, code in codes.items() if code == 11))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
