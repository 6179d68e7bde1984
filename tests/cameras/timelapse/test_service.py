"""From a printer's reports to its video: recorder, frames, ffmpeg, restarts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cameras.timelapse.manifest import State
from core.errors import Blocked
from printers.commands import Pause, Stop
from printers.registry import Registry
from tests.cameras.timelapse.recorded_farm import CLOCK, Farm, P


def test_a_print_becomes_a_video(farm: Farm) -> None:
    farm.jobs["alder"] = ("j-12", "Gear.gcode.3mf")
    lapses = farm.start()
    farm.layers(1, 5)
    assert farm.newest.state == "recording"
    farm.report(P.FINISHED, layer=5, percent=100)
    view = farm.until("ready")
    one = view.manifest
    assert (one.printer, one.job, one.job_id, one.result) == ("Alder", "Gear", "j-12", "finished")
    assert (one.frames, one.gaps, one.seconds, one.error) == (5, 0, 5 / 25, "")
    assert farm.video(view)["nb_read_frames"] == "5"
    farm.kit.wait_for(lambda: not lapses.store.frames(one.id))
    assert lapses.poster(one.id).startswith(b"\xff\xd8")


def test_who_is_recorded(farm: Farm) -> None:
    farm.cameras = {"alder"}
    farm.start(printers=("alder",))
    farm.report(layer=1, printer_id="birch")
    farm.layers(1, 1)
    assert [v.manifest.printer_id for v in farm.all] == ["alder"]


def test_switched_off_nothing_is(farm: Farm) -> None:
    lapses = farm.start(enabled=False)
    farm.report(layer=1)
    with pytest.raises(Blocked, match="being recorded"):
        lapses.set_recording("alder", False)  # which also shows that the report was looked at
    assert farm.all == []


def test_two_prints_one_after_the_other(farm: Farm) -> None:
    farm.start()
    farm.layers(1, 2)
    farm.report(P.FINISHED, layer=2, percent=100)
    farm.until("ready")
    farm.report(P.PREPARING, layer=0, percent=0)
    farm.layers(1, 3, name="bracket")
    farm.report(P.FAILED, name="bracket", ended="cancelled")
    farm.kit.wait_for(lambda: [v.state for v in farm.all] == ["ready", "ready"])
    assert [(v.manifest.frames, v.manifest.result) for v in farm.all] == [
        (3, "cancelled"), (2, "finished"),
    ]  # fmt: skip


def test_a_stop_from_the_farm_is_a_cancellation(farm: Farm) -> None:
    """Not every printer shows its code long enough to be seen."""
    lapses = farm.start()
    farm.layers(1, 2)
    before = farm.registry.get("alder")
    assert before is not None
    lapses.note_command("alder", Pause(), before)
    lapses.note_command("alder", Stop(), before)
    farm.report(P.FAILED, layer=2)
    assert farm.until("ready").manifest.result == "cancelled"


def test_a_restart_in_the_middle_goes_on_with_the_same(farm: Farm) -> None:
    farm.start()
    farm.layers(1, 3)
    farm.restart()
    farm.layers(4, 6)
    farm.report(P.FINISHED, percent=100)
    view = farm.until("ready")
    assert len(farm.all) == 1 and farm.video(view)["nb_read_frames"] == "6"


def test_it_ended_while_the_farm_was_away(farm: Farm) -> None:
    farm.start()
    farm.layers(1, 3)
    farm.stop()
    farm.report(P.FINISHED, percent=100)
    farm.start()
    view = farm.until("ready")
    assert (view.manifest.result, farm.video(view)["nb_read_frames"]) == ("finished", "3")


def test_another_print_began_while_the_farm_was_away(farm: Farm) -> None:
    farm.start()
    farm.layers(1, 3)
    farm.stop()
    farm.report(layer=1, percent=1, name="bracket")
    farm.start()
    assert farm.until("ready").manifest.result == "unknown"
    farm.layers(2, 2, name="bracket")
    assert [v.manifest.job for v in farm.all] == ["bracket", "gear"]


def test_an_offline_printer_ends_nothing(farm: Farm) -> None:
    farm.start()
    farm.layers(1, 2)
    farm.stop()
    farm.report(P.OFFLINE, name="")
    farm.start()
    farm.report(P.CONNECTING, name="")
    farm.layers(3, 3)
    assert len(farm.all) == 1 and farm.newest.manifest.frames == 3


def test_a_printer_that_left_the_settings_ends_its_recording(farm: Farm) -> None:
    farm.start()
    farm.layers(1, 3)
    farm.stop()
    farm.registry = Registry(farm.bus)
    farm.start()
    assert farm.until("ready").manifest.result == "unknown"


def test_a_stop_while_a_video_is_made(farm: Farm, kit: SimpleNamespace) -> None:
    lapses = farm.start()
    made = lapses.store.create(
        printer_id="alder", printer="Alder", state=State.WAITING, started_at=CLOCK.time(),
        ended_at=CLOCK.time(),
    )  # fmt: skip
    for number in range(80):
        lapses.store.add_frame(made.id, kit.frame(number, size=(1280, 720)))
    lapses._renderer.wake()
    kit.wait_for(lambda: lapses.get(made.id).state == "rendering")
    farm.restart()
    view = farm.until("ready")
    assert farm.video(view)["nb_read_frames"] == "80"


def test_one_broken_recording_hurts_no_other(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    lapses = farm.start()
    made = lapses.store.create

    def refuse(**values: Any) -> Any:
        if values["printer_id"] == "birch":
            raise RuntimeError("a fault of ours")
        return made(**values)

    monkeypatch.setattr(lapses.store, "create", refuse)
    farm.report(layer=1, printer_id="birch")
    farm.layers(1, 3)
    farm.report(P.FINISHED)
    assert farm.until("ready").manifest.printer_id == "alder"
