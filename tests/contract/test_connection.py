"""Coming to the server, and living with its ways."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.secret import Secret
from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.rig import Rig
from tests.contract.seat import REST, Seat


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
    first = rig.mark()
    wrong = Secret("wrong0wrong0wrong0wrong0wrong0wr")
    seat = sit(api_key=wrong, password=wrong, access_code=Secret("wrong000"))
    status = seat.in_state(S.AUTH)
    assert "Alder" in status.message and "refuses" in status.message
    assert seat.refusal(c.Home()).error_code == "auth"
    before = rig.mark()
    seat.stays(lambda s: s.state is S.AUTH, rig.span(5.0), "a wrong key was forgotten")
    assert rig.mark() - before <= 3, "it hammers a server that has refused its key"
    assert rig.orders(first) == []


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
