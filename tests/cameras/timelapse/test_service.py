"""From a printer's reports to its video: recorder, frames, ffmpeg, restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cameras.book import CameraInfo
from cameras.timelapse import renderer as renderer_module
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import RenderOptions, State
from cameras.timelapse.service import Timelapses, View
from core.camera_config import TimelapseConfig
from core.clock import SystemClock
from core.errors import Blocked, ConfigError, NotFound, StorageError
from core.events import Bus
from printers.commands import Pause, Stop
from printers.registry import Registry
from printers.status import PrinterState

P = PrinterState
CLOCK = SystemClock()


class Farm:
    """Two printers, one camera that makes ten pictures a second, and the timelapses."""

    def __init__(self, folder: Path, kit: SimpleNamespace, tools: Tools) -> None:
        self.folder, self.kit, self.tools = folder, kit, tools
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.hub = kit.hub(CLOCK)
        self.cameras: set[str] = {"alder", "birch"}
        self.config: dict[str, Any] = {"enabled": True, "reserve_mb": 0, "hold_s": 0.0}
        self.jobs: dict[str, tuple[str, str]] = {}
        self.lapses: Timelapses | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()
        for name in ("alder", "birch"):
            self.report(P.IDLE, printer_id=name, name="")

    def _play(self) -> None:
        number = 0
        while not self._over.wait(0.02):
            number += 1
            self.hub.show(self.kit.frame(number % 7))

    def start(self, **config: Any) -> Timelapses:
        self.config.update(config)
        self.lapses = Timelapses(
            self.folder, self.hub, self.camera, self.registry, self.bus,
            TimelapseConfig(**self.config), CLOCK,
            tools=lambda: self.tools, job_of=lambda name: self.jobs.get(name, ("", "")),
        )  # fmt: skip
        self.lapses.start()
        return self.lapses

    def camera(self, printer_id: str) -> CameraInfo | None:
        if printer_id not in self.cameras:
            return None
        return CameraInfo(id="cam", name="Camera", printer_id=printer_id, kind="mjpeg", main=True)

    def restart(self, **config: Any) -> Timelapses:
        self.stop()
        return self.start(**config)

    def stop(self) -> None:
        if self.lapses is not None:
            self.lapses.stop()
            self.lapses = None
        assert self.hub.held == 0

    def close(self) -> None:
        self.stop()
        self._over.set()
        self._thread.join()

    def report(self, state: PrinterState = P.PRINTING, **more: Any) -> None:
        self.registry.publish(self.kit.status(CLOCK, state, **more))

    def layers(self, first: int, last: int, **more: Any) -> None:
        """Print them, each once its frame is kept."""
        for layer in range(first, last + 1):
            self.report(layer=layer, percent=layer, **more)
            self.kit.wait_for(lambda n=layer: self.all and self.newest.manifest.layer == n)

    @property
    def all(self) -> list[View]:
        assert self.lapses is not None
        return self.lapses.page()

    @property
    def newest(self) -> View:
        return self.all[0]

    def until(self, state: str) -> View:
        found = self.kit.wait_for(lambda: [v for v in self.all if v.state == state])
        return found[0]

    def video(self, view: View) -> dict[str, Any]:
        assert self.lapses is not None
        return dict(self.kit.probe(self.lapses.store.video(view.manifest.id)))


@pytest.fixture
def farm(tmp_path: Path, kit: SimpleNamespace, tools: Tools) -> Iterator[Farm]:
    made = Farm(tmp_path, kit, tools)
    yield made
    made.close()


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


# -- restarts --------------------------------------------------------------------------------------


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


# -- what people do --------------------------------------------------------------------------------


def test_stopped_and_begun_again_by_hand(farm: Farm) -> None:
    lapses = farm.start()
    farm.layers(1, 3)
    lapses.set_recording("alder", False)
    first = farm.until("ready")
    assert first.manifest.result == "stopped"
    farm.report(layer=4, percent=4)
    lapses = farm.restart()
    farm.report(layer=5, percent=5)
    with pytest.raises(Blocked, match="being recorded"):
        lapses.set_recording("alder", False)
    assert len(farm.all) == 1, "nobody wants this print recorded, not even after a restart"
    lapses.set_recording("alder", True)
    farm.layers(6, 7)
    assert len(farm.all) == 2


def test_only_that_one_print_is_not_recorded(farm: Farm) -> None:
    lapses = farm.start()
    farm.layers(1, 3)
    lapses.set_recording("alder", False)
    farm.report(P.FINISHED, layer=3, percent=3)
    farm.until("ready")
    farm.kit.wait_for(lambda: not lapses._recorder._unwanted)
    farm.layers(1, 2)
    assert [v.state for v in farm.all] == ["recording", "ready"]


def test_one_print_by_hand_where_nothing_is_recorded(farm: Farm) -> None:
    lapses = farm.start(enabled=False)
    with pytest.raises(Blocked, match="not printing"):
        lapses.set_recording("alder", True)
    farm.report(layer=1)
    assert "recorded" in lapses.set_recording("alder", True)
    farm.restart()
    farm.layers(2, 2)
    assert len(farm.all) == 1
    farm.cameras.clear()
    farm.report(layer=1, printer_id="birch")
    assert farm.lapses is not None
    with pytest.raises(Blocked, match="No camera"):
        farm.lapses.set_recording("birch", True)


def test_rendered_again_with_other_wishes(farm: Farm) -> None:
    lapses = farm.start(keep_frames=True)
    farm.layers(1, 4)
    farm.report(P.FINISHED)
    one = farm.until("ready").manifest
    lapses.render(one.id, RenderOptions(fps=10, hold_s=1, max_s=60))
    farm.kit.wait_for(lambda: lapses.get(one.id).manifest.seconds == 1.4)
    view = farm.until("ready")
    assert farm.video(view)["nb_read_frames"] == "14"
    assert lapses.usual_options(one.id).fps == 10


def test_a_failure_keeps_the_frames_and_can_be_mended(farm: Farm, tmp_path: Path) -> None:
    good, farm.tools = farm.tools, Tools(str(tmp_path / "no-ffmpeg"))
    lapses = farm.start()
    farm.layers(1, 3)
    farm.report(P.FINISHED)
    one = farm.until("failed").manifest
    assert "no-ffmpeg" in one.error and len(lapses.store.frames(one.id)) == 3
    farm.tools = good
    lapses.render(one.id, lapses.usual_options(one.id))
    assert farm.until("ready").manifest.error == ""


def test_no_ffmpeg_at_all_is_said(farm: Farm) -> None:
    lapses = farm.start()

    def none() -> Tools:
        raise ConfigError("There is no ffmpeg on this machine.")

    lapses._renderer._tools = none
    farm.layers(1, 3)
    farm.report(P.FINISHED)
    assert "There is no ffmpeg" in farm.until("failed").manifest.error


def test_what_cannot_be_rendered_says_why(farm: Farm) -> None:
    lapses = farm.start()
    farm.layers(1, 2)
    options = RenderOptions()
    recorded = farm.newest.manifest.id
    with pytest.raises(Blocked, match="still being recorded"):
        lapses.render(recorded, options)
    with pytest.raises(Blocked, match="still being recorded"):
        lapses.delete(recorded)
    farm.report(P.FINISHED)
    one = farm.until("ready").manifest
    farm.kit.wait_for(lambda: not lapses.store.frames(one.id))
    with pytest.raises(Blocked, match="frames are gone"):
        lapses.render(one.id, options)
    lapses.delete(one.id)
    with pytest.raises(NotFound):
        lapses.get(one.id)


def test_deleted_while_its_video_is_made(farm: Farm, kit: SimpleNamespace) -> None:
    lapses = farm.start()
    made = lapses.store.create(
        printer_id="alder", printer="Alder", state=State.FAILED, started_at=CLOCK.time(),
        ended_at=CLOCK.time(),
    )  # fmt: skip
    for number in range(80):
        lapses.store.add_frame(made.id, kit.frame(number, size=(1280, 720)))
    lapses.render(made.id, RenderOptions())
    kit.wait_for(lambda: lapses.get(made.id).state == "rendering")
    lapses.delete(made.id)
    assert farm.all == []
    farm.layers(1, 2)
    farm.report(P.FINISHED)
    assert farm.until("ready"), "the next one's turn comes"


def test_only_age_deletes(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer_module, "_TICK_S", 0.05)
    lapses = farm.start(keep_days=7)
    day = 86_400
    for age in (1, 6.9, 7.1, 300):
        at = CLOCK.time() - age * day
        lapses.store.create(
            printer_id="alder", printer="Alder", state=State.FRAMES_ONLY, started_at=at, ended_at=at
        )
    open_one = lapses.store.create(
        printer_id="birch", printer="Birch", state=State.RECORDING,
        started_at=CLOCK.time() - 30 * day,
    )  # fmt: skip
    farm.kit.wait_for(lambda: len(farm.all) == 3)
    assert lapses.get(open_one.id).state == "recording"


def test_an_old_video_that_was_just_fetched_is_not_old(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It may be the only copy by now."""
    lapses = farm.start(keep_days=7)
    path = tmp_path / "came.mp4"
    path.write_bytes(b"video")
    kept = lapses.store.adopt(path, printer_id="alder", name="video_1970.mp4", taken_at=0.0)
    old = lapses.store.create(
        printer_id="alder", printer="Alder", state=State.FRAMES_ONLY, started_at=1.0, ended_at=1.0
    )
    monkeypatch.setattr(renderer_module, "_TICK_S", 0.05)
    lapses.store.on_adopted()
    farm.kit.wait_for(lambda: old.id not in [view.manifest.id for view in farm.all])
    assert lapses.store.video(kept.id).is_file()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("came.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n"),
        ("came.avi", "ffconcat version 1.0\nfile {}\n"),
    ],
)
def test_a_printers_video_that_names_other_files_shows_none_of_them(
    farm: Farm, tmp_path: Path, name: str, content: str
) -> None:
    lapses = farm.start()
    farm.layers(1, 3)
    farm.report(P.FINISHED)
    other = farm.until("ready").manifest.id
    path = tmp_path / name
    path.write_text(content.format(f"../{other}/video.mp4" if "mp4" in name else "stolen.mp4"))
    kept = lapses.store.adopt(path, printer_id="alder", name=name, taken_at=0.0)
    found = farm.kit.wait_for(lambda: lapses.get(kept.id).manifest.error)
    assert "cannot be shown" in found
    with pytest.raises(NotFound):
        lapses.poster(kept.id)


def test_what_cannot_be_deleted_keeps_no_video_from_being_made(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    lapses = farm.start(keep_days=7)

    def refuse(timelapse_id: str) -> None:
        raise StorageError("It could not be deleted: Permission denied.")

    monkeypatch.setattr(lapses.store, "delete", refuse)
    lapses.store.create(
        printer_id="birch", printer="Birch", state=State.FRAMES_ONLY, started_at=1.0, ended_at=1.0
    )
    farm.layers(1, 3)
    farm.report(P.FINISHED)
    assert farm.until("ready")


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
