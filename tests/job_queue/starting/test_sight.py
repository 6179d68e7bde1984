"""An approval does not outlive a time in which nobody watched and somebody can have printed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock
from job_queue.job import JobState
from job_queue.records import Seen
from job_queue.starting.sight import Gap, Sight
from job_queue.store import last_seen
from job_queue.store.json_store import JsonJobStore
from job_queue.timing import Timing
from printers.adapters import ADAPTERS
from printers.status import JobProgress, PrinterStatus
from printers.status import PrinterState as P
from tests.job_queue.store.disks import MemoryDisk

LONG_S, SHORT_S = 200.0, 100.0
HISTORY = JobProgress(name="vase", file="vase.gcode", task_id="history:2A", ended="finished")


def approved(farm: Any, shows: P = P.FINISHED) -> None:
    """A bed that a person has called clear under this screen."""
    printer = farm.printer()
    if shows is P.IDLE:
        printer.report(P.IDLE, job=None)
    else:
        printer.shows_other(shows)
    farm.look()
    farm.service.mark_clear("alder")
    farm.wait(2)
    assert farm.bed() == (True, "Marked clear" if shows is not P.IDLE else farm.bed()[1])


def restarted(farm: Any, seconds: float) -> None:
    before = farm.printer().status
    farm.reboot()
    farm.clock.advance(seconds)
    farm.printer().report(before.state, job=before.job)
    farm.look()


def offline(farm: Any, seconds: float) -> None:
    before = farm.printer().status
    farm.printer().report(P.OFFLINE)
    farm.wait(seconds)
    farm.printer().report(before.state, job=before.job)
    farm.look()


@pytest.mark.parametrize("away", [restarted, offline])
@pytest.mark.parametrize("shows", [P.FINISHED, P.FAILED, P.IDLE])
def test_the_same_screen_after_a_long_time_is_not_trusted(farm: Any, away: Any, shows: P) -> None:
    """The same file printed again at the screen, or a print and then a power cycle."""
    approved(farm, shows)
    since = farm.clock.time()
    away(farm, LONG_S)
    clear, why = farm.bed()
    assert not clear
    begin, end = (datetime.fromtimestamp(at).astimezone() for at in (since, farm.clock.time()))
    if begin.date() == end.date():
        assert why == f"Not watched from {begin:%H:%M} to {end:%H:%M}; look at the bed once"
    assert farm.dispatch_once() == []
    farm.service.mark_clear("alder")
    farm.wait(30)
    assert farm.bed()[0], "once is enough"


@pytest.mark.parametrize("away", [restarted, offline])
@pytest.mark.parametrize("shows", [P.FINISHED, P.FAILED, P.IDLE])
def test_an_approval_outlives_a_time_too_short_for_a_print(farm: Any, away: Any, shows: P) -> None:
    approved(farm, shows)
    for _ in range(4):
        away(farm, SHORT_S)
        assert farm.bed()[0]
        farm.wait(1)


def test_a_printer_that_is_busy_or_in_fault_in_between_is_watched(farm: Any) -> None:
    approved(farm)
    for state in (P.BUSY, P.FAULT):
        farm.printer().report(state)
        farm.wait(LONG_S)
    farm.printer().report(P.IDLE)
    farm.wait(2)
    assert farm.bed()[0]


@pytest.mark.parametrize("state", [P.BUSY, P.FAULT])
def test_nor_is_it_trusted_when_it_comes_back_busy(farm: Any, state: P) -> None:
    approved(farm)
    farm.printer().report(P.OFFLINE)
    farm.wait(LONG_S)
    farm.printer().report(state)
    farm.look()
    assert not farm.bed()[0]


@pytest.mark.parametrize("seconds", [-3600.0, -20.0, 20.0, 3600.0])
@pytest.mark.parametrize("reboots", [False, True])
def test_a_clock_that_jumps_is_not_believed(farm: Any, seconds: float, reboots: bool) -> None:
    """Set by hand or by NTP, or the computer slept and its monotonic clock with it."""
    approved(farm)
    if reboots:
        farm.reboot()
    farm.clock.jump(seconds)
    farm.clock.advance(1)
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    assert not farm.bed()[0]
    assert "look at the bed once" in farm.bed()[1]


def test_without_its_file_everything_is_long_ago(farm: Any) -> None:
    approved(farm)
    farm.reboot()
    (farm.folder / "jobs" / last_seen.NAME).unlink()
    farm.service._watch._sight._known.clear()
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    assert farm.bed() == (False, "Not watched for a time nobody knows; look at the bed once")


def test_moonrakers_history_proves_that_nothing_was_printed(farm: Any) -> None:
    farm.printer().report(P.IDLE, job=HISTORY)
    farm.look()
    farm.service.mark_clear("alder")
    farm.wait(1)
    offline(farm, 10 * LONG_S)
    assert farm.bed()[0]
    farm.printer().report(P.OFFLINE)
    farm.wait(LONG_S)
    farm.printer().report(P.IDLE, job=None)
    farm.look()
    assert not farm.bed()[0], "a history that is gone proves nothing"


def test_the_dispatcher_sees_it_before_the_watcher(farm: Any) -> None:
    """The last look, and the claim, judge the bed themselves."""
    approved(farm)
    job = farm.add()
    farm.reboot()
    farm.clock.advance(LONG_S)
    farm.printer().shows_other(P.FINISHED)
    farm.dispatcher.once()
    farm.join()
    assert farm.printer().started == [] and farm.job(job).state.is_waiting
    assert not farm.bed()[0]


def test_an_approval_of_this_moment_counts(farm: Any) -> None:
    """Said before the watcher has looked at the printer that is back: of the bed as it is now."""
    approved(farm)
    farm.reboot()
    farm.clock.advance(LONG_S)
    farm.printer().shows_other(P.FINISHED)
    farm.service.mark_clear("alder")
    farm.look()
    assert farm.bed() == (True, "Marked clear")


# -- another machine under the same id ----------------------------------------------------------


def real(farm: Any, **entry: Any) -> None:
    """Printers whose address counts."""
    farm.configs = [replace(c, simulate=False, **entry) for c in farm.configs]
    farm.reboot()


def new_machine(farm: Any, seconds: float, shows: P | None = None, **entry: Any) -> None:
    """The configuration gives Alder's id to another machine, and the farm is restarted.
    ``shows``: None: what the former one showed."""
    before = farm.printer().status
    farm.service._watch.close()
    farm.configs = [replace(c, **entry) if c.id == "alder" else c for c in farm.configs]
    farm.reboot()
    farm.clock.advance(seconds)
    farm.printer().report(shows or before.state, job=None if shows else before.job)
    farm.look()


@pytest.mark.parametrize(
    "entry", [{"serial": "01P00A000000002"}, {"url": "http://127.0.0.1:7126"}, {"type": "other"}]
)
def test_an_approval_is_of_a_machine_not_of_its_place(
    farm: Any, entry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spare machine gets the name and the place of a broken one: a matter of two minutes."""
    monkeypatch.setitem(ADAPTERS, "other", ADAPTERS["fake"])
    real(farm)
    approved(farm, P.IDLE)
    job = farm.add()
    new_machine(farm, 60, **entry)
    assert farm.bed() == (False, "Another machine than before; look at its bed once")
    assert farm.dispatch_once() == [] and farm.job(job).state.is_waiting
    farm.service.mark_clear("alder")
    restarted(farm, SHORT_S)
    assert farm.bed()[0]


def test_another_name_or_address_of_the_same_machine_costs_no_look(farm: Any) -> None:
    """DHCP: a Bambu printer is known by its serial number."""
    real(farm, serial="01P00A000000001")
    approved(farm, P.IDLE)
    new_machine(farm, 60, host="127.0.0.9", name="Alder by the door")
    assert farm.bed()[0]


def says(farm: Any, serial: str, **shown: Any) -> None:
    """Alder reports, and calls itself so."""
    machine = replace(farm.printer().status.machine, serial=serial)
    farm.printer().report(machine=machine, **shown)


@pytest.mark.parametrize("restarts", [False, True])
def test_another_machine_at_the_same_address_is_known_by_its_word(
    farm: Any, restarts: bool
) -> None:
    """The router has been restarted, and two printers got each other's address."""
    says(farm, "SN-1")
    approved(farm, P.IDLE)
    says(farm, "")
    farm.look()
    assert farm.bed()[0], "not every report says it"
    job = farm.add()
    if restarts:
        farm.reboot()
    farm.clock.advance(20)
    says(farm, "SN-2", state=P.IDLE)
    assert farm.dispatch_once() == [] and farm.job(job).state.is_waiting
    assert farm.bed() == (False, "Another machine than before; look at its bed once")
    farm.service.mark_clear("alder")
    farm.wait(2)
    assert farm.bed()[0]


def test_the_end_on_a_machine_with_another_serial_is_not_the_jobs(farm: Any) -> None:
    says(farm, "SN-1")
    job = farm.printing()
    says(farm, "SN-1", state=P.PRINTING)
    farm.look()
    farm.clock.advance(5)
    says(farm, "SN-2", state=P.FINISHED, job=None)
    farm.look()
    farm.wait(20)
    found = farm.job(job)
    assert found.state is JobState.NEEDS_HUMAN and found.error.code == "end_unseen"


def test_moonrakers_history_vouches_for_its_own_machine_alone(farm: Any) -> None:
    """Cards copied from one image carry the same history."""
    farm.printer().report(P.IDLE, job=HISTORY)
    farm.look()
    farm.service.mark_clear("alder")
    farm.wait(1)
    new_machine(farm, 10 * LONG_S, serial="another")
    assert not farm.bed()[0]


def test_the_end_on_another_machine_is_not_the_jobs(farm: Any) -> None:
    job = farm.printing()
    farm.printer().report(P.PRINTING)
    farm.look()
    new_machine(farm, 5, P.FINISHED, serial="another")
    farm.wait(20)
    found = farm.job(job)
    assert found.state is JobState.NEEDS_HUMAN and found.error.code == "end_unseen"


# -- what is kept, and how ---------------------------------------------------------------------


def status(clock: ManualClock, name: str = "oak") -> PrinterStatus:
    return PrinterStatus(
        printer_id=name, name=name, kind="fake", state=P.IDLE,
        observed_at=clock.time(), observed_mono=clock.monotonic(),
    )  # fmt: skip


class Kept(JsonJobStore):
    """Counts."""

    writes = 0

    def keep_seen(self, seen: Any) -> bool:
        self.writes += 1
        return super().keep_seen(seen)


def test_a_hundred_printers_are_one_write_every_thirty_seconds(tmp_path: Path) -> None:
    clock = ManualClock()
    store = Kept(tmp_path, clock)
    sight = Sight(store, clock, Timing(), lambda: "one")
    before = store.view().rev
    for _ in range(600):
        for number in range(100):
            sight.saw(status(clock, f"p-{number}"), None)
        clock.advance(1)
        sight.tend()
    assert store.writes == 20 and store.view().rev == before, "and nothing in the journal"
    assert (tmp_path / last_seen.NAME).stat().st_size < 25_000
    clock.advance(100)
    sight.tend()
    assert store.writes == 20, "nobody was seen since"


@pytest.mark.parametrize(
    ("boot", "passed"), [("one", 40.0), ("two", inf)], ids=["same run", "computer restarted"]
)
def test_over_a_restart(tmp_path: Path, boot: str, passed: float) -> None:
    clock = ManualClock()
    first = Sight(JsonJobStore(tmp_path, clock), clock, Timing(), lambda: "one")
    assert first.gap(status(clock)) == Gap(inf)
    first.saw(status(clock), None)
    first.keep()
    clock.advance(40)
    second = Sight(JsonJobStore(tmp_path, clock), clock, Timing(), lambda: boot)
    assert second.gap(status(clock)).seconds == passed
    second.saw(status(clock), None)
    assert second.gap(status(clock)).seconds == 0


def test_an_older_report_changes_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    sight = Sight(JsonJobStore(tmp_path, clock), clock, Timing(), lambda: "")
    old = status(clock)
    clock.advance(300)
    sight.saw(status(clock), None)
    assert sight.gap(old).seconds == 0
    sight.saw(old, None)
    clock.advance(1)
    assert sight.gap(status(clock)).seconds == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 1, "printers": {}}', b"x" * 5_000_000]
)
def test_damage_is_long_ago(tmp_path: Path, content: bytes) -> None:
    store = JsonJobStore(tmp_path, ManualClock())
    assert store.keep_seen({"oak": Seen(at=1.0, mono=2.0, boot="b", token=7)})
    assert store.seen() == {"oak": Seen(at=1.0, mono=2.0, boot="b", token=7)}
    (tmp_path / last_seen.NAME).write_bytes(content)
    assert JsonJobStore(tmp_path, ManualClock()).seen() == {}
    assert store.trouble == ""


def test_a_disk_that_refuses_stops_nothing() -> None:
    class Full(MemoryDisk):
        def write(self, descriptor: int, content: bytes) -> None:
            raise OSError(28, "No space left on device")

    disk = Full()
    assert not last_seen.write(disk, Path("jobs"), {"oak": Seen(at=1.0, mono=1.0)})


def test_a_date_is_told_when_it_was_another_day() -> None:
    begin = datetime(2026, 11, 20, 21, 4).astimezone().timestamp()
    end = datetime(2026, 11, 21, 8, 10).astimezone().timestamp()
    gap = Gap(end - begin, begin, end)
    assert gap.sentence == "Not watched from 20 Nov 21:04 to 21 Nov 08:10; look at the bed once"


def test_an_approval_during_a_look_is_not_withdrawn_by_that_look(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher has worked out that nobody watched; a person, who stands there, is faster."""
    approved(farm)
    farm.reboot()
    farm.clock.advance(LONG_S)
    farm.printer().shows_other(P.FINISHED)
    sight = farm.service._watch._sight
    person = threading.Thread(target=farm.service.mark_clear, args=("alder",))
    known = sight.gap

    def slow(status: PrinterStatus) -> Gap:
        gap = known(status)
        if threading.current_thread() is not person and not person.ident:
            person.start()
            person.join(0.5)  # she must wait for this look to be over
        return gap

    monkeypatch.setattr(sight, "gap", slow)
    farm.look()
    person.join(10)
    assert not person.is_alive()
    assert farm.bed() == (True, "Marked clear")
