"""The thread's work, step by step, and its file."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.model import Event, Kind
from alerts.watch.leftovers import SURE_S
from alerts.watch.memory import MemoryFile, PrinterMemory
from alerts.watch.watcher import REFRESH_S, Watcher
from core.alert_config import AlertsConfig
from core.clock import ManualClock
from core.events import Bus
from core.fs import DISK
from job_queue.job import Job, JobError, JobState
from job_queue.matching.match import Outlook, Reason
from job_queue.records import QueueState
from printers.commands import Stop
from printers.conditions import Conditions, OpenJob
from printers.registry import Registry
from printers.status import JobProgress, PrinterState, PrinterStatus, Tray
from tests.alerts.watch.scene import kind_of
from tests.alerts.watch.server import NoCameras
from tests.waiting import wait_for

S = PrinterState
CONFIG = AlertsConfig(progress_step=25, photo_interval_s=0.0, due_min=0.0)


class World:
    """A registry, a queue's view and a watch on them; ``pass_`` is a second of its thread."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "alerts" / "watch.json"
        self.clock, self.bus = ManualClock(), Bus()
        self.events: list[Event] = []
        self.view = QueueState()
        self.said = Outlook()
        self.free = 10**12
        self.grams = {1: 60.0}
        self.broken = False
        self.standing: list[Event] = []
        self.registry = Registry(
            self.bus,
            [PrinterStatus(printer_id=name, name=name.capitalize(), kind="bambu",
                           state=S.CONNECTING) for name in ("alder", "birch")],
        )  # fmt: skip
        self.watch = self.new()

    def new(self) -> Watcher:
        return Watcher(
            self, MemoryFile(self.path, self.clock), self.registry, self.bus, self.clock, CONFIG,
            view=lambda: self.view, outlook=lambda _: self.said, grams=lambda *_: self.grams,
            groups={"alder": "north"}, cameras=NoCameras(), main_camera=lambda _: None,
            free=lambda: self.free,
            standing=lambda: list(self.standing),
        )  # fmt: skip

    def take(self, event: Event) -> bool:
        if self.broken:
            raise RuntimeError("the desk is in pieces")
        known = event.identity in {one.identity for one in self.events}
        self.events.append(event)
        return not known

    def report(self, state: PrinterState, printer_id: str = "alder", **changes: Any) -> None:
        snapshot = self.registry.get(printer_id)
        assert snapshot is not None
        self.registry.publish(
            replace(
                snapshot.status, state=state, observed_at=self.clock.time(),
                observed_mono=self.clock.monotonic(), **changes,
            )
        )  # fmt: skip

    def prints(self, percent: int, printer_id: str = "alder") -> None:
        job = JobProgress(name="gear", file="gear.gcode", percent=percent)
        self.report(S.PRINTING, printer_id, job=job)

    def pass_(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            for snapshot in self.registry.all():
                if snapshot.status.state.is_connected:
                    self.report(snapshot.status.state, snapshot.status.printer_id)
            self.watch.hear(self.watch._box.take(0.0))

    def reboot(self) -> None:
        """Killed: what was not written is gone."""
        self.bus.unsubscribe(self.watch._box)
        self.watch = self.new()

    def job(self, state: JobState, **more: Any) -> Job:
        made = Job(
            id="j-1", state=state, file_id="f", file_name="Gear.gcode", token=1,
            printer_id="alder", started_at=self.clock.time(), **more,
        )  # fmt: skip
        is_open = {"alder": made} if state.holds_printer else {}
        self.view = QueueState(jobs={"j-1": made}, open_jobs=is_open)
        shown = OpenJob(job_id="j-1", phase=state.value, name="Gear.gcode", token=1)
        self.registry.set_conditions(
            "alder", Conditions(job=shown if state.holds_printer else None)
        )
        self.bus.publish(("job", "j-1"), made)
        return made

    def kinds(self) -> list[str]:
        kinds = [kind_of(event) for event in self.events if event.kind != "state_changed"]
        self.events = []
        return kinds


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.watch.stop()


def test_a_job_from_its_start_to_its_end_in_order(world: World) -> None:
    world.report(S.IDLE)
    world.pass_()
    world.job(JobState.PRINTING)
    world.prints(1)
    world.pass_()
    world.prints(30)
    world.pass_()
    assert world.watch.run_of("alder") == "j-1-1"
    world.prints(99)
    world.job(JobState.FINISHED, finished_at=world.clock.time() + 1)
    world.report(S.FINISHED)
    world.pass_(3)
    assert world.kinds() == ["started", "progress 25", "finished", "bed_waiting"]
    assert [world.watch.run_of(name) for name in ("alder", "birch", "none")] == ["", "", ""]


def test_nothing_of_its_progress_after_a_jobs_end(world: World) -> None:
    """The queue's records are ahead of a snapshot for a moment."""
    world.report(S.IDLE)
    world.pass_()
    world.job(JobState.PRINTING)
    world.prints(1)
    world.pass_()
    ended = world.job(JobState.FINISHED, finished_at=world.clock.time() + 1)
    shown = OpenJob(job_id="j-1", phase="printing", name="Gear.gcode", token=1)
    world.registry.set_conditions("alder", Conditions(job=shown))
    world.prints(99)
    world.pass_()
    assert ended.state is JobState.FINISHED
    assert world.kinds() == ["started", "finished"]
    world.registry.set_conditions("alder", Conditions())
    world.report(S.FINISHED)
    world.pass_(2)
    assert world.kinds() == ["bed_waiting"]


def test_killed_before_the_memory_was_written(world: World) -> None:
    world.report(S.IDLE)
    world.pass_(2)
    assert world.path.exists()
    saved = world.path.read_bytes()
    world.prints(1)
    world.pass_(2)
    world.prints(60)
    world.pass_(2)
    told = [event.identity for event in world.events]
    world.events = []
    world.path.write_bytes(saved)
    world.reboot()
    world.prints(1)
    world.pass_(2)
    world.prints(60)
    world.pass_(2)
    again = [event.identity for event in world.events]
    assert [one for one in told if "state_changed" not in one] == [
        one for one in again if "state_changed" not in one
    ]
    assert len(again) == 3


def test_the_memory_is_written_soon_and_else_once_a_minute(world: World) -> None:
    world.report(S.IDLE)
    world.pass_()
    first = world.path.stat().st_mtime_ns
    world.pass_(10)
    assert world.path.stat().st_mtime_ns == first
    world.pass_(int(REFRESH_S))
    second = world.path.stat().st_mtime_ns
    assert second != first
    world.prints(1)
    world.pass_()
    assert world.path.stat().st_mtime_ns != second


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version":1}',
        b'{"version":99}',
        b"\xff",
        b'{"version":1,"series":"","ends_after":1}',
        b'{"version":1,"series":"a","ends_after":[]}',
    ],
)
def test_a_damaged_memory_is_kept_and_begun_anew(world: World, content: bytes) -> None:
    """Under another series: what was counted in the lost one must not come out the same."""
    before = world.watch._memory.series
    world.path.parent.mkdir(exist_ok=True)
    world.path.write_bytes(content)
    world.clock.advance(5)
    world.reboot()
    assert world.path.with_name("watch.json.damaged").read_bytes() == content
    assert world.watch._memory.series != before
    world.prints(30)
    world.pass_()
    assert world.kinds() == []


def test_what_is_written_is_what_is_read(world: World) -> None:
    world.prints(30)
    world.pass_(3)
    world.registry.set_conditions("alder", Conditions(bed_clear=False))
    world.report(S.FINISHED)
    world.pass_(3)
    assert world.kinds() == ["finished", "bed_waiting"]
    world.watch._save()
    loaded = MemoryFile(world.path, world.clock).load()
    assert loaded == world.watch._memory
    assert loaded.printers["alder"].open["bed"].run == loaded.printers["alder"].closed[-1]


def test_a_full_disk_stops_no_alert(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    world.report(S.IDLE)
    world.pass_()
    with monkeypatch.context() as patch:
        patch.setattr(type(DISK), "write", full)
        world.prints(1)
        world.pass_(3)
        assert "No space left" in world.watch.trouble
        assert world.kinds() == ["started"]
        assert caplog.text.count("No space left") == 1
    world.pass_(3)
    assert world.watch.trouble == ""


def test_one_printers_trouble_is_its_own(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.report(S.IDLE)
    world.report(S.IDLE, "birch")
    world.pass_()
    world.watch._trackers["alder"].see = None  # type: ignore[assignment, method-assign]
    world.prints(1)
    world.prints(1, "birch")
    world.pass_()
    assert world.kinds() == ["started"]
    assert "alder could not be judged or told" in caplog.text


def test_a_desk_in_pieces_stops_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.report(S.IDLE)
    world.pass_()
    world.broken = True
    world.prints(1)
    world.pass_(2)
    world.broken = False
    world.prints(30)
    world.pass_()
    assert world.kinds() == ["progress 25"]
    assert "the desk is in pieces" in caplog.text


def test_a_stop_from_the_farm_is_heard(world: World) -> None:
    world.report(S.IDLE)
    world.pass_()
    world.prints(1)
    world.pass_()
    snapshot = world.registry.get("alder")
    assert snapshot is not None
    world.watch.note_command("alder", Stop(), snapshot)
    world.report(S.FAILED)
    world.pass_(6)
    assert world.kinds() == ["started", "cancelled", "bed_waiting"]


def test_a_decision_a_short_spool_and_a_full_disk(world: World) -> None:
    tray = Tray(slot="Ext", index=0, type="PLA", grams=20)
    world.report(S.IDLE, external=(tray,))
    world.free = 10**6
    world.job(
        JobState.NEEDS_HUMAN, ams_mapping=(0,), error=JobError(code="start_uncertain", text="?")
    )
    world.pass_(2)
    events = {event.kind.value: event for event in world.events}
    assert set(events) == {"needs_person", "spool_short", "disk_low"}
    assert events["needs_person"].group == "north"


def test_a_blocked_queue(world: World) -> None:
    world.said = Outlook("Its bed is not clear.", (Reason("bed_not_clear", "?"),))
    world.view = QueueState(
        jobs={"j-1": Job(id="j-1", state=JobState.QUEUED, file_id="f", file_name="Gear.gcode")}
    )
    world.report(S.IDLE)
    world.pass_(605)
    assert world.kinds() == ["queue_blocked"]


def test_a_printer_that_is_not_configured_any_more_leaves_nothing_open(world: World) -> None:
    world.report(S.IDLE)
    world.prints(1)
    world.pass_(2)
    memory = world.watch._memory
    memory.printers["cedar"] = PrinterMemory()
    memory.printers["cedar"].open = dict(memory.printers["alder"].open)
    world.report(S.PAUSED)
    world.pass_(5)
    memory.printers["cedar"] = memory.printers.pop("alder")
    world.watch._save()
    world.kinds()
    world.watch.stop()
    world.watch = world.new()
    world.watch.start()
    assert world.kinds() == ["/paused"]
    assert "cedar" not in world.watch._memory.printers


def test_counts_of_jobs_that_are_forgotten_go(world: World) -> None:
    world.report(S.IDLE)
    world.job(JobState.NEEDS_HUMAN, error=JobError(code="start_uncertain", text="?"))
    world.pass_(2)
    assert list(world.watch._memory.printer("").counts) == ["j-1-1 needs_person"]
    world.view = QueueState()
    world.registry.set_conditions("alder", Conditions())
    world.pass_(2)
    assert world.kinds() == ["needs_person", "/needs_person"]
    assert not world.watch._memory.printer("").counts


def test_the_thread_begins_and_ends(world: World) -> None:
    world.watch.start()
    world.report(S.IDLE)
    world.prints(1)
    wait_for(lambda: world.events, "the first event")
    world.watch.stop()
    assert not world.watch._thread.is_alive()
    assert b'"named":true' in world.path.read_bytes()


def test_what_was_told_and_forgotten_ends_after_a_while(world: World) -> None:
    """Killed between telling and remembering, or without its file: nobody else would end it."""
    world.free = 0
    world.report(S.IDLE)
    world.prints(1)
    world.pass_(2)
    world.report(S.PAUSED)
    world.pass_(5)
    low, paused = (one for one in world.events if one.kind in ("paused", "disk_low"))
    stale = replace(paused, kind=Kind.FAULT, key="A old.1", text="a fault of before")
    bed = replace(paused, kind=Kind.BED_WAITING, key="", run="j-0-1")
    gone = replace(stale, printer_id="birch")  # that one is not heard: who knows?
    defect = replace(paused, kind=Kind.DEFECT)
    world.standing = [low, paused, stale, bed, gone, defect, replace(low, key="old.1")]
    world.kinds()
    world.path.unlink()
    world.reboot()
    world.pass_(1)
    world.clock.advance(SURE_S)
    world.pass_(3)
    world.kinds()
    world.clock.advance(CONFIG.offline_after_s)
    world.pass_(3)
    assert [(e.kind, e.printer_id, e.key, e.ends) for e in world.events] == [
        ("disk_low", "", low.key, True), ("paused", "alder", "", True),
        ("fault", "alder", "A old.1", True), ("disk_low", "", "old.1", True),
    ]  # fmt: skip


def test_a_name_that_is_no_text_keeps_nothing_from_being_remembered(world: World) -> None:
    world.report(S.IDLE)
    world.pass_()
    job = JobProgress(name="gear\ud800", file="gear.gcode", percent=1)
    world.report(S.PRINTING, job=job)
    world.pass_(3)
    assert world.watch.trouble == "" and b"gear?" in world.path.read_bytes()
