"""The other farm's Printer JSON: what its words mean here, and whatever else comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printers.conditions import Conditions
from printers.display import STATES, display_state
from printers.feed.parse import MOST_HOPS, NoPrinter, news_of
from printers.registry import Snapshot
from printers.status import (
    AmsUnit,
    Fan,
    Fault,
    Heater,
    JobProgress,
    Link,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Severity,
    Speed,
    Tray,
)
from tests.printers.feed.server import doc
from web.panel import PanelView

S = PrinterState
NOW = 1000.0


def far(state: PrinterState, conditions: Conditions | None = None, **more: Any) -> dict[str, Any]:
    """The Printer JSON that a real farm makes of its own printer."""
    status = PrinterStatus(
        printer_id="alder", name="Alder", kind="bambu", state=state, observed_at=5.0,
        observed_mono=NOW, link=Link(online=True), **more,
    )  # fmt: skip
    view = PanelView()
    view.update(Snapshot(status=status, conditions=conditions or Conditions(), revision=1), NOW)
    return dict(json.loads(json.dumps(view.doc)))


def test_a_farms_own_json_comes_back_as_the_same_parts() -> None:
    tray = Tray(slot="A1", index=0, type="PLA", color="C4633F", name="PLA Basic", remain=48)
    parts: dict[str, Any] = {
        "job": JobProgress(name="Gear", file="Gear", plate=2, percent=42, remaining_min=61,
                           layer=21, layers=50),
        "heaters": (Heater(name="nozzle", current=219.0, target=220.0, maximum=None),),
        "fans": (Fan(name="part", percent=40, settable=False),),
        "speed": Speed(level=2, percent=100),
        "light": True,
        "ams": (AmsUnit(id=0, label="A", kind="AMS", humidity=19, humidity_level=3,
                        temperature=24.0, trays=(tray,)),),
        "external": (Tray(slot="Ext", index=254, empty=True),),
        "active_tray": "A1",
        "faults": (Fault(code="0300-400C", text="Stopped", severity=Severity.COMMON, help="x"),),
        "nozzles": (Nozzle(name="nozzle", diameter_mm=0.4, type="steel"),),
        "door_open": False,
        "wifi_dbm": -50,
        "storage": "ok",
        "homed": "xyz",
    }  # fmt: skip
    machine = Machine(name="P1S", firmware="1.2", volume_mm=(256.0, 256.0, 250.0))
    told = far(S.PRINTING, **parts, machine=machine)
    news = news_of(told, "Alder there")
    assert news.live and not news.silent
    for name, value in parts.items():
        assert getattr(news.report, name) == value, name
    assert news.report.machine == machine
    assert news.report.state is S.PRINTING


@pytest.mark.parametrize("word", STATES)
def test_every_word_of_a_farm_is_shown_as_that_word_or_as_a_printer_that_is_away(word: str) -> None:
    news = news_of(doc(word), "Alder")
    assert news.report.raw_state == word
    status = PrinterStatus(
        printer_id="alder", name="Alder", kind="feed", state=news.report.state,
        raw_state=news.report.raw_state, observed_mono=NOW, lock=news.report.lock,
    )  # fmt: skip
    shown, sub = display_state(Snapshot(status=status, conditions=Conditions(), revision=1), NOW)
    away = {"auth": "offline", "identity": "offline", "misconfigured": "offline"}
    assert shown == away.get(word, word)
    assert (sub == "there") == (not news.report.state.is_connected)
    if not news.report.state.is_connected:
        assert news.report.message.startswith("At its own farm: ")
        assert not news.live


def test_a_word_that_nobody_knows_is_unknown() -> None:
    news = news_of(doc("dancing"), "Alder")
    assert (news.report.state, news.report.raw_state) == (S.UNKNOWN, "unknown")


@pytest.mark.parametrize(
    ("result", "sub", "state", "cancelled"),
    [
        ("finished", "", S.FINISHED, False),
        ("failed", "stopped", S.FAILED, False),
        ("cancelled", "stopped", S.FAILED, True),
        ("", "stopped", S.FAILED, False),
        ("", "", S.IDLE, False),
        (["finished"], "", S.IDLE, False),
    ],
)
def test_how_a_print_ended_is_what_lies_on_the_bed_there(
    result: object, sub: str, state: PrinterState, cancelled: bool
) -> None:
    bed = {"clear": False, "result": result, "name": "Gear", "why": "Gear finished"}
    report = news_of(doc("needs_clear", sub=sub, bed=bed, job=None), "Alder").report
    assert (report.state, report.cancelled) == (state, cancelled)
    assert report.message == "Gear finished."
    if state is not S.IDLE:
        assert report.job is not None and report.job.name == "Gear" and report.job.percent is None


def test_what_is_old_there_is_old_here_and_no_sign_of_life() -> None:
    news = news_of(doc(conn={"online": True, "stale": True}), "Alder")
    assert news.silent and not news.live


def test_what_passed_through_several_farms_says_so_once() -> None:
    once = news_of(doc("offline", message="Alder is off."), "Alder").report.message
    twice = news_of(doc("offline", message=once), "Alder").report.message
    assert once == twice == "At its own farm: Alder is off."


@pytest.mark.parametrize("frame", [None, 7, "x", [], {}, {"state": 3}, {"id": "alder"}])
def test_what_is_no_printer_is_refused(frame: object) -> None:
    with pytest.raises(NoPrinter):
        news_of(frame, "Alder")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
KEYS = [
    *sorted(doc()), "ams", "external", "speed", "pause", "nozzles", "volume", "notices", "wifi",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8), st.sampled_from(STATES))
def test_whatever_comes_the_panel_can_show_it(changes: dict[str, Any], word: str) -> None:
    told = {**doc(word), **changes, "state": word}
    report = news_of(told, "Alder").report
    status = PrinterStatus(
        printer_id="alder", name="Alder", kind="feed", observed_mono=NOW,
        **{f: getattr(report, f) for f in report.__dataclass_fields__},
    )  # fmt: skip
    view = PanelView()
    view.update(Snapshot(status=status, conditions=Conditions(), revision=1), NOW)
    json.dumps(view.doc, allow_nan=False)
    assert view.doc["caps"] == [] and view.doc["files"] == []


def test_nothing_of_it_can_grow_without_end() -> None:
    long = "x" * 100_000
    told = doc(
        "fault", message=long, stage=long, model=long, temps={f"{i}": [1, 2] for i in range(999)},
        faults=[{"code": long, "text": long}] * 999, via=[long] * 999,
        ams=[{"id": 1, "trays": [{"slot": "A", "index": 1, "name": long}] * 999}] * 999,
        job={"name": long},
    )  # fmt: skip
    news = news_of(told, "Alder")
    assert len(repr(news)) < 600_000
    assert len(news.report.heaters) <= 32 and len(news.report.faults) <= 32
    assert len(news.via) == MOST_HOPS + 1


def test_names_that_become_the_same_are_one() -> None:
    """Two series of one name make Prometheus refuse the figures of all printers."""
    long = "x" * 60
    temps = {f"{long}1": [1, 2], f"{long}2": [3, 4], "": [5, 6], " bed": [7, 8], "bed": [9, 9]}
    told = doc(temps=temps, fans={f"{long}1": 1, f"{long}2": 2, "": 3})
    report = news_of(told, "Alder").report
    assert [heater.name for heater in report.heaters] == [long, "bed"]
    assert [fan.name for fan in report.fans] == [long]
