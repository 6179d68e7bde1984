"""The adapter in conversation with another farm's end over real sockets."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.alert_config import FeedConfig
from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import ConfigError, Unusable
from core.secret import Secret
from printers import commands as c
from printers.base import AdapterContext
from printers.feed.adapter import FeedPrinter
from printers.feed.timing import Timing, timing_of
from printers.status import PrinterState
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.feed.server import FeedServer, doc
from tests.printers.follow import seen
from tests.waiting import wait_for

S = PrinterState
FAST = Timing(tick=0.02, ping=0.5, settled=60.0, retry=(0.1, 0.4))
IMPATIENT = replace(FAST, first=0.5, ping=0.2, dead=0.8)
RUN = "this-farm"
JPEG = b"\xff\xd8\xff\xe0 a picture"
Make = Callable[..., FeedPrinter]


@pytest.fixture
def far() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[FeedPrinter] = []

    def build(url: str, timing: Timing = FAST, **more: Any) -> FeedPrinter:
        config = PrinterConfig(id="alder", name="Alder", type="feed", model="", url=url, **more)
        context = AdapterContext(
            publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path, run_id=RUN
        )
        printer = FeedPrinter(config, context, timing)
        made.append(printer)
        printer.start()
        return printer

    yield build
    for printer in made:
        printer.stop()
    assert [t.name for t in threading.enumerate() if t.name.startswith("printer:")] == []


def with_picture(**more: Any) -> dict[str, Any]:
    return doc(jpeg_image=base64.b64encode(JPEG).decode(), jpeg_at=1.0, **more)


# -- the conversation ------------------------------------------------------------------------------


def test_it_shows_what_the_other_farm_says_under_our_own_name(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    status = seen(printer, lambda s: s.state is S.PRINTING)
    assert status.name == "Alder" and status.kind == "feed" and status.shown_only
    assert status.job is not None and status.job.percent == 42
    assert far.requests == [("/ws/printer/alder", "")]
    far.say(doc("paused", pause={"kind": "filament", "text": "Filament ran out in A3"}))
    status = seen(printer, lambda s: s.state is S.PAUSED)
    assert (status.pause_kind, status.pause_reason) == ("filament", "Filament ran out in A3")
    assert status.via == ("far",)


def test_user_and_password_go_along_and_stay_secret(far: FeedServer, make: Make) -> None:
    printer = make(far.url, user="me", password=Secret("hunter2hunter2"))
    seen(printer, lambda s: s.state is S.PRINTING)
    expected = base64.b64encode(b"me:hunter2hunter2").decode()
    assert far.requests[0][1] == f"Basic {expected}"
    told = json.dumps(dict(printer.diagnostics()), default=str) + repr(printer.config)
    assert "hunter2" not in told and expected not in told


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        (401, S.AUTH, "WS_USER"),
        (404, S.OFFLINE, "no printer of this id"),
        (421, S.OFFLINE, "allowed_hosts"),
        (503, S.OFFLINE, "Too many programs"),
        (500, S.OFFLINE, "an error (500)"),
    ],
)
def test_a_refusal_is_a_sentence_that_says_what_to_do(
    far: FeedServer, make: Make, status: int, state: PrinterState, said: str
) -> None:
    far.status = status
    printer = make(far.url)
    assert said in seen(printer, lambda s: s.state is state).message


def test_a_lost_connection_is_opened_again_within_the_bounds(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PRINTING)
    far.cut()
    assert "closed the connection" in seen(printer, lambda s: s.state is S.OFFLINE).message
    seen(printer, lambda s: s.state is S.PRINTING)
    for times in (3, 4, 5):
        far.hang_up()
        wait_for(lambda times=times: len(far.accepted) == times)
        seen(printer, lambda s: s.state is S.PRINTING)
    gaps = [b - a for a, b in zip(far.accepted, far.accepted[1:], strict=False)]
    assert all(gap >= 0.1 for gap in gaps), gaps  # never sooner than the shortest wait


def test_a_good_session_makes_the_waits_begin_anew(far: FeedServer, make: Make) -> None:
    timing = Timing(tick=0.02, settled=0.0, retry=(0.1, 30.0))
    printer = make(far.url, timing)
    for _ in range(9):  # at the ninth a wait that only grew would be over ten seconds
        seen(printer, lambda s: s.state is S.PRINTING)
        far.cut()
        seen(printer, lambda s: s.state is not S.PRINTING)
    seen(printer, lambda s: s.state is S.PRINTING)


def test_a_farm_that_only_answers_pings_is_not_silent(far: FeedServer, make: Make) -> None:
    printer = make(far.url, replace(FAST, ping=0.2, dead=3.0))
    seen(printer, lambda s: s.state is S.PRINTING)
    wait_for(lambda: far.pings > 5)
    assert len(far.accepted) == 1


def test_a_farm_that_falls_silent_is_left(far: FeedServer, make: Make) -> None:
    printer = make(far.url, IMPATIENT)
    seen(printer, lambda s: s.state is S.PRINTING)
    far.mute = True
    assert "gone silent" in seen(printer, lambda s: s.state is S.OFFLINE).message
    wait_for(lambda: len(far.accepted) > 1)


def test_what_is_old_there_is_old_here_at_once(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    assert not seen(printer, lambda s: s.state is S.PRINTING).is_stale(time.monotonic())
    far.say(doc(conn={"online": True, "stale": True, "text": ""}))
    seen(printer, lambda s: s.is_stale(time.monotonic()))
    far.say(doc())
    seen(printer, lambda s: not s.is_stale(time.monotonic()))


# -- what is no printer ----------------------------------------------------------------------------


def test_garbage_between_frames_harms_nothing(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PRINTING)
    far.say("", "{", "[]", "null", '{"state": 7}', "[" * 5000, '"x"', doc("ready", job=None))
    assert seen(printer, lambda s: s.state is S.IDLE).link.online
    assert printer.diagnostics()["frames"]["not_a_printer"] == 7
    assert len(far.accepted) == 1


def test_a_server_that_never_speaks_of_a_printer_is_no_feed(far: FeedServer, make: Make) -> None:
    far.say('{"hello": "world"}')
    printer = make(far.url, IMPATIENT)
    assert "is no printer's feed" in seen(printer, lambda s: s.state is S.OFFLINE).message
    wait_for(lambda: len(far.accepted) > 1)


def test_of_a_flood_the_newest_is_read_and_what_waited_in_the_line_is_not_shown_as_of_now(
    far: FeedServer, make: Make
) -> None:
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PRINTING)
    far.say(*[doc(job={"name": "Gear", "pct": n % 100}) for n in range(400)], doc("ready"))
    seen(printer, lambda s: s.state is S.IDLE)  # at ten a second it would be old by 36 s
    assert printer.diagnostics()["frames"]["read"] < 100


def test_a_frame_that_is_made_to_take_memory_is_not_read_into_any(
    far: FeedServer, make: Make
) -> None:
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PRINTING)
    many = "[" + "{}," * 1_000_000 + "{}]"
    far.say(f'{{"state": "ready", "x": {many}}}', doc("paused"))
    seen(printer, lambda s: s.state is S.PAUSED)
    assert printer.diagnostics()["frames"]["not_a_printer"] == 1
    assert "x" not in printer.diagnostics()["report"]


def test_a_picture_is_found_however_the_frame_is_written(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    jpeg = JPEG + b"\xff" * 400_000  # more than a frame may have without one; many slashes
    told = base64.b64encode(jpeg).decode()
    for number, text in enumerate((told, told.replace("/", "\\/"))):
        said = json.dumps(doc("ready", message='"jpeg_image": "x"', jpeg_at=number))
        far.say(said[:-1] + f', "jpeg_image" : "{text}"}}')
        wait_for(lambda number=number: printer._box.count == number + 1)
        assert printer._box.wait(number, 1) == (number + 1, jpeg)
    assert printer.status.message == '"jpeg_image": "x"'


def test_a_feed_that_leads_back_to_this_farm_is_said_and_shows_nothing(
    far: FeedServer, make: Make
) -> None:
    far.say(doc(via=["far", "other", RUN]))
    printer = make(far.url)
    status = seen(printer, lambda s: s.state is S.OFFLINE)
    assert "leads back to this farm" in status.message
    assert status.job is None and status.observed_at is None


def test_a_feed_through_too_many_farms_is_refused(far: FeedServer, make: Make) -> None:
    far.say(doc(via=["a", "b", "c", "d", "e"]))
    printer = make(far.url)
    assert "more than 4 farms" in seen(printer, lambda s: s.state is S.OFFLINE).message


# -- pictures --------------------------------------------------------------------------------------


def test_pictures_wait_for_whoever_wants_them(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PRINTING)
    far.say(with_picture(cam={"mode": "jpeg", "flip_h": True, "rotate": 90}))
    wait_for(lambda: printer.diagnostics()["pictures"]["read"] == 1)
    camera = printer.camera()
    assert camera is not None and camera.kind == "feed" and camera.pictures is not None
    assert (camera.flip_h, camera.flip_v, camera.rotate) == (True, False, 90)
    assert camera.pictures(0, 1.0) == (1, JPEG)
    assert camera.pictures(1, 0.01) is None


@pytest.mark.parametrize("told", [7, "", "%%%", "aGVsbG8=", base64.b64encode(b"GIF89a").decode()])
def test_a_broken_picture_is_counted_and_the_status_taken(
    far: FeedServer, make: Make, told: object
) -> None:
    far.say(doc("paused", jpeg_image=told))
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PAUSED)
    assert printer.diagnostics()["pictures"] == {"read": 0, "broken": 1}


def test_stalled_pictures_open_the_connection_anew_and_ever_more_rarely(
    far: FeedServer, make: Make
) -> None:
    far.say(doc())  # it says that it has a camera, and never sends a picture
    printer = make(far.url, Timing(tick=0.02, pictures=0.4, retry=(0.05, 0.1)))
    seen(printer, lambda s: s.state is S.PRINTING)
    states: list[PrinterState] = []
    wait_for(lambda: states.append(printer.status.state) or len(far.accepted) > 3)
    gaps = [b - a for a, b in zip(far.accepted, far.accepted[1:], strict=False)]
    assert gaps[0] >= 0.4 and gaps[1] >= 0.8 and gaps[2] >= 1.6, gaps
    assert set(states) == {S.PRINTING}  # nothing else is wrong: the printer does not flicker


def test_a_picture_that_comes_makes_patience_short_again(far: FeedServer, make: Make) -> None:
    far.say(doc())
    printer = make(far.url, Timing(tick=0.02, pictures=0.3, retry=(0.05, 0.05)))
    wait_for(lambda: len(far.accepted) == 3)  # from now on it would wait 1.2 s
    far.say(with_picture())
    wait_for(lambda: len(far.accepted) == 4)
    began = far.accepted[-1]
    wait_for(lambda: len(far.accepted) == 5)
    assert far.accepted[-1] - began >= 0.3
    assert printer.status.state is S.PRINTING


@pytest.mark.parametrize(
    "told", [doc("offline"), doc(cam={"mode": "none", "text": "Camera is off"})]
)
def test_no_pictures_are_missed_where_none_are_to_be_had(
    far: FeedServer, make: Make, told: dict[str, Any]
) -> None:
    far.say(told)
    make(far.url, Timing(tick=0.02, pictures=0.1, ping=0.1, retry=(0.05, 0.1)))
    wait_for(lambda: far.pings > 6)
    assert len(far.accepted) == 1


def test_without_camera_no_picture_is_asked_for(far: FeedServer, make: Make) -> None:
    printer = make(far.url, camera_enabled=False)
    seen(printer, lambda s: s.state is S.PRINTING)
    assert far.requests[0][0] == "/ws/printer/alder?image=0"
    assert printer.camera() is None


# -- orders ----------------------------------------------------------------------------------------


def test_it_takes_no_orders_but_about_its_connection(far: FeedServer, make: Make) -> None:
    printer = make(far.url)
    seen(printer, lambda s: s.state is S.PRINTING)
    with pytest.raises(Unusable, match="shown from another farm; control it there"):
        printer.execute(c.Pause())
    with pytest.raises(Unusable, match="another farm"):
        printer.list_files()
    with pytest.raises(Unusable, match="another farm"):
        printer.refresh()
    assert printer.execute(c.Reconnect()).text == "connecting again"
    wait_for(lambda: len(far.accepted) == 2)
    seen(printer, lambda s: s.state is S.PRINTING)


def test_the_certificate_seen_first_is_remembered(tmp_path: Path, make: Make) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    first, second = (server_context(authority.identity(name)) for name in ("one", "two"))
    with FeedServer(first) as far:
        printer = make(far.url.replace("ws:", "wss:"))
        seen(printer, lambda s: s.state is S.PRINTING)
        assert printer.diagnostics()["certificate_sha256"]
        far.show(second)
        far.cut()
        assert "another certificate" in seen(printer, lambda s: s.state is S.IDENTITY).message


def test_the_owners_bounds_reach_the_connection() -> None:
    timing = timing_of(FeedConfig(image_timeout_s=7, reconnect_min_s=2, reconnect_max_s=9))
    assert (timing.pictures, timing.retry) == (7, (2, 9))


def test_an_impossible_url_is_a_misconfigured_printer(make: Make) -> None:
    with pytest.raises(ConfigError, match="ws:// or wss://"):
        make("ftp://far/x")
