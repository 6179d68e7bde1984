"""JSON-RPC answers, what only time shows, the console, and where the webcam is."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.config import PrinterConfig
from core.secret import Secret
from printers.lan.address import Address
from printers.lan.diagnostics import scrub
from printers.lan.remote_paths import quoted, stored_path
from printers.lan.trust import Trust
from printers.moonraker.camera import absolute, choose, source_of
from printers.moonraker.client import Timing
from printers.moonraker.console import Console, not_known, shown
from printers.moonraker.layout import layout_of
from printers.moonraker.metadata import read_metadata
from printers.moonraker.picture import Klippy, Picture, Sensed
from printers.moonraker.rpc import LOST, Answer, Calls, Notification, decode, encode
from printers.moonraker.sense import Sense

# -- rpc ---------------------------------------------------------------------------------------


def test_a_request_is_json_rpc_2() -> None:
    assert encode(3, "printer.info") == '{"jsonrpc":"2.0","method":"printer.info","id":3}'
    assert '"params":{"filename":"ä b.gcode"}' in encode(4, "x", {"filename": "ä b.gcode"})


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ('{"jsonrpc":"2.0","id":7,"result":"ok"}', (7, Answer(result="ok"))),
        ('{"id":7,"result":null}', (7, Answer())),
        (
            '{"id":7,"error":{"code":400,"message":"SD busy"}}',
            (7, Answer(code=400, text="SD busy", failed=True)),
        ),
        ('{"id":7,"error":null}', (7, Answer(failed=True))),
        ('{"method":"notify_klippy_ready"}', Notification("notify_klippy_ready", ())),
        ('{"method":"x","params":[1,{}]}', Notification("x", (1, {}))),
        ('{"method":"x","params":{"a":1}}', Notification("x", ())),
        ('{"id":null,"error":{"code":-32700}}', None),
        ('{"id":"7","result":1}', None),
        ('{"id":7}', None),
        ("[1]", None),
        ("{", None),
        ("", None),
    ],
)
def test_messages(message: str, meaning: object) -> None:
    assert decode(message) == meaning


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (-32602, "Unauthorized", "unauthorized"),
        (-32602, "Invalid API Key", "unauthorized"),
        (401, "Unauthorized", "unauthorized"),
        (-32602, "No data for argument: filename", ""),
        (-32601, "Method not found", "absent"),
        (-32601, "Metadata not available for <x>", ""),
        (503, "Klippy Host not connected", "absent"),
        (503, "Klippy Disconnected", "gone"),
        (400, "SD busy", ""),
    ],
)
def test_what_an_error_means(code: int, text: str, kind: str) -> None:
    answer = Answer(code=code, text=text, failed=True)
    found = {
        "unauthorized": answer.is_unauthorized,
        "absent": answer.is_absent,
        "gone": answer.is_gone,
    }
    assert [name for name, holds in found.items() if holds] == ([kind] if kind else [])


def test_an_answer_settles_only_its_own_call() -> None:
    calls = Calls()
    first, second = calls.open("a"), calls.open("b")
    assert calls.settle(second.id, Answer(result=2))
    assert not calls.settle(second.id, Answer(result=3))
    assert not calls.settle(99, Answer())
    assert second.wait(0) == Answer(result=2)
    assert first.wait(0) is None
    assert (calls.is_open("a", "b"), calls.is_open("b")) == ("a", "")
    assert calls.oldest("a") == first.sent_at
    assert calls.oldest("b") is None


def test_an_answer_that_comes_late_is_told() -> None:
    calls, late = Calls(), list[Answer]()
    call = calls.open("a")
    assert call.wait(0, late.append) is None
    calls.settle(call.id, Answer(result="late"))
    assert late == [Answer(result="late")]


def test_the_end_of_a_session_settles_everything() -> None:
    calls, told = Calls(), list[Answer]()
    call = calls.open("a")
    calls.open("b", told.append)
    waiter = threading.Thread(target=lambda: told.append(call.wait(5) or Answer()))
    waiter.start()
    calls.end()
    waiter.join(5)
    assert told == [LOST, LOST]
    assert calls.open("c").wait(0) == LOST


# -- what only time shows ----------------------------------------------------------------------

LAYOUT = layout_of(["filament_switch_sensor left", "filament_motion_sensor right"])


def look(sense: Sense, now: float, **objects: Any) -> Sensed:
    idle = {"print_stats": {"state": "standby"}, "idle_timeout": {"state": "Idle"}}
    return sense.look(
        Picture(klippy=Klippy("ready"), layout=LAYOUT, objects={**idle, **objects}), now
    )


def stats(state: str, filename: str = "a.gcode") -> dict[str, str]:
    return {"state": state, "filename": filename}


MOVING = {"state": "Printing"}


def test_a_short_motion_is_not_shown() -> None:
    sense = Sense(Timing())
    assert not look(sense, 0.0, idle_timeout=MOVING).moving
    assert sense.is_restless
    assert not look(sense, 0.5, idle_timeout=MOVING).moving
    assert not look(sense, 0.6).moving
    assert not look(sense, 10.0, idle_timeout=MOVING).moving
    assert look(sense, 10.8, idle_timeout=MOVING).moving


@pytest.mark.parametrize("ended", ["complete", "cancelled", "error"])
def test_the_motion_of_an_ended_job_is_not_new(ended: str) -> None:
    for first in ("printing", ended):  # also when the farm only came at the end
        sense = Sense(Timing())
        look(sense, 0.0, print_stats=stats(first), idle_timeout=MOVING)
        for now in (1.0, 3.0, 9.0):
            assert not look(sense, now, print_stats=stats(ended), idle_timeout=MOVING).moving
        look(sense, 10.0, print_stats=stats(ended))
        look(sense, 11.0, print_stats=stats(ended), idle_timeout=MOVING)
        assert look(sense, 12.0, print_stats=stats(ended), idle_timeout=MOVING).moving


def test_only_a_cancel_that_was_seen_is_fresh() -> None:
    sense = Sense(Timing())
    assert not look(sense, 0.0, print_stats=stats("cancelled")).cancelled
    look(sense, 1.0, print_stats=stats("printing"))
    assert look(sense, 2.0, print_stats=stats("cancelled")).cancelled
    assert look(sense, 12.0, print_stats=stats("standby", "")).cancelled
    assert not look(sense, 14.1, print_stats=stats("standby", "")).cancelled
    look(sense, 15.0, print_stats=stats("printing"))
    look(sense, 16.0, print_stats=stats("cancelled"))
    assert not look(sense, 17.0, print_stats=stats("printing")).cancelled


def test_a_disabled_sensor_explains_nothing() -> None:
    empty = {"filament_detected": False}
    paused = {"print_stats": stats("paused"), "filament_motion_sensor right": {**empty}}
    assert look(Sense(Timing()), 0.0, **paused).ran_out == "right"
    paused["filament_motion_sensor right"] = {**empty, "enabled": False}
    assert look(Sense(Timing()), 0.0, **paused).ran_out == ""


def test_a_hop_over_the_part_is_no_layer() -> None:
    sense = Sense(Timing())
    for z in (0.6, 1.0, 0.6, 1.0):
        found = look(sense, 0.0, gcode_move={"gcode_position": [0, 0, z, 0]})
    assert found.z == 0.6


def test_objects_keep_their_numbers() -> None:
    sense = Sense(Timing())

    def ids(*names: str, file: str = "a.gcode") -> dict[str, int]:
        listed = {"objects": [{"name": name} for name in names]}
        shown = look(sense, 0.0, print_stats=stats("printing", file), exclude_object=listed)
        return dict(shown.object_ids)

    assert ids("B") == {"B": 1}
    assert ids("A", "B") == {"B": 1, "A": 2}
    assert ids("A", file="b.gcode") == {"A": 1}


# -- the console -------------------------------------------------------------------------------


def test_the_console_tells_what_came_since() -> None:
    console = Console()
    console.add("// old")
    mark = console.mark
    console.add('// Unknown command:"FROB"\n!! and\x07 more')
    console.add(5)
    assert console.since(mark) == ['Unknown command:"FROB"', "and more"]
    assert not_known(console.since(mark))
    assert shown([f"line {n}" for n in range(20)]).endswith("line 7 …")


# -- the camera --------------------------------------------------------------------------------

PLAIN = Address.parse("http://192.0.2.7:7125", "Rowan")
PROXIED = Address.parse("https://rowan.example/one", "Rowan")


@pytest.mark.parametrize(
    ("url", "address", "found"),
    [
        ("/webcam/?action=stream", PLAIN, "http://192.0.2.7/webcam/?action=stream"),
        ("webcam?x", PROXIED, "https://rowan.example:443/webcam?x"),
        ("http://192.0.2.9:8080/s", PLAIN, "http://192.0.2.9:8080/s"),
        ("rtsp://192.0.2.9/s", PLAIN, ""),
        ("http://[broken", PLAIN, ""),
        ("", PLAIN, ""),
    ],
)
def test_where_a_picture_is(url: str, address: Address, found: str) -> None:
    assert absolute(url, address) == found


@pytest.mark.parametrize(
    ("stream", "snapshot", "keyed"),
    [
        ("/webcam/s", "/webcam/p", True),
        ("/webcam/s", "http://192.0.2.9/p", False),
        ("http://192.0.2.9/s", "/webcam/p", False),
    ],
)
def test_the_key_goes_only_to_our_own_server(
    stream: str, snapshot: str, keyed: bool, tmp_path: Any
) -> None:
    config = PrinterConfig(id="a", name="Rowan", type="moonraker", model="", url="http://192.0.2.7")
    address = Address.parse(config.url, config.name)
    webcam = {"service": "mjpegstreamer", "stream_url": stream, "snapshot_url": snapshot}
    source = source_of(
        webcam, address, Trust(config, address, tmp_path), lambda: {"X-Api-Key": "k"}
    )
    assert source is not None
    assert dict(source.headers()) == ({"X-Api-Key": "k"} if keyed else {})
    assert source.kind == "mjpeg"


def test_a_service_without_a_jpeg_stream_gives_snapshots(tmp_path: Any) -> None:
    config = PrinterConfig(id="a", name="Rowan", type="moonraker", model="", url="http://192.0.2.7")
    webcam = {
        "name": "top", "service": "webrtc-camerastreamer", "stream_url": "/w/rtc",
        "snapshot_url": "/w/?action=snapshot", "rotation": 270, "flip_horizontal": True,
    }  # fmt: skip
    source = source_of(webcam, PLAIN, Trust(config, PLAIN, tmp_path), dict)
    assert source is not None
    assert (source.kind, source.url) == ("snapshot", "http://192.0.2.7/w/?action=snapshot")
    assert (source.flip_h, source.flip_v, source.rotate_90) == (True, False, True)


def test_the_first_usable_webcam_or_the_named_one() -> None:
    cams: list[dict[str, Any]] = [
        {"name": "off", "enabled": False, "service": "mjpegstreamer", "stream_url": "/a"},
        {"name": "rtc", "service": "webrtc", "stream_url": "/b"},
        {"name": "one", "service": "mjpegstreamer", "stream_url": "/c"},
        {"name": "two", "service": "hls", "snapshot_url": "/d"},
    ]
    assert choose(cams) is cams[2]
    assert choose(cams, "two") is cams[3]
    assert choose(cams, "off") is None


# -- small things ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [("a b-7.gcode", "farm/a b-7.gcode"), ("/x/y.gcode", "x/y.gcode"), ("/y.gcode", "y.gcode")],
)
def test_the_farms_own_files_have_a_folder(name: str, path: str) -> None:
    assert stored_path(name) == path


def test_every_piece_of_a_path_is_quoted() -> None:
    assert quoted("sub one/naïve #1 100%?.gcode") == "sub%20one/na%C3%AFve%20%231%20100%25%3F.gcode"


@pytest.mark.parametrize(
    ("raw", "layers"),
    [
        ({"layer_count": 7, "object_height": 4.0, "layer_height": 0.2}, 7),
        ({"object_height": 4.0, "layer_height": 0.2}, 20),
        ({"object_height": 4.1, "layer_height": 0.2, "first_layer_height": 0.3}, 20),
        ({"object_height": 4.0}, None),
        ({}, None),
    ],
)
def test_layers_from_the_heights(raw: dict[str, float], layers: int | None) -> None:
    assert read_metadata(raw, "a").layers == layers


@pytest.mark.parametrize(
    ("z", "layer"), [(0.0, 0), (0.3, 1), (0.49, 1), (0.5, 2), (4.1, 20), (9.0, 20)]
)
def test_the_layer_at_a_height(z: float, layer: int) -> None:
    raw = {"object_height": 4.1, "layer_height": 0.2, "first_layer_height": 0.3}
    assert read_metadata(raw, "a").layer_at(z) == layer


def test_diagnostics_open_no_door() -> None:
    raw = {"api_key": "x", "note": "key0815 http://u:p@h/", "deep": [{"Token": 1}]}
    assert scrub(raw, Secret("key0815").reveal()) == {
        "api_key": "***",
        "note": "*** http://***@h/",
        "deep": [{"Token": "***"}],
    }
