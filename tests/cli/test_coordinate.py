"""Watching a job: to its end, or not at all; Ctrl-C leaves it running and says so."""

import pytest

from faber_db.cli.call import Call, Common
from faber_db.cli.coordinate import followed
from faber_db.errors import Cancelled
from faber_db.model.answer import Answer, State
from faber_db.services.coordinate import CoordinateDetails


def _answer(state: State) -> Answer[CoordinateDetails]:
    details = CoordinateDetails(state=state, environment="dev", job_id="job_1")
    return Answer(message=state.value, details=details)


def test_a_job_is_watched_to_its_end() -> None:
    answers = [_answer(State.RUNNING), _answer(State.RUNNING), _answer(State.DONE)]
    found = followed(Call(Common()), _answer(State.RUNNING), lambda: answers.pop(0), wait=True)
    assert (found.details.state, answers) == (State.DONE, [])


def test_nobody_waits() -> None:
    def again() -> Answer[CoordinateDetails]:
        raise AssertionError("it was asked again")

    for state, wait in ((State.RUNNING, False), (State.DONE, True), (State.PLANNED, True)):
        assert followed(Call(Common()), _answer(state), again, wait=wait).details.state is state


def test_ctrl_c_leaves_the_job_running() -> None:
    def again() -> Answer[CoordinateDetails]:
        raise KeyboardInterrupt

    with pytest.raises(Cancelled) as caught:
        followed(Call(Common()), _answer(State.RUNNING), again, wait=True)
    assert "job_1 goes on" in caught.value.message
    assert "faber-db job cancel job_1" in caught.value.hint
    assert caught.value.exit_code == 130
