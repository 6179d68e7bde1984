"""All cameras together: their threads, their fingerprints, and that they wait for nobody else."""

from __future__ import annotations

import stat
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cameras.book import CameraInfo
from cameras.prusa_connect import uploads as uploads_module
from cameras.prusa_connect.fingerprints import FILE, Fingerprints
from cameras.prusa_connect.uploads import Uploads
from core import jsonio
from core.camera_config import ConnectCamera, PrusaConnectConfig
from core.errors import StorageError
from core.secret import Secret
from tests.cameras.prusa_connect.conftest import Scene
from tests.cameras.prusa_connect.connect_server import TOKEN, connect_server

Draw = Callable[..., bytes]
SECOND = "bC4eF7hJ0kL3nP6qR9tU"


def info(camera: str) -> CameraInfo:
    return CameraInfo(id=camera, name=camera.capitalize(), printer_id="", kind="mjpeg")


def config_of(scene: Scene, *entries: ConnectCamera, enabled: bool = True) -> PrusaConnectConfig:
    return PrusaConnectConfig(enabled=enabled, host=scene.server.url, cameras=entries)


def entry(camera: str, token: str = TOKEN, fingerprint: str = "") -> ConnectCamera:
    return ConnectCamera(camera=camera, token=Secret(token), fingerprint=fingerprint)


def uploads_of(scene: Scene, config: PrusaConnectConfig, folder: Path) -> Uploads:
    return Uploads(config, scene.cameras, info, lambda printer: True, scene.clock, folder)


def test_off_means_no_thread_no_connection_no_file(scene: Scene, tmp_path: Path) -> None:
    uploads = uploads_of(scene, config_of(scene, entry("cam"), enabled=False), tmp_path)
    before = threading.active_count()
    uploads.start()
    assert threading.active_count() == before
    assert [(one.camera, one.state) for one in uploads.status()] == [("cam", "off")]
    uploads.stop()
    assert list(tmp_path.iterdir()) == [] and scene.server.connections == 0


def test_off_is_the_default() -> None:
    assert PrusaConnectConfig().enabled is False


def test_a_hanging_camera_delays_no_other_one(scene: Scene, draw: Draw, tmp_path: Path) -> None:
    scene.server.tokens.add(SECOND)
    scene.server.hanging.add(TOKEN)
    scene.cameras.show(draw(), camera="slow")
    uploads = uploads_of(scene, config_of(scene, entry("slow"), entry("quick", SECOND)), tmp_path)
    scene.cameras.show(draw("red"), camera="quick")
    uploads._senders[1]._due = scene.clock.monotonic()  # else half an interval later
    uploads.start()
    try:
        while not scene.server.infos:
            assert scene.server.arrived.wait(10)
            scene.server.arrived.clear()
        assert scene.server.infos[0].headers["token"] == SECOND
    finally:
        scene.server.close()
        uploads.stop()


def test_a_fault_of_ours_ends_no_upload(
    scene: Scene, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    met = threading.Event()

    def burst(*args: object) -> None:
        met.set()
        raise RuntimeError("a fault")

    monkeypatch.setattr("cameras.prusa_connect.sender.fit", burst)
    scene.cameras.show(draw())
    uploads = uploads_of(scene, config_of(scene, entry("cam")), tmp_path)
    uploads.start()
    assert met.wait(10)
    uploads.stop()
    assert [one.state for one in uploads.status()] == ["internal"]
    assert "see the server's log" in uploads.status()[0].text
    assert "RuntimeError: a fault" in caplog.text and TOKEN not in caplog.text
    assert scene.cameras.held["cam"] == 0


def test_stopping_lets_go_of_the_cameras(scene: Scene, draw: Draw, tmp_path: Path) -> None:
    scene.cameras.show(draw())
    uploads = uploads_of(scene, config_of(scene, entry("cam")), tmp_path)
    uploads.start()
    assert scene.server.arrived.wait(10)
    uploads.stop()
    assert scene.cameras.held["cam"] == 0
    assert all(not t.name.startswith("connect:") for t in threading.enumerate())


def test_a_fingerprint_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Fingerprints(tmp_path).of("cam")
    assert str(uuid.UUID(first, version=4)) == first
    assert Fingerprints(tmp_path).of("cam") == first
    again = Fingerprints(tmp_path)
    other = again.of("other")
    assert other != first and again.of("cam") == first
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"fingerprints": {"cam": 5}}'])
def test_a_damaged_file_is_never_replaced_by_new_fingerprints(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StorageError, match="restore it"):
        Fingerprints(tmp_path).of("cam")
    assert (tmp_path / FILE).read_bytes() == content


def test_a_fingerprint_that_cannot_be_written_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        Fingerprints(tmp_path / "file").of("cam")


def test_the_made_fingerprint_is_sent_and_a_configured_one_wins(
    scene: Scene, draw: Draw, tmp_path: Path
) -> None:
    scene.server.tokens.add(SECOND)
    for camera in ("cam", "own"):
        scene.cameras.show(draw(), camera=camera)
    entries = (entry("cam"), entry("own", SECOND, "configured-by-hand"))
    uploads = uploads_of(scene, replace(config_of(scene, *entries)), tmp_path)
    for sender in uploads._senders:
        scene.clock.advance(sender.status().next_s or 0.0)
        scene.cameras.show(draw("red"), camera=sender.status().camera)
        sender.turn()
    kept = jsonio.loads((tmp_path / FILE).read_bytes())["fingerprints"]
    sent = [one.headers["fingerprint"] for one in scene.server.pictures]
    assert sent == [kept["cam"], "configured-by-hand"] and set(kept) == {"cam"}
    uploads.stop()


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ((entry("a"), entry("b")), "same token"),
        ((entry("a"), entry("a", SECOND)), "listed twice"),
        ((entry("a", TOKEN, "f" * 20), entry("b", SECOND, "f" * 20)), "listed twice"),
    ],
)
def test_entries_that_connect_could_not_tell_apart_are_refused(
    scene: Scene, tmp_path: Path, entries: tuple[ConnectCamera, ...], words: str
) -> None:
    uploads = uploads_of(scene, config_of(scene, *entries), tmp_path)
    scene.clock.advance(60)
    for sender in uploads._senders:
        sender.turn()
        assert sender.status().state == "misconfigured" and words in sender.status().text
    uploads.stop()


def test_two_entries_of_one_camera_with_their_own_fingerprints_are_fine() -> None:
    entries = (entry("a", TOKEN, "f" * 20), entry("a", SECOND))
    assert [uploads_module.doubles(entries, one) for one in entries] == ["", ""]


def test_many_cameras_do_not_begin_in_the_same_moment(scene: Scene, tmp_path: Path) -> None:
    entries = tuple(entry(f"cam{n}", f"{n:020}") for n in range(5))
    uploads = uploads_of(scene, config_of(scene, *entries), tmp_path)
    uploads._config = replace(uploads._config, enabled=True)
    assert [one.next_s for one in uploads.status()] == [0, 2, 4, 6, 8]
    with connect_server(scene.clock):
        uploads.stop()
