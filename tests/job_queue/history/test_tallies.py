"""Statistics as a table: records in, sums out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from job_queue.history.attempts import Record, Used
from job_queue.history.tallies import Statistics, statistics_of

HOUR = 3600.0


def at(day: int, month: int = 11) -> float:
    return datetime(2026, month, day, 12, tzinfo=UTC).timestamp()


def a_print(result: str = "finished", hours: float | None = 1.0, **more: Any) -> Record:
    known: dict[str, Any] = {
        "job_id": "j-1", "attempt": 1, "file_id": "f", "file_name": "gear.3mf", "ended_at": at(5),
        "printer_id": "alder", "printer": "Alder", "model": "P1S", "estimate_s": 3600,
        "grams": 10.0, "filaments": (Used(type="PLA", grams=10.0),),
    }  # fmt: skip
    record = Record(result=result, **(known | more))
    if hours is None:
        return record
    return Record(
        result=result, started_at=record.ended_at - hours * HOUR,
        **(known | more),
    )  # fmt: skip


def line(found: Statistics) -> tuple[Any, ...]:
    total = found.total
    return (
        total.finished, total.failed, total.cancelled, total.not_started,
        total.success_rate, total.seconds / HOUR, round(total.grams, 2),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], (0, 0, 0, 0, None, 0, 0)),
        ([a_print()], (1, 0, 0, 0, 1.0, 1.0, 10)),
        ([a_print(), a_print("failed", 0.5)], (1, 1, 0, 0, 0.5, 1.5, 15)),
        ([a_print("cancelled", 0.25)], (0, 0, 1, 0, 0.0, 0.25, 2.5)),
        ([a_print("failed", 9.0)], (0, 1, 0, 0, 0.0, 9.0, 10)),  # never more than the plate
        ([a_print(hours=3.0)], (1, 0, 0, 0, 1.0, 3.0, 10)),  # slower than told: all the same grams
        ([a_print("not_started", None)], (0, 0, 0, 1, None, 0, 0)),
        ([a_print("not_started", 1.0)], (0, 0, 0, 1, None, 0, 0)),  # intended, never begun
        ([a_print("cancelled", None, printer_id="")], (0, 0, 0, 1, None, 0, 0)),  # removed
        ([a_print(grams=None, filaments=())], (1, 0, 0, 0, 1.0, 1.0, 0)),
        ([a_print("failed", 0.5, estimate_s=None)], (0, 1, 0, 0, 0.0, 0.5, 0)),
    ],
)
def test_the_total(records: list[Record], expected: tuple[Any, ...]) -> None:
    assert line(statistics_of(records)) == expected


def test_a_clock_that_was_set_back_makes_no_negative_hours() -> None:
    assert statistics_of([a_print(started_at=at(6), hours=None)]).total.seconds == 0.0


def test_per_printer_and_month_with_the_newest_name() -> None:
    found = statistics_of(
        [
            a_print(ended_at=at(30, 10)),
            a_print("failed", 2.0),
            a_print(printer="Alder II", model="X1C"),
            a_print(printer_id="birch", printer="Birch", hours=4.0),
        ]
    )
    alder = found.printers["alder"]
    assert (alder.name, alder.model, alder.tally.prints) == ("Alder II", "X1C", 3)
    assert {m: t.prints for m, t in found.months.items()} == {"2026-10": 1, "2026-11": 3}
    assert found.printer_months["2026-11", "birch"].seconds == 4 * HOUR
    assert found.printer_months["2026-11", "alder"].success_rate == 0.5


def test_failures_by_reason_with_the_last_words() -> None:
    found = statistics_of(
        [
            a_print("failed", code="0300-400C", reason="The nozzle is clogged"),
            a_print("failed", code="0300-400C", reason="The nozzle is clogged again"),
            a_print("cancelled", text="gear was stopped at 4 %"),
            a_print("not_started", None, code="cut"),
        ]
    )
    told = {code: (reason.count, reason.text) for code, reason in found.reasons.items()}
    assert told == {
        "0300-400C": (2, "The nozzle is clogged again"),
        "cancelled": (1, "gear was stopped at 4 %"),
    }


def test_filament_by_material_and_what_is_not_known() -> None:
    two = (Used(type="PLA", grams=6.0), Used(type="PETG", grams=4.0), Used(type="TPU"))
    found = statistics_of(
        [
            a_print(filaments=two),
            a_print("failed", 0.5, filaments=two),
            a_print(filaments=(Used(grams=1.0),)),
            a_print("not_started", None, filaments=two),
            a_print(grams=None, filaments=()),
        ]
    )
    assert found.materials == {"PLA": 9.0, "PETG": 6.0, "": 1.0}
    assert found.total.unweighed == 1
