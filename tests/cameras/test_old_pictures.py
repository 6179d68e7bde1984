"""A server that gives its last picture for ever must not make it a live one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from email.utils import formatdate
from typing import Any

import pytest

from cameras.frames import Frame
from cameras.hub import CameraHub
from cameras.sources.picture_age import PictureAges
from cameras.worker import Timing
from core.clock import SystemClock
from tests.cameras.web_camera import WebCamera, source_of, web_camera

NOON = 1_800_000_000.0
FAR = "Mon, 01 Jan " + 30 * "9" + " 00:00:00 GMT"


def heads(modified: float | None, now: float = NOON, age: str = "") -> Message:
    message = Message()
    message["Date"] = formatdate(now, usegmt=True)
    if modified is not None:
        message["Last-Modified"] = formatdate(modified, usegmt=True)
    if age:
        message["Age"] = age
    return message


@contextmanager
def server_of(pictures: Callable[[int], tuple[bytes, float]]) -> Iterator[tuple[WebCamera, Any]]:
    """Gives ``pictures(n)`` to the n-th question: the bytes and how old they are, by a clock that
    is years off; and a hub that reads it."""

    def serve(viewer: Any) -> None:
        body, age_s = pictures(len(camera.requests))
        modified = formatdate(NOON - age_s, usegmt=True)
        viewer.send(
            f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n"
            f"Date: {formatdate(NOON, usegmt=True)}\r\nLast-Modified: {modified}\r\n\r\n".encode()
            + body
        )

    with web_camera(serve) as camera:
        hub = CameraHub(
            lambda _: source_of(camera.url, "snapshot"), SystemClock(), timing=Timing(stale_s=30)
        )
        try:
            yield camera, hub
        finally:
            hub.stop()


def asked(camera: WebCamera, times: int) -> None:
    deadline = time.monotonic() + 30
    while len(camera.requests) < times:
        assert time.monotonic() < deadline, len(camera.requests)
        time.sleep(0.02)


def test_the_picture_of_an_hour_ago_is_not_shown(jpeg: Any) -> None:
    """As PrusaLink does: 200, and a Last-Modified that nobody may look past."""
    with server_of(lambda _: (jpeg(), 3600.0)) as (camera, hub):
        assert hub.frame("cam") is None
        asked(camera, 3)
        assert hub.frame("cam") is None
        status = hub.status("cam")
        assert status.code == "stale" and status.age_s >= 3600 and status.frames == 1


def test_a_picture_that_is_renewed_now_and_then_has_its_age(jpeg: Any) -> None:
    with server_of(lambda n: (jpeg("teal" if n < 3 else "red"), 12.0 if n < 3 else 5.0)) as (
        _,
        hub,
    ):
        first: Frame | None = hub.wait_frame("cam", 0, 30)
        assert first is not None and 12 <= time.monotonic() - first.taken_mono < 30
        second = hub.wait_frame("cam", first.seq, 30)
        assert second is not None and second.jpeg == jpeg("red")
        assert second.taken_mono > first.taken_mono


def test_a_server_that_knows_no_times_is_not_believed(jpeg: Any) -> None:
    """Other pictures under the same old time: the camera works."""
    colors = ("teal", "red", "navy")
    with server_of(lambda n: (jpeg(colors[n % 3]), 9e6)) as (_, hub):
        assert hub.wait_frame("cam", 0, 30) is not None


@pytest.mark.parametrize(
    ("headers", "age"),
    [
        (heads(None), 0), (heads(NOON - 90), 90), (heads(NOON + 90), 0),
        (heads(NOON - 5, age="70"), 70), (heads(None, age="-3"), 0), (heads(None, age="9" * 40), 0),
        (heads(None, age="²"), 0), (Message(), 0),
    ],
)  # fmt: skip
def test_what_headers_say(headers: Message, age: float) -> None:
    assert PictureAges().of(b"picture", headers) == age


@pytest.mark.parametrize("text", ["yesterday", "Thu, 99 Foo 2026 99:99:99 GMT", "0", "é", FAR])
def test_headers_that_say_nothing(text: str) -> None:
    for name in ("Date", "Last-Modified"):
        message = heads(NOON - 90)
        del message[name]
        message[name] = text
        assert PictureAges().of(b"picture", message) == 0


def test_pictures_of_one_second_are_no_reason_for_distrust() -> None:
    ages = PictureAges()
    assert [ages.of(body, heads(NOON - 1)) for body in (b"a", b"b", b"b")] == [1, 1, None]
    assert ages.of(b"b", heads(NOON - 1, NOON + 60)) is None
    assert ages.of(b"c", heads(NOON + 59, NOON + 60)) == 1
