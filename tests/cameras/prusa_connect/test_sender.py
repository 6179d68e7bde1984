"""What is sent, when, and what is never sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cameras.book import CameraInfo
from cameras.configured import Turn
from cameras.frames import CameraFailed
from core.errors import NotFound, StorageError
from tests.cameras.prusa_connect.conftest import FINGERPRINT, Scene
from tests.cameras.prusa_connect.connect_server import Order

Draw = Callable[..., bytes]


def test_a_fitting_picture_goes_out_byte_for_byte(scene: Scene, draw: Draw) -> None:
    jpeg = draw(comment=b"as the camera made it")
    scene.turn(scene.sender(), jpeg)
    [taken] = scene.server.pictures
    assert taken.body == jpeg
    assert taken.headers["fingerprint"] == FINGERPRINT


def test_one_connection_carries_them_all(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    for quality in range(50, 55):
        scene.turn(sender, draw(quality=quality))
    assert len(scene.server.pictures) == 5 and scene.server.connections == 1


def test_never_sooner_than_the_floor_whatever_the_settings_say(scene: Scene, draw: Draw) -> None:
    sender = scene.sender(interval_s=1.0)
    for quality in range(50, 55):
        assert scene.turn(sender, draw(quality=quality)) == pytest.approx(10)
    scene.cameras.show(draw("red"))
    scene.clock.advance(5)
    sender.turn()
    assert len(scene.server.pictures) == 5


def test_a_dead_camera_never_uploads_its_last_picture_again(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.turn(sender, draw())
    scene.cameras.text = "No frame for 30 s"
    for _ in range(5):
        scene.turn(sender)
        assert sender.status().state == "stale"
    assert sender.status().text == "No fresh picture: No frame for 30 s"
    assert scene.cameras.asked_after == 1  # for a newer one than the one that was sent
    assert len(scene.server.pictures) == 1


def test_a_picture_that_could_not_be_delivered_is_not_kept_for_later(
    scene: Scene, draw: Draw
) -> None:
    sender = scene.sender()
    scene.server.order(500)
    scene.turn(sender, draw())
    scene.turn(sender)
    assert len(scene.server.pictures) == 1 and sender.status().state == "stale"
    scene.turn(sender, draw("red"))
    assert sender.status().state == "ok"


def test_a_camera_that_repeats_itself_uploads_once(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    for _ in range(4):
        scene.turn(sender, draw())
    assert len(scene.server.pictures) == 1
    assert (sender.status().state, sender.status().sent) == ("unchanged", 1)
    scene.turn(sender, draw("red"))
    assert len(scene.server.pictures) == 2


def test_an_old_picture_is_waited_out_not_sent(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.cameras.show(draw(), age_s=12.0)  # live for a viewer, too old to be sent out
    scene.turn(sender)
    assert scene.server.pictures == [] and sender.status().state == "stale"


def test_a_camera_without_anything_to_wait_for_costs_no_waiting(scene: Scene) -> None:
    scene.cameras.mode, scene.cameras.text = "none", "Camera is off"
    sender, before = scene.sender(), scene.clock.monotonic()
    sender.turn()
    assert scene.clock.monotonic() == before
    assert sender.status().text == "No fresh picture: Camera is off"


def test_only_printing_waits_for_the_print_with_the_camera_off(scene: Scene, draw: Draw) -> None:
    scene.printing = False
    sender = scene.sender(only_printing=True)
    assert scene.turn(sender, draw()) == pytest.approx(5)
    assert (sender.status().state, sender.status().failures) == ("waiting", 0)
    assert scene.cameras.held.get("cam", 0) == 0
    scene.printing = True
    scene.turn(sender, draw())
    assert len(scene.server.pictures) == 1
    scene.printing = False
    scene.turn(sender, draw("red"))
    assert len(scene.server.pictures) == 1
    assert scene.cameras.held["cam"] == 0


@pytest.mark.parametrize(("interval_s", "held"), [(10.0, 1), (19.0, 1), (20.0, 0), (300.0, 0)])
def test_the_camera_stays_on_only_where_the_next_picture_is_near(
    scene: Scene, draw: Draw, interval_s: float, held: int
) -> None:
    sender = scene.sender(interval_s=interval_s)
    for color in ("red", "teal"):
        assert scene.turn(sender, draw(color)) == pytest.approx(interval_s)
        assert scene.cameras.held["cam"] == held
    sender.close()
    assert scene.cameras.held["cam"] == 0


def test_a_refused_token_lets_go_of_the_camera(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.server.order(401)
    scene.turn(sender, draw())
    assert scene.cameras.held["cam"] == 0


def test_name_and_size_are_told_at_the_start_and_on_change(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    for quality in range(50, 53):
        scene.turn(sender, draw(quality=quality))
    assert [one.config for one in scene.server.infos] == [
        {"name": "Bench", "resolution": {"width": 64, "height": 48}}
    ]
    assert isinstance(scene.info, CameraInfo)
    scene.info = replace(scene.info, name="Bench, left")
    scene.turn(sender, draw("red", size=(80, 60)))
    assert scene.server.infos[1].config == {
        "name": "Bench, left",
        "resolution": {"width": 80, "height": 60},
    }
    assert len(scene.server.infos) == 2


def test_a_refused_name_holds_no_picture_back(scene: Scene, draw: Draw) -> None:
    sender = scene.sender()
    scene.server.info_orders.append(Order(500))
    for quality in range(50, 53):
        scene.turn(sender, draw(quality=quality))
    assert len(scene.server.pictures) == 3 and len(scene.server.infos) == 1
    assert sender.status().state == "ok"
    scene.clock.advance(600)
    scene.turn(sender, draw("red"))
    assert len(scene.server.infos) == 2


def test_another_camera_begins_anew(scene: Scene, draw: Draw) -> None:
    """The printer's main camera changes: its numbers begin at 1 again."""
    sender = scene.sender()
    for quality in range(50, 53):
        scene.turn(sender, draw(quality=quality))
    assert isinstance(scene.info, CameraInfo)
    scene.info = replace(scene.info, id="other")
    scene.clock.advance(11)
    scene.cameras.show(draw("red"), camera="other")
    sender.turn()
    assert len(scene.server.pictures) == 4
    assert scene.cameras.held == {"cam": 0, "other": 1}


def test_a_large_picture_is_made_smaller_and_turned(scene: Scene, draw: Draw) -> None:
    assert isinstance(scene.info, CameraInfo)
    scene.info = replace(scene.info, turn=Turn(rotate=90))
    sender = scene.sender()
    scene.turn(sender, draw(size=(2560, 1440)))
    assert scene.server.pictures[0].size == (1440, 2560)
    scene.info = replace(scene.info, turn=Turn(flip_h=True))
    scene.turn(sender, draw(size=(3840, 2160)))
    assert scene.server.pictures[1].size == (1920, 1080)


@pytest.mark.parametrize(
    ("problem", "state", "words"),
    [
        (NotFound("There is no camera with the id 'cam'."), "misconfigured", "no camera with"),
        (CameraFailed("The printer has no camera"), "stale", "The printer has no camera"),
        (
            CameraInfo(id="cam", name="B", printer_id="", kind="x", problem="No address"),
            "misconfigured",
            "No address",
        ),
    ],
)
def test_a_camera_that_cannot_be_used_is_said_in_words(
    scene: Scene, draw: Draw, problem: CameraInfo | CameraFailed | NotFound, state: str, words: str
) -> None:
    scene.info = problem
    sender = scene.sender()
    scene.turn(sender, draw())
    assert sender.status().state == state and words in sender.status().text
    assert scene.server.taken == []


@pytest.mark.parametrize(
    ("token", "words"),
    [("", "missing"), ("abc def ghi", "copy it again"), ("a\r\nX: y", "copy it again"),
     ("clé", "copy it again"), ("x" * 129, "copy it again")],
)  # fmt: skip
def test_an_impossible_token_is_never_sent(
    scene: Scene, draw: Draw, token: str, words: str
) -> None:
    sender = scene.sender(token=token)
    scene.turn(sender, draw())
    assert (sender.status().state, scene.server.connections) == ("misconfigured", 0)
    assert words in sender.status().text
    assert not token or token not in sender.status().text


@pytest.mark.parametrize("fingerprint", ["short", "x" * 81, "with spaces in the middle", "ü" * 20])
def test_an_impossible_fingerprint_is_never_sent(
    scene: Scene, draw: Draw, fingerprint: str
) -> None:
    sender = scene.sender(fingerprint=lambda: fingerprint)
    scene.turn(sender, draw())
    assert (sender.status().state, scene.server.connections) == ("misconfigured", 0)


def test_a_fingerprint_that_cannot_be_kept_is_not_used(scene: Scene, draw: Draw) -> None:
    def fingerprint() -> str:
        raise StorageError("prusa_connect.json cannot be read.")

    sender = scene.sender(fingerprint=fingerprint)
    scene.turn(sender, draw())
    assert sender.status().text == "prusa_connect.json cannot be read"
    assert scene.server.connections == 0


def test_an_unreadable_picture_is_not_sent(scene: Scene, draw: Draw) -> None:
    damaged = draw(size=(2560, 1440))
    sender = scene.sender()
    scene.turn(sender, damaged[:300] + b"\xff\xd9")
    assert sender.status().state == "stale" and "damaged" in sender.status().text
    assert scene.server.taken == []


def test_another_fingerprint_than_the_bound_one_is_refused_and_said(
    scene: Scene, draw: Draw
) -> None:
    scene.turn(scene.sender(), draw())
    scene.clock.advance(60)
    other = scene.sender(fingerprint=lambda: "f" * 36)
    scene.turn(other, draw("red"))
    assert other.status().state == "rejected"
    assert "add a camera" in other.status().text
