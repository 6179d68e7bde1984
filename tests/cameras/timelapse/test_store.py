"""What is on the disk, and what a start-up makes of what a crash left there."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cameras.configured import Turn
from cameras.timelapse import store as store_module
from cameras.timelapse.manifest import Manifest, PrintMark, RenderOptions, State, decode, encode
from cameras.timelapse.store import TimelapseStore
from core.clock import SystemClock
from core.errors import Blocked, NotFound, StorageError

BEGAN = 1_800_000_000.0


def begin(store: TimelapseStore, at: float = BEGAN, **more: Any) -> Manifest:
    known = {"printer_id": "alder", "printer": "Alder", "state": State.RECORDING, **more}
    return store.create(started_at=at, camera_id="cam", job="gear", **known)


def again(store: TimelapseStore) -> TimelapseStore:
    """As the next process sees the same folder."""
    opened = TimelapseStore(store._folder, SystemClock())
    opened.load()
    return opened


def test_a_manifest_comes_back_as_it_was(store: TimelapseStore) -> None:
    made = begin(
        store, mark=PrintMark(name="gear", task_id="7"), turn=Turn(rotate=90),
        options=RenderOptions(fps=10), layer=3,
    )  # fmt: skip
    assert decode(encode(made)) == made
    assert again(store).get(made.id) == made


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"{}", b'{"id":7}', b"\xff" * 50, b"[" * 5000, b"x" * 70_000,
        b'{"id":"20270115-080000-0a0b0c","state":"recording"}',
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_said_so(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(content)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../etc"}, {"video": "../x.mp4"}, {"video": ".manifest"}, {"frames": "7"},
        {"ended_at": "now"}, {"state": "rendering"}, {"printer_id": None},
    ],
)  # fmt: skip
def test_an_edited_manifest_cannot_lead_astray(
    store: TimelapseStore, change: dict[str, Any]
) -> None:
    from core import jsonio

    data = jsonio.loads(encode(begin(store)))
    with pytest.raises(ValueError, match=r"."):
        decode(jsonio.dumps({**data, **change}))


def test_frames_have_rising_numbers_over_restarts(store: TimelapseStore) -> None:
    made = begin(store)
    for _ in range(3):
        store.add_frame(made.id, b"picture", layer=5)
    (store.folder(made.id) / "frames" / "000002.jpg").unlink()
    opened = again(store)
    assert (opened.get(made.id).frames, opened.get(made.id).layer) == (2, 5)
    opened.add_frame(made.id, b"picture")
    names = [path.name for path in opened.frames(made.id)]
    assert names == ["000001.jpg", "000003.jpg", "000004.jpg"]


def test_newest_first_in_pages(store: TimelapseStore) -> None:
    made = [begin(store, BEGAN + n, printer_id="birch" if n % 2 else "alder").id for n in range(6)]
    assert [one.id for one in store.page(limit=4)] == made[:1:-1]
    assert [one.id for one in store.page(limit=4, before=made[2])] == [made[1], made[0]]
    assert [one.id for one in store.page("birch")] == [made[5], made[3], made[1]]
    assert store.page("nobody") == []


def test_a_running_one_is_not_deleted(store: TimelapseStore) -> None:
    made = begin(store)
    with pytest.raises(Blocked, match="still being recorded"):
        store.delete(made.id)
    store.change(made.id, state=State.FRAMES_ONLY)
    store.delete(made.id)
    with pytest.raises(NotFound):
        store.get(made.id)
    with pytest.raises(NotFound):
        store.add_frame(made.id, b"late")
    assert not list(store._folder.iterdir())


def test_a_video_of_the_printers_own_is_taken_over(store: TimelapseStore, tmp_path: Path) -> None:
    fetched = tmp_path / "ipcam-record.MP4"
    fetched.write_bytes(b"video" * 100)
    made = store.adopt(fetched, printer_id="alder", name="gear", taken_at=BEGAN)
    assert (made.state, made.origin, made.bytes, made.ended_at) == (
        State.READY, "printer", 500, BEGAN,
    )  # fmt: skip
    assert not fetched.exists()
    assert again(store).video(made.id).read_bytes() == b"video" * 100


# -- after a crash ---------------------------------------------------------------------------------


def test_half_done_things_are_swept_away(store: TimelapseStore) -> None:
    made = begin(store)
    store.add_frame(made.id, b"picture")
    folder = store.folder(made.id)
    (folder / "render-0a0b").mkdir()
    (folder / "render-0a0b" / "video.mp4.part").write_bytes(b"half")
    (folder / "frames" / ".000002.jpg.0a0b0c0d0e0f.new").write_bytes(b"half")
    (store._folder / f".deleted-{made.id}").mkdir()
    empty = store._folder / "20270115-080000-0a0b0c"
    (empty / "frames").mkdir(parents=True)
    foreign = store._folder / "my own notes"
    foreign.mkdir()
    opened = again(store)
    assert {path.name for path in folder.iterdir()} == {"frames", "manifest.json"}
    assert [one.id for one in opened.all()] == [made.id]
    assert {path.name for path in store._folder.iterdir()} == {made.id, "my own notes"}
    assert opened.get(made.id).frames == 1


def test_a_death_between_video_and_clean_up(store: TimelapseStore) -> None:
    made = begin(store)
    store.add_frame(made.id, b"picture")
    (store.folder(made.id) / "video.mp4").write_bytes(b"video")
    store.change(made.id, state=State.READY, video="video.mp4")
    assert again(store).frames(made.id) == []


def test_kept_frames_stay(store: TimelapseStore) -> None:
    made = begin(store)
    store.add_frame(made.id, b"picture")
    (store.folder(made.id) / "video.mp4").write_bytes(b"video")
    store.change(made.id, state=State.READY, video="video.mp4", kept=True)
    assert len(again(store).frames(made.id)) == 1


def test_a_lost_video_is_said(store: TimelapseStore) -> None:
    made = begin(store)
    store.add_frame(made.id, b"picture")
    store.change(made.id, state=State.READY, video="video.mp4")
    found = again(store).get(made.id)
    assert found.state is State.FAILED and "missing" in found.error
    assert len(store.frames(made.id)) == 1, "the frames can make another"


def test_a_damaged_manifest_keeps_its_frames(store: TimelapseStore, kit: SimpleNamespace) -> None:
    made, other = begin(store), begin(store, BEGAN + 9)
    for number in range(3):
        store.add_frame(made.id, kit.frame(number))
    (store.folder(made.id) / "manifest.json").write_bytes(b'{"id"')
    opened = again(store)
    found = opened.get(made.id)
    assert found.state is State.FAILED and "manifest" in found.error
    assert (found.frames, len(opened.frames(made.id))) == (3, 3)
    assert found.started_at == BEGAN
    assert opened.get(other.id) == other
    assert opened.change(made.id, state=State.WAITING).state is State.WAITING


def test_a_folder_of_no_day_costs_nothing(store: TimelapseStore, kit: SimpleNamespace) -> None:
    made = begin(store)
    strange = store.folder(made.id).parent / "20261340-996161-aaaaaa"
    (strange / "frames").mkdir(parents=True)
    (strange / "frames" / "000001.jpg").write_bytes(kit.frame(1))
    opened = again(store)
    assert opened.get(made.id) == made
    assert opened.get(strange.name).started_at == strange.stat().st_mtime


def test_a_folder_that_vanishes_costs_only_itself(store: TimelapseStore) -> None:
    made, other = begin(store), begin(store, BEGAN + 9)
    shutil.rmtree(store.folder(made.id))
    assert [one.id for one in again(store).all()] == [other.id]


def test_a_refused_beginning_leaves_nothing_behind(
    store: TimelapseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, content: bytes) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(store_module, "write_durably", refuse)
    with pytest.raises(StorageError):
        begin(store)
    assert list(store._folder.iterdir()) == []


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_a_video_outlives_its_manifest(store: TimelapseStore, damage: str) -> None:
    made = begin(store)
    (store.folder(made.id) / "video.mp4").write_bytes(b"video")
    store.change(made.id, state=State.READY, video="video.mp4")
    store.drop_frames(made.id)
    manifest = store.folder(made.id) / "manifest.json"
    manifest.unlink() if damage == "gone" else manifest.write_bytes(b"\0" * 400)
    opened = again(store)
    found = opened.get(made.id)
    assert found.state is State.READY and "manifest" in found.error and found.bytes == 5
    assert opened.video(made.id).read_bytes() == b"video"


def test_a_frame_that_its_manifest_does_not_know_is_shot_again(store: TimelapseStore) -> None:
    """The server died between the two: the layer on record is the one before."""
    made = begin(store)
    store.add_frame(made.id, b"picture", layer=4)
    (store.frames(made.id)[0].parent / "000002.jpg").write_bytes(b"of layer 5")
    found = again(store).get(made.id)
    assert (found.frames, found.layer) == (1, 4)
    assert [path.name for path in store.frames(made.id)] == ["000001.jpg"]
