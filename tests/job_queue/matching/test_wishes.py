"""A job that asks for a filament goes only where that is loaded, and says what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unusable
from job_queue.job import JobState
from job_queue.target import Target
from printers.status import AmsUnit, Tray
from slicer.gates.filament_wishes import EXACT, FAMILY, FilamentWish
from slicer.printfile import Plate

ANY = Target()
TERRACOTTA, RED, WHITE = "C4633F", "C1121F", "F7F7F5"
"""The first is the file's; A1 of both printers holds it, Ext holds white PLA."""


def holds(farm: Any, printer_id: str, *trays: tuple[str, str], external: bool = False) -> None:
    loaded = tuple(
        Tray(slot=f"A{n + 1}", index=n, type=kind, color=color)
        for n, (kind, color) in enumerate(trays)
    )
    changes = {"ams": (AmsUnit(id=0, label="A", kind="AMS", trays=loaded),)}
    farm.printer(printer_id).report(**changes, **({} if external else {"external": ()}))
    farm.look()


def prints_plain_gcode(farm: Any, *plates: Plate) -> None:
    """Alder without trays, and a file for it."""
    library = farm.library
    file = replace(library.stored.file, kind="gcode", plates=plates)
    library.stored = replace(library.stored, file=file)
    library.moves = replace(library.moves, flavours=())
    machine = replace(farm.printer().status.machine, file_kinds=("gcode",))
    farm.printer().report(ams=(), external=(), machine=machine)
    farm.look()


def told(farm: Any, job: Any) -> dict[str, tuple[str, str]]:
    reasons = farm.dispatcher.explain(farm.job(job))
    return {reason.printer_id: (reason.code, reason.text) for reason in reasons}


def test_it_waits_until_the_colour_is_loaded_and_takes_that_tray(farm: Any) -> None:
    for name in ("alder", "birch"):
        holds(farm, name, ("PLA", WHITE), ("PETG", RED))
    job = farm.add(ANY, filament=(FilamentWish(match=FAMILY, color=RED),))
    assert farm.dispatch_once() == []
    assert told(farm, job)["birch"] == (
        "filament_not_loaded",
        "Needs red PLA; Birch has A1 white PLA, A2 red PETG loaded.",
    )
    holds(farm, "birch", ("PLA", WHITE), ("PETG", RED), ("PLA", "C8141C"))
    assert farm.dispatch_once() == [(job.id, "birch")]
    assert farm.printer("birch").started[0].ams_mapping[0] == 2


def test_without_a_wish_any_colour_of_the_material_will_do(farm: Any) -> None:
    holds(farm, "alder", ("PLA", WHITE))
    job = farm.add()
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_exact_is_closer_than_family(farm: Any) -> None:
    holds(farm, "alder", ("PLA", "D0122A"))
    close = farm.add(filament=(FilamentWish(match=EXACT, color=RED),))
    assert farm.dispatch_once() == []
    assert "#C1121F" in told(farm, close)["alder"][1]
    job = farm.add(filament=(FilamentWish(match=FAMILY, color=RED),))
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_tray_chosen_at_the_printer_does_not_outweigh_the_wish(farm: Any) -> None:
    holds(farm, "alder", ("PLA", WHITE), ("PLA", RED))
    farm.printer().report(next_tray="A1")
    farm.look()
    farm.add(filament=(FilamentWish(match=FAMILY, color=RED),))
    farm.dispatch_once()
    assert farm.printer().started[0].ams_mapping[0] == 1


def test_a_mapping_by_hand_is_held_to_the_wish(farm: Any) -> None:
    holds(farm, "alder", ("PLA", WHITE), ("PLA", RED))
    wish = (FilamentWish(match=FAMILY, color=RED),)
    job = farm.add(filament=wish, ams_mapping=(0, -1))
    assert farm.dispatch_once() == []
    assert told(farm, job)["alder"][0] == "filament_not_loaded"


def test_a_spool_changed_during_the_transfer_stops_the_start(farm: Any) -> None:
    holds(farm, "alder", ("PLA", RED))
    printer = farm.printer()
    printer.during_upload = lambda: holds(farm, "alder", ("PLA", WHITE))
    job = farm.add(filament=(FilamentWish(match=FAMILY, color=RED),))
    farm.dispatch_once()
    back = farm.job(job)
    assert (back.state, printer.started) == (JobState.QUEUED, [])
    assert back.error.code == "filament_not_loaded"


def test_an_unknown_colour_needs_somebody_to_look(farm: Any) -> None:
    holds(farm, "alder", ("PLA", ""))
    job = farm.add(filament=(FilamentWish(match=FAMILY, color=RED),))
    assert farm.dispatch_once() == []
    assert told(farm, job)["alder"][0] == "confirm_needed"
    farm.service.desk.edit(job.id, farm.job(job).rev, {"confirm": ("unknown_filament",)})
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_printer_that_cannot_tell_is_asked_about_and_only_for_a_wish(farm: Any) -> None:
    prints_plain_gcode(farm, *farm.library.stored.file.plates)
    job = farm.add(filament=(FilamentWish(),))
    assert farm.dispatch_once() == []
    code, text = told(farm, job)["alder"]
    assert code == "confirm_needed" and "cannot tell what is loaded" in text
    farm.service.remove(job.id)
    plain = farm.add()
    assert farm.dispatch_once() == [(plain.id, "alder")]


def test_wishes_are_kept_edited_duplicated_and_checked(farm: Any) -> None:
    wish = (FilamentWish(match=EXACT, color=RED),)
    job = farm.add(filament=wish)
    farm.reboot()
    assert farm.job(job).filaments == wish, "the same after a restart"
    assert farm.service.desk.duplicate(job.id).filaments == wish
    edited = farm.service.desk.edit(job.id, job.rev, {"filament": ()})
    assert edited.filaments == ()
    with pytest.raises(Unusable) as refused:
        farm.add(filament=(FilamentWish(type="ABS"),))
    assert refused.value.error_code == "filament_differs"


# -- fewest changes ----------------------------------------------------------------------------


def test_a_job_goes_where_its_colour_is_even_if_another_printer_waited_longer(farm: Any) -> None:
    holds(farm, "birch", ("PLA", WHITE))
    farm.wait(5)
    holds(farm, "alder", ("PLA", TERRACOTTA))
    for _ in range(8):
        job = farm.add(ANY)
        assert farm.dispatcher._assign(farm.dispatcher._look())[0].printer_id == "alder"
        farm.service.remove(job.id)


def test_a_printer_that_cannot_tell_gets_what_it_printed_last(farm: Any) -> None:
    first = farm.library.stored.file.plates[0]
    petg = replace(first, index=2, filaments=(replace(first.filaments[0], type="PETG"),))
    prints_plain_gcode(farm, first, petg)
    farm.add(plate=2)
    farm.dispatch_once()
    farm.finish()
    pla, again = farm.add(plate=1), farm.add(plate=2)
    assert farm.dispatch_once() == [(again.id, "alder")], "the spool stays"
    farm.finish()
    third = farm.add(plate=2)
    farm.service.desk.place(pla.id, third.id)
    assert farm.dispatch_once() == [(pla.id, "alder")], "a hand outweighs that"
