"""What Moonraker reports is shown: prints, pauses, motion, and frames of nonsense."""

from __future__ import annotations

import pytest

from printers import commands as c
from printers.moonraker.adapter import MoonrakerPrinter
from tests.printers.follow import seen
from tests.printers.moonraker.recording import CUBE, load
from tests.printers.moonraker.server import FakeMoonraker
from tests.printers.moonraker.steps import Make, S, in_state


def test_differences_are_followed(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.change("extruder", target=215.0)
    server.change("extruder", temperature=101.26)
    status = seen(rowan, lambda s: (h := s.heater("nozzle")) and h.current == 101.3)
    assert status.heater("nozzle").target == 215.0  # type: ignore[union-attr]
    server.change("output_pin caselight", value=1.0)
    seen(rowan, lambda s: s.light is True)


def test_a_print_from_start_to_end(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.metadata[CUBE] = load("metadata")
    server.objects["gcode_move"]["gcode_position"] = [0.0, 0.0, 0.6, 0.0]
    server.change("virtual_sdcard", file_position=4258)
    server.print_file(CUBE)
    status = seen(rowan, lambda s: s.job and s.job.task_id and s.job.percent is not None)
    job = status.job
    assert job is not None
    assert (status.state, job.file, job.percent) == (S.PRINTING, CUBE, 50)
    assert (job.task_id, job.layers, job.ended) == ("history:00000A", 20, "")
    server.end_print("complete", "completed")
    status = in_state(rowan, S.FINISHED)
    assert status.job is not None
    assert (status.job.percent, status.job.ended) == (100, "finished")
    assert len(server.asked("server.files.metadata")) == 1


def test_a_cancel_is_shown_for_a_while(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.end_print("cancelled", "cancelled")
    status = seen(rowan, lambda s: s.cancelled)
    assert (status.state, status.job and status.job.ended) == (S.FAILED, "cancelled")
    status = seen(rowan, lambda s: not s.cancelled)
    assert (status.state, status.job and status.job.ended) == (S.FAILED, "cancelled")


def test_a_runout_explains_the_pause_until_it_ends(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    server.change("filament_switch_sensor runout", filament_detected=False)
    server.change("print_stats", state="paused")
    status = seen(rowan, lambda s: s.pause_kind == "filament")
    assert status.pause_reason == "Filament ran out (sensor runout)"
    server.change("filament_switch_sensor runout", filament_detected=True)
    seen(rowan, lambda s: "is back" in s.pause_reason and s.pause_kind == "filament")
    server.change("print_stats", state="printing")
    seen(rowan, lambda s: s.state is S.PRINTING and s.pause_reason == "")


def test_our_own_pause_is_a_persons(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    server.print_file(CUBE)
    in_state(rowan, S.PRINTING)
    rowan.execute(c.Pause())
    server.change("print_stats", state="paused")
    assert seen(rowan, lambda s: s.state is S.PAUSED).pause_kind == "user"
    server.change("print_stats", state="printing")
    in_state(rowan, S.PRINTING)
    server.change("print_stats", state="paused")
    assert seen(rowan, lambda s: s.state is S.PAUSED).pause_kind == "printer"


def test_motion_is_busy_but_not_the_end_of_a_print(
    server: FakeMoonraker, rowan: MoonrakerPrinter
) -> None:
    server.change("idle_timeout", state="Printing")
    in_state(rowan, S.BUSY)
    server.change("idle_timeout", state="Ready")
    in_state(rowan, S.IDLE)
    server.print_file(CUBE)
    server.change("idle_timeout", state="Printing")
    in_state(rowan, S.PRINTING)
    server.end_print("complete", "completed")
    in_state(rowan, S.FINISHED)
    seen = [rowan.refresh(2.0).state for _ in range(20)]
    assert set(seen) == {S.FINISHED}
    server.change("idle_timeout", state="Ready")
    rowan.refresh(2.0)
    server.change("idle_timeout", state="Printing")
    in_state(rowan, S.BUSY)


def test_a_print_that_ended_while_we_were_away(server: FakeMoonraker, make: Make) -> None:
    server.history = [{"job_id": "00000A", "filename": CUBE, "status": "klippy_disconnect"}]
    status = in_state(make(server.url), S.IDLE)
    assert status.job is not None
    assert (status.job.file, status.job.ended) == (CUBE, "failed")


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense", "[]", "5", "null", '{"jsonrpc":"2.0"}', '{"id":true,"result":1}', "[" * 3000,
        '{"method":"notify_status_update"}', '{"method":"notify_status_update","params":[5]}',
        '{"method":"notify_status_update","params":[{"print_stats":5,"extruder":[1]}]}',
        '{"method":"notify_status_update","params":[{"print_stats":{"state":[1],"info":7}}]}',
        '{"method":"notify_history_changed","params":[[]]}',
        '{"method":"notify_gcode_response","params":[{}]}',
        '{"method":"notify_webcams_changed","params":[{"webcams":[5]}]}',
        '{"id":123456,"result":"nobody asked"}', '{"id":1,"error":5}',
    ],
    ids=range(16),
)  # fmt: skip
def test_malformed_frames_end_nothing(
    server: FakeMoonraker, rowan: MoonrakerPrinter, frame: str
) -> None:
    server.peers[-1].send(frame)
    server.change("print_stats", **load("idle")["status"]["print_stats"])
    server.change("heater_bed", temperature=48.0)
    seen(rowan, lambda s: (h := s.heater("bed")) and h.current == 48.0)
    assert rowan.status.state is S.IDLE
    assert len(server.peers) == 1
    assert rowan.diagnostics()["messages"]["failed"] == 0
