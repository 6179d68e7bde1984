"""Connections to a print server that break, freeze, or change hands, and servers that restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from printers import commands as c
from printers.status import OFFLINE_AFTER_S
from tests.faults.http_seat import (
    FIRMWARE,
    LIVE,
    MK3,
    MOONRAKER,
    OCTOPRINT,
    POLLED,
    HttpSeat,
    http_fault,
)

GONE = {"offline", "connecting", "idle"}


def _back(seat: HttpSeat) -> None:
    seat.ready()
    seat.until(lambda p: p["message"] == "" and p["conn"]["online"], "not back")
    seat.is_live()


@http_fault("drop_tcp", "drop_every_s")
def test_cut_connections_are_mended_without_anybody(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        mark = len(seat.history)
        seat.sim.do("drop_tcp")
        if seat.kind in LIVE:
            seat.until(lambda _: "offline" in dict(seat.since(mark)), "the end was not noticed")
            text = dict(seat.since(mark))["offline"]
            assert seat.name in text and ("closed the connection" in text or "broke" in text)
        _back(seat)
        seat.sim.set(drop_every_s=0.4)
        seat.stays(lambda p: p["state"] in ("ready", "offline", "connecting"), 1.5)
        seat.sim.set(drop_every_s=0.0)
        _back(seat)
        assert {s.state.value for s in seat.history[mark:]} <= GONE, seat.since(mark)

    stage().each(act)


@http_fault("half_open")
def test_a_frozen_connection_is_noticed_and_replaced(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        mark = len(seat.history)
        seat.sim.do("half_open")
        if seat.kind in LIVE:
            seat.until(lambda _: "offline" in dict(seat.since(mark)), "silence was not noticed")
            assert "has not reported for a while" in dict(seat.since(mark))["offline"]
        _back(seat)
        assert {s.state.value for s in seat.history[mark:]} <= GONE, seat.since(mark)

    stage().each(act)


@http_fault("mute_http", "ws_mute")
def test_silence_is_offline_by_the_panels_own_clock(stage: Callable[..., Any]) -> None:
    """Whatever the adapter believes: a minute without a report shows nothing as alive."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(mute_http=True, ws_mute=True)
        panel = seat.panel(OFFLINE_AFTER_S + 30)
        assert panel["state"] in ("offline", "connecting")
        assert panel["temps"] == {} and not panel["gates"]["start"]["ok"]
        seat.sim.set(mute_http=False, ws_mute=False)
        _back(seat)

    stage().each(act)


@http_fault("go_offline", "go_online")
def test_a_server_that_is_switched_off(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.do("go_offline")
        panel = seat.until(lambda p: "refuses the connection" in p["message"], "no reason")
        assert panel["state"] == "offline" and panel["temps"] == {}
        assert "print server is running" in panel["message"]
        code, why = seat.blocked()
        assert code == "printer_offline" and seat.name in why
        seat.sim.do("go_online")
        _back(seat)

    stage().each(act)


@http_fault("power_cycle")
def test_a_power_cycle_in_mid_print_ends_the_job_truly(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        job = seat.printing()
        seat.sim.do("power_cycle")
        ended = seat.job_until(job, "failed", "cancelled", "finished", "needs_human")
        assert ended.state.value in ("failed", "cancelled"), ended
        assert ended.error is not None and seat.name in ended.error.text
        panel = seat.in_state("needs_clear")
        assert not panel["bed"]["clear"] and panel["job"] is None
        assert seat.starts() == 1
        _back(seat)

    stage(scale=30.0).each(act)


@http_fault("rotate_certificate")
def test_another_certificate_is_not_given_the_key(stage: Callable[..., Any]) -> None:
    def act(seat: HttpSeat) -> None:
        seat.ready()
        shown = seat.sim.do("rotate_certificate")
        panel = seat.in_state("identity")
        assert shown in panel["message"] and "Nothing was sent" in panel["message"]
        assert panel["temps"] == {} and seat.blocked()[0] == "identity"
        asked = len(seat.sim.handle.requests())
        seat.stays(lambda p: p["state"] == "identity", 1.0)
        assert len(seat.sim.handle.requests()) == asked, "something was sent to a stranger"
        seat.order(c.TrustCertificate(sha256=shown))
        _back(seat)

    stage(tls=True).each(act)


@http_fault("server_stop", "server_start", "server_restart", "log_out", kinds=(OCTOPRINT,))
def test_octoprints_process_ends_and_begins(stage: Callable[..., Any]) -> None:
    farm = stage(OCTOPRINT, scale=30.0)
    (seat,) = farm.seats
    job = seat.printing()
    seat.sim.do("server_stop")
    panel = seat.until(lambda p: "refuses the connection" in p["message"], "no reason")
    assert panel["state"] == "offline" and panel["job"]["left_s"] is None
    assert farm.jobs.job(job.id).state.value == "printing", "given up before anything is known"
    seat.sim.do("server_start")
    ended = seat.job_until(job, "failed", "cancelled", "needs_human")
    assert ended.state.value != "needs_human" and ended.error is not None
    _back(seat)
    seat.sim.do("log_out")
    seat.is_live()
    mark = len(seat.history)
    seat.sim.do("server_restart")
    seat.until(lambda _: len(seat.since(mark)) > 1, "nobody noticed")
    _back(seat)
    assert seat.starts() == 1


@http_fault("autoconnect", "connect_s", "board_silent", "connect_timeout_s", kinds=(OCTOPRINT,))
def test_octoprint_runs_and_its_printer_is_not_connected(stage: Callable[..., Any]) -> None:
    (seat,) = stage(OCTOPRINT).seats
    seat.sim.set(autoconnect=False)
    seat.sim.handle.do("server_restart")
    panel = seat.until(lambda p: p["sub"] == "closed", "Closed is not told apart")
    assert panel["state"] == "offline" and "Press Connect." in panel["message"]
    assert panel["temps"] == {} and not panel["gates"]["start"]["ok"]
    assert seat.name in seat.refusal(c.Home())
    seat.sim.set(board_silent=True, connect_timeout_s=1.0)
    seat.order(c.ConnectPrinter(on=True))
    panel = seat.in_state("connecting")
    assert f"OctoPrint is connecting to {seat.name}" in panel["message"]
    panel = seat.in_state("offline")
    assert "Press Connect." in panel["message"]
    seat.sim.set(board_silent=False, connect_s=0.8)
    seat.order(c.ConnectPrinter(on=True))
    seat.in_state("connecting")
    _back(seat)


@http_fault("restart_server", kinds=(MOONRAKER,))
def test_a_print_goes_on_without_moonraker(stage: Callable[..., Any]) -> None:
    farm = stage(MOONRAKER, scale=30.0)
    (seat,) = farm.seats
    job = seat.printing()
    mark = len(seat.history)
    seat.sim.do("restart_server")
    seat.until(lambda _: "offline" in dict(seat.since(mark)), "nobody noticed")
    seat.in_state("printing")
    assert farm.jobs.job(job.id).state.value == "printing" and seat.starts() == 1
    assert not {"idle", "finished", "failed"} & set(dict(seat.since(mark)))


@http_fault("starting_s", kinds=POLLED)
def test_prusalink_that_is_still_starting(stage: Callable[..., Any]) -> None:
    """The firmware's answers at once: the knob is the MK3 server's."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        seat.sim.set(starting_s=2.0)
        seat.sim.handle.go_offline()
        seat.in_state("offline")
        mark = len(seat.history)
        seat.sim.handle.go_online()
        if seat.kind == MK3:
            panel = seat.in_state("connecting")
            assert "is starting and does not know its printer yet." in panel["message"]
        _back(seat)
        assert {s.state.value for s in seat.history[mark:]} <= GONE

    stage(MK3, FIRMWARE).each(act)


@http_fault("nonce_uses", kinds=POLLED)
def test_a_digest_whose_challenges_wear_out(stage: Callable[..., Any]) -> None:
    """With user and password instead of a key: also an upload and a start come through."""

    def act(seat: HttpSeat) -> None:
        seat.ready()
        mark = len(seat.history)
        for uses in (2, 1):
            seat.sim.set(nonce_uses=uses)
            seat.is_live()
        seat.sim.set(nonce_uses=3)
        job = seat.job_until(seat.start(), "printing")
        seat.order(c.Stop())
        seat.job_until(job, "cancelled")
        assert "auth" not in {s.state.value for s in seat.history[mark:]}
        assert len([r for r in seat.sim.handle.requests() if _accepted_start(r)]) == 1
        seat.sim.set(nonce_uses=0)

    stage(MK3, FIRMWARE, digest=True, scale=30.0).each(act)


def _accepted_start(request: dict[str, Any]) -> bool:
    is_file = str(request["path"]).startswith("/api/v1/files/")
    return is_file and request["method"] == "POST" and not request.get("refused")


@pytest.mark.parametrize("knob", [pytest.param("api_key", marks=http_fault("api_key"))])
def test_the_key_is_changed_in_mid_print(stage: Callable[..., Any], knob: str) -> None:
    """Nobody is told how the print went, and afterwards it is still the farm's own."""

    def act(seat: HttpSeat) -> None:
        job = seat.printing()
        seat.sim.set(**{knob: "changed"})
        seat.order(c.Reconnect())
        panel = seat.in_state("auth")
        assert "refuses the farm's key" in panel["message"]
        assert panel["job"]["left_s"] is None and panel["temps"] == {}
        assert seat.farm.jobs.job(job.id).state.value == "printing"
        seat.sim.set(**{knob: ""})
        seat.in_state("printing")
        assert seat.farm.jobs.job(job.id).state.value == "printing" and seat.starts() == 1

    stage(scale=30.0).each(act)
