"""One printer's trouble, one broken part, one unlucky moment: nobody else's business."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.errors import StorageError
from printers.commands import Pause
from printers.status import PrinterState as P


def test_two_stops_at_once_are_both_remembered_and_both_lifted(farm: Any) -> None:
    entered = threading.Event()

    class Slow(frozenset[str]):
        """Holds whoever is about to add to it, as an unlucky thread switch would."""

        def __or__(self, other: Any) -> frozenset[Any]:
            entered.set()
            threading.Event().wait(0.2)
            return frozenset(self).union(other)

    board = farm.service._board
    board._stopping = Slow()
    first = threading.Thread(target=board.set_stopping, args=("alder", True))
    first.start()
    assert entered.wait(5.0)
    board.set_stopping("birch", True)
    first.join(5.0)
    assert [board.conditions(name).stopping for name in ("alder", "birch")] == [True, True]
    for name in ("alder", "birch"):
        board.set_stopping(name, False)
        assert not farm.fleet.snapshot(name).conditions.stopping


def test_a_report_nobody_can_judge_does_not_hide_the_next_printers(
    farm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    farm.printer("alder").report(P.FINISHED, job=object())  # what an adapter must never send
    farm.printer("birch").shows_other(P.PRINTING)
    farm.service.look_at(farm.registry.all())
    assert farm.bed("birch") == (False, "Someone is printing their_vase at the printer")
    assert "alder: its report could not be judged" in caplog.text


def test_an_observers_trouble_does_not_turn_an_accepted_command_into_a_refusal(
    farm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    farm.printing()

    def full_disk(*_: Any) -> None:
        raise StorageError("queue.json could not be written (no space left).")

    farm.fleet.observe(full_disk)
    farm.fleet.execute("alder", Pause())
    assert farm.printer().executed == [Pause()]
    assert "alder: pause was sent, but" in caplog.text


def test_who_only_looks_waits_for_no_pass(farm: Any) -> None:
    farm.open()
    job, desk = farm.add(), farm.dispatcher
    looks = (
        lambda: desk.explain(job), desk.standing, desk.advice, desk.after_clearing,
        lambda: desk.file_changed(job.file_id),
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool, desk._turn:
        for look in looks:
            pool.submit(look).result(30)
