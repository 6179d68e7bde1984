"""A provider that is down is a quiet state: one word to people, few questions, no storm. And the
caps of a day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.defects.verdict import Trouble, Verdict
from alerts.defects.view import BLIND, WATCHING
from alerts.model import Kind
from core.alert_config import DefectConfig
from printers.status import PrinterState as S
from tests.alerts.defects.scene import BAD, GOOD, Scene

DOWN = Trouble("unreachable", "The provider cannot be reached")
MANY = tuple(f"printer-{n:02d}" for n in range(20))
Make = Callable[..., Scene]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(
        printers: tuple[str, ...] = ("alder",), says: Verdict | Trouble = GOOD, **config: Any
    ) -> Scene:
        usual = {"provider": "openai", "interval_s": 120.0, "first_layers": 0}
        scene = Scene(tmp_path, DefectConfig(**{**usual, **config}), printers)
        scene.provider.usual = says
        for name in printers:
            scene.set(S.PRINTING, printer_id=name, percent=50)
        return scene

    return make


def test_an_hour_without_provider_for_many_printers_is_one_incident(make: Make) -> None:
    scene = make(MANY)
    scene.go(10)
    before = len(scene.provider.asked)
    scene.provider.usual = DOWN
    scene.go(3600, step=10)
    assert scene.told == ["watch_blind"]
    (event,) = scene.sink.events
    assert event.printer_id == "" and event.text == (
        "The defect watch sees nothing: The provider cannot be reached."
    )
    assert len(scene.provider.asked) - before < 20, "it is asked seldom, by one printer at a time"
    assert {scene.view(name).state for name in MANY} == {BLIND}
    assert scene.cameras.held == 0, "no camera is kept busy for nobody"
    scene.provider.usual = GOOD
    scene.go(1200, step=10)
    assert scene.told == ["watch_blind", "watch_blind/end"]
    assert {scene.view(name).state for name in MANY} == {WATCHING}


def test_a_minutes_outage_is_told_to_nobody(make: Make) -> None:
    scene = make()
    scene.go(10)
    scene.provider.script.append(DOWN)
    scene.go(400)
    assert scene.told == []


def test_one_that_comes_and_goes_is_told_ever_later(make: Make) -> None:
    scene = make(interval_s=20.0, per_day=100_000)
    for _ in range(30):
        scene.provider.usual = DOWN
        scene.go(150, step=2)
        scene.provider.usual = GOOD
        scene.go(150, step=2)
    assert 1 <= len(scene.sink.of(Kind.WATCH_BLIND)) <= 3
    assert len(scene.sink.of(Kind.WATCH_BLIND, ends=True)) == len(scene.sink.of(Kind.WATCH_BLIND))


@pytest.mark.parametrize("code", ["key", "credit", "model"])
def test_what_only_a_person_can_mend_is_asked_once(make: Make, code: str) -> None:
    refusal = Trouble(code, "The provider refuses the key (401)", stops=True)
    scene = make(MANY, refusal)
    scene.go(7200, step=20)
    assert len(scene.provider.asked) <= 4, "what was under way at that moment"
    assert scene.told == ["watch_blind"]
    assert "not asked again until a test has worked" in scene.sink.events[0].text
    assert scene.watch.stopped
    scene.provider.usual = GOOD
    scene.watch.tested("printer-00", Verdict(score=0.0), None)
    scene.go(60)
    assert scene.told == ["watch_blind", "watch_blind/end"] and not scene.watch.stopped


def test_a_test_that_fails_wakes_nobody(make: Make) -> None:
    refusal = Trouble("key", "The provider refuses the key (401)", stops=True)
    scene = make(says=refusal)
    scene.go(30)
    asked = len(scene.provider.asked)
    scene.watch.tested("alder", None, refusal)
    scene.go(600)
    assert len(scene.provider.asked) == asked and scene.watch.stopped


def test_patience_that_was_asked_for_is_had(make: Make) -> None:
    scene = make()
    scene.go(10)
    scene.provider.script.append(Trouble("busy", "Patience (429)", retry_after_s=1500.0))
    asked = len(scene.provider.asked)
    scene.go(1500)
    assert len(scene.provider.asked) == asked + 1
    scene.go(200)
    assert len(scene.provider.asked) > asked + 1


def test_odd_answers_of_one_picture_do_not_stop_the_others(make: Make) -> None:
    scene = make(("alder", "birch"))
    scene.go(10)
    scene.provider.script.append(Trouble("unreadable", "Not in the form it is asked for"))
    scene.go(600)
    assert scene.told == [] and scene.watch.trouble == ""


def test_nothing_but_odd_answers_is_one_incident(make: Make) -> None:
    scene = make(MANY, Trouble("unreadable", "Not in the form it is asked for", usd=0.001))
    scene.go(3600, step=10)
    farm = [event for event in scene.sink.events if not event.printer_id]
    assert [event.kind for event in farm] == [Kind.WATCH_BLIND]
    assert len(scene.sink.events) == 1, scene.told
    assert scene.watch.budget.total.usd == pytest.approx(0.001 * len(scene.provider.asked))


def test_a_restart_while_it_is_down_tells_nothing_again(make: Make) -> None:
    scene = make(says=DOWN)
    scene.go(300)
    scene.restart()
    scene.go(600)
    assert scene.told == ["watch_blind"]
    scene.provider.usual = GOOD
    scene.restart()
    scene.go(1200)
    assert scene.told == ["watch_blind", "watch_blind/end"]


def test_nobody_prints_nobody_is_told(make: Make) -> None:
    scene = make(says=DOWN)
    scene.go(30)
    scene.set(S.FINISHED, percent=100)
    scene.go(3600, step=10)
    assert scene.told == []


def test_a_question_that_hangs_is_given_up_and_its_answer_dropped(make: Make) -> None:
    scene = make(timeout_s=25.0, confirm_n=1, confirm_m=1)
    scene.go(10)
    hanging: list[Callable[[], None]] = []
    scene.watch.asking._spawn = lambda work, _: hanging.append(work)
    scene.go(150)
    assert len(hanging) >= 1 and "does not finish" in scene.watch.trouble
    scene.watch.asking._spawn = lambda work, _: work()
    scene.provider.script.append(BAD)
    hanging[0]()  # at last, a minute late
    scene.go(400)
    assert scene.told == [] and scene.view().state == WATCHING


def test_no_more_at_once_than_the_provider_takes(make: Make) -> None:
    scene = make(MANY)
    hanging: list[Callable[[], None]] = []
    scene.go(60)
    scene.watch.asking._spawn = lambda work, _: hanging.append(work)
    scene.go(90)
    assert len(hanging) == 4


# --- the caps -------------------------------------------------------------------------------------


def test_the_questions_of_a_day(make: Make) -> None:
    scene = make(per_day=5, interval_s=20.0)
    scene.go(900)
    assert len(scene.provider.asked) == 5
    assert scene.told == ["watch_blind"]
    assert "Today's 5 questions are used up" in scene.sink.events[0].text
    scene.restart()
    scene.go(900)
    assert len(scene.provider.asked) == 5, "a restart gives no second budget"
    scene.clock.advance(86_400)
    scene.go(10)
    assert len(scene.provider.asked) > 5
    assert scene.told == ["watch_blind", "watch_blind/end"]


def test_the_dollars_of_a_day(make: Make) -> None:
    scene = make(says=Verdict(score=0.0, usd=0.004), usd_per_day=0.01, interval_s=20.0)
    scene.go(900)
    assert len(scene.provider.asked) == 3, "the third goes over it, and no fourth is asked"
    assert "0.01 US dollars" in scene.view().text
    assert scene.watch.budget.of("alder").usd == pytest.approx(0.012)


def test_no_cap_in_dollars(make: Make) -> None:
    scene = make(usd_per_day=0.0, interval_s=20.0)
    scene.provider.usual = Verdict(score=0.0, usd=5.0)
    scene.go(100)
    assert len(scene.provider.asked) >= 5


def test_a_clock_that_is_set_back_gives_no_second_budget(make: Make) -> None:
    scene = make(per_day=3, interval_s=20.0)
    scene.go(200)
    scene.clock.jump(-86_400)
    scene.go(300)
    assert len(scene.provider.asked) == 3


def test_obico_costs_nothing_and_is_not_capped(make: Make) -> None:
    scene = make(provider="obico", per_day=5)
    scene.go(300)
    assert len(scene.provider.asked) >= 29
