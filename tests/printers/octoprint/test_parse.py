"""Recorded replies and frames of a real OctoPrint 1.11.8 -> what the farm shows."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock, ManualClock, SystemClock
from core.config import PrinterConfig
from core.errors import ConfigError
from core.secret import Secret
from printers.lan.report import Report
from printers.octoprint.heat import key_of, name_of
from printers.octoprint.machine import Profile, profile_of
from printers.octoprint.parse import trouble_of
from printers.octoprint.reading import Reading, Unreadable
from printers.octoprint.settings import Limits, limits_of
from printers.octoprint.states import Phase, activity_of
from printers.octoprint.webcam import Webcam, webcam_of
from printers.status import Heater, PrinterState, Severity

DATA = Path(__file__).parents[2] / "data" / "octoprint"
REST: dict[str, Any] = json.loads((DATA / "rest.json").read_text())
LIVE: list[dict[str, Any]] = json.loads((DATA / "live.json").read_text())
CONFIG = PrinterConfig(
    id="op", name="Maple", type="octoprint", model="MK3S", url="http://x", api_key=Secret("k")
)
SLOW, QUICK = "farm/slow-5.gcode", "farm/quick-1.gcode"


class Rig:
    """A Reading and all it published."""

    def __init__(self, config: PrinterConfig = CONFIG, clock: Clock | None = None) -> None:
        self.reports: list[Report] = []
        self.reading = Reading(config, Limits(), clock or SystemClock(), self.reports.append)
        self.reading.opened("OctoPrint 1.11.8", profile_of(body("profiles")), has_camera=True)

    @property
    def last(self) -> Report:
        return self.reports[-1]

    def hear(self, message: dict[str, Any]) -> None:
        for key, value in message.items():
            if key in ("current", "history"):
                self.reading.frame(value, live=key == "current")
            elif key == "event":
                self.reading.event(value)

    def show(self, word: str, *flags: str, path: str = "", **progress: Any) -> Report:
        state = {"text": word, "flags": dict.fromkeys(flags, True), "error": ""}
        job = {"file": {"path": path or None, "name": path.rsplit("/", 1)[-1] or None}}
        self.reading.frame({"state": state, "job": job, "progress": progress})
        return self.last


def body(note: str) -> Any:
    return REST[note]["body"]


def rest_frame(job: str, printer: str = "") -> dict[str, Any]:
    """As the client lays the two replies together."""
    shown = body(job)
    state = body(printer)["state"] if printer else {"text": shown["state"]}
    if not printer:
        state["error"] = shown.get("error")
    temps = [body(printer)["temperature"]] if printer else [None]
    return {"state": state, "job": shown["job"], "progress": shown["progress"], "temps": temps}


@pytest.mark.parametrize(
    ("job", "printer", "state", "stage", "percent"),
    [
        ("idle job, nothing selected", "idle", PrinterState.IDLE, "", None),
        ("printing job 0", "printing", PrinterState.PRINTING, "", 4),
        ("paused", "paused printer", PrinterState.PAUSED, "", 7),
        ("straight after pause", "", PrinterState.PAUSED, "Pausing", 7),
        ("straight after cancel", "", PrinterState.PRINTING, "Cancelling", None),
        ("after finish", "after cancel printer", PrinterState.FINISHED, "", 100),
        ("after cancel", "after cancel printer", PrinterState.IDLE, "", None),
        ("offline job", "", PrinterState.OFFLINE, "", None),
        ("error job", "", PrinterState.FAULT, "", None),
    ],
)
def test_recorded_replies(
    job: str, printer: str, state: PrinterState, stage: str, percent: int | None
) -> None:
    rig = Rig()
    rig.reading.frame(rest_frame(job, printer))
    assert (rig.last.state, rig.last.stage) == (state, stage)
    assert (rig.last.job.percent if rig.last.job else None) == percent
    assert rig.last.machine.firmware == "OctoPrint 1.11.8"


def test_a_finished_job_found_after_our_own_restart_is_evidence() -> None:
    rig = Rig()
    rig.reading.frame(rest_frame("after finish", "after cancel printer"))
    job = rig.last.job
    assert job is not None
    assert (job.file, job.ended, job.percent) == ("small.gcode", "finished", 100)


def test_heaters_have_the_owners_maximum_and_a_null_chamber_is_none() -> None:
    rig = Rig()
    rig.reading.frame(rest_frame("paused", "paused printer"))
    assert rig.last.heaters == (
        Heater(name="nozzle", current=40.01, target=45.0, maximum=290),
        Heater(name="bed", current=30.01, target=30.0, maximum=110),
    )
    state = {"text": "Operational"}
    temps = [{"time": 1, "tool0": {"actual": 30, "target": 0}, "chamber": {"actual": None}}, {}]
    rig.reading.frame({"state": state, "temps": temps})
    assert [h.name for h in rig.last.heaters] == ["nozzle"]
    rig.reading.frame({"state": state, "temps": []})
    assert [h.current for h in rig.last.heaters] == [30.0]


def test_several_tools_a_sensor_and_an_unheated_chamber() -> None:
    rig = Rig()
    temps = {name: {"actual": 20, "target": 0} for name in ("tool1", "chamber", "tool0", "bed")}
    temps["outside air"] = {"actual": 18.5, "target": None}  # type: ignore[dict-item]
    rig.reading.frame({"state": {"text": "Operational"}, "temps": [temps]})
    assert [(h.name, h.maximum) for h in rig.last.heaters] == [
        ("nozzle", 290), ("nozzle2", None), ("bed", 110), ("chamber", None), ("outside air", None),
    ]  # fmt: skip
    rig.reading.learn(
        "OctoPrint", Profile(known=True, tools=2, heated_chamber=True), has_camera=False
    )
    rig.reading.frame({"state": {"text": "Operational"}, "temps": [temps]})
    assert [h.maximum for h in rig.last.heaters] == [290, 290, 110, 70, None]
    assert "temperature_nozzle2" in rig.last.machine.capabilities
    assert "temperature_chamber" in rig.last.machine.capabilities
    assert "camera_jpeg" not in rig.last.machine.capabilities


@pytest.mark.parametrize(
    ("model", "origin", "side", "volume", "centred"),
    [
        ("Ender-3", "lowerleft", 200, (200.0, 200.0, 250.0), False),
        ("Kossel", "center", 200, (200.0, 200.0, 250.0), True),
        ("Generic RepRap Printer", "lowerleft", 220, (220.0, 220.0, 250.0), False),
        ("Ender-3", "elsewhere", 220, (220.0, 220.0, 250.0), None),
    ],
)
def test_a_profile_that_somebody_filled_in(
    model: str, origin: str, side: int, volume: tuple[float, ...], centred: bool | None
) -> None:
    sides = {"width": side, "depth": side, "height": 250, "origin": origin}
    profile = profile_of({"profiles": {"own": {"current": True, "model": model, "volume": sides}}})
    assert (profile.volume_mm, profile.centred) == (volume, centred)


def test_the_profile_makes_the_machine() -> None:
    rig = Rig()
    report = rig.show("Operational", "operational", "ready")
    assert report.machine.name == "MK3S"
    assert report.machine.volume_mm is None, "200 mm cubed is what nobody has filled in"
    assert report.machine.centred is False
    assert report.machine.file_kinds == ("gcode",)
    assert report.nozzles[0].diameter_mm == 0.4
    assert {"connect", "upload", "emergency_stop", "fan_part"} <= report.machine.capabilities
    assert not {"ams", "light", "skip_objects"} & report.machine.capabilities


def test_a_recorded_morning_of_a_real_server() -> None:
    rig = Rig()
    seen: list[tuple[str, str, str]] = []
    for message in LIVE:
        before = len(rig.reports)
        rig.hear(message)
        for report in rig.reports[before:]:
            now = (
                report.state.value,
                report.job.file if report.job else "",
                report.job.ended if report.job else "",
            )
            if not seen or seen[-1] != now:
                seen.append(now)
    assert seen == [
        ("finished", QUICK, "finished"),
        ("printing", SLOW, ""),
        ("paused", SLOW, ""),
        ("printing", SLOW, ""),
        ("failed", SLOW, "cancelled"),
        ("idle", "", ""),  # another file is selected
        ("finished", QUICK, "finished"),  # printed in 0.3 s: no frame showed it printing
        ("printing", SLOW, ""),
        ("fault", SLOW, "failed"),
        ("connecting", "", ""),
        ("failed", SLOW, "failed"),
        ("offline", SLOW, "failed"),
    ]


def test_what_the_recording_tells_of_homing_fan_and_firmware() -> None:
    rig = Rig()
    states: list[tuple[str, int | None]] = []
    for message in LIVE:
        rig.hear(message)
        if "current" in message:
            fan = rig.last.fans[0].percent if rig.last.fans else None
            if not states or states[-1] != (rig.last.homed, fan):
                states.append((rig.last.homed, fan))
    assert states == [("", None), ("xyz", 78), ("", 0), ("xyz", 78), ("", None)]
    assert rig.last.machine.firmware == "OctoPrint 1.11.8, Virtual Marlin 1.0"


@pytest.mark.parametrize(
    ("line", "homed"),
    [
        ("Send: G28", "xyz"),
        ("Send: N12 G28 X Y*33", "xy"),
        ("Send: G28 X0 Y0 Z0", "xyz"),
        ("Send: G28 W", "xyz"),
        ("Send: G2 X1", ""),
        ("Recv: G28", ""),
        ("", ""),
    ],
)
def test_homing_is_read_from_the_lines_that_were_sent(line: str, homed: str) -> None:
    rig = Rig()
    rig.reading.frame({"state": {"text": "Operational"}, "logs": [line, 7, None]})
    assert rig.last.homed == homed
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: M84 S120", "Send: M84 E"]})
    assert rig.last.homed == homed
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: M84 X"]})
    assert rig.last.homed == homed.replace("x", "")
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: M18"]})
    assert rig.last.homed == ""


def test_homing_is_forgotten_when_the_motors_may_have_let_go() -> None:
    clock = ManualClock()
    rig = Rig(clock=clock)
    rig.reading.sent("G28")
    for _ in range(3):
        clock.advance(60)
        rig.reading.sent("G1 X5")
    assert rig.show("Operational", "operational", "ready").homed == "xyz"
    clock.advance(101)
    assert rig.show("Operational", "operational", "ready").homed == ""
    rig.reading.sent("G1 X5")
    assert rig.show("Operational", "operational", "ready").homed == "", "a move is no homing"
    rig.reading.sent("G28")
    rig.show("Printing", "printing")
    clock.advance(500)
    rig.show("Printing", "printing")
    clock.advance(90)
    assert rig.show("Operational", "operational", "ready").homed == "xyz"


def test_homing_is_forgotten_with_the_printer_and_with_the_session() -> None:
    rig = Rig()
    rig.reading.sent("G28")
    assert rig.show("Operational", "operational", "ready").homed == "xyz"
    assert rig.show("Offline", "closedOrError").homed == ""
    assert rig.show("Operational", "operational", "ready").homed == ""
    rig.reading.sent("G28")
    rig.reading.opened("OctoPrint", Profile(), has_camera=False)
    assert rig.show("Operational", "operational", "ready").homed == ""
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: G28"]}, live=False)
    assert rig.last.homed == ""  # an old line of before we looked


def test_fan_and_speed_are_what_was_last_sent() -> None:
    rig = Rig()
    rig.reading.sent("M106 S127.5", "M106 P1 S255", "M220 S150")
    report = rig.show("Printing", "operational", "printing")
    assert [(fan.name, fan.percent) for fan in report.fans] == [("part", 50)]
    assert report.speed is not None and report.speed.percent == 150
    rig.reading.sent("M107")
    assert rig.show("Printing", "operational", "printing").fans[0].percent == 0


@pytest.mark.parametrize(
    ("word", "flags", "state", "phase"),
    [
        ("Starting", ("operational", "printing"), PrinterState.PREPARING, Phase.ACTIVE),
        ("Resuming", ("operational", "printing", "resuming"), PrinterState.PRINTING, Phase.ACTIVE),
        (
            "Finishing",
            ("operational", "printing", "finishing"),
            PrinterState.PRINTING,
            Phase.ENDING,
        ),
        ("Pausing", ("operational", "printing", "pausing"), PrinterState.PAUSED, Phase.ACTIVE),
        ("Printing from SD", ("operational", "printing"), PrinterState.PRINTING, Phase.ACTIVE),
        ("Transferring file to SD", ("operational",), PrinterState.BUSY, Phase.BUSY),
        ("Opening serial connection", (), PrinterState.CONNECTING, Phase.OPENING),
        ("Detecting serial connection", ("closedOrError",), PrinterState.CONNECTING, Phase.OPENING),
        ("Offline", ("closedOrError",), PrinterState.OFFLINE, Phase.CLOSED),
        ("Offline (Error: it broke)", ("closedOrError",), PrinterState.FAULT, Phase.ERROR),
        ("Error: it broke", ("error",), PrinterState.FAULT, Phase.ERROR),
        ("Drucke", ("operational", "printing"), PrinterState.PRINTING, Phase.ACTIVE),
        ("Bereit", ("operational", "ready"), PrinterState.IDLE, Phase.REST),
        ("Dancing", ("operational",), PrinterState.UNKNOWN, Phase.UNKNOWN),
        ("Dancing", (), PrinterState.UNKNOWN, Phase.UNKNOWN),
        ("", (), PrinterState.UNKNOWN, Phase.UNKNOWN),
    ],
)
def test_states(word: str, flags: tuple[str, ...], state: PrinterState, phase: Phase) -> None:
    activity = activity_of({"text": word, "flags": dict.fromkeys(flags, True)})
    assert (activity.state, activity.phase) == (state, phase)


def test_an_error_is_a_fault_in_the_servers_own_words() -> None:
    rig = Rig()
    rig.reading.frame(rest_frame("error job"))
    (fault,) = rig.last.faults
    assert fault.text.startswith("Thermal Runaway, system stopped!")
    assert (fault.code, fault.severity) == ("octoprint-error", Severity.FATAL)
    assert rig.reading.wants_explanation
    rig.reading.explain(trouble_of(body("error details")))
    assert rig.last.faults[0].code == "firmware-thermal-runaway"
    assert not rig.reading.wants_explanation
    assert "press Connect" in rig.last.message
    assert rig.show("Offline (Error: it\nbroke)", "closedOrError").faults[0].text == "it broke"


def test_offline_says_what_to_press() -> None:
    report = Rig().show("Offline", "closedOrError")
    assert report.message == (
        "OctoPrint is running, but Maple is not connected to it. Press Connect."
    )


def test_names_of_files_are_only_text() -> None:
    name = "farm/<img src=x onerror=alert(1)>\u202e\x00\n.gcode"
    report = Rig().show("Printing", "printing", path=name, completion=99.99)
    assert report.job is not None
    assert report.job.file == name
    assert report.job.name == "<img src=x onerror=alert(1)> .gcode"
    assert report.job.percent == 99


def test_progress_is_floored_and_time_rounded_up() -> None:
    rig = Rig()
    report = rig.show("Printing", "printing", path="a", completion=100.0, printTimeLeft=61)
    assert report.job is not None
    assert (report.job.percent, report.job.remaining_min) == (99, 2)
    report = rig.show("Printing", "printing", path="a", completion=-3, printTimeLeft=-60)
    assert report.job is not None
    assert (report.job.percent, report.job.remaining_min) == (0, None)


def test_a_pause_says_who_wanted_it() -> None:
    rig = Rig()
    event = {"type": "PrintPaused", "payload": {"path": "a", "user": "admin"}}
    rig.reading.event(event)
    report = rig.show("Paused", "paused", path="a")
    assert (report.pause_kind, report.pause_reason) == ("user", "")
    rig.reading.event({"type": "PrintResumed", "payload": {"path": "a"}})
    rig.reading.event({"type": "CommandSuppressed", "payload": {"command": "M0"}})
    rig.reading.event({"type": "PrintPaused", "payload": {"path": "a"}})
    report = rig.show("Paused", "paused", path="a")
    assert (report.pause_kind, report.pause_reason) == (
        "printer",
        "The file asks for a pause (M0).",
    )
    assert rig.show("Printing", "printing", path="a").pause_kind == ""


def test_an_end_nobody_saw_is_looked_up_and_never_guessed() -> None:
    rig = Rig()
    rig.show("Printing", "printing", path="a")
    report = rig.show("Operational", "ready", path="a", completion=None)
    assert (report.state, report.job, rig.reading.unresolved) == (PrinterState.IDLE, None, "a")
    rig.reading.resolve("a", {"prints": {"last": {"success": False}}})
    assert rig.last.job is not None and rig.last.job.ended == "failed"
    rig.show("Printing", "printing", path="b")
    rig.show("Operational", "ready", path="b")
    rig.reading.resolve("b", None)
    assert [rig.last.state, rig.last.job] == [PrinterState.IDLE, None]


def test_a_job_that_vanished_with_the_server_has_no_end() -> None:
    rig = Rig()
    rig.show("Printing", "printing", path="a", completion=20)
    rig.reading.opened("OctoPrint 1.11.8", Profile(), has_camera=False)
    report = rig.show("Operational", "ready")
    assert (report.state, report.job) == (PrinterState.IDLE, None)


def test_our_own_stop_is_a_cancel_even_when_only_polled() -> None:
    rig = Rig()
    rig.show("Printing", "printing", path="a", completion=20)
    rig.reading.cancelled()
    report = rig.show("Operational", "ready", path="a")
    assert (report.state, report.cancelled) == (PrinterState.FAILED, True)
    assert report.job is not None and report.job.ended == "cancelled"


def test_an_old_end_is_not_that_of_a_job_printed_meanwhile() -> None:
    rig = Rig()
    rig.reading.event({"type": "PrintDone", "payload": {"path": "a", "name": "a"}})
    report = rig.show("Operational", "ready", path="a", completion=100.0)
    assert report.state is PrinterState.FINISHED
    rig.reading.opened("OctoPrint", Profile(), has_camera=False)
    report = rig.show("Operational", "ready", path="a", completion=None)
    assert (report.state, report.job) == (PrinterState.IDLE, None)


def test_printing_the_same_file_again_forgets_its_former_end() -> None:
    rig = Rig()
    rig.reading.event({"type": "PrintDone", "payload": {"path": "a", "name": "a"}})
    rig.reading.event({"type": "PrintStarted", "payload": {"path": "a", "name": "a"}})
    rig.show("Printing", "printing", path="a", completion=50)
    report = rig.show("Offline", "closedOrError")
    assert report.job is not None and report.job.ended == "failed"


NONSENSE: list[Any] = [
    None, True, False, 0, -1, 1e308, float("nan"), float("inf"), 10**400, "", "x" * 5000, "\ud800",
    [], {}, [None], {"a": {}}, [{"actual": "hot"}], {"actual": {}, "target": []},
]  # fmt: skip


def scrambled(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.15:
        return rng.choice(NONSENSE)
    if isinstance(value, dict):
        return {key: scrambled(item, rng) for key, item in value.items() if rng.random() > 0.05}
    if isinstance(value, list):
        return [scrambled(item, rng) for item in value]
    return value


@pytest.mark.parametrize("seed", range(40))
def test_no_frame_can_break_the_reading(seed: int) -> None:
    rng = random.Random(seed)
    rig = Rig()
    for message in LIVE:
        odd = scrambled(message, rng)
        try:
            rig.hear(odd if isinstance(odd, dict) else {"current": odd})
        except Unreadable:
            continue
    for note in ("profiles", "settings", "file", "error details"):
        odd = scrambled(body(note), rng)
        profile_of(odd)
        webcam_of(odd, "http://192.0.2.1/")
        trouble_of(odd)
        rig.reading.resolve("x", odd if isinstance(odd, dict) else None)
    assert all(isinstance(report.state, PrinterState) for report in rig.reports)


def test_the_webcam_of_the_recording() -> None:
    found = webcam_of(body("settings"), "http://127.0.0.1:5000/")
    assert found == Webcam(
        stream_url="http://127.0.0.1:8099/?action=stream",
        snapshot_url="http://127.0.0.1:8099/?action=snapshot",
    )
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    ("webcam", "stream", "snapshot"),
    [
        ({"streamUrl": "/webcam/?action=stream"}, "http://pi/webcam/?action=stream", ""),
        ({"streamUrl": "webcam/?a"}, "http://pi/octo/webcam/?a", ""),
        ({"streamUrl": "//other:8080/s"}, "http://other:8080/s", ""),
        ({"streamUrl": "webrtc://pi/stream"}, "", ""),
        ({"streamUrl": "http://pi/hls/x.m3u8?y"}, "", ""),
        ({"snapshotUrl": "http://127.0.0.1:8080/?action=snapshot"}, "", ""),
        ({"snapshotUrl": "http://localhost:8080/s"}, "", ""),
        ({"snapshotUrl": "http://cam/s"}, "", "http://cam/s"),
        ({"streamUrl": "http://[::1", "snapshotUrl": 7}, "", ""),
        ({"streamUrl": "/s", "webcamEnabled": False}, "", ""),
        ({"streamUrl": "javascript:alert(1)"}, "", ""),
    ],
)
def test_webcam_addresses(webcam: dict[str, Any], stream: str, snapshot: str) -> None:
    found = webcam_of({"webcam": webcam}, "http://pi/octo/")
    assert (found.stream_url, found.snapshot_url) == (stream, snapshot)
    assert bool(found) is bool(stream or snapshot)


def test_the_default_one_of_several_webcams_with_its_turns() -> None:
    cameras = [
        {"name": "a", "compat": {"stream": "/a"}},
        {"name": "b", "compat": {"stream": "/b"}, "flipH": True, "flipV": True, "rotate90": True},
    ]
    settings = {"webcam": {"defaultWebcam": "b", "webcams": cameras, "streamUrl": "/old"}}
    assert webcam_of(settings, "http://pi/") == Webcam(
        stream_url="http://pi/b", flip_h=True, flip_v=True, rotate_90=True
    )


def test_heater_names_go_both_ways() -> None:
    for key in ("tool0", "tool1", "tool9", "tool15", "bed", "chamber", "outside"):
        assert key_of(name_of(key)) == key
    assert name_of("tool0") == "nozzle"
    assert key_of("nozzle0") == "nozzle0"


@pytest.mark.parametrize("key", ["max_nozzle_c", "max_bed_c", "max_chamber_c"])
@pytest.mark.parametrize("value", [0, -5, 5000, "250", None, True, 99.5])
def test_a_maximum_that_makes_no_sense_is_refused(key: str, value: Any) -> None:
    config = PrinterConfig(id="op", name="Maple", type="octoprint", model="", options={key: value})
    with pytest.raises(ConfigError, match=f'"{key}" of Maple'):
        limits_of(config)
    assert limits_of(CONFIG) == Limits(nozzle=290, bed=110, chamber=70)
