"""What is told while a print runs: steps, photos, the end ahead, changes of state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.alert_config import AlertsConfig
from printers.conditions import Conditions
from tests.alerts.watch.print_begun import begun
from tests.alerts.watch.scene import CONFIG, S, Scene, fault

PHOTOS = AlertsConfig(progress_step=0, photo_interval_s=3600.0, due_min=10.0)


def test_every_five_percent_once() -> None:
    scene = begun(replace(CONFIG, progress_step=5))
    for percent in range(101):
        scene.prints(percent)
        scene.prints(percent)
    assert scene.kinds() == [f"progress {step}" for step in range(5, 100, 5)]
    assert scene.told[0].text == "Alder: gear is 5 % done."


def test_only_the_newest_of_several_steps() -> None:
    scene = begun(replace(CONFIG, progress_step=5))
    scene.prints(23, remaining_min=80)
    scene.prints(97)
    assert scene.kinds() == ["progress 20", "progress 95"]
    assert scene.told[0].text == "Alder: gear is 23 % done, 1 h 20 min left."
    assert scene.told[0].facts["left_s"] == 4800


def test_a_percentage_that_falls_tells_no_step_twice() -> None:
    scene = begun()
    for percent in (26, 24, 26, 51, 40, 51, 76):
        scene.prints(percent)
    assert scene.kinds() == ["progress 25", "progress 50", "progress 75"]


def test_the_percentage_of_the_print_before_hides_no_step() -> None:
    scene = Scene(replace(CONFIG, progress_step=5))
    scene.look(S.IDLE)
    scene.prints(100, name="vase")
    scene.prints(0, name="vase")
    scene.prints(6, name="vase")
    assert scene.kinds() == ["started", "progress 5"]


@pytest.mark.parametrize(("percent", "kinds"), [(7, ["progress 5"]), (12, [])])
def test_a_first_percentage_just_past_a_step_tells_it(percent: int, kinds: list[str]) -> None:
    scene = Scene(replace(CONFIG, progress_step=5))
    scene.look(S.IDLE)
    scene.prints(percent)
    assert scene.kinds() == ["started", *kinds]


def test_steps_count_from_the_preparation_where_it_is_a_part_of_the_print() -> None:
    """A P1S at 34 % when its first layer begins (a short print, simulated)."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(100, state=S.PREPARING)  # of the print before
    scene.prints(0, state=S.PREPARING)
    scene.prints(18, state=S.PREPARING)
    scene.prints(34)
    scene.prints(51)
    assert scene.kinds() == ["started", "progress 25", "progress 50"]


def test_no_steps_at_all() -> None:
    scene = begun(replace(CONFIG, progress_step=0))
    for percent in range(101):
        scene.prints(percent)
    assert scene.kinds() == []


def test_a_photo_every_hour_from_the_prints_beginning() -> None:
    scene = begun(PHOTOS)
    scene.wait(2 * 3600 + 60)
    assert scene.fresh() == ["photo 1", "photo 2"]
    scene.prints(100, state=S.FINISHED)
    scene.wait(3 * 3600)
    assert scene.fresh() == ["finished"]
    scene.prints(0, name="vase")
    scene.wait(3590)
    assert scene.fresh() == ["started"]  # the hour began anew
    scene.wait(20)
    assert scene.fresh() == ["photo 1"]


def test_no_photo_of_a_printer_that_is_paused_or_gone() -> None:
    scene = begun(PHOTOS)
    scene.pauses()
    scene.wait(4000)
    assert scene.fresh() == ["paused", "paused again 1"]
    scene.prints(5)
    assert scene.fresh() == ["/paused", "resumed", "photo 1"]


def test_no_photo_of_a_printer_that_is_silent() -> None:
    scene = begun(PHOTOS)
    scene.wait(3580)
    scene.wait(50, reports=False)
    assert scene.kinds() == []
    scene.prints(9)
    assert scene.kinds() == ["photo 1"]


def test_hours_that_nobody_looked_are_one_photo() -> None:
    scene = begun(PHOTOS)
    scene.save()
    scene.restart(away_s=5 * 3600.0)
    scene.prints(60)
    scene.wait(3590)
    assert scene.kinds() == ["photo 1"]
    scene.wait(20)
    assert scene.kinds() == ["photo 1", "photo 2"]


def test_a_clock_that_was_set_back_stops_no_photos() -> None:
    scene = begun(PHOTOS)
    scene.clock.jump(-7200)
    scene.wait(3610)
    assert scene.kinds() == ["photo 1"]


def test_done_in_ten_minutes_once() -> None:
    scene = begun(PHOTOS)
    for percent, minutes in ((0, 0), (10, 60), (80, 11), (82, 10), (81, 12), (84, 9)):
        scene.prints(percent, remaining_min=minutes)
    assert scene.kinds() == ["due_soon"]
    assert scene.told[0].text == "Alder: gear is done in 10 min."


def test_no_minutes_left_is_believed_only_near_the_end() -> None:
    scene = begun(PHOTOS)
    scene.prints(5, remaining_min=60)
    scene.prints(40, remaining_min=0)  # it does not know
    assert scene.kinds() == []
    scene.prints(95, remaining_min=0)
    assert scene.kinds() == ["due_soon"]


def test_a_print_shorter_than_that_is_not_announced() -> None:
    scene = begun(PHOTOS)
    for percent, minutes in ((1, 9), (50, 4), (90, 1)):
        scene.prints(percent, remaining_min=minutes)
    assert scene.kinds() == []


def test_changes_of_the_state() -> None:
    scene = begun()
    scene.pauses()
    scene.prints(2)
    scene.pauses()
    assert [event.facts["state"] for event in scene.states] == [
        "printing", "paused", "printing", "paused",
    ]  # fmt: skip
    assert scene.states[1].text == "Alder: printing, now paused."
    assert len({event.identity for event in scene.states}) == 4


@pytest.mark.parametrize("away_s", [60.0, 3600.0])
def test_a_change_that_is_long_past_is_not_told(away_s: float) -> None:
    scene = begun()
    scene.prints(1)
    scene.save()
    scene.states = []
    scene.restart(away_s)
    scene.pauses()
    assert len(scene.states) == (1 if away_s < 600 else 0)


def test_maintenance_mutes_and_what_still_stands_is_told_after_it() -> None:
    scene = begun()
    scene.conditions = Conditions(maintenance=True)
    scene.prints(60)
    scene.look(faults=(fault(),))
    scene.wait(30)
    scene.pauses()
    scene.wait(30)
    assert scene.kinds() == []
    scene.conditions = Conditions()
    scene.look(faults=(fault(),))
    assert scene.kinds() == ["paused", "fault"]


def test_what_began_before_the_maintenance_ends_in_it() -> None:
    scene = begun()
    scene.pauses()
    scene.wait(4)
    scene.conditions = Conditions(maintenance=True)
    scene.prints(1)
    assert scene.kinds() == ["paused", "/paused"]
