from __future__ import annotations

import io
import socket
import ssl
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from cameras.frames import CameraFailed
from cameras.sources import bambu_jpeg
from core.errors import PrinterOffline
from printers.base import CameraSource


def _take(source: CameraSource, count: int, stall_s: float = 5.0) -> list[bytes]:
    generator = bambu_jpeg.frames(source, lambda: False, stall_s)
    with closing(generator):
        return [next(generator) for _ in range(count)]


def _failure(source: CameraSource, stall_s: float = 5.0) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        _take(source, 1, stall_s)
    return caught.value


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"joined": True},
        {"piece": 7},
        {"empty_every": 2},
        {"prefix": b"\x00\x17garbage\xff\xd8\xff\x00"},
    ],
)
def test_whole_pictures_however_they_arrive(knobs: dict[str, Any], p1s: Any) -> None:
    p1s.knobs = replace(p1s.knobs, **knobs)
    for picture in _take(p1s.source(), 3):
        assert picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9")
        Image.open(io.BytesIO(picture)).load()


def test_an_embedded_thumbnail_survives(p1s: Any, jpeg: Any) -> None:
    inner = b"Exif\0\0" + jpeg(quality=5)
    whole = jpeg()
    nested = whole[:2] + b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner + whole[2:]
    p1s.knobs.picture = nested
    assert _take(p1s.source(), 1) == [nested]


@pytest.mark.parametrize("knobs", [{"picture": b"no picture"}, {"size": 5_000_000}])
def test_broken_pictures_end_the_connection(knobs: dict[str, Any], p1s: Any) -> None:
    p1s.knobs = replace(p1s.knobs, **knobs)
    assert _failure(p1s.source()).error_code == "bad_frames"


def test_a_picture_that_trickles_for_ever(p1s: Any) -> None:
    p1s.knobs.size = 3_000_000
    assert _failure(p1s.source(), stall_s=1.0).error_code == "stalled"


def test_wrong_code_and_second_viewer_read_alike(p1s: Any) -> None:
    wrong = _failure(p1s.source(code="00000000"))
    assert wrong.error_code == "busy" and "another app" in wrong.message
    generator = bambu_jpeg.frames(p1s.source(), lambda: False)
    with closing(generator):
        next(generator)
        assert _failure(p1s.source()).error_code == "busy"


def test_kicked_out_by_another_viewer(p1s: Any) -> None:
    p1s.knobs.second = "kick"
    first = bambu_jpeg.frames(p1s.source(), lambda: False, 5.0)
    with closing(first):
        next(first)
        _take(p1s.source(), 1)
        with pytest.raises(CameraFailed) as caught:
            for _ in range(200):
                next(first)
    assert caught.value.error_code == "lost"


def test_a_silent_camera(p1s: Any) -> None:
    p1s.knobs.stall = True
    error = _failure(p1s.source(), stall_s=0.6)
    assert error.error_code == "stalled" and error.message.startswith("No frame for")


def test_a_closed_port_is_a_camera_that_is_off(p1s: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = _failure(p1s.source(port=port))
    assert (error.error_code, error.message) == ("off", "Camera is off")


def test_another_certificate_gets_no_access_code(p1s: Any) -> None:
    """With a context that trusts nothing that answers here, the login is never sent."""
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strict.check_hostname = False
    assert _failure(p1s.source(tls=lambda: strict)).error_code == "certificate"
    assert not p1s.watched


def test_before_the_certificate_is_known(p1s: Any) -> None:
    def not_yet() -> ssl.SSLContext:
        raise PrinterOffline("P1S has not been reached yet.")

    error = _failure(p1s.source(tls=not_yet))
    assert error.error_code == "not_ready" and "P1S" in error.message


def test_cancel_is_noticed_at_once(p1s: Any) -> None:
    p1s.knobs.stall = True
    started = time.monotonic()
    pictures = list(bambu_jpeg.frames(p1s.source(), lambda: time.monotonic() - started > 0.2))
    assert pictures == [] and time.monotonic() - started < 2.0


def test_who_must_leave_while_connecting_does_not_sign_in(p1s: Any) -> None:
    """A printer that needs its strength for an upload gets no second viewer to begin with."""
    made = p1s.source(code="wrong")
    assert list(bambu_jpeg.frames(made, lambda: True)) == []
    assert list(bambu_jpeg.frames(p1s.source(), lambda: True)) == []


def test_the_code_never_shows(p1s: Any) -> None:
    made = p1s.source(code="secret99")
    assert "secret99" not in repr(made) and "secret99" not in str(_failure(made))
