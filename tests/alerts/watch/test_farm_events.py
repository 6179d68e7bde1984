"""Queue, spools, cameras and disk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.model import Event
from alerts.watch.blocked import Blocked
from alerts.watch.disk import MB, Disk
from alerts.watch.eyes import Eyes
from alerts.watch.memory import PrinterMemory, Run
from alerts.watch.plates import grams_in
from alerts.watch.spools import Spools, next_jobs
from alerts.watch.telling import Teller
from cameras.frames import CameraStatus, Frame
from core.errors import NotFound
from job_queue.job import Job, JobState
from job_queue.matching.match import Outlook, Reason
from job_queue.records import QueueState
from job_queue.target import Target
from printers.conditions import Conditions
from printers.registry import Snapshot
from printers.status import AmsUnit, JobProgress, PrinterState, PrinterStatus, Tray
from tests.alerts.watch.scene import kind_of

S = PrinterState


def teller(printer_id: str = "alder") -> Teller:
    made = Teller(PrinterMemory(), "s1", printer_id=printer_id)
    made.name = printer_id.capitalize()
    return made


def kinds(events: list[Event]) -> list[str]:
    return [kind_of(event) for event in events]


def snapshot(state: S = S.IDLE, percent: int = 0, grams: int | None = 40) -> Snapshot:
    trays = (
        Tray(slot="A1", index=0, type="PLA", grams=grams),
        Tray(slot="A2", index=1, type="PLA", grams=1000),
    )
    status = PrinterStatus(
        printer_id="alder", name="Alder", kind="bambu", state=state,
        job=JobProgress(name="gear", file="gear", percent=percent),
        ams=(AmsUnit(id=0, label="A", kind="AMS", trays=trays),),
    )  # fmt: skip
    return Snapshot(status=status, conditions=Conditions(), revision=1)


def job(number: int = 1, state: JobState = JobState.QUEUED, **more: Any) -> Job:
    return Job(id=f"j-{number}", state=state, file_id="f", file_name="Gear.gcode.3mf", **more)


# -- the queue ---------------------------------------------------------------------------------


class Queue:
    def __init__(self, *codes: str) -> None:
        self.said = Outlook(
            "Waits for one of 2 printers: 2 with a bed to clear.",
            tuple(Reason(code, code) for code in codes),
        )
        self.blocked = Blocked(teller(""), lambda _: self.said)
        self.jobs: list[Job] = [job(1), job(2)]
        self.state = S.IDLE

    def wait(self, begin: int, end: int) -> list[Event]:
        view = QueueState(
            jobs={one.id: one for one in self.jobs},
            open_jobs={one.printer_id: one for one in self.jobs if one.state.holds_printer},
        )
        told: list[Event] = []
        for second in range(begin, end):
            told += self.blocked.see(view, [snapshot(self.state)], 1e9 + second, second)
        return told


def test_a_queue_that_waits_for_people_only_is_told_after_ten_minutes() -> None:
    queue = Queue("bed_not_clear", "printer_offline")
    assert queue.wait(0, 600) == []
    (event,) = queue.wait(600, 1200)
    assert event.text == (
        "2 jobs wait and nothing has been able to start for ten minutes. "
        "Waits for one of 2 printers: 2 with a bed to clear."
    )
    assert (event.printer_id, event.printer) == ("", "")
    queue.state = S.PRINTING
    assert kinds(queue.wait(1200, 1300)) == ["/queue_blocked"]
    queue.state = S.IDLE
    (again,) = queue.wait(1300, 2000)
    assert again.identity != event.identity


@pytest.mark.parametrize("code", ["printer_busy", "heating", "not_before", "paused", "disabled"])
def test_a_queue_that_waits_for_time_or_was_paused_is_not_blocked(code: str) -> None:
    assert Queue("bed_not_clear", code).wait(0, 2000) == []


def test_a_queue_is_not_blocked_while_a_file_is_being_sent() -> None:
    queue = Queue("bed_not_clear")
    queue.jobs.append(job(3, JobState.UPLOADING, printer_id="alder"))
    assert queue.wait(0, 2000) == []


def test_a_printer_held_by_a_doubt_runs_nothing() -> None:
    queue = Queue("start_uncertain")
    queue.jobs.append(job(3, JobState.NEEDS_HUMAN, printer_id="alder"))
    assert kinds(queue.wait(0, 2000)) == ["queue_blocked"]


def test_an_empty_queue_is_not_blocked() -> None:
    queue = Queue("bed_not_clear")
    queue.jobs = [job(1, JobState.HELD)]
    assert queue.wait(0, 2000) == []


# -- spools ------------------------------------------------------------------------------------


def spools(
    told_by: Teller, at: Snapshot, one: Job | None, margin: float = 0.0, *, grams: float = 60.0
) -> list[Event]:
    watch = Spools(lambda *_: {1: grams, 2: 5.0}, margin)
    return watch.see(at, one, told_by, 1e9, believable=True)


PRINTING = job(1, JobState.PRINTING, printer_id="alder", ams_mapping=(0, 1))


def test_a_spool_with_less_than_the_job_needs() -> None:
    say = teller()
    (event,) = spools(say, snapshot(), PRINTING)
    assert event.text == "Alder: A1 has about 40 g left, and Gear needs 60 g more."
    assert (event.run, event.key) == ("j-1-1", "A1")
    assert spools(say, snapshot(), PRINTING) == []
    assert kinds(spools(say, snapshot(grams=900), PRINTING)) == ["/spool_short"]


def test_what_is_printed_already_is_not_needed_any_more() -> None:
    assert spools(teller(), snapshot(S.PRINTING, percent=40), PRINTING) == []
    assert kinds(spools(teller(), snapshot(S.PRINTING, percent=30), PRINTING)) == ["spool_short"]


def test_the_margin() -> None:
    assert spools(teller(), snapshot(), PRINTING, grams=30) == []
    assert kinds(spools(teller(), snapshot(), PRINTING, 20.0, grams=30)) == ["spool_short"]


def test_filaments_of_one_spool_are_added_up() -> None:
    both = replace(PRINTING, ams_mapping=(0, 0))
    (event,) = spools(teller(), snapshot(), both, grams=38)
    assert "43 g" in event.text


def test_nothing_is_said_of_spools_that_do_not_tell_their_weight() -> None:
    assert spools(teller(), snapshot(grams=None), PRINTING) == []


def test_it_ends_with_the_job() -> None:
    say = teller()
    spools(say, snapshot(), PRINTING)
    assert kinds(spools(say, snapshot(), None)) == ["/spool_short"]


def test_the_next_job_that_says_from_which_spools() -> None:
    target = Target.printer("alder")
    low = job(1, target=target, ams_wanted=(0,), rank=1.0)
    first = job(2, target=target, ams_wanted=(0,), priority=3)
    any_printer = job(3, ams_wanted=(0,), priority=9)
    view = QueueState(jobs={one.id: one for one in (low, first, any_printer)})
    assert next_jobs(view) == {"alder": first}
    sending = job(4, JobState.CLAIMED, printer_id="alder")
    assert next_jobs(replace(view, open_jobs={"alder": sending})) == {"alder": sending}


def test_a_file_that_is_gone_says_nothing() -> None:
    class Empty:
        def get(self, file_id: str) -> Any:
            raise NotFound("There is no such file.")

    assert grams_in(Empty())("f", 1) == {}


# -- cameras -----------------------------------------------------------------------------------


class Camera:
    def __init__(self) -> None:
        self.code, self.held, self.asked = "live", 0, 0
        self.watch = Eyes(teller(), self, lambda printer_id: printer_id)
        self.run: Run | None = Run(id="s1.1", file="gear")
        self.second = 0

    def status(self, camera_id: str) -> CameraStatus:
        return CameraStatus(
            mode="jpeg", code=self.code, text="Camera does not answer", held=self.held
        )

    def frame(self, camera_id: str) -> Frame | None:
        self.asked += 1
        return None

    def wait(self, seconds: int) -> list[str]:
        told: list[Event] = []
        for _ in range(seconds):
            self.second += 1
            told += self.watch.see(self.run, 1e9 + self.second, self.second)
        return kinds(told)


def test_a_camera_that_fails_for_five_minutes_of_a_print() -> None:
    camera = Camera()
    camera.code = "unreachable"
    assert camera.wait(295) == []
    assert camera.asked > 0  # somebody must look, or nobody knows
    assert camera.wait(600) == ["camera_dead"]
    camera.code = "starting"
    assert camera.wait(20) == []
    camera.code = "paused"
    assert camera.wait(20) == []
    camera.code = "live"
    assert camera.wait(20) == ["/camera_dead"]
    camera.code = "lost"
    assert camera.wait(600) == ["camera_dead"]
    camera.run = None
    assert camera.wait(20) == ["/camera_dead"]


@pytest.mark.parametrize("code", ["live", "idle", "off", "paused", "stale"])
def test_a_camera_that_nobody_needs_is_not_woken(code: str) -> None:
    camera = Camera()
    camera.code = code
    assert camera.wait(900) == []
    assert camera.asked == 0


def test_a_camera_that_is_kept_on_and_gives_only_old_pictures() -> None:
    camera = Camera()
    camera.code, camera.held = "stale", 1
    assert camera.wait(400) == ["camera_dead"]


def test_a_camera_that_comes_back_in_time() -> None:
    camera = Camera()
    for code in ("unreachable", "live") * 5:
        camera.code = code
        assert camera.wait(200) == []


def test_a_printer_that_does_not_print_needs_no_camera() -> None:
    camera = Camera()
    camera.code, camera.run = "unreachable", None
    assert camera.wait(900) == []


# -- the disk ----------------------------------------------------------------------------------


def test_a_disk_that_fills_up_and_is_emptied() -> None:
    free = [5000 * MB]
    disk = Disk(teller(""), 2048, lambda: free[0])
    told: list[str] = []
    for second, megabytes in enumerate((5000, 2100, 2000, 1500, 2100, 2400, 2500, 1000)):
        free[0] = megabytes * MB
        told += kinds(disk.see(1e9 + second, 30.0 * second))
    assert told == ["disk_low", "/disk_low", "disk_low"]


def test_the_disk_is_asked_every_half_minute() -> None:
    asked: list[int] = []

    def free() -> int:
        asked.append(1)
        return 5000 * MB

    disk = Disk(teller(""), 2048, free)
    for second in range(60):
        disk.see(1e9 + second, float(second))
    assert len(asked) == 2
