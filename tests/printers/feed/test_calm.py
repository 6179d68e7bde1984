"""Reports that change faster than any printer's are not believed, and any printer's are."""

from __future__ import annotations

from typing import Any

from printers.feed.calm import BURST, EVERY_S, Calm
from printers.feed.parse import news_of
from printers.lan.report import Report
from printers.status import PrinterState as S
from tests.printers.feed.server import doc


def report(state: str = "printing", **more: Any) -> Report:
    return news_of(doc(state, **more), "Alder").report


def test_a_busy_day_of_a_printer_is_believed() -> None:
    calm, now = Calm("Alder"), 0.0
    faults = [{"code": f"0300-{n:04d}", "text": "Look at it."} for n in range(8)]
    for number in range(100):
        job = {"name": f"part-{number}", "pct": 1}
        told = [
            report("ready"), report("preparing", job=job), report("printing", job=job),
            report("paused", job=job, faults=faults, pause={"kind": "filament", "text": "Empty."}),
            report("printing", job=job), report("needs_clear"),
        ]  # fmt: skip
        for one in told:
            now += 60.0
            assert calm.judged(one, now) is one


def test_a_new_print_with_every_frame_is_not_and_calm_is_believed_again() -> None:
    calm, now, believed = Calm("Alder"), 0.0, 0
    for number in range(2000):
        now += 0.1
        said = calm.judged(report(job={"name": f"part-{number}", "pct": 50}), now)
        believed += said.state is S.PRINTING
    assert believed <= BURST
    assert said.state is S.UNKNOWN and "until it is calm" in said.message
    assert said.job is None and said.faults == () and said.lock is not None
    last = report(job={"name": "part-1999", "pct": 50})
    assert calm.judged(last, now + 29 * EVERY_S).state is S.UNKNOWN
    assert calm.judged(last, now + 31 * EVERY_S) is last


def test_one_print_that_begins_anew_with_every_frame_is_not() -> None:
    calm = Calm("Alder")
    for turn in range(200):
        said = calm.judged(report(job={"name": "part", "pct": 90 * (turn % 2)}), turn * 0.5)
    assert said.state is S.UNKNOWN


def test_a_storm_of_faults_or_sensors_is_not() -> None:
    for key in ("faults", "temps"):
        calm = Calm("Alder")
        for turn in range(4):
            names = [f"x-{turn}-{n}" for n in range(32)]
            faults = [{"code": name, "text": "!"} for name in names]
            temps = {name: [20, 0, 300] for name in names}
            said = calm.judged(report(**{key: {"faults": faults, "temps": temps}[key]}), turn)
        assert said.state is S.UNKNOWN


def test_a_printer_that_is_away_and_back_is_the_same_one() -> None:
    calm = Calm("Alder")
    for turn in range(500):
        one = report("printing" if turn % 2 else "offline")
        assert calm.judged(one, turn * 0.1) is one
