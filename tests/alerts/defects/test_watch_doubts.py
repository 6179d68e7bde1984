"""Where the watch could have harmed or said more than it knows: a second pair of eyes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.defects.asking import Asking
from alerts.defects.budget import Budget
from alerts.defects.pictures import prepare
from alerts.defects.providers.one_time import OneTimePictures
from alerts.defects.verdict import Trouble, Verdict
from alerts.defects.view import BLIND, WATCHING
from core.alert_config import DefectConfig
from core.clock import ManualClock, SystemClock
from printers.status import PrinterState as S
from tests.alerts.defects.scene import BAD, FakeProvider, Scene, make_picture, make_status

Make = Callable[..., Scene]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(printers: tuple[str, ...] = ("alder",), **config: Any) -> Scene:
        usual = {"provider": "openai", "interval_s": 120.0, "first_layers": 0, "pause": True}
        return Scene(tmp_path, DefectConfig(**{**usual, **config}), printers)

    return make


def test_a_picture_that_breaks_the_library_costs_only_its_own_printer(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make(("alder", "birch"), interval_s=20.0)
    broken = make_picture(900)
    scene.cameras.live = False

    def odd(jpeg: bytes, turn: Any) -> Any:
        if jpeg == broken:
            raise struct.error("unpack requires a buffer of 2 bytes")
        return prepare(jpeg, turn)

    monkeypatch.setattr("alerts.defects.eye.prepare", odd)
    for name in ("alder", "birch"):
        scene.set(S.PRINTING, printer_id=name, percent=50)
    for number in range(400):
        scene.cameras.show("alder", broken)
        scene.cameras.show("birch", make_picture(number))
        scene.go(1)
    assert len(scene.provider.asked) > 15, "the provider's places come back"
    assert scene.view("birch").state == WATCHING
    assert scene.view("alder").state == BLIND and "cannot be read" in scene.view("alder").text


def test_an_answer_nobody_can_read_does_not_look_good(make: Make) -> None:
    scene = make()
    scene.provider.usual = Trouble("unreadable", "The model does not answer as asked")
    scene.set(S.PRINTING, percent=50)
    scene.go(5)
    view = scene.view()
    assert view.state == WATCHING and "good" not in view.text and "does not answer" in view.text


def test_what_was_seen_before_a_person_resumed_does_not_look_good(make: Make) -> None:
    scene = make()
    scene.provider.usual = BAD
    scene.set(S.PRINTING, percent=50)
    scene.go(5)
    scene.set(S.PAUSED, percent=50)
    scene.go(5)
    scene.set(S.PRINTING, percent=50)
    scene.go(5)
    assert scene.view().text == "Not looked since a person let it go on."


def test_the_same_file_begun_again_at_once_has_its_first_minutes(make: Make) -> None:
    """OctoPrint tells neither layers nor that it prepares."""
    scene = make(interval_s=20.0, recheck_s=20.0)
    scene.set(S.PRINTING, percent=3, layer=None)
    scene.go(600)
    scene.set(S.FAILED, percent=9, layer=None)
    scene.go(30)
    scene.provider.usual = BAD
    scene.set(S.PRINTING, percent=0, layer=None)
    scene.go(280)
    assert scene.pauses == []
    scene.go(60)
    assert scene.pauses == ["alder"]


def test_prints_that_change_every_second_do_not_spend_the_day(make: Make) -> None:
    scene = make()
    for number in range(1200):
        scene.set(S.PRINTING, name=f"part-{number}", percent=50)
        scene.go(1)
    assert 15 <= len(scene.provider.asked) <= 1200 / 60 + 1


def test_the_printer_of_another_farm_is_not_told_to_pause(make: Make) -> None:
    scene = make()
    scene.provider.usual = BAD
    scene.states["alder"] = lambda: replace(
        make_status(scene.clock, percent=50), kind="feed", name="Alder"
    )
    scene.go(900)
    assert scene.pauses == [] and scene.told == ["defect"]
    assert "another farm" in scene.sink.events[0].text


def test_an_answer_that_comes_too_late_has_cost_its_money_all_the_same(make: Make) -> None:
    scene = make()
    hanging: list[Callable[[], None]] = []
    scene.watch.asking._spawn = lambda work, _: hanging.append(work)
    scene.set(S.PRINTING, percent=50)
    scene.go(150)
    before = scene.watch.budget.total.usd
    scene.provider.script.append(Verdict(score=0.0, usd=0.5))
    hanging[0]()
    scene.go(2)
    assert scene.watch.budget.total.usd - before == pytest.approx(0.5)


def test_a_test_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.defects.asking.OVERTIME_S", 0.0)
    late: list[Callable[[], None]] = []
    provider = FakeProvider(at_once=1)
    asking = Asking(
        provider, SystemClock(), 0.05, lambda _: None, lambda work, _: late.append(work)
    )
    verdict, trouble = asking.now(b"", 0.05)
    assert verdict is None and trouble is not None and trouble.code == "timeout"
    assert asking.reserve(), "its place is free again"
    late.pop()()
    assert not asking.reserve(), "and was given back once"


def test_an_address_without_password_ends_though_the_question_does_not() -> None:
    clock = ManualClock()
    pictures = OneTimePictures(clock)
    with pictures.offered(b"jpeg", 30.0) as token:
        clock.advance(29)
        assert pictures.take(token) == b"jpeg"
        clock.advance(1)
        assert pictures.take(token) is None


@pytest.mark.parametrize("day", ["2199-01-01", "zzz", ""])
def test_a_clock_that_was_far_ahead_does_not_stop_the_watch_for_years(day: str) -> None:
    now = 1_800_000_000.0
    kept = {"day": day, "total": [500, 1.0], "by": {}}
    budget = Budget(DefectConfig(provider="openai"), capped=True, kept=kept)
    assert budget.why_not(now) == "" and budget.total.calls == 0
    tomorrow = {**kept, "day": "2027-01-16"}  # set back by a day: no second budget
    assert "used up" in Budget(DefectConfig(provider="openai"), True, tomorrow).why_not(now)
