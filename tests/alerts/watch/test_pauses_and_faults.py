"""Pauses and faults: told once, reminded of, and when another one is another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.model import Level
from alerts.watch.tracker import PrinterTracker
from printers.status import Severity
from tests.alerts.watch.print_begun import begun
from tests.alerts.watch.scene import S, Scene, fault


def test_a_pause_waits_for_its_reason_and_ends() -> None:
    scene = begun()
    scene.look(S.PAUSED)
    scene.wait(2)
    assert scene.kinds() == []
    scene.pauses("The front cover of the toolhead is off")
    scene.wait(2)
    scene.wait(600)
    assert scene.kinds() == ["paused"]
    assert scene.told[0].text == "Alder is paused in gear. The front cover of the toolhead is off."
    assert scene.told[0].urgency is Level.NOW
    scene.prints(1)
    assert scene.kinds() == ["paused", "/paused", "resumed"]
    assert scene.told[1].incident == scene.told[0].incident
    assert scene.told[1].urgency is Level.INFO


@pytest.mark.parametrize(
    ("kind", "told", "level"),
    [("printer", "paused", Level.NOW), ("user", "paused", Level.SOON),
     ("filament", "filament_out", Level.NOW)],
)  # fmt: skip
def test_a_pause_is_reminded_of_twice_and_no_more(kind: str, told: str, level: Level) -> None:
    scene = begun()
    scene.pauses("The front cover is off", kind)
    for _ in range(300):
        scene.wait(1)
        scene.clock.advance(59)
    assert scene.kinds() == [told, f"{told} again 1", f"{told} again 2"]
    assert {event.urgency for event in scene.told} == {level}
    assert {event.incident for event in scene.told} == {scene.told[0].incident}
    assert scene.told[2].text == "Alder has been paused in gear for 2 h. The front cover is off."
    assert scene.fresh()
    scene.prints(9)
    assert scene.kinds() == [f"/{told}", "resumed"]
    scene.pauses()
    scene.wait(5)
    assert scene.kinds()[2:] == ["paused"], "the next one begins anew"


def test_reminders_of_a_pause_over_a_restart_and_a_clock_that_is_set_back() -> None:
    scene = begun()
    scene.pauses()
    scene.wait(5)
    scene.clock.jump(-86_400)
    scene.wait(1810)
    assert scene.fresh() == ["paused", "paused again 1"]
    scene.save()
    scene.restart(away_s=4 * 3600.0)
    scene.look()
    scene.wait(60)
    assert scene.fresh() == ["paused again 2"]
    scene.conditions = replace(scene.conditions, maintenance=True)
    scene.wait(3600)
    assert scene.kinds() == []


def test_the_defect_watch_says_that_it_has_paused_and_rings_no_second_time() -> None:
    scene = begun()
    scene.tracker = PrinterTracker(
        "alder", scene.memory, "s1", scene.config, paused_by=lambda name: f"Paused for {name}"
    )
    scene.pauses("Paused by a person", "user")
    scene.wait(5)
    [paused] = scene.told
    assert paused.text == "Alder is paused in gear. Paused for alder."
    assert (paused.urgency, paused.facts["reason"]) == (Level.SOON, "Paused for alder")


def test_the_second_pause_is_another() -> None:
    scene = begun()
    for _ in range(2):
        scene.pauses()
        scene.wait(4)
        scene.prints(1)
    assert scene.kinds() == ["paused", "/paused", "resumed"] * 2
    assert [event.key for event in scene.told if event.kind == "paused"] == ["", "", "2", "2"]
    assert len({event.identity for event in scene.told}) == 6


def test_a_blink_of_a_pause_is_none() -> None:
    scene = begun()
    scene.pauses()
    scene.wait(1)
    scene.prints(1)
    scene.wait(5)
    assert scene.kinds() == []


def test_a_person_who_paused_need_not_run() -> None:
    scene = begun()
    scene.pauses("Paused by a person", "user")
    scene.wait(4)
    assert scene.told[0].urgency is Level.SOON


def test_filament_that_ran_out() -> None:
    scene = begun()
    scene.pauses("Filament ran out in A3", "filament")
    scene.wait(4)
    scene.prints(1)
    assert scene.kinds() == ["filament_out", "/filament_out", "resumed"]
    assert scene.told[0].facts["reason"] == "Filament ran out in A3"


def test_a_pause_that_turns_out_to_be_the_filament() -> None:
    scene = begun()
    scene.pauses()
    scene.wait(4)
    scene.pauses("Filament ran out", "filament")
    scene.wait(4)
    assert scene.kinds() == ["paused", "filament_out", "/paused"]


def test_a_pause_that_ends_with_the_print() -> None:
    scene = begun()
    scene.pauses()
    scene.wait(4)
    scene.look(S.FAILED, cancelled=True)
    scene.wait(6)
    assert scene.kinds() == ["paused", "cancelled", "/paused"]


def test_a_fault_is_told_once_for_as_long_as_it_stands() -> None:
    scene = begun()
    scene.look(faults=(fault("A"), fault("B", Severity.COMMON)))
    scene.wait(30)
    assert scene.kinds() == ["fault", "fault"]
    assert [event.facts["code"] for event in scene.told] == ["A", "B"]
    assert [event.urgency for event in scene.told] == [Level.NOW, Level.SOON]
    scene.look(faults=(fault("B", Severity.COMMON),))
    scene.wait(5)
    scene.look(faults=(fault("A"), fault("B", Severity.COMMON)))  # a list that flaps
    scene.wait(60)
    assert scene.kinds() == ["fault", "fault"]
    scene.look(faults=())
    scene.wait(12)
    assert scene.kinds() == ["fault", "fault", "/fault", "/fault"]


def test_a_fault_that_comes_back_is_another() -> None:
    scene = begun()
    for _ in range(2):
        scene.look(faults=(fault(),))
        scene.wait(4)
        scene.look(faults=())
        scene.wait(12)
    assert scene.kinds() == ["fault", "/fault"] * 2
    assert len({event.identity for event in scene.told}) == 4


def test_a_fault_that_comes_and_goes_rings_once_a_print_and_again_after_a_while() -> None:
    scene = begun()

    def comes_and_goes(times: int) -> list[Level]:
        for _ in range(times):
            scene.look(faults=(fault(),))
            scene.wait(4)
            scene.look(faults=())
            scene.wait(12)
        told, scene.told = scene.told, []
        return [event.urgency for event in told if event.kind == "fault" and not event.ends]

    assert comes_and_goes(5) == [Level.NOW, *[Level.INFO] * 4]
    scene.wait(600)
    assert comes_and_goes(2) == [Level.NOW, Level.INFO]
    scene.prints(100, state=S.FINISHED)
    scene.prints(0, name="vase")
    assert comes_and_goes(1) == [Level.NOW], "another print"


def test_a_code_that_is_shown_for_a_moment() -> None:
    scene = begun()
    scene.look(faults=(fault(),))
    scene.wait(1)
    scene.look(faults=())
    scene.wait(30)
    assert scene.kinds() == []


def test_faults_without_a_print_have_identities_of_their_own() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    for _ in range(2):
        scene.look(faults=(fault(),))
        scene.wait(4)
        scene.look(faults=())
        scene.wait(12)
    assert [event.run for event in scene.told] == [""] * 4
    assert [event.key for event in scene.told[::2]] == ["0300-4002 s1.1", "0300-4002 s1.2"]
    assert len({event.identity for event in scene.told}) == 4


def test_the_fault_that_says_why_a_print_is_paused_rings_once() -> None:
    scene = begun()
    scene.pauses("The hotend fan is too slow", faults=(fault(),))
    scene.wait(6)
    told = {event.kind.value: event.urgency for event in scene.told}
    assert told == {"paused": Level.NOW, "fault": Level.INFO}


def test_a_fault_goes_on_standing_while_the_printer_is_away() -> None:
    scene = begun()
    scene.look(faults=(fault(),))
    scene.wait(4)
    scene.fresh()
    scene.goes(S.CONNECTING)
    scene.status = replace(scene.status, faults=())
    scene.wait(60, reports=False)
    assert scene.kinds() == []
