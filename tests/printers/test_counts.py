"""What the fleet counts: taken, refused, sent; never down, and never under a name that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import ManualClock, SystemClock
from core.config import PrinterConfig
from core.errors import Blocked, NotFound, PrinterOffline, PrinterRejected
from core.events import Bus
from printers.commands import Home
from printers.counts import UPLOAD_BUCKETS_S, FleetCounts
from printers.fleet import Fleet
from printers.registry import Registry


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def counts(clock: ManualClock) -> FleetCounts:
    return FleetCounts(clock)


def test_a_taken_command_and_a_refused_one_are_told_apart(counts: FleetCounts) -> None:
    with counts.command("alder", "home"):
        pass
    with pytest.raises(Blocked), counts.command("alder", "home"):
        raise Blocked("Alder is printing.", code="printer_busy")
    with pytest.raises(PrinterRejected), counts.start("alder", "start"):
        raise PrinterRejected("Alder says no.")
    found = counts.read()
    assert found.commands == {("alder", "home"): 1}
    assert found.refusals == {("alder", "printer_busy"): 1, ("alder", "printer_rejected"): 1}
    assert found.starts == {}


def test_a_start_counts_as_a_command_too(counts: FleetCounts) -> None:
    with counts.start("alder", "start"):
        pass
    assert counts.read().starts == {"alder": 1}
    assert counts.read().commands == {("alder", "start"): 1}


def test_a_bug_is_no_refusal(counts: FleetCounts) -> None:
    with pytest.raises(ZeroDivisionError), counts.command("alder", "home"):
        raise ZeroDivisionError
    assert counts.read().refusals == {} and counts.read().commands == {}


def test_names_that_people_make_up_fill_no_memory(counts: FleetCounts) -> None:
    with pytest.raises(NotFound), counts.refusal("no-such-printer"):
        raise NotFound("There is no printer with that id.")
    assert counts.read().refusals == {}


def test_uploads_are_sorted_by_their_length(counts: FleetCounts, clock: ManualClock) -> None:
    for seconds in (UPLOAD_BUCKETS_S[0], UPLOAD_BUCKETS_S[0] + 0.1, UPLOAD_BUCKETS_S[-1] + 1):
        with counts.upload():
            clock.advance(seconds)
    with pytest.raises(PrinterOffline), counts.upload():
        clock.advance(3.0)
        raise PrinterOffline("gone")
    found = counts.read()
    assert found.uploads == (1, *[2] * (len(UPLOAD_BUCKETS_S) - 1), 3)
    assert found.upload_s == pytest.approx(2 * UPLOAD_BUCKETS_S[0] + 0.1 + UPLOAD_BUCKETS_S[-1] + 1)
    assert found.upload_failures == 1


def test_the_gate_of_the_fleet_is_counted(tmp_path: Path) -> None:
    config = PrinterConfig(
        id="alder", name="Alder", type="bambu", model="P1S", host="127.0.0.1",
        serial="01P00A000000001", mqtt_port=9,
    )  # fmt: skip
    fleet = Fleet([config], Registry(Bus()), SystemClock(), tmp_path)
    fleet.execute_many(["alder", "alder", "oak"], Home())
    assert fleet.counts.read().refusals == {("alder", "printer_connecting"): 1}
