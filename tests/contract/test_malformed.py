"""Replies that are none: the printer's thread survives, and no neighbour notices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.proxy import GARBAGE
from tests.contract.rig import Rig
from tests.contract.seat import REST, Seat
from tests.contract.sim_rigs import SimBambu

LASTS_S = 4.0
BACK_S = 45.0


@pytest.fixture
def neighbour() -> Iterator[Rig]:
    """A healthy printer of another make in the same farm."""
    rig = SimBambu()
    rig.start()
    yield rig
    rig.close()


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbled_replies_end_nothing(
    rig: Rig, neighbour: Rig, tmp_path: Path, garbage: str
) -> None:
    other = replace(neighbour.config(), id="birch", name="Birch")
    seat = Seat(rig, tmp_path, others=(other,))
    seat.start()
    try:
        seat.in_state(*REST)
        seat.until(lambda _: seat.fleet.snapshot("birch").status.state in REST, "no neighbour")
        threads = _threads()
        rig.wire(garbage=garbage)
        seat.stays(
            lambda s: (
                seat.fleet.snapshot("birch").status.state in REST
                and s.state not in (S.PRINTING, S.PAUSED, S.PREPARING, S.FINISHED, S.MISCONFIGURED)
            ),
            rig.span(LASTS_S),
            "garbage was believed, or the neighbour suffers",
        )
        light = seat.fleet.snapshot("birch").status.light
        seat.fleet.execute("birch", c.SetLight(on=not light))
        seat.until(
            lambda _: seat.fleet.snapshot("birch").status.light is not light, "the neighbour sleeps"
        )
        rig.wire()
        seat.until(lambda s: s.state in REST and not seat.is_stale, "it never recovered", BACK_S)
        assert _threads() >= threads, "a thread died of it"
    finally:
        rig.wire()
        seat.stop()


def _threads() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("printer:")}


@pytest.mark.parametrize("garbage", ["broken", "twisted"])
def test_garbled_replies_in_mid_print_lose_no_job(seat: Seat, garbage: str) -> None:
    mark = seat.rig.mark()
    job = seat.printing(90.0)
    seat.rig.wire(garbage=garbage)
    seat.stays(
        lambda s: s.state not in (S.FINISHED, S.IDLE), seat.rig.span(4.0), "garbage ended a print"
    )
    assert seat.jobs.job(job.id).state.value in ("printing", "paused")
    seat.rig.wire()
    seat.in_state(S.PRINTING, seconds=BACK_S)
    assert seat.jobs.job(job.id).state.value == "printing"
    assert seat.rig.starts(mark) == 1
