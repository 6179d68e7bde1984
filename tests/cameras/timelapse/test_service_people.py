"""What people do with recordings and videos: stop, render again, delete; and what cannot be."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from cameras.timelapse import renderer as renderer_module
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import RenderOptions, State
from core.errors import Blocked, ConfigError, NotFound, StorageError
from tests.cameras.timelapse.recorded_farm import CLOCK, Farm, P


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
