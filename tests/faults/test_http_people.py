"""Somebody stands at the machine behind a print server, or is asked to come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from printers import commands as c
from tests.faults.http_seat import (
    FIRMWARE,
    MK3,
    MOONRAKER,
    OCTOPRINT,
    POLLED,
    HttpSeat,
    http_fault,
)

SCALE = 30.0
_ATTENTION = "The printer asks for attention. Look at its screen and answer there."


@http_fault("runout", "fill_spool", "resume")
def test_the_filament_runs_out(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        job = seat.printing()
        seat.sim.do("runout")
        panel = seat.in_state("paused")
        kind, words = {
            OCTOPRINT: ("printer", "The printer or the file asked for a pause."),
            MOONRAKER: ("filament", "Filament ran out"),
        }.get(seat.kind, ("printer", _ATTENTION))
        assert panel["pause"]["kind"] == kind and words in panel["pause"]["text"]
        seat.job_until(job, "paused")
        if seat.kind in POLLED:
            assert seat.name in seat.refusal(c.Resume())
        seat.sim.do("fill_spool")
        seat.stays(lambda p: p["state"] == "paused", 2.0)  # Klipper takes 0.5 s to mean it
        seat.sim.do("resume")
        panel = seat.in_state("printing")
        assert panel["pause"] is None
        seat.job_until(job, "printing")

    stage(scale=SCALE).each(act)


@http_fault("start_local", "pause", "resume", "stop", "clear_bed", "set_fan")
def test_somebody_at_the_machine(stage: Callable[..., Any]) -> None:
    """Their print is theirs, and takes the bed; afterwards a person must have looked."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        name = seat.stored()
        seat.sim.do("start_local", name=name)
        panel = seat.until(lambda p: p["job"] and p["state"] in ("printing", "preparing"))
        assert panel["job"]["local"] is True
        assert name.removesuffix(".gcode") in panel["job"]["name"]
        seat.until(lambda p: not p["bed"]["clear"], "the bed is still called clear")
        assert seat.blocked()[0] == "printer_busy"
        seat.in_state("printing")
        seat.sim.do("pause")
        seat.in_state("paused")
        seat.sim.do("resume")
        seat.in_state("printing")
        seat.sim.do("set_fan", number=1, percent=55.0)
        seat.sim.do("stop")
        panel = seat.in_state("needs_clear")
        assert panel["fault"] is None
        seat.sim.do("clear_bed")
        seat.stays(lambda p: p["state"] == "needs_clear", 0.5)
        assert seat.orders() == [], "something was ordered"
        seat.ready()

    stage(scale=SCALE).each(act)


@http_fault("page_pause", "page_resume", "page_cancel", kinds=(OCTOPRINT,))
@http_fault("firmware_pause", "firmware_cancel", kinds=(OCTOPRINT,))
def test_pauses_and_cancels_that_the_farm_did_not_order(stage: Callable[..., Any]) -> None:
    (seat,) = stage(OCTOPRINT, scale=SCALE).seats
    job = seat.printing()
    seat.sim.do("page_pause")
    assert seat.in_state("paused")["pause"]["kind"] == "user"
    seat.sim.do("page_resume")
    seat.in_state("printing")
    seat.sim.do("firmware_pause")
    assert seat.in_state("paused")["pause"]["kind"] == "printer"
    seat.order(c.Resume())
    seat.in_state("printing")
    seat.sim.do("page_cancel")
    seat.job_until(job, "cancelled")
    assert seat.in_state("needs_clear")["sub"] == "stopped"
    job = seat.printing()
    seat.sim.do("firmware_cancel")
    seat.job_until(job, "cancelled")
    assert seat.in_state("needs_clear")["sub"] == "stopped" and seat.starts() == 2


@http_fault("ask_attention", "answer_attention", "dismiss", kinds=POLLED)
def test_a_prusa_asks_at_its_own_screen(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.do("ask_attention")
        panel = seat.until(lambda p: p["state"] == "fault" and p["fault"], "no fault")
        assert panel["fault"]["text"] == _ATTENTION and seat.blocked()[0] == "printer_fault"
        seat.sim.do("answer_attention")
        job = seat.printing()
        seat.sim.do("ask_attention")
        panel = seat.in_state("paused")
        assert panel["pause"]["text"] == _ATTENTION
        assert seat.name in seat.refusal(c.Resume())
        seat.sim.do("answer_attention")
        seat.in_state("printing")
        seat.order(c.Stop())
        seat.job_until(job, "cancelled")
        assert seat.in_state("needs_clear")["sub"] == "stopped"
        seat.sim.do("dismiss")
        seat.ready()

    stage(MK3, FIRMWARE, scale=SCALE).each(act)
