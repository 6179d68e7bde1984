"""What the gates said is remembered for as long as neither the file nor the printer changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from job_queue.matching import verdicts as room
from job_queue.matching.verdicts import FileVerdicts


@pytest.fixture
def asked(farm: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The printers that the gates are asked about, in order."""
    farm.open()
    found: list[str] = []
    real = farm.service.fitting.of_file

    def of_file(stored: Any, plate: int, status: Any, **more: Any) -> Any:
        found.append(status.printer_id)
        return real(stored, plate, status, **more)

    monkeypatch.setattr(farm.service.fitting, "of_file", of_file)
    return found


@pytest.fixture
def known(farm: Any) -> FileVerdicts:
    return FileVerdicts(farm.service.fitting, farm.library, farm.clock)


def code(farm: Any, known: FileVerdicts, job: Any, printer_id: str = "alder") -> str:
    """Of the answer, at a new look at the farm."""
    reason = known.of(farm.fleet.snapshots()).answer(job, printer_id).reason
    return reason.code if reason else ""


def test_the_gates_are_asked_once_for_all_jobs_of_a_file(
    farm: Any, known: FileVerdicts, asked: list[str]
) -> None:
    jobs = [farm.add(), farm.add()]
    assert [code(farm, known, job) for job in jobs] == ["", ""]
    farm.printer().report()
    assert code(farm, known, jobs[0]) == ""
    assert asked == ["alder"]
    assert code(farm, known, farm.add(plate=2)) == "wrong_model"
    code(farm, known, jobs[0], "birch")
    assert asked == ["alder", "alder", "birch"]


def test_they_are_asked_anew_when_the_printer_the_file_or_the_day_is_another(
    farm: Any, known: FileVerdicts, asked: list[str]
) -> None:
    job = farm.add()
    assert code(farm, known, job) == ""
    printer = farm.printer()
    printer.report(nozzles=tuple(replace(n, diameter_mm=0.8) for n in printer.status.nozzles))
    assert code(farm, known, job) == "wrong_nozzle"
    known.forget_file(job.file_id)
    code(farm, known, job)
    farm.clock.advance(room.KEPT_S)
    code(farm, known, job)
    known.forget_printer("alder")
    code(farm, known, job)
    assert len(asked) == 5
    assert known._count == 1, "only the newest answer is kept"


def test_what_was_said_last_can_be_had_without_asking(
    farm: Any, known: FileVerdicts, asked: list[str]
) -> None:
    job = farm.add()
    gates = known.of(farm.fleet.snapshots())
    assert gates.known(job, "alder") is None
    said = gates.answer(job, "alder")
    farm.clock.advance(room.KEPT_S)
    later = known.of(farm.fleet.snapshots())
    assert later.known(job, "alder") is said
    assert later.known(job, "alder", fresh=True) is None
    assert asked == ["alder"]


def test_a_file_that_is_still_being_read_is_asked_about_again(
    farm: Any, known: FileVerdicts
) -> None:
    moves, farm.library.moves = farm.library.moves, None
    job = farm.add()
    assert code(farm, known, job) == "being_read"
    farm.library.moves = moves
    assert code(farm, known, job) == ""


def test_the_memory_is_bounded(
    farm: Any, known: FileVerdicts, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST", 2)
    jobs = [farm.add(notes=str(n), options={name: True}) for n, name in enumerate(
        ("timelapse", "bed_leveling", "flow_cali", "use_ams")
    )]  # fmt: skip
    for job in jobs:
        assert code(farm, known, job) == ""
    assert sum(map(len, known._known.values())) == known._count <= 2
    code(farm, known, jobs[0])
    assert len(asked) == 5
