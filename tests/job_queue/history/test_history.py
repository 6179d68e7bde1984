"""Every attempt exactly once: through restarts, lost events, full disks and a forgetful queue."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.fs import DISK, FileSystem
from job_queue.history import archive as history_module
from job_queue.history.archive import History
from job_queue.history.attempts import Record
from job_queue.history.months import Months
from job_queue.history.particulars import Particulars
from job_queue.history.tallies import statistics_of
from job_queue.history.wanted import Wanted
from job_queue.store.base import KEEP_ENDED
from printers.status import PrinterState


class Bench:
    """A farm with its history, driven by hand: ``hear`` is one round of its thread."""

    def __init__(self, farm: Any) -> None:
        self.farm = farm
        self.boot()

    def boot(self) -> None:
        farm = self.farm
        self.months = Months(farm.folder / "jobs" / "history", farm.clock)
        facts = Particulars(farm.fleet, farm.registry, farm.library)
        self.history = History(farm.service.view, facts.describe, self.months, farm.bus, farm.clock)
        self.history._guarded(self.history.open)

    def hear(self) -> None:
        self.history.hear(self.history._box.take(0.0))

    def reboot(self) -> None:
        self.farm.reboot()
        self.farm.fleet.start()
        self.farm.look()
        self.boot()

    def all(self, **wanted: Any) -> list[Record]:
        return list(self.history.all(Wanted(**wanted)))

    def keys(self) -> list[tuple[str, int]]:
        return [record.key for record in self.all()]

    def finish_one(self) -> None:
        self.farm.printing()
        self.farm.clock.advance(1800)
        self.farm.finish()


@pytest.fixture
def bench(farm: Any) -> Bench:
    return Bench(farm)


def test_a_print_that_ends_is_told_with_everything(bench: Bench) -> None:
    bench.finish_one()
    bench.hear()
    (record,) = bench.all()
    assert (record.key, record.result) == (("j-1", 1), "finished")
    assert (record.printer, record.printer_id, record.model) == ("Alder", "alder", "P1S")
    assert record.file_name == "Gear.gcode.3mf" and record.estimate_s == 3600
    assert record.took_s is not None and 1800 <= record.took_s < 1900
    assert record.queued_at <= record.claimed_at <= record.started_at < record.ended_at  # type: ignore[operator]
    assert [(one.type, one.grams) for one in record.filaments] == [("PLA", 12.0)]
    assert record.used_grams == record.grams == 12.0
    assert (record.code, record.reason) == ("", "") and "finished" in record.text


def test_a_fault_is_its_reason(bench: Bench, fault: Callable[[str, str], Any]) -> None:
    bench.farm.printing()
    bench.farm.clock.advance(900)
    printer = bench.farm.printer()
    faults = (fault("0300-0100", "The bed does not heat."),)
    printer.report(PrinterState.FAULT, faults=faults)
    bench.farm.wait(20)
    printer.shows(printer.started[-1], PrinterState.FAILED)
    bench.farm.wait(20)
    bench.hear()
    (record,) = bench.all()
    assert (record.result, record.code) == ("failed", "0300-0100")
    assert record.reason == "The bed does not heat."
    assert record.used_grams == pytest.approx(12.0 * record.took_s / 3600)  # type: ignore[operator]


def test_an_attempt_that_came_to_no_start_and_the_next_one(bench: Bench) -> None:
    job = bench.farm.add()
    bench.farm.printer().cut_bytes = 5
    bench.farm.dispatch_once()
    bench.farm.printer().cut_bytes = 0
    bench.farm.wait(600)
    bench.farm.dispatch_once()
    bench.farm.finish()
    bench.hear()
    first, second = bench.all()
    assert (first.key, first.result, first.started_at) == ((job.id, 1), "not_started", None)
    assert first.code == "size_mismatch" and "arrived incomplete" in first.reason
    assert (second.key, second.result) == ((job.id, 2), "finished")


def test_removed_then_tried_again_then_printed(bench: Bench) -> None:
    """A removal is no attempt of a printer, and must not stand in the way of the first one."""
    job = bench.farm.add()
    bench.farm.service.remove(job.id, by="Ada")
    bench.hear()
    bench.farm.service.desk.retry(job.id)
    bench.farm.dispatch_once()
    bench.farm.finish()
    bench.hear()
    removed, printed = bench.all()
    assert (removed.key, removed.result, removed.code) == ((job.id, 0), "cancelled", "removed")
    assert removed.reason == "Removed from the queue by Ada."
    assert (printed.key, printed.result) == ((job.id, 1), "finished")


def test_copies_say_how_many_are_made(bench: Bench) -> None:
    bench.farm.add(copies=2)
    for _ in range(2):
        bench.farm.dispatch_once()
        bench.farm.finish()
        bench.farm.wait(10)  # the approval can no longer be taken back
        bench.hear()
    assert [(r.made, r.copies) for r in bench.all()] == [(1, 2), (2, 2)]


def test_once_across_restarts_whoever_heard_it(bench: Bench) -> None:
    bench.finish_one()
    bench.hear()
    bench.reboot()
    bench.hear()
    assert bench.keys() == [("j-1", 1)]
    bench.finish_one()  # nobody hears this one
    bench.reboot()
    assert bench.keys() == [("j-1", 1), ("j-2", 1)]
    bench.hear()
    bench.reboot()
    assert bench.keys() == [("j-1", 1), ("j-2", 1)]


def test_a_record_torn_by_a_crash_is_written_again(bench: Bench) -> None:
    bench.finish_one()
    bench.hear()
    (path,) = (bench.farm.folder / "jobs" / "history").glob("*.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    bench.reboot()
    assert path.read_bytes() == whole, "the very same record"
    assert "cut off" in bench.history.problems[0]


def test_a_record_lost_to_damage_is_written_again_while_the_queue_knows_it(bench: Bench) -> None:
    bench.finish_one()
    bench.finish_one()
    bench.hear()
    (path,) = (bench.farm.folder / "jobs" / "history").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"Alder", b"Elder", 1))
    assert len(bench.keys()) == 1, "found while reading"
    bench.hear()
    assert sorted(bench.keys()) == [("j-1", 1), ("j-2", 1)]
    assert len(bench.history.page(Wanted(), 10).records) == 2


def test_the_queue_may_forget_only_what_is_on_record(bench: Bench) -> None:
    bench.finish_one()
    job = bench.farm.service.job("j-1")
    assert not bench.history.is_recorded("j-1", 1) and not bench.history.has_all_of(job)
    bench.hear()
    assert bench.history.is_recorded("j-1", 1) and bench.history.has_all_of(job)
    assert not bench.history.is_recorded("j-1", 2) and not bench.history.is_recorded("j-9", 1)
    bench.reboot()
    assert bench.history.is_recorded("j-1", 1)


def test_what_the_queue_has_forgotten_costs_no_memory(bench: Bench) -> None:
    for _ in range(KEEP_ENDED + 20):
        job = bench.farm.add()
        bench.farm.service.remove(job.id)
        bench.hear()
    assert len(bench.keys()) == KEEP_ENDED + 20
    assert len(bench.history._written) == KEEP_ENDED
    assert len(bench.history._newest) == history_module.NEWEST


class FullDisk(FileSystem):
    def write(self, descriptor: int, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told_and_everything_follows(bench: Bench) -> None:
    bench.months._fs = FullDisk()
    bench.finish_one()
    bench.history._guarded(bench.hear)
    assert not bench.history.is_recorded("j-1", 1)
    assert "goes on trying" in bench.history.problems[0]
    bench.finish_one()
    bench.months._fs = DISK
    bench.farm.clock.advance(history_module.RETRY_S)
    bench.hear()
    assert bench.keys() == [("j-1", 1), ("j-2", 1)]
    assert bench.history.problems == ()


def test_a_folder_that_cannot_be_used_does_not_keep_the_farm_from_printing(bench: Bench) -> None:
    bench.finish_one()
    bench.hear()
    folder = bench.farm.folder / "jobs" / "history"
    away = folder.rename(folder.with_name("away"))
    folder.write_text("in the way")
    bench.reboot()
    assert "goes on trying" in bench.history.problems[0]
    assert not bench.history.is_recorded("j-1", 1), "the queue keeps everything meanwhile"
    bench.finish_one()
    bench.history._guarded(bench.hear)
    folder.unlink()
    away.rename(folder)
    bench.farm.clock.advance(history_module.RETRY_S)
    bench.hear()
    assert bench.keys() == [("j-1", 1), ("j-2", 1)]
    assert bench.history.problems == ()


def test_when_the_bed_was_cleared(bench: Bench) -> None:
    bench.farm.printing()
    printer = bench.farm.printer()
    printer.shows(printer.started[-1], PrinterState.FINISHED)
    bench.farm.wait(3)
    bench.hear()
    assert bench.all()[0].cleared_at is None
    bench.farm.wait(600)
    bench.farm.service.mark_clear("alder")
    cleared = bench.farm.clock.time()
    bench.hear()
    assert bench.all()[0].cleared_at is None, "it may still be taken back"
    bench.farm.wait(11)
    bench.hear()
    assert bench.all()[0].cleared_at == cleared
    assert bench.history.page(Wanted(), 1).records[0].cleared_at == cleared
    bench.hear()
    assert len(bench.keys()) == 1


def test_who_cleared_the_bed(bench: Bench) -> None:
    bench.farm.printing()
    printer = bench.farm.printer()
    printer.shows(printer.started[-1], PrinterState.FINISHED)
    bench.farm.wait(3)
    bench.farm.service.mark_clear("alder", by="eve")
    bench.farm.wait(11)
    bench.hear()
    assert bench.all()[0].cleared_by == "eve"
    bench.reboot()
    assert bench.farm.store.view().bed("alder").by == "eve"
    assert bench.all()[0].cleared_by == "eve"


def test_the_queue_forgets_only_what_is_on_record(bench: Bench) -> None:
    """An end that the history could not write yet stays in the queue, however many follow."""
    store = bench.farm.store
    store.forget_only(bench.history.has_all_of)
    bench.finish_one()
    many = {f"o-{n}": replace(store.view().jobs["j-1"], id=f"o-{n}") for n in range(KEEP_ENDED)}
    with store.transaction() as tx:
        for job in many.values():
            tx.add(replace(job, finished_at=(job.finished_at or 0.0) + 60))
    assert len(store.view().jobs) == KEEP_ENDED + 1
    bench.hear()
    bench.history.reconcile()
    bench.finish_one()
    recorded = bench.keys()
    assert "j-1" not in store.view().jobs and ("j-1", 1) in recorded


def test_an_approval_taken_back_is_none(bench: Bench) -> None:
    bench.finish_one()
    bench.hear()
    bench.farm.service.mark_clear("alder", undo=True)
    bench.farm.wait(60)
    bench.hear()
    assert bench.all()[0].cleared_at is None


def test_the_next_start_proves_the_approval(bench: Bench) -> None:
    bench.finish_one()
    cleared = bench.farm.clock.time()
    bench.hear()
    bench.farm.printing()
    bench.hear()
    assert [r.cleared_at for r in bench.all()] == [cleared]


def test_an_approval_is_found_after_a_restart(bench: Bench) -> None:
    bench.finish_one()
    cleared = bench.farm.clock.time()
    bench.hear()
    bench.farm.clock.advance(60)
    bench.reboot()
    bench.hear()
    assert bench.all()[0].cleared_at == cleared


# -- reading -----------------------------------------------------------------------------------


def many(bench: Bench, count: int) -> list[str]:
    """Removed jobs spread over several months; their ids oldest first."""
    made = []
    for _ in range(count):
        job = bench.farm.add()
        bench.farm.service.remove(job.id)
        bench.hear()
        bench.farm.clock.advance(20 * 3600.0)
        made.append(job.id)
    return made


def paged(bench: Bench, limit: int, **wanted: Any) -> list[str]:
    found: list[str] = []
    before = None
    while True:
        page = bench.history.page(Wanted(**wanted), limit, before)
        found += [record.job_id for record in page.records]
        if page.next is None:
            return found
        assert len(page.records) == limit
        before = page.next


@pytest.mark.parametrize("newest", [1, 7, 30, 1000])
def test_pages_are_gapless_however_much_is_in_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, newest: int
) -> None:
    monkeypatch.setattr(history_module, "NEWEST", newest)
    made = many(bench, 100)
    assert len(bench.months.names()) >= 3
    for limit in (1, 7, 100, 500):
        assert paged(bench, limit) == made[::-1]
    bench.reboot()
    assert paged(bench, 9) == made[::-1]
    assert [record.job_id for record in bench.all()] == made


def test_what_is_wanted(bench: Bench) -> None:
    bench.finish_one()
    bench.hear()
    middle = bench.farm.clock.time()
    made = many(bench, 60)
    assert paged(bench, 5, result="finished") == ["j-1"]
    assert paged(bench, 5, printer_id="alder") == ["j-1"]
    assert paged(bench, 5, printer_id="birch") == []
    assert paged(bench, 5, text="ALDER") == ["j-1"]
    assert paged(bench, 5, until=middle) == ["j-1"]
    assert paged(bench, 5, since=middle) == made[::-1]
    assert [r.job_id for r in bench.all(since=middle, until=middle + 1)] == made[:1]


def test_sums_that_are_kept_are_those_of_all_records(bench: Bench) -> None:
    """Whatever is added, asked for, or mended in between."""
    wishes = [Wanted(), Wanted(printer_id="alder")]
    for round_ in range(6):
        bench.farm.wait(1)
        bench.farm.service.mark_clear("alder")  # many days passed, in which nobody watched
        bench.finish_one()
        many(bench, 20)
        now = bench.farm.clock.time()
        wishes.append(Wanted(since=now - 30 * 86_400, until=now - 86_400))
        if round_ == 3:
            path = sorted((bench.farm.folder / "jobs" / "history").glob("*.jsonl"))[0]
            path.write_bytes(path.read_bytes().replace(b"Alder", b"Elder", 1))
            assert len(bench.all()) == (round_ + 1) * 21 - 1
        for wanted in wishes * 2:
            assert bench.history.statistics(wanted) == statistics_of(bench.history.all(wanted))
    assert bench.history.statistics(Wanted()).total.finished >= 5


def test_the_thread_writes_and_the_stop_writes_the_rest(farm: Any, tmp_path: Path) -> None:
    months = Months(tmp_path / "history", farm.clock)
    facts = Particulars(farm.fleet, farm.registry, farm.library)
    history = History(farm.service.view, facts.describe, months, farm.bus, farm.clock)
    history.start()
    for _ in range(20):
        farm.service.remove(farm.add().id)
    history.stop()
    assert len(list(history.all(Wanted()))) == 20
