"""Whatever a print server sends, reading it never raises, ends soon, and claims no idle printer.

The junk is JSON of any shape below the keys each protocol has, without the protocols' own words:
nothing in it says that a printer is at rest, so no reading of it may say so either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cameras.frames import CameraFailed
from cameras.sources.web_target import parse_target
from core.clock import ManualClock
from core.config import PrinterConfig
from core.jsonio import dumps
from printers.conditions import Conditions
from printers.lan.address import Address
from printers.lan.report import Report
from printers.lan.trust import Trust
from printers.moonraker import camera
from printers.moonraker.client import Timing
from printers.moonraker.listener import PrinterListener
from printers.moonraker.rpc import Answer, Calls, Notification, decode
from printers.octoprint.inbox import Inbox
from printers.octoprint.machine import profile_of
from printers.octoprint.parse import trouble_of
from printers.octoprint.reading import Reading
from printers.octoprint.settings import Limits
from printers.octoprint.webcam import webcam_of
from printers.prusalink import paths
from printers.prusalink.flavour import Introduction, server_of
from printers.prusalink.parse import Known, parse, state_word
from printers.prusalink.parse_job import follow, needs_details, seen_job
from printers.status import PrinterState, PrinterStatus
from web import panel_parts

SOON_S = 0.5
KEYS = (
    "state", "text", "flags", "file", "name", "path", "actual", "target", "type", "payload", "x",
    "id", "result", "jobs", "status", "objects", "settings", "job", "stream_url", "filename",
)  # fmt: skip
NUMBERS = st.integers() | st.floats() | st.sampled_from([1e308, -1e308, 5e-324, 2**63, 10**30])
LEAVES = st.none() | st.just(False) | NUMBERS | st.text(max_size=12) | st.sampled_from(KEYS)
JUNK = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=14,
)
OBJECT = st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=6)


def shaped(shape: Any) -> Any:
    """JSON of a protocol's shape with junk in every place, and places left out."""
    if isinstance(shape, dict):
        inner = st.fixed_dictionaries({}, optional={k: shaped(v) for k, v in shape.items()})
        return inner | JUNK if shape else JUNK
    if isinstance(shape, list):
        return st.lists(shaped(shape[0]), max_size=3) | JUNK
    if isinstance(shape, str):
        return st.fixed_dictionaries({}, optional=dict.fromkeys(shape.split(), NUMBERS | JUNK))
    return NUMBERS | JUNK


FILE = "name path display display_name size m_timestamp"
FRAME = {
    "state": {"text": 0, "flags": "operational ready printing error", "error": 0},
    "job": {"file": FILE}, "progress": "completion printTimeLeft", "logs": [0],
    "temps": [{"tool0": "actual target", "bed": "actual target", "x": "actual target"}],
}  # fmt: skip
EVENT = {"type": 0, "payload": "path name reason user command"}
OCTO_REPLY = {
    "profiles": {"x": {"extruder": "count nozzleDiameter", "volume": "width depth height"}},
    "webcam": {"webcams": [{"compat": "stream snapshot"}], "streamUrl": 0, "snapshotUrl": 0},
    "prints": {"last": "success"}, "error": 0, "reason": 0, "faq": 0,
}  # fmt: skip
PRUSA_STATUS = {
    "printer": {
        "state": 0, "temp_nozzle": 0, "target_nozzle": 0, "temp_bed": 0, "target_bed": 0,
        "speed": 0, "status_printer": "ok message",
    },
    "job": "id progress time_remaining time_printing", "transfer": "id",
}  # fmt: skip
PRUSA_SAID = {
    "original": 0, "sdk": 0, "hostname": 0, "nozzle_diameter": 0, "serial": 0, "text": 0,
    "storage_list": [{"path": 0, "name": 0, "available": 0, "free_space": 0}],
    "camera_list": ["connected"], "children": [FILE], "refs": "download", "id": 0, "file": FILE,
}  # fmt: skip
KLIPPER = {
    "webhooks": "state_message", "virtual_sdcard": "progress file_position is_active",
    "print_stats": {
        "print_duration": 0, "total_duration": 0, "message": 0,
        "info": "current_layer total_layer",
    },
    "toolhead": "homed_axes axis_minimum axis_maximum", "idle_timeout": "state",
    "gcode_move": {"speed_factor": 0, "gcode_position": [0]},
    "exclude_object": {"objects": ["name"], "excluded_objects": [0], "current_object": 0},
    "extruder": "temperature target", "heater_bed": "temperature target", "fan": "speed",
    "fan_generic x": "speed", "temperature_sensor x": "temperature",
    "led case_light": {"color_data": [[0]]}, "filament_switch_sensor x": "filament_detected",
}  # fmt: skip
MOON_ANSWER = {
    "status": {"configfile": {"settings": {"extruder": "max_temp", "heater_bed": "max_temp"}}},
    "jobs": ["job_id filename status"], "webcams": ["name service stream_url snapshot_url"],
    "gcode_start_byte": 0, "gcode_end_byte": 0, "estimated_time": 0, "layer_height": 0,
    "object_height": 0, "first_layer_height": 0, "layer_count": 0, "software_version": 0,
}  # fmt: skip
some = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def config(kind: str) -> PrinterConfig:
    return PrinterConfig(id="oak", name="Oak", type=kind, model="", url="http://192.0.2.1")


def assert_sound(report: Report) -> None:
    assert not report.state.is_at_rest, "nothing in it said so"
    for heater in report.heaters:
        assert -100 <= heater.current <= 1500
        assert heater.target is None or -100 <= heater.target <= 1500
    for fan in report.fans:
        assert 0 <= fan.percent <= 100
    job = report.job
    if job is not None:
        assert job.percent is None or 0 <= job.percent <= 100
        assert job.ended in ("", "finished", "cancelled", "failed")
    known = {f.name: getattr(report, f.name) for f in fields(report)}
    status = PrinterStatus(printer_id="oak", name="Oak", kind="x", **known)
    parts = (panel_parts.temps, panel_parts.fans, panel_parts.light_and_speed, panel_parts.machine)
    dumps([part(status) for part in parts])
    dumps([panel_parts.words(status), panel_parts.job(status, Conditions())])


@some
@given(
    messages=st.lists(
        st.tuples(st.sampled_from(["current", "history"]), shaped(FRAME))
        | st.tuples(st.just("event"), shaped(EVENT)),
        max_size=5,
    )
)
def test_octoprint_live(messages: list[tuple[str, Any]]) -> None:
    reports: list[Report] = []
    reading = Reading(config("octoprint"), Limits(), ManualClock(), reports.append)
    inbox = Inbox("oak", reading)
    began = time.monotonic()
    for key, value in messages:
        try:
            inbox.take(dumps({key: value}).decode())
        except TypeError:
            continue  # the message itself cannot be written as JSON
    assert time.monotonic() - began < SOON_S
    assert inbox.failures == 0, inbox.last_drop
    for report in reports:
        assert_sound(report)


@some
@given(reply=shaped(OCTO_REPLY))
def test_octoprint_replies(reply: Any) -> None:
    profile = profile_of(reply, "x")
    webcam_of(reply, "http://192.0.2.1/")
    trouble_of(reply)
    reading = Reading(config("octoprint"), Limits(), ManualClock(), assert_sound)
    reading.opened("OctoPrint 1", profile, has_camera=False)
    frame = {"state": {"text": "x"}, "temps": [reply], "job": reply, "progress": reply}
    reading.frame(frame)
    reading.resolve("x", reply if isinstance(reply, dict) else None)


@some
@given(status=shaped(PRUSA_STATUS), said=shaped(PRUSA_SAID), job=shaped(PRUSA_SAID))
def test_prusalink(status: Any, said: Any, job: Any) -> None:
    status, said, job = (part if isinstance(part, dict) else {} for part in (status, said, job))
    server = server_of(Introduction(version=said, info=job, storage=said, cameras=said), "")
    fetched = seen_job(job)
    needs_details(status, fetched)
    shown = follow(status, state_word(status), fetched, fetched)
    began = time.monotonic()
    assert_sound(parse(status, Known(name="Oak", server=server, job=shown)))
    paths.listing(job, paths.locate("/", server))
    assert paths.download_address(job)[:1] in ("", "/")
    assert time.monotonic() - began < SOON_S


class Wire:
    """A session of Moonraker's that answers every question with what the test has at hand."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.questions: list[Callable[[Answer], None]] = []

    def ask(self, method: str, params: Mapping[str, Any] | None = None, *, then: Any) -> None:
        self.questions.append(then)

    def end(self, kind: str) -> None:
        self.questions.clear()

    def settle(self, result: Any) -> None:
        """Every open question gets this answer."""
        waiting, self.questions = self.questions, []
        for then in waiting:
            then(Answer(result=result))


class Keeper:
    def __init__(self) -> None:
        self.reports: list[Report] = []

    def report(self, report: Report, *, seen: bool = True) -> None:
        self.reports.append(report)


OBJECTS = [
    "webhooks", "print_stats", "virtual_sdcard", "toolhead", "gcode_move", "idle_timeout",
    "exclude_object", "extruder", "extruder1", "heater_bed", "fan", "fan_generic x", "configfile",
    "temperature_sensor x", "led case_light", "filament_switch_sensor x",
]  # fmt: skip


@some
@given(
    answers=st.lists(shaped(MOON_ANSWER), max_size=6),
    news=st.lists(shaped(KLIPPER), max_size=3),
    klippy=st.sampled_from(["", "shutdown", "ready"]),
    word=st.sampled_from(["", "printing", "paused"]),
)
def test_moonraker(answers: list[Any], news: list[dict[str, Any]], klippy: str, word: str) -> None:
    keeper, wire = Keeper(), Wire()
    listener = PrinterListener(
        config("moonraker"),
        keeper,  # type: ignore[arg-type]
        Timing(publish=0.0),
        dict,
        lambda: None,
    )
    began = time.monotonic()
    listener.session_up(wire)  # type: ignore[arg-type]
    if klippy:  # as far as that everything it has is followed
        info = {"klippy_connected": True, "klippy_state": klippy, "components": ["history"]}
        stats = {"print_stats": {"state": word, "filename": "x.gcode"}}
        for result in ({}, info, {"objects": OBJECTS}, {"status": stats}):
            wire.settle(result)
        listener.tick(time.monotonic() + 1.0)
        assert (keeper.reports[-1].state is PrinterState.FAULT) is (klippy == "shutdown")
    for answer in answers:
        if wire.questions:
            wire.questions.pop(0)(Answer(result=answer))
    for status in news:
        listener.notified(Notification("notify_status_update", (status, 1.0)))
        listener.notified(Notification("notify_history_changed", (status,)))
        listener.notified(Notification("notify_webcams_changed", (status,)))
        listener.tick(time.monotonic() + 1.0)
    assert time.monotonic() - began < SOON_S
    assert listener.failures == 0
    camera.choose(listener.facts.webcams)
    for report in keeper.reports:
        assert_sound(report)


@some
@given(text=st.text() | JUNK.map(lambda value: repr(value)))
def test_moonraker_messages(text: str) -> None:
    assert decode(text) is None or text.strip().startswith("{")


PIECES = [
    "http://", "https://", "//", "/", "\\", "@", "[", "]", "[::1]", "192.0.2.1", ":7125", ":0",
    ":99999", ":x", "?", "#", "%2f", "..", "a", "evil.test", "\n", "\x00", "user:pw@", "%", " ",
]  # fmt: skip
HOME = ("http", "192.0.2.1", 7125)


@settings(max_examples=1000, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=7))
def test_no_webcam_address_takes_the_key_elsewhere(pieces: list[str]) -> None:
    """Both readers of an address, the one that lends the key and the one that dials, agree."""
    home = Address.parse("http://192.0.2.1:7125", "Oak")
    trust = Trust(config("moonraker"), home, Path("unused"))
    written = "".join(pieces)
    entry = {"service": "mjpegstreamer", "stream_url": written, "snapshot_url": written}
    sources = [camera.source_of(entry, home, trust, lambda: {"X-Api-Key": "k3y"})]
    lent = [s.url for s in sources if s is not None and s.headers()]
    found = webcam_of({"webcam": {"streamUrl": written, "snapshotUrl": written}}, home.origin)
    lent += [url for url in (found.stream_url, found.snapshot_url) if url and home.owns(url)]
    for url in lent:
        with suppress(CameraFailed):
            target = parse_target(url)
            assert target.origin == HOME


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_depth_is_refused_not_followed(deep: str) -> None:
    inbox = Inbox("oak", Reading(config("octoprint"), Limits(), ManualClock(), assert_sound))
    assert not inbox.take(deep) and (inbox.dropped, inbox.failures) == (1, 0)
    assert decode(deep) is None
