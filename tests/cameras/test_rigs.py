"""What the farm keeps of rigs and tells them: the parts without a socket."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cameras.frames import CameraFailed
from cameras.rigs import report as reports
from cameras.rigs.desk import RigDesk
from cameras.rigs.implicit import with_rigs
from cameras.rigs.memory import MAX_IDS, RigMemory, clean
from cameras.rigs.printing import PrinterWatch
from cameras.rigs.report import Report
from cameras.rigs.state import Visit
from core.camera_config import CameraConfig, CamerasConfig, RigConfig
from core.clock import ManualClock
from core.errors import Blocked, NotFound, StorageError
from core.events import Bus
from printers.registry import Registry
from printers.status import JobProgress, Link, PrinterState, PrinterStatus


def status(state: PrinterState, layer: int | None = None, task: str = "7") -> PrinterStatus:
    job = JobProgress(name="gear", file="gear.3mf", task_id=task, layer=layer)
    return PrinterStatus(
        printer_id="a1", name="A1", kind="fake", state=state, observed_at=1.0, observed_mono=1.0,
        link=Link(online=True), job=None if layer is None else job,
    )  # fmt: skip


def layers(watch: PrinterWatch, *reports: PrinterStatus) -> list[int]:
    said = [message for one in reports for message in watch.see(one)]
    return [message["layer"] for message in said if message["t"] == "layer"]


P = PrinterState.PRINTING


def test_each_layer_triggers_once_and_only_upwards() -> None:
    watch = PrinterWatch()
    told = layers(
        watch, status(P, 0), status(P, 1), status(P, 1), status(P, 2), status(P, 0), status(P, 2),
        status(P, 4), status(PrinterState.PAUSED, 5), status(P, 5),
    )  # fmt: skip
    assert told == [1, 2, 4, 5]
    assert layers(watch, status(P, 1, task="8")) == [1], "the next print begins anew"


@pytest.mark.parametrize(
    "rest", [PrinterState.IDLE, PrinterState.FINISHED, PrinterState.FAILED], ids=str
)
def test_the_same_file_once_more_begins_anew(rest: PrinterState) -> None:
    """Only Bambu's cloud gives each print a number of its own."""
    watch = PrinterWatch()
    first = layers(watch, *(status(P, layer, task="0") for layer in (1, 2, 3)))
    second = layers(watch, status(rest, 3, task="0"), status(P, 1, task="0"))
    assert (first, second) == ([1, 2, 3], [1])


def test_the_state_is_told_when_it_changes_and_never_while_unknown() -> None:
    watch = PrinterWatch()
    told = [
        message["state"]
        for one in (
            status(P, 1), status(P, 1), status(PrinterState.OFFLINE), status(P, 2),
            status(PrinterState.FINISHED, 2),
        )
        for message in watch.see(one)
        if message["t"] == "printer"
    ]  # fmt: skip
    assert told == ["printing", "finished"]
    assert watch.now(status(PrinterState.OFFLINE)) == []
    assert watch.now(status(P, 3))[0]["job"] == "7"
    assert watch.now(status(P, 3, task="0"))[0]["job"] == "gear.3mf"


def test_a_rig_without_an_entry_is_a_camera_of_its_own() -> None:
    rigs = [RigConfig(id="r1", name="One", sha256="", printer="a1"),
            RigConfig(id="r2", name="Two", sha256="", printer="gone"),
            RigConfig(id="a1", name="Three", sha256="")]  # fmt: skip
    listed = CameraConfig(id="lens", name="Lens", type="rig", rig="r1")
    cameras = with_rigs(CamerasConfig(list=(listed,)), rigs, ["a1"])
    assert [(c.id, c.rig, c.printer) for c in cameras.list] == [
        ("lens", "r1", ""), ("r2", "r2", ""), ("a1-rig", "a1", ""),
    ]  # fmt: skip


def test_items_are_known_again_after_a_restart(tmp_path: Path) -> None:
    memory = RigMemory(tmp_path / "r.json")
    assert memory.is_new("a") and not memory.is_new("a")
    memory.add_event({"id": "a", "at": 1.0, "event": "video"})
    memory.delays["status_delay"] = 5.0
    memory.save()
    again = RigMemory(tmp_path / "r.json")
    assert not again.is_new("a") and again.events[0]["event"] == "video"
    assert again.delays == {"status_delay": 5.0}
    for number in range(150):  # more than are shown: none of them may come twice
        assert again.is_new(f"e{number}")
        again.add_event({"id": f"e{number}", "at": 1.0})
    later = RigMemory(tmp_path / "r.json")
    assert not any(later.is_new(f"e{number}") for number in range(150))
    for number in range(MAX_IDS + 10):
        again.is_new(str(number))
    assert again.is_new("a"), "bounded: the oldest are forgotten"


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"events": 3, "ids": null}', b'{"ids": 5}', b'{"delays": [1]}'],
)
def test_a_damaged_memory_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.json").write_bytes(content)
    assert RigMemory(tmp_path / "r.json").is_new("a")


def test_an_event_that_the_disk_refuses_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = RigMemory(tmp_path / "r.json")

    def refuse(*_: object) -> None:
        raise StorageError("full")

    with monkeypatch.context() as patch:
        patch.setattr("cameras.rigs.memory.write_durably", refuse)
        assert memory.is_new("a")
        with pytest.raises(StorageError):
            memory.add_event({"id": "a", "at": 1.0})
    assert memory.is_new("a") and not memory.events, "the rig will send it again"


def test_what_a_rig_says_is_cut_to_plain_texts_and_numbers() -> None:
    said: dict[str, Any] = {
        "a": "x\n\x1b[31m" + "y" * 900, "b": [1], "c": {"d": 1}, "n": 3, "f": float("inf"),
        **{f"k{n}": 1 for n in range(50)},
    }  # fmt: skip
    kept = clean(said)
    assert len(kept) <= 16 and kept["n"] == 3 and not {"b", "c", "f"} & set(kept)
    assert len(kept["a"]) <= 500 and "\n" not in kept["a"] and "\x1b" not in kept["a"]


@pytest.mark.parametrize(
    "message",
    [
        {"state": ["x"], "frames": "7", "progress": "half", "readings": [], "delays": 3},
        {"state": "exploding", "frames": -1, "readings": {"temperature": 1e9, "humidity": 5}},
        {"readings": {"temperature": True, "humidity": 50}, "delays": {"status_delay": None}},
        {"frames": 1e300, "readings": {"temperature": float("inf"), "humidity": 1}},
    ],
)
def test_a_status_of_wrong_types_is_as_if_nothing_were_known(message: dict[str, Any]) -> None:
    report = reports.status(Report(), message, 100.0, 10.0)
    assert report == replace(Report(), delays=report.delays) and report.delays == ()


def test_an_older_reading_never_takes_the_place_of_a_newer() -> None:
    now = {"temperature": 21.0, "humidity": 40.0}
    report = reports.with_climate(Report(), now, 90.0, 100.0, 10.0)
    assert report.climate is not None and report.climate.mono == 0.0
    late = reports.with_climate(report, {"temperature": 5.0, "humidity": 9.0}, 50.0, 100.0, 10.0)
    assert late is report


class Pictures:
    def __init__(self) -> None:
        self.pushed: list[tuple[str, bytes, float | None]] = []
        self.looked_at: set[str] = set()

    def push(self, camera_id: str, jpeg: bytes, taken_at: float | None = None) -> None:
        if jpeg == b"bad":
            raise CameraFailed("Camera sends broken pictures", code="bad_frames")
        self.pushed.append((camera_id, jpeg, taken_at))

    def is_wanted(self, camera_id: str) -> bool:
        return camera_id in self.looked_at


class Seat:
    """A desk with one rig at one printer."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.bus, self.pictures = ManualClock(), Bus(), Pictures()
        self.registry = Registry(self.bus)
        self.desk = RigDesk(
            [RigConfig(id="r", name="Rig", sha256="", printer="a1")], pictures=self.pictures,
            cameras_of=lambda _: ("r",), registry=self.registry, bus=self.bus, clock=self.clock,
            folder=folder,
        )  # fmt: skip
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def arrive(self) -> Visit:
        return self.desk.arrived("r", self.wake)

    def rig(self) -> dict[str, Any]:
        return self.desk.all()[0]


def said(visit: Visit) -> list[dict[str, Any]]:
    messages = []
    while (message := visit.next()) is not None:
        messages.append(message)
    return messages


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path)


def test_readings_age_and_are_then_not_shown_as_live(seat: Seat) -> None:
    assert seat.desk.env("birch") is None
    empty = {"temperature": None, "humidity": None, "at": None, "rig": "r", "state": "offline"}
    assert seat.desk.env("a1") == empty
    visit = seat.arrive()
    readings = {"temperature": 23.4, "humidity": 41.0, "age": 5}
    message = {"t": "status", "state": "recording", "readings": readings,
               "delays": {"temphum_delay": 60}}  # fmt: skip
    seat.desk.heard("r", visit, message)
    env = seat.desk.env("a1")
    assert env is not None and (env["temperature"], env["humidity"]) == (23.4, 41.0)
    assert env["at"] == int(seat.clock.time()) - 5 and env["state"] == "recording"
    seat.clock.advance(174)
    assert (seat.desk.env("a1") or {})["temperature"] == 23.4
    seat.clock.advance(2)
    env = seat.desk.env("a1")
    assert env is not None and env["temperature"] is None and env["at"] is not None
    assert seat.rig()["readings"]["live"] is False
    seat.desk.left("r", visit)
    assert (seat.desk.env("a1") or {})["state"] == "offline"


def test_buffered_items_count_once_and_by_the_farms_clock(seat: Seat) -> None:
    visit = seat.arrive()
    skew = -3600.0  # the rig's clock is an hour behind
    seat.desk.heard("r", visit, {"t": "hello", "now": seat.clock.time() + skew, "version": "1"})
    said(visit)
    measured = seat.clock.time() - 300
    item = {"t": "reading", "id": "x1", "at": measured + skew, "temperature": 20.0,
            "humidity": 50.0}  # fmt: skip
    for _ in range(2):
        seat.desk.heard("r", visit, item)
    assert said(visit) == [{"t": "ack", "ids": ["x1"]}] * 2, "confirmed each time, taken once"
    assert seat.desk.readings("r") == [(pytest.approx(measured, abs=0.1), 20.0, 50.0)]


def test_the_newer_connection_wins(seat: Seat) -> None:
    first, second = seat.arrive(), seat.arrive()
    assert first.replaced and not second.replaced
    seat.desk.left("r", first)
    assert seat.rig()["online"], "the older one's end is not the rig's"


def test_orders_need_a_rig_that_is_there(seat: Seat) -> None:
    with pytest.raises(Blocked, match="not connected"):
        seat.desk.order("r", "start")
    with pytest.raises(NotFound):
        seat.desk.order("x", "start")
    visit = seat.arrive()
    order = seat.desk.order("r", "start")
    assert said(visit)[-1] == {"t": "do", "id": order, "action": "start"}


def test_delays_wait_for_a_rig_that_is_away(seat: Seat, tmp_path: Path) -> None:
    seat.desk.set_delays("r", {"image_delay": 2.0})
    assert {"t": "settings", "image_delay": 2.0} in said(seat.arrive())
    assert {"t": "settings", "image_delay": 2.0} in said(Seat(tmp_path).arrive()), "kept"


def test_a_rig_that_does_not_read_is_dropped(seat: Seat) -> None:
    visit = seat.arrive()
    for _ in range(200):
        visit.say({"t": "x"})
    assert visit.failed


def test_pictures_go_to_its_camera_with_their_age(seat: Seat) -> None:
    visit = seat.arrive()
    said(visit)
    seat.desk.picture("r", visit, {"seq": 4, "age": 1.5}, b"good")
    assert seat.pictures.pushed == [("r", b"good", seat.clock.time() - 1.5)]
    assert said(visit) == [{"t": "frame_ok", "seq": 4}]
    seat.desk.picture("r", visit, {"seq": 5}, b"bad")
    assert seat.rig()["error"] == "Camera sends broken pictures"
    seat.desk.picture("r", visit, {"seq": 6}, b"good")
    assert seat.rig()["error"] == ""


def test_the_desk_follows_the_printer(seat: Seat) -> None:
    seat.desk.start()
    visit = seat.arrive()
    said(visit)
    for layer in (1, 2):
        woken = seat.woken
        seat.registry.publish(status(P, layer))
        deadline = 2000
        while seat.woken == woken and deadline:
            deadline -= 1
            threading.Event().wait(0.005)
    seat.desk.stop()
    told = [(m["t"], m.get("layer")) for m in said(visit)]
    assert told == [("printer", None), ("layer", 1), ("layer", 2)]
