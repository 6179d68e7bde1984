"""Uploads and starts that meet trouble at a print server: at most one start, and never a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import Blocked
from printers import commands as c
from tests.faults.http_seat import (
    FIRMWARE,
    KINDS,
    MK3,
    MOONRAKER,
    OCTOPRINT,
    POLLED,
    HttpSeat,
    http_fault,
)
from tests.waiting import wait_for

SCALE = 60.0
HTTP_DELAY_S = 0.4
_BROKE = {
    OCTOPRINT: "broke during the upload",
    MOONRAKER: "broke during the upload",
    MK3: "broke off",
    FIRMWARE: "broke off",
}
_FULL = {
    OCTOPRINT: "Check the space on the disk of OctoPrint's computer.",
    MOONRAKER: "Check the space on the disk of the printer's computer.",
    MK3: "is missing or full",
    FIRMWARE: "is missing or full",
}
_SHORT = {
    OCTOPRINT: "shows 5000 bytes of",
    MOONRAKER: "arrived damaged (its checksum differs)",
    MK3: "arrived incomplete (5000 of",
    FIRMWARE: "arrived incomplete (5000 of",
}
_LOST = {
    OCTOPRINT: "shows nothing of",
    MOONRAKER: "shows nothing of",
    MK3: "took the file but does not show it",
    FIRMWARE: "took the file but does not show it",
}


_MISHAPS: tuple[tuple[str, Any, dict[str, str]], ...] = (
    ("disk_full", True, _FULL),
    ("upload_truncate_at", 5000, _SHORT),
    ("drop_upload_at", 3000, _BROKE),
    ("upload_lost", True, _LOST),
)


@http_fault(*(knob for knob, _, _ in _MISHAPS))
def test_a_file_that_does_not_arrive_starts_nothing(stage: Callable[..., Any]) -> None:
    cast = [(mishap, kind) for mishap in _MISHAPS for kind in KINDS]
    farm = stage(*(kind for _, kind in cast), scale=SCALE)
    parts = {seat.id: mishap for seat, (mishap, _) in zip(farm.seats, cast, strict=True)}

    def act(seat: HttpSeat) -> None:
        knob, value, words = parts[seat.id]
        seat.ready()
        mark = len(seat.history)
        seat.sim.set(**{knob: value})
        text = _not_started(seat)
        assert words[seat.kind] in text and "Nothing was started." in text
        _nothing_is_left(seat)
        seat.sim.set(**{knob: type(value)()})
        seat.in_state("ready")
        assert {s.state.value for s in seat.history[mark:]} <= {"idle"}, seat.since(mark)
        _prints(seat)

    farm.each(act)


def _not_started(seat: HttpSeat) -> str:
    """Start a file that must not start; the sentence. The bed's permission stays."""
    job = seat.job_until(seat.start(), "failed", "cancelled")
    assert seat.starts() == 0, "it was started all the same"
    assert job.error is not None
    seat.until(lambda p: p["bed"]["clear"] and p["job"] is None, "the bed lost its permission")
    return job.error.text


def _nothing_is_left(seat: HttpSeat) -> None:
    def left() -> list[str]:
        folder = seat.sim.handle.peek(lambda m: m.storage.is_dir("/farm"))
        if not folder:
            return []
        return [e.name for e in seat.sim.handle.peek(lambda m: m.storage.list("/farm"))]

    wait_for(lambda: left() == [], f"something of the upload stays: {left()}")


def _prints(seat: HttpSeat, starts: int = 1) -> None:
    """The same file starts at once when nothing is in the way any more."""
    job = seat.job_until(seat.start(), "printing")
    panel = seat.in_state("printing")
    assert panel["job"]["job_id"] == job.id and seat.starts() == starts
    seat.order(c.Stop())
    seat.job_until(job, "cancelled")


@http_fault("upload_bytes_per_s")
def test_a_slow_upload_shows_how_far_it_is_and_can_be_cancelled(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(upload_bytes_per_s=1_500_000)
        file_id = seat.stage.sliced(seat.kind, size_bytes=20_000_000)  # no buffer takes it in
        job = seat.start(file_id)
        seat.until(lambda p: p["job"] and 0 < (p["job"]["phase_pct"] or 0) < 100, "no progress")
        assert seat.panel()["state"] == "uploading"
        seat.farm.jobs.cancel_upload(seat.id)
        ended = seat.job_until(job, "cancelled")
        assert ended.error is not None and "cancelled" in ended.error.text
        seat.sim.set(upload_bytes_per_s=0)
        seat.in_state("ready")
        assert seat.starts() == 0
        _nothing_is_left(seat)

    stage(scale=SCALE).each(act)


@http_fault("file_delay_s")
def test_a_file_that_shows_late(stage: Callable[..., Any]) -> None:
    """PrusaLink beside an MK3 indexes first: waited for. OctoPrint and Moonraker show what they
    have: a file they do not show is not there, and nothing is started."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(file_delay_s=1.2)
        if seat.kind in POLLED:
            job = seat.job_until(seat.start(), "printing")
            assert seat.starts() == 1
            seat.order(c.Stop())
            seat.job_until(job, "cancelled")
        else:
            assert "shows nothing of" in _not_started(seat)
            usual = seat.sim.handle.knobs() | {"file_delay_s": 0.0}
            seat.sim.set(file_delay_s=usual["file_delay_s"])
            _prints(seat)

    stage(scale=SCALE).each(act)


@http_fault("start_delay_s")
def test_a_start_that_takes_its_time_is_awaited(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        mark = len(seat.history)
        seat.sim.set(start_delay_s=1.5)
        job = seat.start()
        panel = seat.until(lambda p: p["sub"] == "starting", "nothing is said of the wait")
        assert panel["job"]["phase"] == "starting" and not panel["gates"]["start"]["ok"]
        seat.stays(lambda p: p["state"] in ("preparing", "printing"), 0.8)
        seat.job_until(job, "printing")
        told = {s.state.value for s in seat.history[mark:]}
        assert told <= {"idle", "preparing", "printing"}, seat.since(mark)
        assert seat.starts() == 1
        seat.sim.set(start_delay_s=0.0)

    stage(scale=SCALE).each(act)


@http_fault("ignore_commands")
def test_a_start_that_shows_no_effect_asks_a_person(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(ignore_commands="start")
        job = seat.job_until(seat.start(), "needs_human")
        assert job.error is not None and f"{seat.name} did not show the start" in job.error.text
        panel = seat.in_state("needs_human")
        assert not panel["bed"]["clear"] and "not certain" in panel["bed"]["why"]
        assert seat.starts() == 1
        assert not panel["gates"]["start"]["ok"]
        seat.sim.set(ignore_commands="")
        with pytest.raises(Blocked, match="was removed from") as early:
            seat.farm.jobs.resolve(job.id, "not_started", job.rev)
        seat.stays(lambda p: p["state"] == "needs_human", early.value.details["seconds"] + 0.1)
        seat.farm.jobs.resolve(job.id, "not_started", job.rev)
        seat.ready()
        assert seat.starts() == 1, "it was tried again by itself"
        _prints(seat, starts=2)

    stage(scale=SCALE).each(act)


_REFUSED = {
    OCTOPRINT: "refused: Printer is not operational.",
    MOONRAKER: "refused: Error on 'START': simulated refusal.",
    MK3: "did not take the start. PrusaLink says: Conflict",
    FIRMWARE: "did not take the start. PrusaLink says: Conflict.",
}


@http_fault("fail_commands")
def test_a_start_that_is_refused_is_certain(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(fail_commands="start")
        job = seat.job_until(seat.start(), "failed")
        assert job.error is not None and _REFUSED[seat.kind] in job.error.text
        seat.until(lambda p: p["state"] == "ready" and p["bed"]["clear"], "the bed is lost")
        assert seat.starts() == 1
        seat.sim.set(fail_commands="")
        _prints(seat, starts=2)

    stage(scale=SCALE).each(act)


@http_fault("answer_lost", "http_delay_s")
def test_a_start_whose_answer_is_lost_is_proved_by_the_print_itself(
    stage: Callable[..., Any],
) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(http_delay_s=HTTP_DELAY_S)  # time to turn the knob after the upload
        job = seat.start()
        wait_for(lambda: _looked_for_the_file(seat), "the upload is not checked")
        seat.sim.set(answer_lost=True)
        seat.job_until(job, "printing")
        seat.sim.set(answer_lost=False, http_delay_s=0.0)
        assert seat.starts() == 1, "it was sent again"
        panel = seat.in_state("printing")
        assert panel["job"]["job_id"] == job.id
        seat.order(c.Stop())
        seat.job_until(job, "cancelled")
        assert seat.starts() == 1

    stage(scale=SCALE).each(act)


def _looked_for_the_file(seat: HttpSeat) -> bool:
    """Whether the upload has been answered and its size was asked for since."""
    seen = [(str(r["method"]), str(r["path"])) for r in seat.sim.handle.requests()]
    places = [n for n, (method, path) in enumerate(seen) if method in ("PUT", "POST")]
    uploads = [n for n in places if "/files" in seen[n][1]]
    return bool(uploads) and any(
        method == "GET" and "/files" in path for method, path in seen[uploads[-1] + 1 :]
    )


@http_fault("answer_lost")
def test_an_upload_whose_answer_is_lost_is_looked_for_or_given_up(
    stage: Callable[..., Any],
) -> None:
    """OctoPrint and Moonraker show it whole; PrusaLink's is removed, and a person starts again."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(answer_lost=True)
        job = seat.job_until(seat.start(), "printing", "failed")
        if seat.kind in POLLED:
            assert job.error is not None and "Nothing was started." in job.error.text
            assert seat.starts() == 0
            seat.sim.set(answer_lost=False)
            seat.in_state("ready")
            _prints(seat)
        else:
            assert job.state.value == "printing" and seat.starts() == 1

    stage(scale=SCALE).each(act)


@http_fault("bad_file")
def test_a_file_that_fails_at_once_ends_the_job_and_not_with_success(
    stage: Callable[..., Any],
) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(bad_file=True)
        job = seat.job_until(seat.start(), "failed", "cancelled", "finished")
        wanted = "failed" if seat.kind == MOONRAKER else "cancelled"  # the others tell no more
        assert job.state.value == wanted and job.error is not None and job.error.text
        panel = seat.in_state("needs_clear")
        assert panel["sub"] == "stopped" and not panel["bed"]["clear"]
        assert seat.starts() == 1
        assert "finished" not in {s.state.value for s in seat.history}
        seat.sim.set(bad_file=False)
        if seat.kind == MK3:
            seat.sim.do("dismiss")
        seat.ready()

    stage(scale=SCALE).each(act)


@http_fault("ignore_commands", "fail_commands", "settle_s")
def test_orders_to_a_print_are_shown_by_their_effect_only(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        job = seat.printing()
        seat.sim.set(fail_commands="pause")
        assert seat.name in seat.refusal(c.Pause())
        seat.sim.set(fail_commands="", ignore_commands="pause")
        mark = len(seat.history)
        seat.order(c.Pause())
        seat.stays(lambda p: p["state"] == "printing", 0.8)
        assert "paused" not in {s.state.value for s in seat.history[mark:]}
        seat.sim.set(ignore_commands="", settle_s=0.8)
        began = time.monotonic()
        seat.order(c.Pause())
        seat.until(lambda p: p["state"] == "paused" and p["stage"] == "", "never paused")
        assert time.monotonic() - began >= 0.6, "called paused before it stood"
        seat.job_until(job, "paused")
        seat.sim.set(settle_s=0.3)
        seat.order(c.Resume())
        seat.in_state("printing")
        seat.order(c.Stop())
        seat.job_until(job, "cancelled")
        assert seat.starts() == 1

    stage(scale=30.0).each(act)
