"""States, jobs, pauses and ends -> what the farm shows."""

from __future__ import annotations

import random
from typing import Any

import pytest

from printers.octoprint.machine import Profile, profile_of
from printers.octoprint.parse import trouble_of
from printers.octoprint.reading import Unreadable
from printers.octoprint.states import Phase, activity_of
from printers.octoprint.webcam import webcam_of
from printers.status import PrinterState, Severity
from tests.printers.octoprint.recording import LIVE, Rig, body, rest_frame

SLOW, QUICK = "farm/slow-5.gcode", "farm/quick-1.gcode"


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
