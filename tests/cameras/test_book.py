from __future__ import annotations

from typing import Any

import pytest

from cameras.book import CameraBook
from cameras.configured import Turn
from cameras.frames import CameraFailed
from core.camera_config import CameraConfig, CamerasConfig, RigConfig
from core.config import PrinterConfig
from core.errors import NotFound
from core.secret import Secret
from printers.base import CameraSource

OWN = CameraSource(kind="bambu_jpeg", host="10.0.0.5")
OAK = PrinterConfig(
    id="oak", name="Oak", type="bambu", model="P1S", host="10.0.0.5", access_code=Secret("12345678")
)


def configured(camera_id: str = "side", **fields: Any) -> CameraConfig:
    known = {"name": "Side", "type": "mjpeg", "printer": "oak", "url": "http://10.0.0.9/s"}
    return CameraConfig(id=camera_id, **{**known, **fields})


def book_of(
    *cameras: CameraConfig, own: CameraSource | None = OWN, printer: PrinterConfig = OAK
) -> CameraBook:
    rigs = (RigConfig(id="pi", name="Pi", sha256="0" * 64),)
    return CameraBook(lambda _: own, (printer,), CamerasConfig(list=cameras), rigs)


def test_a_printer_alone() -> None:
    book = book_of()
    (info,) = book.all()
    assert (info.id, info.name, info.printer_id, info.kind, info.main) == (
        "oak", "Oak", "oak", "bambu_jpeg", True,
    )  # fmt: skip
    assert book.main_of("oak") == "oak" and book.source("oak") == OWN


def test_a_printer_without_any_camera() -> None:
    book = book_of(own=None)
    assert book.all() == () and book.of("oak") == ()
    assert book.main_of("oak") is None and book.source("oak") is None


def test_the_main_camera() -> None:
    beside = book_of(configured())
    assert [(c.id, c.main) for c in beside.of("oak")] == [("oak", True), ("side", False)]
    instead = book_of(configured(), configured("top", main=True))
    assert [(c.id, c.main) for c in instead.of("oak")] == [
        ("top", True), ("oak", False), ("side", False),
    ]  # fmt: skip
    only = book_of(configured(), own=None)
    assert [(c.id, c.main) for c in only.of("oak")] == [("side", True)]


def test_a_misconfigured_camera_is_named_and_never_main() -> None:
    book = book_of(configured(main=True, problems=("cameras.list[0].url: is not an address.",)))
    assert book.main_of("oak") == "oak"
    assert book.of("oak")[1].problem == "cameras.list[0].url: is not an address"
    with pytest.raises(CameraFailed) as caught:
        book.source("side")
    assert caught.value.error_code == "misconfigured"


def test_cameras_of_the_room_and_unknown_ones() -> None:
    book = book_of(configured("door", printer="", always_on=True))
    assert [(c.id, c.printer_id, c.main) for c in book.all()][1] == ("door", "", False)
    assert book.of("oak")[0].id == "oak" and len(book.of("oak")) == 1
    assert book.always_on() == ("door",)
    for ask in (book.source, book.of, book.main_of):
        with pytest.raises(NotFound):
            ask("nobody")


def test_a_rigs_camera_sends_by_itself() -> None:
    book = book_of(
        configured("pi-cam", type="rig", rig="pi", url=""),
        configured("ghost", type="rig", rig="no", url=""),
    )
    source = book.source("pi-cam")
    assert source is not None and source.kind == "push"
    assert book.of_rig("pi") == ("pi-cam",) and book.of_rig("no") == ()
    assert 'rig "no"' in book.problem("ghost")


@pytest.mark.parametrize(
    ("fields", "kind", "port"),
    [
        ({"type": "rtsp", "url": "rtsp://cam/x"}, "rtsp", 554),
        ({"type": "rtsp", "url": "rtsps://cam/x"}, "rtsps", 322),
        ({"type": "tcp_mjpeg", "url": "tcp://cam:9000"}, "tcp_mjpeg", 9000),
        ({"type": "snapshot", "url": "https://cam/x"}, "snapshot", 443),
        ({"type": "v4l2", "url": "", "device": "/dev/video3"}, "v4l2", 0),
    ],
)
def test_where_configured_cameras_are(fields: dict[str, Any], kind: str, port: int) -> None:
    source = book_of(configured(**fields, fps=2.0, width=640)).source("side")
    assert source is not None and (source.kind, source.port) == (kind, port)
    assert (source.fps, source.width, source.device) == (2.0, 640, fields.get("device", ""))


def test_a_password_is_nowhere_to_be_seen() -> None:
    source = book_of(configured(user="me", password=Secret("p@ss"))).source("side")
    assert source is not None and source.secret.reveal() == "p@ss"
    assert "p@ss" not in repr(source) and source.headers() == {}


def test_who_turns_the_picture() -> None:
    turned = {"flip_h": True, "rotate": 90}
    video = {"type": "rtsp", "url": "rtsp://cam/x"}
    book = book_of(
        configured("a", **turned), configured("b", **turned, **video),
        own=CameraSource(kind="mjpeg", flip_v=True, rotate_90=True),
    )  # fmt: skip
    own, a, b = book.of("oak")
    assert own.turn == Turn(False, True, 270)
    assert a.turn == Turn(True, False, 90)
    assert b.turn == Turn(), "ffmpeg has done it"


# --- the older dashboard's settings ------------------------------------------------------------


def older(**options: str) -> CameraBook:
    printer = PrinterConfig(
        id="oak", name="Oak", type="bambu", model="X1C", host="10.0.0.5", rtsp_port=322,
        access_code=Secret("12345678"),
        options=options,
    )  # fmt: skip
    return book_of(printer=printer)


def test_older_settings_that_say_what_is_anyway() -> None:
    book = older(
        camera_protocol="rtsps", camera_path="/streaming/live/1", camera_user="bblp", camera_url=""
    )
    assert [info.id for info in book.all()] == ["oak"]


def test_an_older_camera_address_becomes_the_main_camera() -> None:
    book = older(camera_url="http://me:s%40me@cam:8080/?action=stream")
    assert book.main_of("oak") == "oak-camera"
    source = book.source("oak-camera")
    assert source is not None and source.url == "http://cam:8080/?action=stream"
    assert (source.kind, source.user, source.secret.reveal()) == ("mjpeg", "me", "s@me")


def test_an_older_path_on_the_printer_is_signed_in_with_its_code() -> None:
    source = older(camera_protocol="rtsps", camera_path="live/2", camera_user="bblp").source(
        "oak-camera"
    )
    assert source is not None and source.url == "rtsps://10.0.0.5:322/live/2"
    assert (source.user, source.secret.reveal()) == ("bblp", "12345678")


def test_the_access_code_goes_to_no_other_address() -> None:
    source = older(camera_url="rtsp://elsewhere/x", camera_user="bblp").source("oak-camera")
    assert source is not None and not source.secret


@pytest.mark.parametrize("url", ["ftp://x/", "cam", "http://[::1"])
def test_an_older_address_that_is_none(url: str) -> None:
    book = older(camera_url=url)
    assert book.main_of("oak") == "oak" and "camera_url" in book.of("oak")[1].problem
