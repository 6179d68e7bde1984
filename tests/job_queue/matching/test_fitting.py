"""From a library's file to verdicts: what is fetched, what waits, what has been answered."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unusable
from job_queue.matching.fit import facts_of, limits_for, require_start
from job_queue.matching.fitting import Fitting
from printers.status import Heater, PrinterState, PrinterStatus
from slicer.confirmations import Confirmations


@pytest.fixture
def fitting(farm: Any) -> Fitting:
    kept = Confirmations(farm.folder / "confirmations.json", farm.clock)
    return Fitting(farm.library, farm.clock, kept)


def codes(fit: Any, level: str) -> list[str]:
    return [verdict.code for verdict in fit.verdicts if verdict.level == level]


def test_without_bounds_a_file_waits(farm: Any, fitting: Fitting) -> None:
    farm.library.moves = None
    status = farm.printer().status
    fit = fitting.of_file(farm.library.stored, 1, status)
    assert codes(fit, "refuse") == ["being_read"] and not fit.ok and fit.level == "refuse"
    with pytest.raises(Unusable, match="still reading") as refused:
        require_start(fit, ["all"])
    assert refused.value.error_code == "being_read"


def test_what_is_known_already_is_said_at_once(farm: Any, fitting: Fitting) -> None:
    """Another model's file need not be read to be refused, and waiting would not help."""
    farm.library.moves = None
    fit = fitting.of_file(farm.library.stored, 2, farm.printer().status)
    assert codes(fit, "refuse") == ["wrong_model"]
    assert codes(fitting.of_file(farm.library.stored, 9, farm.printer().status), "refuse") == [
        "no_plate"
    ]


def test_the_state_is_said_before_the_file(farm: Any, fitting: Fitting) -> None:
    farm.printer().report(PrinterState.PRINTING)
    snapshot = farm.fleet.snapshot("alder")
    fit = fitting.of_printer(farm.library.stored, 2, snapshot)
    first, second = codes(fit, "refuse")
    assert second == "wrong_model" and first not in ("wrong_model", "being_read")
    about_file = fitting.of_file(farm.library.stored, 2, snapshot.status)
    assert codes(about_file, "refuse") == ["wrong_model"]


def test_a_yes_is_told_with_name_and_day_and_asked_no_more(farm: Any, fitting: Fitting) -> None:
    stored, status = farm.library.stored, farm.printer().status
    fit = fitting.of_file(stored, 3, status)
    assert codes(fit, "confirm") == ["unknown_model"] and fit.level == "confirm"
    fitting.remember(stored, 3, status, fit, ["unknown_model"], "Lena")
    again = fitting.of_file(stored, 3, status)
    told = next(verdict for verdict in again.verdicts if verdict.code == "unknown_model")
    day = time.strftime("%Y-%m-%d", time.localtime(farm.clock.time()))
    assert (told.level, again.level, again.ok) == ("warn", "warn", True)
    assert told.text.endswith(f" Confirmed by Lena on {day}.")
    require_start(again, [])
    assert fitting.of_printer(stored, 3, farm.fleet.snapshot("alder")).level == "warn"


def test_only_what_was_asked_is_kept(farm: Any, fitting: Fitting) -> None:
    stored, status = farm.library.stored, farm.printer().status
    fit = fitting.of_file(stored, 1, status)
    fitting.remember(stored, 1, status, fit, ["unknown_model", "other_flavour"], "Lena")
    assert not (farm.folder / "confirmations.json").exists()
    farm.library.moves = replace(farm.library.moves, flavours=(), inches=True)
    asked = fitting.of_file(stored, 3, status)
    assert codes(asked, "confirm") == ["unknown_model", "other_flavour"]
    fitting.remember(stored, 3, status, asked, ["other_flavour"], "")
    assert codes(fitting.of_file(stored, 3, status), "confirm") == ["unknown_model"]
    fitting.remember(stored, 3, status, asked, ["all"], "")
    assert codes(fitting.of_file(stored, 3, status), "confirm") == []


def test_an_exchanged_printer_asks_again(farm: Any, fitting: Fitting) -> None:
    stored, status = farm.library.stored, farm.printer().status
    fitting.remember(stored, 3, status, fitting.of_file(stored, 3, status), ["all"], "Lena")
    other = replace(status, machine=replace(status.machine, code="BL-P001", name="X1C"))
    assert codes(fitting.of_file(stored, 3, other), "confirm") == ["unknown_model"]
    assert codes(fitting.of_file(stored, 3, status), "confirm") == ["unknown_model"]


def test_a_yes_never_lifts_a_refusal(farm: Any, fitting: Fitting) -> None:
    stored, status = farm.library.stored, farm.printer().status
    fitting.remember(stored, 3, status, fitting.of_file(stored, 3, status), ["all"], "Lena")
    wide = replace(farm.library.moves, model=replace(farm.library.moves.model, x1=400.0))
    farm.library.moves = wide
    fit = fitting.of_file(stored, 3, status)
    assert codes(fit, "refuse") == ["off_bed"] and fit.level == "refuse" and not fit.ok


def limits(status: PrinterStatus) -> tuple[float | None, float | None, float | None]:
    found = limits_for(facts_of(status), status)
    return found.nozzle_max_c, found.bed_max_c, found.chamber_max_c


def test_the_printers_own_limits(farm: Any) -> None:
    status = farm.printer().status
    assert limits(status) == (300, 100, None), "of its model"
    told = (
        Heater(name="nozzle", current=20, target=0, maximum=290),
        Heater(name="nozzle2", current=20, target=0, maximum=280),
        Heater(name="bed", current=20, target=0, maximum=None),
        Heater(name="chamber", current=20, target=None, maximum=None),
        Heater(name="bedroom", current=20, target=0, maximum=30),
    )
    assert limits(replace(status, heaters=told)) == (280, 100, 0)
    nameless = replace(status, heaters=told, machine=replace(status.machine, code="", name=""))
    assert limits(nameless) == (None, None, None), "of an unknown printer they are guesses"


@pytest.mark.parametrize(
    ("kind", "firmware", "flavour"),
    [
        ("moonraker", "v0.12.0-404", "Klipper"),
        ("prusalink", "6.1.3+8046", "Prusa"),
        ("octoprint", "OctoPrint 1.11.8, Klipper", "Klipper"),
        ("octoprint", "OctoPrint 1.11.8, Marlin 2.1.2.4", "Marlin"),
        ("octoprint", "OctoPrint 1.11.8", ""),
    ],
)
def test_the_firmwares_language(farm: Any, kind: str, firmware: str, flavour: str) -> None:
    status = farm.printer().status
    machine = replace(status.machine, file_kinds=("gcode",), firmware=firmware)
    assert facts_of(replace(status, kind=kind, machine=machine)).flavour == flavour
    assert facts_of(status).flavour == "Bambu"


def test_build_plate_that_the_owner_named(farm: Any) -> None:
    """No printer reports what lies on its bed; config.json may."""
    plate = replace(farm.library.stored.file.plates[0], bed_type="Textured PEI Plate")
    file = replace(farm.library.stored.file, plates=(plate,))
    stored, status = replace(farm.library.stored, file=file), farm.printer().status

    def warned(build_plate: str) -> bool:
        fitting = Fitting(farm.library, farm.clock, None, {status.printer_id: build_plate})
        return "other_bed_type" in codes(fitting.of_file(stored, 1, status), "warn")

    assert warned("Engineering Plate")
    assert not warned("textured pei plate") and not warned("")
