"""What cannot be recorded within a call goes on in a job; the next call takes up what it recorded."""

from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.cli import boundary as command_line
from faber_db.errors import Cancelled, Exit, JobStillRuns, ToolFailed
from faber_db.model.job import JobState
from faber_db.services import recording_in_time
from faber_db.services.programs import Readable, readable
from faber_db.tools.boundary import failed
from tests.alembic_project import Project

_COUNTED = "open({ran!r}, 'a').write(revision + ' ')\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "shop")
    made.configure("dev", shadow="auto")
    for revision, down in (("aaa", None), ("bbb", "aaa"), ("ccc", "bbb")):
        made.add(revision, down)
    made.install(more=_COUNTED.format(ran=str(tmp_path / "ran")))
    return made


def _ran(project: Project) -> list[str]:
    """The revisions that the tool ran, and forget them."""
    file = project.root.parent / "ran"
    found = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def _recorded(found: Readable) -> list[str]:
    migrations = found.database.handler.parse(found.database.sent or ())
    return [m.version for m in migrations if m.recorded_path]


def test_a_call_that_is_cut_off_goes_on_where_it_stopped(project: Project) -> None:
    begun = project.root.parent / "begun"
    project.install(
        more=f"""
if revision == "ccc" and not os.path.exists({str(begun)!r}):
    import time
    open({str(begun)!r}, "w").close()
    time.sleep(3600)  # until it is ended
"""
        + _COUNTED.format(ran=str(project.root.parent / "ran"))
    )
    app, told = project.app(), list[str]()
    with pytest.raises(Cancelled):
        readable(
            app,
            app.database(),
            progress=told.append,
            cancelled=begun.exists,
        )
    assert [words for words in told if words.startswith("recording")] == [
        "recording 1 of 3: aaa",
        "recording 2 of 3: bbb",
        "recording 3 of 3: ccc",
    ]
    assert _ran(project) == ["aaa", "bbb"]
    assert _recorded(readable(app, app.database())) == ["aaa", "bbb", "ccc"]
    assert _ran(project) == ["ccc"]


def test_after_one_that_does_not_run_none_is_tried(project: Project) -> None:
    project.install(
        more=_COUNTED.format(ran=str(project.root.parent / "ran"))
        + "if revision == 'aaa': sys.exit('it broke')"
    )
    app = project.app()
    found = readable(app, app.database())
    assert _ran(project) == ["aaa"]
    assert {type(error) for error in found.missing.values()} == {ToolFailed}
    assert "it broke" in found.reasons["aaa"]
    assert found.reasons["ccc"] == (
        "ccc: it comes after a program that does not run, aaa. Mend that one first"
    )


@pytest.mark.slow
def test_a_job_goes_on_and_the_next_call_takes_it_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.install(
        more=_COUNTED.format(ran=str(project.root.parent / "ran"))
        + "if revision == 'ccc': sys.exit('it broke')"
    )
    monkeypatch.setattr(recording_in_time, "IN_CALL_SECONDS", 0)
    monkeypatch.setattr(recording_in_time, "_WATCH_SECONDS", 0)
    app = project.app()
    with pytest.raises(JobStillRuns) as first:
        readable(app, app.database())
    monkeypatch.undo()
    found = readable(replace(app, waits=True), app.database())
    job = app.state.job(first.value.job_id)
    assert (job.state, job.error) == (JobState.DONE, {})
    assert _ran(project) == ["aaa", "bbb", "ccc"]  # each once, by the job
    assert _recorded(found) == ["aaa", "bbb"]
    assert "it broke" in found.reasons["ccc"]
    readable(app, app.database())
    assert _ran(project) == ["ccc"]  # but by the call after that


@pytest.mark.slow
def test_a_call_that_is_cancelled_ends_the_job_that_nobody_knows(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_in_time, "IN_CALL_SECONDS", 0)
    project.install(more="import time; time.sleep(3600)")
    app = project.app()
    with pytest.raises(Cancelled):
        readable(app, app.database(), cancelled=lambda: bool(app.state.jobs(running=True)))
    (job,) = app.state.jobs()
    assert app.executor.watch(job.id, seconds=600).state is JobState.CANCELLED


def test_how_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    error = JobStillRuns("job_x still records", hint="Call this again.", job_id="job_x")
    told = failed(error)
    assert not told.is_error
    assert told.structured_content is not None
    assert told.structured_content["details"] == {
        "state": "running",
        "job_id": "job_x",
        "next": {"tool": "status", "arguments": {"id": "job_x", "wait_seconds": 25}},
    }
    assert command_line.report(error, as_json=True) == Exit.WAITING
    assert '"state":"running"' in capsys.readouterr().out.replace(" ", "")
