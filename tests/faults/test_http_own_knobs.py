"""Habits that only one make's server has: end screens, a missing stick, a slow analysis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from printers import commands as c
from tests.faults.http_seat import (
    FIRMWARE,
    MK3,
    OCTOPRINT,
    POLLED,
    HttpSeat,
    http_fault,
)
from tests.waiting import wait_for

SCALE = 30.0


@http_fault("cool_down_s", kinds=POLLED)
def test_a_start_waits_for_the_last_jobs_end_screen(stage: Callable[..., Any]) -> None:
    """The MK3 server refuses a start for some seconds; the firmware takes it at once."""

    def act(seat: HttpSeat) -> None:
        seat.sim.set(cool_down_s=2.0)
        job = seat.printing()
        seat.order(c.Stop())
        seat.job_until(job, "cancelled")
        seat.in_state("needs_clear")
        seat.farm.jobs.mark_clear(seat.id)
        seat.job_until(seat.start(), "printing")
        assert seat.starts() == 2, "sent before it could be taken"

    stage(MK3, FIRMWARE, scale=SCALE).each(act)


@http_fault("sparse_telemetry", kinds=POLLED)
def test_unknown_temperatures_are_not_shown_as_the_last_known(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(sparse_telemetry=True)
        if seat.kind == MK3:
            panel = seat.until(lambda p: p["temps"] == {}, "old temperatures stay")
            assert panel["conn"]["online"]
        seat.sim.set(sparse_telemetry=False)
        seat.is_live()

    stage(MK3, FIRMWARE).each(act)


@http_fault("inherited_progress", kinds=POLLED)
def test_the_last_jobs_progress_is_not_the_new_ones(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.sim.set(inherited_progress=True, cool_down_s=0.2)
        job = seat.printing()
        seat.until(lambda p: p["job"] and (p["job"]["pct"] or 0) >= 5, "no progress")
        seat.order(c.Stop())
        seat.job_until(job, "cancelled")
        seat.ready()
        job = seat.start()
        panel = seat.until(lambda p: p["state"] == "printing" and p["job"], "never printing")
        assert not panel["job"]["pct"], "the progress of the job before"
        seat.job_until(job, "printing")

    stage(MK3, FIRMWARE, scale=60.0).each(act)


@http_fault("usb_missing", kinds=POLLED)
def test_a_stick_that_is_not_in(stage: Callable[..., Any]) -> None:
    """The MK3's files are on its computer: nothing changes there."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(usb_missing=True)
        if seat.kind == MK3:
            seat.is_live()
            assert seat.panel()["gates"]["start"]["ok"]
            return
        panel = seat.until(lambda p: p["storage"] == "missing", "the missing stick is not told")
        assert not panel["gates"]["start"]["ok"] and seat.name in seat.blocked()[1]
        seat.sim.set(usb_missing=False)
        seat.until(lambda p: p["storage"] == "ok" and p["gates"]["start"]["ok"], "not seen again")

    stage(MK3, FIRMWARE).each(act)


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"sd_missing": True}, marks=http_fault("sd_missing", kinds=(OCTOPRINT,))),
        pytest.param({"analysis_s": 60.0}, marks=http_fault("analysis_s", kinds=(OCTOPRINT,))),
    ],
    ids=["sd_missing", "analysis_s"],
)
def test_what_octoprint_can_do_without(stage: Callable[..., Any], knobs: dict[str, Any]) -> None:
    """No memory card, and an analysis that takes long: a start waits for neither."""
    (seat,) = stage(OCTOPRINT, scale=SCALE).seats
    seat.ready()
    seat.sim.set(**knobs)
    seat.is_live()
    job = seat.printing()
    wait_for(lambda: (seat.panel()["job"] or {}).get("pct") is not None, "no progress")
    assert seat.starts() == 1 and seat.farm.jobs.job(job.id).error is None
