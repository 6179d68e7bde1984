"""Connections, beds, restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.model import Level
from core.alert_config import AlertsConfig
from printers.conditions import Conditions
from tests.alerts.watch.scene import CONFIG, S, Scene, fault

BUSY_BED = Conditions(bed_clear=False)


def begun(config: AlertsConfig = CONFIG) -> Scene:
    scene = Scene(config)
    scene.look(S.IDLE)
    scene.prints(0)
    assert scene.fresh() == ["started"]
    return scene


# -- offline and online ------------------------------------------------------------------------


def test_a_printer_that_is_gone_in_the_middle_of_a_print_and_back() -> None:
    scene = begun()
    scene.goes(text="Alder does not answer")
    scene.wait(100, reports=False)
    assert scene.kinds() == []
    scene.wait(30, reports=False)
    assert scene.kinds() == ["offline_printing"]
    assert scene.told[0].urgency is Level.NOW
    assert scene.told[0].text == (
        "Alder cannot be reached in the middle of gear. Alder does not answer."
    )
    scene.wait(3600, reports=False)
    scene.prints(60)
    scene.wait(6)
    assert scene.kinds() == ["offline_printing", "progress 50", "/offline_printing", "online"]
    assert scene.told[-1].text == "Alder is back after 1 h and still busy with gear."


def test_an_idle_printer_that_is_switched_off() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.goes()
    scene.wait(130, reports=False)
    scene.look(S.IDLE)
    scene.wait(6)
    assert scene.kinds() == ["offline", "/offline", "online"]


def test_silence_without_a_word_is_no_connection_either() -> None:
    """A dead TCP session: the state stays what it was, and its age grows."""
    scene = begun()
    scene.wait(60 + 125, reports=False)
    assert scene.kinds() == ["offline_printing"]


@pytest.mark.parametrize("state", [S.AUTH, S.IDENTITY, S.CONNECTING])
def test_other_ways_of_being_gone(state: S) -> None:
    scene = begun()
    scene.goes(state, "Alder refuses the farm's access code")
    scene.wait(130, reports=False)
    assert scene.kinds() == ["offline_printing"]


def test_flapping_is_told_to_nobody() -> None:
    scene = begun()
    for _ in range(20):
        scene.goes()
        scene.wait(110, reports=False)
        scene.prints(3)
        scene.wait(3)
    assert scene.kinds() == []


def test_a_short_sign_of_life_is_no_return() -> None:
    scene = begun()
    scene.goes()
    scene.wait(130, reports=False)
    for _ in range(5):
        scene.prints(3)
        scene.wait(2)
        scene.goes()
        scene.wait(130, reports=False)
    assert scene.kinds() == ["offline_printing"]


def test_every_outage_has_an_identity_of_its_own() -> None:
    scene = begun()
    for _ in range(3):
        scene.goes()
        scene.wait(130, reports=False)
        scene.prints(3)
        scene.wait(6)
    assert scene.kinds() == ["offline_printing", "/offline_printing", "online"] * 3
    assert len({event.identity for event in scene.told}) == 9


def test_a_printer_never_heard_of_is_no_news() -> None:
    scene = Scene()
    scene.goes()
    scene.wait(3600, reports=False)
    assert scene.kinds() == []
    scene.look(S.IDLE)
    scene.wait(10)
    assert scene.kinds() == []


def test_a_reconnect_says_nothing_of_a_print_that_has_ended_before() -> None:
    scene = begun()
    scene.prints(100, state=S.FINISHED)
    assert scene.fresh() == ["finished"]
    for _ in range(3):
        scene.goes(S.CONNECTING)
        scene.wait(20, reports=False)
        scene.prints(100, state=S.FINISHED)
        scene.wait(20)
    assert scene.kinds() == []


def test_an_end_that_came_during_an_outage_is_told_afterwards() -> None:
    scene = begun()
    scene.goes()
    scene.wait(7200, reports=False)
    scene.prints(100, state=S.FINISHED)
    scene.wait(6)
    assert scene.kinds() == ["offline_printing", "finished", "/offline_printing", "online"]


# -- beds --------------------------------------------------------------------------------------


def ended() -> Scene:
    scene = begun()
    scene.conditions = BUSY_BED
    scene.prints(100, state=S.FINISHED)
    assert [event.urgency for event in scene.told] == [Level.SOON, Level.INFO]
    assert scene.fresh() == ["finished", "bed_waiting"]
    return scene


def test_a_bed_that_waits_is_reminded_of_twice_and_no_more() -> None:
    scene = ended()
    scene.wait(4 * 3600)
    assert scene.kinds() == ["bed_waiting again 1", "bed_waiting again 2"]
    assert scene.told[0].urgency is Level.SOON
    assert scene.told[0].text == (
        "Alder: gear has been on the bed for 30 min. Nothing can start there until it is cleared."
    )
    assert len({event.incident for event in scene.told}) == 1
    scene.conditions = Conditions(bed_clear=True)
    scene.wait(10)
    assert scene.kinds()[2:] == ["/bed_waiting"]
    assert scene.told[-1].incident == scene.told[0].incident


def test_clear_that_is_taken_back_is_not_clear() -> None:
    scene = ended()
    scene.conditions = Conditions(bed_clear=True)
    scene.wait(5)
    scene.conditions = BUSY_BED
    scene.wait(60)
    assert scene.kinds() == []


def test_the_next_print_proves_that_the_bed_was_cleared() -> None:
    scene = ended()
    scene.ours()
    scene.prints(0, name="next")
    assert scene.kinds() == ["started", "/bed_waiting"]


def test_no_word_of_a_bed_that_is_clear_already() -> None:
    scene = begun()
    scene.prints(100, state=S.FINISHED)
    scene.wait(3600)
    assert scene.kinds() == ["finished"]


def test_reminders_missed_by_a_stopped_farm_are_one() -> None:
    scene = ended()
    scene.save()
    scene.restart(away_s=5 * 3600.0)
    scene.look()
    scene.wait(60)
    assert scene.kinds() == ["bed_waiting again 2"]


# -- restarts ----------------------------------------------------------------------------------


def tell_everything(scene: Scene) -> None:
    """From one memory always the same."""
    scene.look(S.IDLE)
    scene.prints(0)
    scene.prints(30)
    scene.look(faults=(fault(),))
    scene.wait(4)
    scene.pauses("The nozzle is clogged", faults=(fault(),))
    scene.wait(4)
    scene.prints(31)
    scene.goes()
    scene.wait(130, reports=False)
    scene.prints(55)
    scene.wait(6)
    scene.conditions = BUSY_BED
    scene.prints(100, state=S.FINISHED)
    scene.wait(1900)


def test_killed_between_telling_and_writing_the_identities_are_the_same() -> None:
    """The desk drops what it knows: nothing is told twice."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.save()
    tell_everything(scene)
    first = [event.identity for event in scene.told]
    assert len(set(first)) == len(first) == 14
    scene.told = []
    scene.conditions = Conditions(bed_clear=True)
    scene.restart()
    tell_everything(scene)
    assert [event.identity for event in scene.told] == first


@pytest.mark.parametrize("seconds", range(14))
def test_killed_at_any_moment_of_a_pause(seconds: int) -> None:
    """Whatever was told before the kill has the same identity after it."""
    scene = begun()
    scene.save()
    scene.pauses("The nozzle is clogged", faults=(fault(),))
    scene.wait(seconds)
    before = {event.identity for event in scene.told}
    scene.told = []
    scene.restart(2.0)
    scene.pauses("The nozzle is clogged", faults=(fault(),))
    scene.wait(15)
    after = {event.identity for event in scene.told}
    assert before <= after and len(after) == 2


def test_a_restart_tells_nothing_again() -> None:
    scene = begun()
    scene.prints(30)
    scene.pauses()
    scene.look(faults=(fault(),))
    scene.wait(10)
    scene.save()
    scene.fresh()
    scene.restart(30.0)
    scene.goes(S.CONNECTING)
    scene.wait(5, reports=False)
    scene.pauses(faults=(fault(),))
    scene.wait(30)
    assert scene.kinds() == []
    scene.prints(31)
    scene.wait(12)
    assert scene.kinds() == ["/paused", "resumed", "/fault"]


def test_a_start_during_a_short_stop_of_the_farm_is_told_and_its_steps_are_not() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.save()
    scene.restart(300.0)
    scene.prints(60)
    scene.prints(80)
    assert scene.kinds() == ["started", "progress 75"]


def test_a_start_during_a_long_stop_of_the_farm_is_past() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.save()
    scene.restart(3600.0)
    scene.prints(60)
    scene.prints(100, state=S.FINISHED)
    assert scene.kinds() == ["finished"]


def test_an_end_during_a_stop_of_the_farm_is_told() -> None:
    scene = begun()
    scene.save()
    scene.restart(8 * 3600.0)
    scene.prints(100, state=S.FINISHED)
    assert scene.kinds() == ["finished"]


def test_our_jobs_start_is_told_if_it_was_not_long_ago() -> None:
    for ago, kinds in ((300.0, ["started"]), (3600.0, [])):
        scene = Scene()
        scene.ours(started_at=scene.clock.time() - ago)
        scene.prints(40)
        assert scene.kinds() == kinds


def test_another_print_after_a_long_stop_is_not_told_as_a_change() -> None:
    scene = begun()
    scene.prints(30)
    scene.save()
    scene.fresh()
    scene.restart(8 * 3600.0)
    scene.prints(40, name="vase")
    scene.prints(80, name="vase")
    assert scene.kinds() == ["progress 75"]


def test_due_is_told_after_a_restart_if_it_was_not_due_before() -> None:
    scene = begun(replace(CONFIG, due_min=10.0))
    scene.prints(5, remaining_min=60)
    scene.save()
    scene.restart(3600.0)
    scene.prints(85, remaining_min=7)
    assert scene.kinds() == ["progress 75", "due_soon"]
