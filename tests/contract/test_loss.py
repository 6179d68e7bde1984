"""Losing a server, in quiet and in mid print, and coming back to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.rig import Rig
from tests.contract.seat import NOTICED_S, REST, Seat

BACK_S = 45.0  # the longest back-off, and a server's own start


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
