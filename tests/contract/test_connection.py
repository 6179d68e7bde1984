"""Coming to the server, losing it, and coming back."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from core.secret import Secret
from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.rig import Rig
from tests.contract.seat import NOTICED_S, REST, Seat

BACK_S = 45.0  # the longest back-off, and a server's own start


def test_it_connects_and_says_what_it_is(seat: Seat) -> None:
    status = seat.in_state(*REST)
    assert status.kind == seat.rig.kind
    assert status.link.online and not status.message
    assert status.machine.file_kinds, "it does not say what it prints"
    assert {"upload", "pause", "stop"} <= status.machine.capabilities
    seat.until(lambda s: s.heater("nozzle") and s.heater("bed"), "no temperatures")
    status = seat.until(lambda s: 10 <= s.heater("nozzle").current <= 80, "not at room warmth")  # type: ignore[union-attr]
    nozzle = status.heater("nozzle")
    assert nozzle is not None
    assert bool(nozzle.maximum) == ("temperature_nozzle" in status.machine.capabilities)
    assert not seat.is_stale


def test_it_keeps_showing_signs_of_life_at_rest(seat: Seat) -> None:
    seat.in_state(*REST)
    seat.stays(
        lambda s: s.state in REST and not seat.is_stale, seat.rig.span(8.0), "no longer at rest"
    )
    assert time.monotonic() - (seat.status.observed_mono or 0) < 8.0


def test_a_wrong_key_is_said_and_not_hammered(rig: Rig, sit: Callable[..., Seat]) -> None:
    wrong = Secret("wrong0wrong0wrong0wrong0wrong0wr")
    seat = sit(api_key=wrong, password=wrong, access_code=Secret("wrong000"))
    status = seat.in_state(S.AUTH)
    assert "Alder" in status.message and "refuses" in status.message
    assert seat.refusal(c.Home()).error_code == "auth"
    before = rig.mark()
    seat.stays(lambda s: s.state is S.AUTH, rig.span(5.0), "a wrong key was forgotten")
    assert rig.mark() - before <= 3, "it hammers a server that has refused its key"
    assert rig.orders() == []


def test_an_unreachable_server_is_said_and_found_again(rig: Rig, sit: Callable[..., Seat]) -> None:
    rig.wire(refuse=True)
    seat = sit()
    status = seat.in_state(S.OFFLINE)
    assert "Alder" in status.message and len(status.message) > 30
    error = seat.refusal(c.Home())
    assert error.error_code == "printer_offline" and error.status == 503
    rig.wire()
    seat.in_state(*REST, seconds=BACK_S)
    assert seat.status.message == ""


def test_a_slow_server_is_a_working_server(seat: Seat) -> None:
    seat.ready()
    seat.until(lambda s: s.heater("nozzle"), "not measured yet")
    seat.rig.wire(delay_s=2.0)
    if "temperature_nozzle" in seat.status.machine.capabilities:
        seat.order(c.SetTemperature(heater="nozzle", target=47))
        seat.until(lambda s: s.heater("nozzle").target == 47, "the target was never seen")  # type: ignore[union-attr]
    seat.stays(
        lambda s: s.state in REST and not seat.is_stale,
        seat.rig.span(8.0),
        "slow was taken for dead",
    )


def test_a_half_open_connection_is_noticed_and_mended(seat: Seat) -> None:
    seat.in_state(*REST)
    seat.rig.wire(hole=True)
    gone = (S.OFFLINE, S.CONNECTING)
    noticed = lambda s: seat.is_stale or s.state in gone  # noqa: E731
    seat.until(noticed, "silence was never noticed", NOTICED_S)
    assert seat.refusal(c.Home()).error_code in (
        "printer_offline",
        "printer_stale",
        "printer_connecting",
    )
    seat.rig.wire()
    seat.until(lambda s: s.state in REST and not seat.is_stale, "never mended", BACK_S)


def test_a_killed_server_is_offline_and_comes_back(seat: Seat) -> None:
    seat.in_state(*REST)
    seat.rig.kill()
    status = seat.in_state(S.OFFLINE, seconds=NOTICED_S)
    assert "Alder" in status.message and not status.link.online
    seat.rig.restart()
    seat.in_state(*REST, seconds=BACK_S)


def test_reconnect_opens_a_new_session(seat: Seat) -> None:
    seat.in_state(*REST)
    seen = seat.status.observed_mono or 0
    seat.order(c.Reconnect())
    seat.until(lambda s: s.state in REST and (s.observed_mono or 0) > seen, "never came back")


@pytest.mark.slow
def test_a_server_killed_in_mid_print_is_told_truly(seat: Seat) -> None:
    """The card must not go on showing a print, and afterwards show what is."""
    rig = seat.rig
    mark = rig.mark()
    job = seat.printing(120.0)
    rig.kill()
    seat.until(
        lambda s: s.state is S.OFFLINE or seat.is_stale, "the dead server still prints", NOTICED_S
    )
    assert seat.jobs.job(job.id).state.value in ("printing", "paused"), "the job was given up"
    assert seat.card == "offline"
    rig.restart()
    seat.online(BACK_S)
    if rig.until(lambda: rig.shows() in ("printing", "idle") and rig.shows(), "?") == "printing":
        seat.in_state(S.PRINTING)
        assert seat.jobs.job(job.id).state.value == "printing"
        seat.order(c.Stop())
        ended = seat.job_until(job, "cancelled", seconds=45.0)
    else:
        ended = seat.job_until(job, "failed", "cancelled", seconds=45.0)
        assert ended.error is not None and "Alder" in ended.error.text
    assert not seat.conditions.bed_clear, "the part is still on the bed"
    seat.until(lambda _: seat.card in ("needs_clear", "fault"), "the card hides the part")
    assert rig.starts(mark) == 1
