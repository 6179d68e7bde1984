"""Sessions on the disk and the videos made of them, with the real ffmpeg."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rig import files
from rig.builder import Builder, Built
from rig.errors import BuildFailed
from rig.feed import Picture
from rig.session import BUILDING, DONE, FAILED, PAUSED, RECORDING, Session, found
from rig.settings import Settings, VideoSettings
from rig.video import build, checksum_of, chosen, count_frames

QUICK = VideoSettings(hold=0.2)


def picture(jpeg: bytes) -> Picture:
    return Picture(jpeg, time.time(), time.monotonic(), 1, (64, 48))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(photos=tmp_path / "Photos", timelapses=tmp_path / "Timelapses", video=QUICK)
    made.photos.mkdir()
    made.timelapses.mkdir()
    return made


def session_of(settings: Settings, *jpegs: bytes, now: float = 1_700_000_000.0) -> Session:
    session = Session.create(settings.photos, now, "button", "gear", "job-1")
    for jpeg in jpegs:
        session.add(picture(jpeg), "button")
    return session


def built(settings: Settings, *sessions: Session) -> list[Built]:
    results: list[Built] = []
    builder = Builder(settings, results.append)
    for session in sessions:
        builder.add(session)
    builder.start()
    deadline = time.monotonic() + 30
    while builder.waiting and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    builder.stop()
    return results


def test_frames_are_numbered_and_survive(settings: Settings, kit: SimpleNamespace) -> None:
    session = session_of(settings, kit.jpeg("red"), kit.jpeg("navy"))
    assert session.replace(picture(kit.jpeg("teal")), "button") == 2
    session.change(state=PAUSED)
    again = found(settings.photos)[0]
    assert (again.id, again.state, again.frames) == (session.id, PAUSED, 2)
    assert again.add(picture(kit.jpeg()), "layer", 7) == 3, "it goes on counting"
    names = sorted(path.name for path in again.folder.glob("*.jpg"))
    assert names == ["000001.jpg", "000002.jpg", "000003.jpg"]
    lines = [json.loads(x) for x in (again.folder / "frames.jsonl").read_text().splitlines()]
    assert [line["frame"] for line in lines] == [1, 2, 2, 3] and lines[-1]["layer"] == 7


def test_two_sessions_of_one_second_do_not_collide(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where their names are drawn alike."""
    draws = iter(["915f", "915f", "915f", "0a1b"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(draws))
    first, second = session_of(settings), session_of(settings)
    assert first.id.endswith("_915f") and second.id.endswith("_0a1b")
    assert first.folder != second.folder and next(draws, None) is None


def test_a_video_has_every_frame_and_its_checksum(settings: Settings, kit: SimpleNamespace) -> None:
    session = session_of(settings, *[kit.jpeg(color) for color in ("red", "navy", "teal")])
    (result,) = built(settings, session)
    video = settings.timelapses / result.name
    assert result.error == "" and result.frames == 8 and count_frames(video) == 8
    assert checksum_of(video).read_text() == f"{files.sha256(video)}  {video.name}\n"
    assert result.sha256 == files.sha256(video) and result.size == video.stat().st_size
    assert not session.folder.exists(), "the frames go only now"


def test_broken_frames_and_gaps_cost_only_themselves(
    settings: Settings, kit: SimpleNamespace
) -> None:
    session = session_of(settings, *[kit.jpeg("red")] * 6)
    (session.folder / "000002.jpg").write_bytes(b"")
    (session.folder / "000003.jpg").write_bytes(kit.jpeg()[:-40])
    (session.folder / "000004.jpg").unlink()
    (session.folder / "000005.jpg").write_bytes(kit.jpeg("navy", (80, 30)))  # another camera
    (result,) = built(settings, session)
    assert result.error == "" and result.frames == 3 + 5


def test_a_failed_build_keeps_every_frame(settings: Settings, kit: SimpleNamespace) -> None:
    broken = replace(settings, video=replace(QUICK, ffmpeg="/no/such/ffmpeg"))
    session = session_of(broken, kit.jpeg(), kit.jpeg())
    (result,) = built(broken, session)
    assert "no/such/ffmpeg" in result.error
    again = found(settings.photos)[0]
    assert again.state == FAILED and again.frames == 2
    assert not list(settings.timelapses.iterdir()), "nothing half is offered"
    (result,) = built(settings, again)
    assert result.error == "", "the next start tries again"


def test_a_video_with_a_wrong_count_is_not_offered(
    settings: Settings, kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rig.video.count_frames", lambda *_: 1)
    session = session_of(settings, kit.jpeg(), kit.jpeg())
    (result,) = built(settings, session)
    assert "has 1 frames, not 7" in result.error
    assert session.folder.exists() and not list(settings.timelapses.iterdir())


@pytest.mark.parametrize("deflicker", [False, True])
def test_a_camera_that_changes_costs_no_frame(
    settings: Settings, kit: SimpleNamespace, deflicker: bool
) -> None:
    """Other sizes and other colours, as after a change of its settings in mid print."""
    forms = (
        kit.jpeg("red", (640, 480)), kit.jpeg("navy", (321, 241)),
        kit.jpeg("teal", (640, 480), subsampling=0), kit.jpeg("red", (640, 480)),
    )  # fmt: skip
    flat = replace(settings, video=replace(QUICK, deflicker=deflicker))
    session = session_of(flat, *(jpeg for jpeg in forms for _ in range(4)))
    (result,) = built(flat, session)
    assert result.error == "" and result.frames == 16 + 5


def test_death_between_video_and_clean_up(settings: Settings, kit: SimpleNamespace) -> None:
    session = session_of(settings, kit.jpeg())
    target = settings.timelapses / f"{session.id}.mp4"
    build(session.good_frames(), target, QUICK, lambda _: None, threading.Event())
    session.change(state=BUILDING)
    before = target.stat().st_mtime_ns
    (result,) = built(settings, session)
    assert result.error == "" and result.sha256 == files.sha256(target)
    assert target.stat().st_mtime_ns == before, "it is not made twice"


def test_the_video_is_announced_before_its_frames_go(
    settings: Settings, kit: SimpleNamespace
) -> None:
    there: list[bool] = []
    session = session_of(settings, kit.jpeg())
    builder = Builder(settings, lambda _: there.append(session.folder.exists()))
    builder.add(session)
    builder.start()
    kit.wait_for(lambda: not builder.waiting)
    builder.stop()
    assert there == [True] and not session.folder.exists()


def test_a_stopped_rig_gives_the_build_up_and_keeps_it(
    settings: Settings, kit: SimpleNamespace
) -> None:
    results: list[Built] = []
    slow = replace(settings, video=replace(QUICK, longest=600))
    session = session_of(slow, *[kit.jpeg("red", (640, 480))] * 3)
    frames = session.good_frames() * 2000
    cancelled = threading.Event()

    def progress(share: float) -> None:
        results.append(Built(str(share)))
        cancelled.set()

    with pytest.raises(BuildFailed, match="after its next start"):
        build(frames, settings.timelapses / "x.mp4", slow.video, progress, cancelled)
    assert results and session.folder.exists()
    assert not list(settings.timelapses.glob("*.mp4"))


def test_a_long_recording_leaves_frames_out_evenly() -> None:
    frames = [Path(f"{n}") for n in range(1000)]
    used = chosen(frames, VideoSettings(fps=25, longest=4))
    assert len(used) == 100 and used[0] == frames[0] and used[-1] == frames[-1]
    steps = {int(b.name) - int(a.name) for a, b in pairwise(used)}
    assert steps <= {10, 11}
    assert chosen(frames[:99], VideoSettings(fps=25, longest=4)) == frames[:99]


def test_old_videos_go_with_their_checksums(settings: Settings) -> None:
    keeping = replace(settings, keep_days=3)
    old, new = "2026-11-01_10-00-00_00aa.mp4", "2026-11-03_10-00-00_00bb.mp4"
    theirs = "holiday.mp4"
    for name, days in ((old, 4), (new, 2), (theirs, 900)):
        video = settings.timelapses / name
        video.write_bytes(b"x")
        checksum_of(video).write_text("x")
        os.utime(video, (time.time() - days * 86_400,) * 2)
    Builder(keeping, lambda _: None).sweep()
    left = sorted(p.name for p in settings.timelapses.iterdir())
    assert left == [new, new + ".sha256", theirs, theirs + ".sha256"], "only what the rig made"
    Builder(replace(settings, keep_days=0), lambda _: None).sweep()
    assert (settings.timelapses / new).exists()


def test_a_video_made_before_the_clock_was_set_is_not_old(settings: Settings) -> None:
    """The Pi started with the time of its last shutdown, a year ago."""
    now, passed = time.time(), 0.0
    year = 365 * 86_400.0
    wrong = True

    def epoch() -> float:
        return now + passed - (year if wrong else 0.0)

    builder = Builder(
        replace(settings, keep_days=3), lambda _: None, epoch=epoch, monotonic=lambda: passed
    )
    older = settings.timelapses / "2023-01-01_10-00-00_00aa.mp4"
    made = settings.timelapses / "2024-01-01_10-00-00_00bb.mp4"
    for path, at in ((older, now - 2 * year), (made, now - year + 50)):
        path.write_bytes(b"video")
        os.utime(path, (at, at))
    passed, wrong = 100.0, False
    builder.sweep()
    assert not older.exists() and made.exists()
    passed += 2.9 * 86_400
    builder.sweep()
    assert made.exists()
    passed += 0.2 * 86_400
    builder.sweep()
    assert not made.exists()


def test_a_folder_with_a_damaged_sheet_is_built_not_deleted(
    settings: Settings, kit: SimpleNamespace
) -> None:
    session = session_of(settings, kit.jpeg())
    (session.folder / "session.json").write_text("{")
    again = found(settings.photos)[0]
    assert again.state == BUILDING and again.frames == 1


@pytest.mark.parametrize(
    "wrong", [{"started_at": "noon"}, {"by": 7}, {"id": "another"}, {"colour": "red"}]
)
def test_a_sheet_that_says_nonsense_is_a_damaged_one(
    settings: Settings, kit: SimpleNamespace, wrong: dict[str, Any]
) -> None:
    session = session_of(settings, kit.jpeg())
    path = session.folder / "session.json"
    path.write_text(json.dumps({**files.read_json(path), **wrong}))
    again = found(settings.photos)[0]
    assert (again.state, again.id, again.frames) == (BUILDING, session.id, 1)


@pytest.mark.parametrize("state", [RECORDING, DONE])
def test_states_are_on_the_disk(settings: Settings, state: str) -> None:
    session = session_of(settings)
    session.change(state=state)
    raw: dict[str, Any] = files.read_json(session.folder / "session.json")
    assert raw["state"] == state and raw["job"] == "job-1"
