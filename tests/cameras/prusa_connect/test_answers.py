"""Every row of the table of cameras-and-rig 1, against a strict server that gives that answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cameras.prusa_connect.answers import Answer, backoff, judge
from tests.cameras.prusa_connect.conftest import Scene
from tests.cameras.prusa_connect.connect_server import Order

Draw = Callable[..., bytes]


@pytest.mark.parametrize(
    ("code", "state", "wait_s", "words"),
    [
        (200, "ok", 10, ""),
        (201, "ok", 10, ""),
        (204, "ok", 10, ""),
        (304, "unchanged", 10, "already"),
        (307, "redirected", 900, "check the host"),
        (400, "invalid", 10, "token, the fingerprint or the picture"),
        (401, "rejected", 900, 'add a camera of the type "Other"'),
        (403, "rejected", 900, 'add a camera of the type "Other"'),
        (404, "unknown_camera", 300, "switched off"),
        (409, "conflict", 300, "conflict"),
        (413, "too_large", 10, "smaller"),
        (418, "unexpected", 300, "418"),
        (429, "slow_down", 60, "fewer"),
        (500, "server_error", 10, "500"),
        (502, "server_error", 10, "502"),
        (503, "server_error", 10, "503"),
        (504, "server_error", 10, "504"),
        ("drop", "unreachable", 10, "cannot be reached"),
    ],
)
def test_what_follows_from_each_answer(
    scene: Scene, draw: Draw, code: int | str, state: str, wait_s: float, words: str
) -> None:
    sender = scene.sender()
    scene.server.order(code)
    assert scene.turn(sender, draw()) == pytest.approx(wait_s)
    status = sender.status()
    taken = state in ("ok", "unchanged")
    assert (status.state, status.failures) == (state, 0 if taken else 1)
    assert words in status.text and not status.text.endswith(".")
    assert status.last_code == (code if isinstance(code, int) else None)
    assert status.last_ok == (scene.clock.time() if state == "ok" else None)
    assert status.sent == (state == "ok")
    assert len(scene.server.pictures) == 1
    assert bool(scene.server.infos) is taken
    assert scene.turn(sender, draw("red")) == pytest.approx(10)
    assert sender.status().state == "ok" and sender.status().failures == 0


@pytest.mark.parametrize("code", [500, 503, "drop"])
def test_an_outage_is_left_alone_for_longer_each_time(
    scene: Scene, draw: Draw, code: int | str
) -> None:
    sender = scene.sender()
    scene.server.order(*[code] * 7)
    waits = [scene.turn(sender, draw("red", quality=50 + n)) for n in range(7)]
    assert waits == pytest.approx([10, 20, 40, 80, 160, 300, 300])
    assert sender.status().failures == 7
    assert scene.turn(sender, draw()) == pytest.approx(10)


def test_the_farms_cameras_do_not_all_come_back_at_once(scene: Scene, draw: Draw) -> None:
    sender = scene.sender(chance=0.5)
    scene.server.order(500, 500)
    assert scene.turn(sender, draw()) == pytest.approx(11)
    assert scene.turn(sender, draw("red")) == pytest.approx(22)


def test_bad_data_is_tried_a_few_times_and_then_hardly_ever(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.server.order(*[400] * 4)
    waits = [scene.turn(sender, draw("red", quality=50 + n)) for n in range(4)]
    assert waits == pytest.approx([10, 20, 3600, 3600])
    scene.turn(sender, draw())
    assert sender.status().state == "ok"


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [
        ("120", 120),
        ("1", 10),
        ("99999999", 3600),
        ("soon", 60),
        ("-5", 60),
        ("", 60),
        ("Mon, 01 Jan " + 30 * "9" + " 00:00:00 GMT", 60),
    ],
)
def test_too_often_waits_as_long_as_asked(
    scene: Scene, draw: Draw, asked: str, wait_s: float
) -> None:
    sender = scene.sender()
    scene.server.order(Order(429, (("Retry-After", asked),)))
    assert scene.turn(sender, draw()) == pytest.approx(wait_s)


def test_too_often_understands_a_date(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    when = datetime.fromtimestamp(scene.clock.time(), UTC) + timedelta(seconds=240)
    scene.server.order(Order(429, (("Retry-After", format_datetime(when, usegmt=True)),)))
    assert scene.turn(sender, draw()) == pytest.approx(240, abs=1)


def test_a_server_in_trouble_is_given_the_time_it_asks_for(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.server.order(Order(503, (("Retry-After", "90"),)))
    assert scene.turn(sender, draw()) == pytest.approx(90)


def test_a_picture_found_too_large_comes_smaller_until_it_is_taken(
    scene: Scene, draw: Draw
) -> None:
    sender = scene.sender()
    scene.server.order(413, 413, 413, 413, 413)
    waits = [scene.turn(sender, draw("red", size=(1600, 900), quality=50 + n)) for n in range(6)]
    widths = [one.size[0] for one in scene.server.pictures]
    assert widths == [1600, 1056, 696, 459, 320, 320]
    assert waits == pytest.approx([10, 10, 10, 10, 300, 10])
    assert sender.status().state == "ok"
    assert scene.server.infos[0].config["resolution"] == {"width": 320, "height": 180}


def test_backing_off_ends_somewhere() -> None:
    assert [backoff(n) for n in (0, 1, 2, 1_000_000)] == [10, 10, 20, 300]
    assert judge(Answer(code=500), 10**9).wait_s == 300
