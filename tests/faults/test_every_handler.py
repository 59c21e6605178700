"""Every handler on every product, cut off at every step: ledger, catalogue and status agree.

Nothing here waits for a time to pass: a session is held at a named message (or a process at a named
statement of its file), and the fault comes while it is held there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from faber_db.adapters.handlers import HANDLERS
from faber_db.services.ports import Handler
from tests.faults.places import DOWN, NOW, UP, Place, said_there

STEPS: dict[str, tuple[tuple[str, ...], bool]] = {
    "before the first statement": (("{1}",), False),
    "between statements": (("{2}",), False),
    "before the ledger row": (("{3}", "{ledger}"), False),
    "before COMMIT": (("{3}", "{ledger}", "commit"), False),
    "in COMMIT": (("{3}", "{ledger}", "commit"), True),
    "after COMMIT": (("{3}", "{ledger}", "commit", ""), False),
}
"""The message at which it is held, after those before it; whether its answer is held instead."""

WAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "killed": {
        "up": tuple(STEPS),
        "back": ("between statements", "before COMMIT", "in COMMIT"),
    },
    "ended by the server": {"up": ("before COMMIT",), "back": ()},
    "cut off": {"up": ("between statements", "in COMMIT"), "back": ("in COMMIT",)},
}
"""By fault: at which steps of the way up, and of the way back."""

ONE_ROW = ("golang-migrate",)
"""Ledgers of one version and one flag: no room for evidence, so that status sends people to look.

A way back that was cut off then stands at the migration before; the handler's own tests have it."""

PRODUCTS = ("sqlite", "postgresql", "mariadb")

VERSIONS = ("postgresql15", "postgresql17", "postgresql")
"""In turn, so that each fault comes to each of them; the last is the newest that is there."""


def goes_back(handler: Handler) -> bool:
    made = handler.generate("one", UP, DOWN, now=NOW, existing=())
    return (
        not handler.code and handler.name not in ONE_ROW and handler.parse(made)[0].down is not None
    )


def cases() -> Iterator[object]:
    for number, handler in enumerate(HANDLERS):
        for product in PRODUCTS:
            for turn, (fault, step, back) in enumerate(faults_on(product)):
                if goes_back(handler) or not back:
                    on = version(number, turn) if product == "postgresql" else product
                    yield case(handler, on, step, fault, back=back)


def version(number: int, turn: int) -> str:
    """Which PostgreSQL a handler meets a fault on."""
    return VERSIONS[(number + turn) % 3]


def faults_on(product: str) -> Iterator[tuple[str, str, bool]]:
    """Fault, step and whether on the way back."""
    for fault, steps in WAYS.items():
        if product == "sqlite" and fault != "killed":
            continue  # no connection could be lost
        for way, back in (("up", False), ("back", True)):
            for step in steps[way]:
                if (product, step) != ("sqlite", "in COMMIT"):  # nor an answer
                    yield fault, step, back


def case(handler: Handler, product: str, step: str, fault: str, *, back: bool) -> object:
    quick = (product, step, back) == ("sqlite", "before COMMIT", False)
    return pytest.param(
        (handler.name, product),
        step,
        fault,
        back,
        id=f"{handler.name}-{product}-{'back' if back else 'up'}-{step}-{fault}",
        marks=() if quick else pytest.mark.slow,
    )


def test_each_fault_comes_to_each_version() -> None:
    found: dict[tuple[str, str, bool], set[str]] = {}
    for number, handler in enumerate(HANDLERS):
        for turn, fault in enumerate(faults_on("postgresql")):
            if goes_back(handler) or not fault[2]:
                found.setdefault(fault, set()).add(version(number, turn))
    assert found.keys() == set(faults_on("postgresql"))
    assert {len(versions) for versions in found.values()} == {3}, found


def texts(place: Place, step: str, *, back: bool) -> tuple[Sequence[bytes], bool]:
    """The messages of a step, in this handler's words."""
    script = (place.down if back else place.up).splitlines()
    words = {f"{{{n}}}": line.rstrip(";") for n, line in enumerate(script, start=1)}
    words["{ledger}"] = place.handler.ledger_tables[0].rpartition(".")[2]
    found, answered = STEPS[step]
    return [words.get(text, text).encode() for text in found], answered


@pytest.mark.parametrize(("place", "step", "fault", "back"), list(cases()), indirect=["place"])
def test_the_truth_is_told(place: Place, step: str, fault: str, back: bool) -> None:
    if back:
        place.deploy()
    answer = break_off(place, step, fault, back=back)
    told, there = place.told(), place.there()
    assert told.state.value == place.ledger(), told
    require_true(place, told.state.value, told.detail, there, back=back)
    if answer is not None and not place.handler.code:  # those have no executor here, which looks
        require_honest(answer, told.state.value, back=back)
    go_on(place, told.state.value, back=back)


def break_off(place: Place, step: str, fault: str, *, back: bool) -> dict[str, Any] | None:
    """Let a deployer come to a step, and the fault to it; its answer if it lived to give one."""
    messages, answered = texts(place, step, back=back)
    if place.proxy is None:
        with place.deployer(back=back, texts=messages) as deployer:
            deployer.wait_until_held()
            deployer.kill()
        return None
    with (
        place.proxy.stopping(messages, answered=answered) as stop,
        place.deployer(back=back) as deployer,
    ):
        stop.wait()
        if fault == "killed":
            deployer.kill()
            place.proxy.cut()
            place.wait_until_nobody_is_left()
            return None
        if fault == "cut off":
            place.proxy.cut()
        else:
            place.end_sessions()
            stop.let_go.set()
        answer = deployer.answer()
    place.wait_until_nobody_is_left()
    return answer


def require_true(place: Place, state: str, detail: str, there: set[str], *, back: bool) -> None:
    """The word of the ledger is what the catalogue shows."""
    match state:
        case "applied":
            assert there == place.objects, (state, there)
        case "pending" | "rolled_back":
            assert there == set(), (state, there)
        case "failed" if place.handler.name in ONE_ROW:
            assert "Look what is there, then mark" in detail, detail
            assert there in (set(), place.objects), there
        case "failed":
            assert "nothing of it was kept" in detail, detail
            assert there == (place.objects if back else set()), (state, there)
        case "half_applied":
            lines = said_there(detail)
            assert lines is not None, f"no evidence: {detail}"
            assert there == after(place, lines, back=back), (detail, there)
        case _:
            pytest.fail(f"{state}: {detail}")


def after(place: Place, lines: set[int], *, back: bool) -> set[str]:
    """What is there when exactly these lines of the script have run."""
    words = {
        "first_": f"first_{place.number}",
        "second_": f"second_{place.number}",
        "there": "a row",
    }
    script = ((place.newest.down if back else place.newest.up) or "").splitlines()
    ran = {name for word, name in words.items() for n in lines if word in script[n - 1]}
    return place.objects - ran if back else ran


def require_honest(answer: dict[str, Any], state: str, *, back: bool) -> None:
    """What the deployer itself said before it ended is what `status` says now."""
    done = state in (("pending", "rolled_back") if back else ("applied",))
    if answer["exit"] == 0:
        assert done, answer
        return
    ((code, message, hint),) = answer["errors"]
    assert code == "connection-lost", answer
    assert hint
    found = str(message).rpartition("looked at again, ")[2]
    assert found.endswith(": it was kept") is done, (message, state)
    assert done or found.endswith(("nothing was kept", "begun and not finished")), message


def go_on(place: Place, state: str, *, back: bool) -> None:
    """One command, as `status` names it, and everything is as it was meant to be."""
    place.free_the_tools_lock()
    if state == "failed":
        place.mark("applied" if place.there() == place.objects else "rolled_back")
    elif state == "half_applied":
        place.undo_by_hand()
        place.mark("rolled_back")
    place.deploy()
    assert place.told().state == "applied"
    assert place.there() == place.objects
