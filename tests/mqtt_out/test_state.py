"""What is told of a printer: pure, from a snapshot; and when a difference is no news."""

from __future__ import annotations

import io
import json
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from cameras.frames import Frame
from core.errors import NotFound
from core.jsonio import dumps
from job_queue.forecast.prediction import Forecast, Lane, Planned
from job_queue.records import QueueState
from mqtt_out.bands import iso, settled
from mqtt_out.entities import FARM
from mqtt_out.facts import FarmFacts
from mqtt_out.known import Known
from mqtt_out.pictures import GIVE_UP_S, LARGE_BYTES, Pictures, small
from mqtt_out.state import TEXT, state_of
from mqtt_out.topics import clean, slug
from mqtt_out.words import PRINT_STATES, print_status
from printers.conditions import Conditions, OpenJob
from printers.status import OFFLINE_AFTER_S, JobProgress, PrinterState, PrinterStatus
from tests.cameras.conftest import make_jpeg
from tests.mqtt_out import samples

NOW = 1_800_000_000.0


def told(status: PrinterStatus, later: float = 0.0, **known: Any) -> dict[str, Any]:
    mono = (status.observed_mono or 0.0) + later
    conditions = Conditions(**{"bed_clear": True, **known})
    snapshot = samples.snapshot(status, conditions)
    return state_of(snapshot, samples.config(status.printer_id), samples.NoFacts(), mono, NOW)


def test_a_print_in_full() -> None:
    state = told(samples.rich())
    assert (state["print_status"], state["print_progress"], state["remaining_time"]) == (
        "running", 42, 83,
    )  # fmt: skip
    assert state["end_time"] == "2027-01-15T09:23:00+00:00"
    assert state["start_time"] == "2027-01-15T08:00:00+00:00"
    assert (state["nozzle_temp"], state["target_nozzle_temp"]) == (219.6, 220)
    assert (state["cooling_fan_speed"], state["speed_profile"]) == (70, "standard")
    assert (state["ams_1_tray_1"], state["ams_1_tray_2"]) == ("PLA Basic", "Empty")
    assert state["trays"]["A1"]["color"] == "#FF8800"
    assert state["next_job"] == "bracket.3mf"
    json.loads(dumps(state))


def test_silence_is_offline_and_no_value_is_shown_as_live() -> None:
    state = told(samples.rich(), later=OFFLINE_AFTER_S + 1)
    assert (state["state"], state["print_status"], state["online"]) == ("offline", "offline", False)
    assert state["print_progress"] is None and state["end_time"] is None
    assert "nozzle_temp" not in state and not any(state["can"].values())


@pytest.mark.parametrize("state", list(PrinterState))
def test_every_state_has_a_declared_word(state: PrinterState) -> None:
    word = print_status(state, online=state.is_connected)
    assert word in PRINT_STATES
    assert (word == "offline") is not state.is_connected


def test_the_bed_waits_until_somebody_has_cleared_it() -> None:
    """bambuddy #2525: from our own flag, whatever the printer says."""
    waiting = told(samples.plain(), bed_clear=False, bed_why="Gear finished")
    assert waiting["awaiting_plate_clear"] and waiting["attention"] == "Gear finished"
    assert waiting["needs_attention"] and waiting["state"] == "needs_clear"
    assert waiting["can"]["mark_clear"]
    ours = OpenJob(job_id="j-1", phase="printing", name="gear.3mf")
    assert not told(samples.rich(), bed_clear=False, job=ours)["awaiting_plate_clear"]


def test_why_somebody_is_needed() -> None:
    paused = replace(samples.rich(state=PrinterState.PAUSED), pause_reason="Filament ran out in A3")
    assert told(paused)["attention"] == "Filament ran out in A3"
    broken = replace(samples.plain(state=PrinterState.FAULT), faults=(samples.FAULT,))
    state = told(broken)
    assert state["attention"] == state["fault_text"] == "The nozzle is clogged."
    assert state["print_error"] and state["hms"]
    job = OpenJob(job_id="j-1", phase="needs_human", name="x", text="Nobody saw it start.")
    assert told(samples.plain(), job=job)["attention"] == "Nobody saw it start."
    denied = replace(samples.plain(state=PrinterState.AUTH), message="Wrong access code.")
    assert told(denied)["attention"] == "Wrong access code."
    assert told(samples.plain())["attention"] is None


def test_a_long_text_still_fits_a_state_of_home_assistant() -> None:
    status = samples.rich()
    assert status.job is not None
    long = replace(status, job=replace(status.job, name="ü" * 900))
    assert len(told(long)["subtask_name"]) == TEXT


BANDS = [
    ("nozzle_temp", 24.2, 24.9, False),
    ("nozzle_temp", 24.2, 25.1, True),
    ("target_nozzle_temp", 220, 221, True),
    ("ams_1_temp", 27.4, 27.0, False),
    ("wifi_signal", -52, -57, False),
    ("wifi_signal", -52, -60, True),
    ("cooling_fan_speed", 70, 71, False),
    ("cooling_fan_speed", 0, 30, True),
    ("end_time", "2027-01-15T09:23:00+00:00", "2027-01-15T09:24:00+00:00", False),
    ("end_time", "2027-01-15T09:23:00+00:00", "2027-01-15T09:25:00+00:00", True),
    ("end_time", "2027-01-15T09:23:00+00:00", None, True),
    ("print_progress", 42, 43, True),
    ("print_status", "running", "pause", True),
    ("nozzle_temp", None, 24.2, True),
]


@pytest.mark.parametrize(("key", "old", "new", "news"), BANDS)
def test_dead_bands(key: str, old: Any, new: Any, news: bool) -> None:
    assert settled({key: new}, {key: old}) == {key: new if news else old}


def test_a_slow_drift_is_told_in_steps() -> None:
    state: dict[str, Any] = {"bed_temp": 20.0}
    steps = set()
    for tenth in range(100):
        state = settled({"bed_temp": 20.0 + tenth / 10}, state)
        steps.add(state["bed_temp"])
    assert 10 <= len(steps) <= 14 and state["bed_temp"] > 29.0


def test_ids_for_home_assistant() -> None:
    assert clean("x1c-1") == "x1c-1"
    assert clean("mk3.9") != clean("mk3_9")
    assert slug("Mk3.9-") == "mk3_9" and slug("___") == "printer"


def test_facts_of_the_queue() -> None:
    job = SimpleNamespace(
        file_name="gear.3mf", left=3, state=SimpleNamespace(is_waiting=True), started_at=NOW
    )
    view = QueueState(jobs=cast(Any, {"j-1": job}), open_jobs=cast(Any, {"oak": job}))
    planned = Planned(
        job_id="j-1", copy=1, printer_id="alder", start=NOW, start_p90=NOW, end=None, end_p90=None
    )
    lanes = (Lane(printer_id="alder", name="Alder", planned=(planned,)),)
    forecast = Forecast(at=NOW, lanes=lanes, all_done_at=NOW)
    watch = {"state": "watching", "score": 0.83, "alarm": "defect"}
    facts = FarmFacts(lambda: view, lambda: forecast, {"oak": watch}.get)
    assert facts.next_job("alder") == "gear.3mf" and facts.next_job("oak") == ""
    assert facts.started_at("oak") == NOW and facts.started_at("alder") is None
    assert facts.defect("alder") == {}
    assert facts.defect("oak") == {
        "defect": True, "defect_score": 83, "defect_watch": "watching",
    }  # fmt: skip
    watch |= {"alarm": "suspected", "score": 2.4}  # Obico's is a sum
    assert (facts.defect("oak")["defect"], facts.defect("oak")["defect_score"]) == (False, 100)
    oak = samples.plain()
    snapshots = [samples.snapshot(oak), samples.snapshot(samples.rich())]
    totals = facts.farm(snapshots, oak.observed_mono)
    assert (totals["printers"], totals["online"], totals["printing"]) == (2, 2, 1)
    assert totals.keys() >= {key for key, _, _ in FARM}, "every entity of the farm has its value"
    assert totals["queue_length"] == 3 and totals["all_done_at"] == "2027-01-15T08:00:00+00:00"
    gone = facts.farm(snapshots, oak.observed_mono + OFFLINE_AFTER_S + 1)
    assert gone["online"] == 0 and gone["printing"] == 0


def test_another_farms_printers_are_neither_ready_nor_to_be_cleared_here() -> None:
    facts = FarmFacts(QueueState, lambda: None, {}.get)
    ours = samples.plain()
    theirs = [
        replace(samples.plain(name), kind="feed", raw_state=word)
        for name, word in (("elm", "ready"), ("fir", "needs_clear"))
    ]
    bed = Conditions(bed_clear=True)
    totals = facts.farm([samples.snapshot(one, bed) for one in (ours, *theirs)], ours.observed_mono)
    assert (totals["printers"], totals["online"], totals["ready"]) == (3, 3, 1)
    assert totals["awaiting_plate_clear"] == 0
    assert told(ours, bed_clear=False)["awaiting_plate_clear"]
    assert not told(theirs[0], bed_clear=False)["awaiting_plate_clear"], "as all of theirs are here"


def test_a_damaged_memory_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_bytes(b'{"topics": [1, "a"], "components": 3, "keys": []}')
    assert Known(tmp_path).topics == {"a"}
    (tmp_path / "known.json").write_bytes(b"{half")
    known = Known(tmp_path)
    known.save()
    assert Known(tmp_path).client_id == known.client_id


def test_a_disk_that_refuses_costs_no_more_than_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mqtt").write_text("in the way")
    known = Known(tmp_path / "mqtt")
    for topic in "ab":
        known.add_topics([topic])
        known.save()
    assert known.topics == {"a", "b"}
    assert sum("could not be written" in line for line in caplog.messages) == 1


class Cameras:
    """Pictures by the test's hand."""

    def __init__(self) -> None:
        self.frames: dict[str, Frame] = {}
        self.asked = 0

    def look(self, printer_id: str) -> Frame | None:
        self.asked += 1
        if printer_id == "gone":
            raise NotFound("There is no camera.")
        return self.frames.get(printer_id)


def test_pictures_come_while_it_prints_and_when_something_happens() -> None:
    cameras = Cameras()
    pictures = Pictures(cameras.look, 60.0)
    pictures.follow("oak", printing=True, mono=100.0)
    assert pictures.taken(100.0) == []  # the camera starts
    cameras.frames["oak"] = Frame(b"1", NOW, 100.5, 1)
    assert [name for name, _ in pictures.taken(101.0)] == ["oak"]
    assert pictures.taken(102.0) == pictures.taken(160.0) == []
    assert len(pictures.taken(161.0)) == 1
    pictures.want("oak", 170.0)
    assert pictures.taken(170.0) == [], "an old picture is none of what happened"
    cameras.frames["oak"] = Frame(b"2", NOW + 71, 171.0, 2)
    pictures.follow("oak", printing=False, mono=171.0)
    assert pictures.taken(171.0)[0][1].jpeg == b"2", "also after its end"
    pictures.follow("oak", printing=False, mono=172.0)
    asked = cameras.asked
    assert pictures.taken(999.0) == [] and cameras.asked == asked, "then it rests"


def test_a_dead_camera_is_left_alone_until_its_next_turn() -> None:
    cameras = Cameras()
    pictures = Pictures(cameras.look, 60.0)
    for name in ("dead", "gone"):
        pictures.follow(name, printing=True, mono=0.0)
    for second in range(61):
        pictures.taken(float(second))
    assert cameras.asked == 2 * (GIVE_UP_S + 1)


def test_a_large_picture_is_made_smaller() -> None:
    jpeg = make_jpeg()
    assert small(jpeg) is jpeg
    buffer = io.BytesIO()
    Image.frombytes("RGB", (1600, 400), random.Random(1).randbytes(1600 * 400 * 3)).save(
        buffer, "JPEG", quality=95
    )
    assert len(buffer.getvalue()) > LARGE_BYTES
    with Image.open(io.BytesIO(small(buffer.getvalue()))) as picture:
        assert picture.width == 1280


def test_a_time_that_no_calendar_has_is_not_known() -> None:
    job = replace(samples.rich().job or JobProgress(), remaining_min=10**15)
    state = told(replace(samples.rich(), job=job))
    assert state["end_time"] is None and state["print_status"] == "running"
    assert iso(-1e18) is None and iso(float("nan")) is None and iso(0) is not None
