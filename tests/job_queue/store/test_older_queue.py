"""The older dashboard's queue.json comes over once, and nothing of it is destroyed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock
from core.errors import DiskFull, StorageError
from job_queue.job import Job, JobState
from job_queue.store import older_queue
from job_queue.store.json_store import JsonJobStore
from job_queue.store.older_queue import take_over_older
from job_queue.target import Target
from slicer.library import FileLibrary
from tests.slicer.conftest import sliced_parts, zip_bytes

NOW = 1_800_000_000.0  # 2027-01-15
KEPT = "queue.json.imported-2027-01-15"


class OlderFarm:
    """``root``/jobs as the older dashboard left it, and this farm's start in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.jobs = root, root / "jobs"
        (self.jobs / "files").mkdir(parents=True)
        self.entries: list[Any] = []
        self.original = b""

    def put(self, place: str, model: str = "Bambu Lab P1S") -> Path:
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zip_bytes(sliced_parts(model)))
        return path

    def job(self, filepath: str, **fields: Any) -> None:
        entry = {"id": f"{len(self.entries)}a", "filename": "gear.gcode.3mf", "filepath": filepath,
                 "status": "queued", "created_at": 1_700_000_000.5, "started_at": None,
                 "finished_at": None, "printer_id": "alder", "assigned_printer_id": None,
                 "plate": 1, "auto_assign": False, "error": None}  # fmt: skip
        self.entries.append({**entry, **fields})

    def write(self, content: Any = None) -> None:
        self.original = json.dumps(content or {"jobs": self.entries}, indent=1).encode()
        (self.jobs / "queue.json").write_bytes(self.original)

    def start(self) -> JsonJobStore:
        clock = ManualClock(NOW)
        self.library = FileLibrary(self.jobs / "files", clock, 10_000_000)
        store = JsonJobStore(self.jobs, clock)
        take_over_older(self.jobs, store, self.library, clock)
        return store

    def taken(self) -> list[Job]:
        self.write()
        return list(self.start().view().jobs.values())


@pytest.fixture
def older(tmp_path: Path) -> OlderFarm:
    return OlderFarm(tmp_path / "farm")


def test_a_waiting_job_comes_over_with_its_file(older: OlderFarm) -> None:
    old = older.put("jobs/files/171_gear.gcode.3mf")
    older.job("jobs/files/171_gear.gcode.3mf")
    (job,) = older.taken()
    assert (job.state, job.target, job.plate) == (JobState.QUEUED, Target.printer("alder"), 1)
    assert (
        job.from_queue and job.created_at == 1_700_000_000.5 and job.file_name == "gear.gcode.3mf"
    )
    assert older.library.get(job.file_id).sha256 == job.sha256
    assert old.exists(), "the older dashboard may be used again"


@pytest.mark.parametrize(
    "told",
    [
        "{root}/elsewhere/gear.gcode.3mf",
        "elsewhere/gear.gcode.3mf",
        "elsewhere\\gear.gcode.3mf",
        "jobs/files/moved.gcode.3mf",
        "C:\\Users\\Eve\\farm\\jobs\\files\\moved.gcode.3mf",
        "/home/eve/farm/jobs/files/moved.gcode.3mf",
        "..\\..\\moved.gcode.3mf",
    ],
)
def test_the_file_is_found_wherever_the_path_is_from(older: OlderFarm, told: str) -> None:
    older.put("elsewhere/gear.gcode.3mf")
    older.put("jobs/files/moved.gcode.3mf", "Bambu Lab X1C")
    older.job(told.format(root=older.root))
    (job,) = older.taken()
    model = older.library.get(job.file_id).file.plates[0].models
    assert bool(model) and job.state is JobState.QUEUED


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", JobState.QUEUED), ("Pending", JobState.QUEUED), ("done", JobState.FINISHED),
        ("completed", JobState.FINISHED), ("failed", JobState.FAILED),
        ("cancelled", JobState.CANCELLED), ("printing", JobState.HELD),
        ("uploading", JobState.HELD), ("something new", JobState.HELD),
    ],
)  # fmt: skip
def test_every_status_has_its_state(older: OlderFarm, status: str, state: JobState) -> None:
    older.put("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf", status=status, assigned_printer_id="birch", finished_at=5)
    (job,) = older.taken()
    assert job.state is state
    if state is JobState.HELD:
        assert status in job.notes and "birch" in job.notes, "it may have been printed"
    if state.has_ended:
        assert (job.printer_id, job.finished_at) == ("birch", 5.0)


def test_auto_assign_is_any_printer(older: OlderFarm) -> None:
    older.put("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf", auto_assign=True, printer_id="alder")
    older.job("jobs/files/a.3mf", printer_id=None)
    assert [job.target for job in older.taken()] == [Target(), Target()]


def test_the_order_stays(older: OlderFarm) -> None:
    older.put("jobs/files/a.3mf")
    for number in range(5):
        older.job("jobs/files/a.3mf", filename=f"{number}.3mf")
    jobs = sorted(older.taken(), key=lambda job: job.rank)
    assert [job.file_name for job in jobs] == [f"{number}.3mf" for number in range(5)]
    assert len({job.file_id for job in jobs}) == 1, "one file in the library"


def test_an_ended_job_needs_no_file(older: OlderFarm) -> None:
    older.job("jobs/files/gone.3mf", status="failed", error="HMS 0300", plate=3)
    (job,) = older.taken()
    assert job.file_id == "" and job.error is not None and job.error.text == "HMS 0300"
    assert not job.picture and job.plate == 3


def test_what_cannot_be_read_is_listed_and_the_rest_comes(older: OlderFarm) -> None:
    older.put("jobs/files/a.3mf")
    (older.root / "jobs/files/broken.3mf").write_bytes(b"no zip")
    older.job("jobs/files/missing.3mf", filename="missing one")
    older.job("jobs/files/broken.3mf", filename="broken one")
    older.job("jobs/files/a.3mf", filename="no such plate", plate=7)
    older.job("jobs/files/a.3mf", created_at="yesterday")
    older.job("jobs/files/a\x00.3mf", filename="nul")
    older.entries += [7, None, {}, {"filepath": ["x"]}]
    older.job("jobs/files/a.3mf", filename="sound")
    older.write()
    store = older.start()
    assert [job.file_name for job in store.view().jobs.values()] == ["sound"]
    for part in ("missing one", "broken one", "no plate 7", "'created_at'", "nul", "6: ", "9: "):
        assert part in store.trouble
    assert "1 jobs" in store.trouble and KEPT in store.trouble


@pytest.mark.parametrize("wrap", [lambda jobs: jobs, lambda jobs: {"jobs": jobs}])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_bare_list_and_an_editors_mark_are_read_too(
    older: OlderFarm, wrap: Any, mark: bytes
) -> None:
    older.put("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf")
    older.original = mark + json.dumps(wrap(older.entries)).encode()
    (older.jobs / "queue.json").write_bytes(older.original)
    store = older.start()
    assert [job.file_name for job in store.view().jobs.values()] == ["gear.gcode.3mf"]
    assert (older.jobs / KEPT).read_bytes() == older.original


def test_no_word_for_a_plate_becomes_another_plate(older: OlderFarm) -> None:
    older.put("jobs/files/a.3mf")
    for plate in ("1", 1, None, "", "2", 0, -1, "two", True, 1.5, "9" * 5000):
        older.job("jobs/files/a.3mf", filename=f"{plate!r}", plate=plate)
    older.write()
    store = older.start()
    assert [job.file_name for job in store.view().jobs.values()] == ["'1'", "1", "None", "''"]
    assert "no plate 2" in store.trouble, "it has but one"
    for number in range(6, 12):
        assert f"{number}: its field 'plate'" in store.trouble


def test_once_and_the_original_is_kept(older: OlderFarm) -> None:
    older.put("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf")
    older.write()
    store = older.start()
    assert (older.jobs / KEPT).read_bytes() == older.original
    assert not (older.jobs / "queue.json.older").exists()
    assert store.trouble, "nothing of it prints before a person has looked"
    store.acknowledge()
    with store.transaction() as tx:
        tx.move("j-1", JobState.CANCELLED, finished_at=NOW)
    again = older.start()
    assert again.view() == store.view() and not again.trouble


@pytest.mark.parametrize("point", ["_add", "keep_aside"])
def test_a_crash_in_between_takes_nothing_over_twice(
    older: OlderFarm, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    older.put("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf")
    older.write()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(older_queue, point, killed)
        older.start()
    store = older.start()
    assert len(store.view().jobs) == 2
    assert (older.jobs / KEPT).read_bytes() == older.original


def test_a_full_disk_stops_the_farm_and_the_next_start_takes_all(
    older: OlderFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    older.put("jobs/files/a.3mf")
    older.job("jobs/files/a.3mf")
    older.write()

    def full(*_: object, **__: object) -> None:
        raise DiskFull("The farm's disk has 1 MB left.")

    with monkeypatch.context() as patch:
        patch.setattr(FileLibrary, "add", full)
        with pytest.raises(DiskFull):
            older.start()
    assert len(older.start().view().jobs) == 1


@pytest.mark.parametrize("content", [{"jobs": []}, {"jobs": [], "version": 3}])
def test_an_empty_older_queue_is_kept_too(older: OlderFarm, content: Any) -> None:
    older.write(content)
    assert older.start().view().jobs == {}
    assert (older.jobs / KEPT).read_bytes() == older.original


def test_an_older_file_over_a_queue_of_ours_is_damage(older: OlderFarm) -> None:
    """Somebody let the older dashboard run in this folder."""
    store = older.start()
    with store.transaction() as tx:
        tx.add(Job(id="j-1", state=JobState.QUEUED, file_id="f", file_name="ours"))
    store.close()
    older.write()
    again = older.start()
    assert list(again.view().jobs) == ["j-1"] and "queue.json could not be used" in again.trouble
    assert [path.read_bytes() for path in older.jobs.glob("queue.json.corrupt-*")] == [
        older.original
    ]


def test_a_folder_that_may_not_be_written_is_told(
    older: OlderFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    older.write({"jobs": []})

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(older_queue, "keep_aside", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        older.start()
