"""A queue.json of the version before the queue (written by that version's code) is taken over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core import jsonio
from core.clock import ManualClock
from job_queue.job import JobState
from job_queue.store.codec import SCHEMA, decode
from job_queue.store.json_store import JsonJobStore
from job_queue.target import Target

OLD = Path(__file__).parent / "data" / "queue_schema_1.json"


@pytest.fixture
def store(tmp_path: Path) -> JsonJobStore:
    shutil.copy(OLD, tmp_path / "queue.json")
    return JsonJobStore(tmp_path, ManualClock())


def test_every_record_is_what_it_was(store: JsonJobStore) -> None:
    view, before = store.view(), jsonio.loads(OLD.read_bytes())
    assert before["schema"] == 1 and not store.trouble
    assert (view.rev, view.next_token, view.next_id) == tuple(
        before[name] for name in ("rev", "next_token", "next_id")
    )
    assert {job.id: job.state.value for job in view.jobs.values()} == {
        entry["id"]: entry["state"] for entry in before["jobs"]
    }
    for entry in before["jobs"]:
        job = view.jobs[entry["id"]]
        for name in ("token", "remote_name", "printer_id", "rev", "created_by", "sha256"):
            assert getattr(job, name) == entry[name]
        assert job.target == Target.printer(entry["target"]) and not job.from_queue
        assert job.made == (1 if job.state is JobState.FINISHED else 0)
    assert set(view.open_jobs) == {"alder", "birch", "cedar"}, "what holds a printer still does"
    assert not view.bed("alder").clear and view.bed("birch").shown == "old|x"  # type: ignore[union-attr]
    assert view.maintenance("cedar").note == "belt"
    assert len(view.cleanup) == 1 and not view.pause.on


def test_the_older_file_is_kept_and_the_new_one_is_of_this_version(
    store: JsonJobStore, tmp_path: Path
) -> None:
    assert (tmp_path / f"queue.json.pre-v{SCHEMA}").read_bytes() == OLD.read_bytes()
    written = (tmp_path / "queue.json").read_bytes()
    assert jsonio.loads(written)["schema"] == SCHEMA
    assert decode(written) == store.view()
    again = JsonJobStore(tmp_path, ManualClock())
    assert again.view() == store.view() and not again.trouble
