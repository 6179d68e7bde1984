"""The forecast of a farm that works: from its records and reports, learned from, scored."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core import jsonio
from core.config import DispatchConfig
from core.errors import StorageError
from job_queue import forecaster as room
from job_queue.forecast.learned import Memory
from job_queue.forecaster import Forecaster
from job_queue.job import JobState
from job_queue.matching.verdicts import KEPT_S
from job_queue.target import Target
from printers.status import PrinterState

M = 60.0
H = 3600.0


@pytest.fixture
def seer(farm: Any) -> Forecaster:
    farm.open()
    return made(farm)


def made(farm: Any, **config: Any) -> Forecaster:
    return Forecaster(
        farm.service, farm.fleet, farm.library, farm.bus, farm.clock,
        DispatchConfig(clear_s=600.0, **config), farm.folder,
    )  # fmt: skip


def look(farm: Any, seer: Forecaster) -> Any:
    """A fresh forecast, with everything that has happened taken in."""
    farm.clock.advance(room.GAP_S)
    for name in ("alder", "birch"):
        farm.printer(name).report()
    farm.look()
    seer.tick(seer._box.take(0))
    return seer.current()


def lane(found: Any, printer_id: str) -> Any:
    return next(one for one in found.lanes if one.printer_id == printer_id)


def print_one(farm: Any, seer: Forecaster, minutes: float, pause_m: float = 0) -> None:
    """A job of the queue from its start to its end and the cleared bed."""
    farm.add()
    look(farm, seer)
    assert farm.dispatch_once()
    printer = farm.printer()
    look(farm, seer)
    printer.shows(printer.started[-1], PrinterState.PRINTING, remaining_min=round(minutes))
    look(farm, seer)
    farm.clock.advance(minutes * M - 10)
    if pause_m:
        printer.shows(printer.started[-1], PrinterState.PAUSED)
        look(farm, seer)
        farm.clock.advance(pause_m * M)
        printer.shows(printer.started[-1], PrinterState.PRINTING, remaining_min=0)
        look(farm, seer)
    printer.shows(printer.started[-1], PrinterState.FINISHED)
    farm.wait(3)
    look(farm, seer)
    farm.clock.advance(5 * M)
    printer.report()
    farm.service.mark_clear("alder")
    look(farm, seer)


def test_waiting_jobs_are_planned_on_idle_printers(farm: Any, seer: Forecaster) -> None:
    job = farm.add(copies=2)
    now = farm.clock.time()
    found = look(farm, seer)
    first, second = lane(found, "alder").planned
    assert first.start == pytest.approx(now, abs=5)
    assert first.end == pytest.approx(first.start + H), "the file's own estimate"
    assert second.start == pytest.approx(first.end + 600, rel=0.1)
    assert not lane(found, "birch").planned
    assert found.all_done_at == pytest.approx(found.jobs[job.id].end)
    assert found.jobs[job.id].end_p90 > found.jobs[job.id].end


def test_a_running_print_ends_when_the_printer_says(farm: Any, seer: Forecaster) -> None:
    farm.add()
    farm.add()
    farm.dispatch_once()
    printer = farm.printer()
    printer.shows(printer.started[-1], PrinterState.PRINTING, remaining_min=40, percent=30)
    found = look(farm, seer)
    busy = lane(found, "alder")
    assert busy.running.left.p50 == 40 * M
    assert busy.planned[0].start > found.at + 40 * M + 500
    printer.shows(printer.started[-1], PrinterState.PAUSED, remaining_min=40)
    paused = look(farm, seer)
    assert lane(paused, "alder").out.code == "paused"
    assert (paused.all_done_at, paused.unknown) == (None, 1), "nobody knows when it goes on"
    assert [reason.code for _, reason in paused.never] == ["printer_busy"]


def test_files_that_fit_nowhere_say_so_in_the_gates_words(farm: Any, seer: Forecaster) -> None:
    wrong = farm.add(Target(), plate=2)
    ((job_id, reason),) = look(farm, seer).never
    assert job_id == wrong.id
    told = farm.dispatcher.explain(farm.service.job(wrong.id))[0]
    assert (reason.code, told.code) == ("wrong_model", "wrong_model")
    assert told.text in reason.text


def test_it_learns_from_prints_and_cleared_beds_and_remembers(farm: Any, seer: Forecaster) -> None:
    for _ in range(6):
        print_one(farm, seer, minutes=90)
    ratio = seer._figures.ratio("P1S", "").p50
    assert 1.2 < ratio < 1.5, "six prints took half as long again"
    assert len(seer._memory.history.clears) == 6
    assert seer.clear_s < 500
    again = made(farm)
    assert again._figures.ratio("P1S", "").p50 == pytest.approx(ratio, rel=0.01)
    assert again.clear_s == pytest.approx(seer.clear_s, rel=0.01)
    started = next(grade for grade in again.grades() if grade.kind == "started")
    assert started.count == 6
    assert started.error_s < 25 * M, "the slicer was wrong by half an hour each time"
    errors = [score.error_s for score in again._memory.scores if score.kind == "started"]
    assert errors == sorted(errors, reverse=True), "each time it was less surprised"


def test_a_print_on_a_printer_that_left_the_farm_teaches_nothing(farm: Any) -> None:
    farm.open()
    farm.printing()
    farm.join()
    farm.configs = [config for config in farm.configs if config.id != "alder"]
    farm.boot()
    seer = made(farm)
    farm.service.recover()
    (asks,) = farm.service.jobs()
    farm.service.resolve(asks.id, "finished", asks.rev)
    seer.tick(seer._box.take(0))
    assert seer.current() is not None and not seer._memory.history.prints


def test_pauses_do_not_count_and_failures_teach_nothing(farm: Any, seer: Forecaster) -> None:
    print_one(farm, seer, minutes=60, pause_m=300)
    ((only,),) = seer._memory.history.prints.values()
    assert only.real == pytest.approx(H, rel=0.02)
    farm.add()
    farm.dispatch_once()
    printer = farm.printer()
    printer.shows(printer.started[-1], PrinterState.PRINTING, remaining_min=10)
    look(farm, seer)
    printer.shows(printer.started[-1], PrinterState.FAILED)
    farm.wait(60)
    look(farm, seer)
    assert [job.state for job in farm.service.jobs()][-1] is JobState.FAILED
    assert sum(len(p) for p in seer._memory.history.prints.values()) == 1
    assert not seer._watched


def test_a_print_that_began_before_the_farm_did_teaches_nothing(
    farm: Any, seer: Forecaster
) -> None:
    """It may have been paused while nobody looked."""
    farm.add()
    farm.dispatch_once()
    farm.clock.advance(10 * M)
    later = made(farm)
    printer = farm.printer()
    printer.shows(printer.started[-1], PrinterState.PRINTING, remaining_min=10)
    look(farm, later)
    printer.shows(printer.started[-1], PrinterState.FINISHED)
    farm.wait(3)
    look(farm, later)
    assert not later._memory.history.prints
    assert later.grades(), "but what it said about the end is scored"


def test_it_is_worked_out_at_most_every_two_seconds(
    farm: Any, seer: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = room.forecast
    monkeypatch.setattr(room, "forecast", lambda scene: calls.append(1) or real(scene))
    first = look(farm, seer)
    farm.add()
    assert seer.current() is first, "too soon"
    assert look(farm, seer) is not first
    count = len(calls)
    for _ in range(8):
        look(farm, seer)
    assert len(calls) == count, "nothing has changed"
    farm.clock.advance(room.OLD_S)
    look(farm, seer)
    assert len(calls) == count + 1


def test_without_time_to_judge_files_nothing_is_called_impossible_for_good(
    farm: Any, seer: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "JUDGE_S", -1.0)
    farm.add()
    found = look(farm, seer)
    assert seer.partial
    assert (found.pending, found.never, found.all_done_at) == (1, (), None)
    monkeypatch.undo()
    found = look(farm, seer)
    assert not seer.partial and not found.pending and lane(found, "alder").planned


def test_a_file_is_planned_as_soon_as_it_has_been_read(farm: Any, seer: Forecaster) -> None:
    """Nothing else changes then: no job, no printer."""
    moves, farm.library.moves = farm.library.moves, None
    farm.add()
    found = look(farm, seer)
    assert (found.pending, found.all_done_at) == (1, None)
    farm.clock.advance(room.GAP_S - 0.1)
    seer.tick(seer._box.take(0))
    assert seer.last is found, "there is no news yet"
    farm.library.moves = moves
    farm.bus.publish(("file", farm.library.stored.id), farm.library.stored)
    seer.tick(seer._box.take(0))
    assert seer.last is not None and not seer.last.pending
    assert lane(seer.last, "alder").planned


def test_another_files_news_is_taken_in_when_the_next_forecast_is_due(
    farm: Any, seer: Forecaster
) -> None:
    """What a person has said yes to, for instance."""
    farm.add()
    found = look(farm, seer)
    farm.bus.publish(("file", farm.library.stored.id), farm.library.stored)
    seer.tick(seer._box.take(0))
    assert seer.last is found, "no job waits for it"
    assert look(farm, seer) is not found


def test_what_there_was_no_time_to_judge_is_judged_between_forecasts(
    farm: Any, seer: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "JUDGE_S", -1.0)
    farm.add()
    assert look(farm, seer).pending == 1
    seer.tick({})
    assert lane(look(farm, seer), "alder").planned
    assert not seer.partial


def test_answers_that_are_due_again_serve_until_there_is_time_to_ask(
    farm: Any, seer: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.add()
    look(farm, seer)
    farm.clock.advance(KEPT_S + room.OLD_S)
    monkeypatch.setattr(room, "JUDGE_S", -1.0)
    assert lane(look(farm, seer), "alder").planned
    assert not seer.partial


def test_nobody_waits_for_a_forecast_that_is_being_made(farm: Any, seer: Forecaster) -> None:
    last = look(farm, seer)
    farm.clock.advance(room.OLD_S)
    with ThreadPoolExecutor(1) as pool:
        with seer._turn:
            assert pool.submit(seer.current).result(30) is last
            assert pool.submit(lambda: seer.clear_s).result(30) == seer.clear_s
        assert pool.submit(seer.current).result(30) is not last


def test_while_nobody_looks_it_is_worked_out_less_often(farm: Any, seer: Forecaster) -> None:
    look(farm, seer)
    farm.clock.advance(room.OLD_S)
    seer.tick({})
    found, seer._cost_s = seer.last, 0.2
    farm.add()
    farm.clock.advance(0.2 * room.UNSEEN_REST - 0.1)
    seer.tick({})
    assert seer.last is found
    farm.clock.advance(0.2)
    seer.tick({})
    assert seer.last is not found
    found, seer._cost_s = seer.last, 0.2
    farm.add()
    farm.clock.advance(0.2 * room.REST)
    assert seer.current() is not found, "somebody asks"


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 9}', b'{"version":1,"prints":[]}'])
def test_damaged_experience_is_set_aside(tmp_path: Path, content: bytes) -> None:
    for name in ("estimates.json", "forecast_scores.json"):
        (tmp_path / name).write_bytes(content)
    memory = Memory(tmp_path)
    assert not memory.history.prints and not memory.scores
    assert (tmp_path / "estimates.json.damaged").read_bytes() == content
    memory.keep_history(memory.history.with_print("P1S", "Orca", H, H))
    assert Memory(tmp_path).history == memory.history


def test_impossible_samples_in_the_file_are_left_out(tmp_path: Path) -> None:
    rows = [["Orca", H, H], ["Orca", H, 99 * H], ["Orca", H, -1.0]]
    document = {"version": 1, "prints": {"P1S": rows}, "clears": [60.0], "handovers": []}
    (tmp_path / "estimates.json").write_bytes(jsonio.dumps(document))
    history = Memory(tmp_path).history
    assert [p.real for p in history.prints["P1S"]] == [H]


def test_a_full_disk_costs_the_experience_only(
    farm: Any, seer: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr("job_queue.forecast.learned.write_durably", refuse)
    print_one(farm, seer, minutes=60)
    assert seer._memory.history.prints
    assert seer.current().at


def test_the_thread_follows_the_queue(farm: Any) -> None:
    """As the server runs it: a change of the queue is in the forecast without anybody asking."""
    farm.open()
    seer = made(farm)
    seer.start()
    try:
        waiting = threading.Event()
        farm.add()
        for _ in range(100):
            if seer.last is not None and seer.last.jobs:
                break
            farm.clock.advance(5)
            for name in ("alder", "birch"):
                farm.printer(name).report()
            farm.look()
            waiting.wait(0.1)
        assert seer.last is not None and list(seer.last.jobs) == ["j-1"]
    finally:
        seer.stop()
    assert not seer._thread.is_alive()
