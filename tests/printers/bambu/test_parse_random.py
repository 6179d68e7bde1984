"""No report can make the parser raise, and no broken one changes what a healthy printer does."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printers.bambu.merge import Report
from printers.bambu.models import MODELS, UNKNOWN, Model, by_name
from printers.bambu.parse import Parsed, Parser, capabilities, parse, read_versions
from printers.status import PrinterState

Load = Callable[..., dict[str, Any]]

PRINTERS = {
    "p1s_printing": "P1S",
    "x1c_printing": "X1C",
    "h2d_printing": "H2D",
    "a1mini_idle": "A1 mini",
}
BROKEN: tuple[Any, ...] = (
    None, True, False, [], {}, "", "junk", "\udcff\x00", [None], [[]], {"a": None}, [{"id": []}],
    float("nan"), float("inf"), "9" * 5000, {"id": "0", "info": {}},
)  # fmt: skip
ODD: tuple[Any, ...] = (
    *BROKEN, 0, -1, 1, 255, 2**31, -(2**63), 2**70, 1e300, "0", "-1", "ffffffff", "IDLE", "PAUSE",
    "RUNNING", [{"attr": 2**40, "code": -1}], [{"id": "128", "tray": [{"id": "3"}, 7]}],
    [{"id": 0, "temp": 2**33, "snow": "x"}],
)  # fmt: skip


def mutate(value: Any, chance: random.Random, junk: tuple[Any, ...], depth: int = 0) -> Any:
    """The value with one place of it, at any depth, replaced by junk."""
    if isinstance(value, dict) and value and (depth == 0 or chance.random() < 0.7):
        key = chance.choice(list(value))
        return {**value, key: mutate(value[key], chance, junk, depth + 1)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [*value[:place], mutate(value[place], chance, junk, depth + 1), *value[place + 1 :]]
    return copy.deepcopy(chance.choice(junk))


def difference(report: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    keys = chance.sample(list(report), k=chance.randint(1, 6))
    return {key: report[key] for key in keys}


@pytest.mark.parametrize("name", PRINTERS)
def test_broken_differences_never_change_the_state(bambu_report: Load, name: str) -> None:
    """12,500 per printer, 50,000 in all, each merged into the same living report."""
    chance = random.Random(f"broken {name}")
    whole = bambu_report(name)
    model = by_name(PRINTERS[name])
    assert model is not None
    report, parser = Report(), Parser(model)
    healthy = parser.parse(report.data, report.apply(whole, full=True))
    for _ in range(12_500):
        patch = mutate(difference(whole, chance), chance, BROKEN)
        if isinstance(patch.get("gcode_state"), str):
            del patch["gcode_state"]  # another word is a statement of the printer, not damage
        parsed = parser.parse(report.data, report.apply(patch, full=False))
        assert (parsed.state, parsed.raw_state) == (healthy.state, healthy.raw_state), patch
    report.apply(whole, full=True)
    mended = parser.parse(report.data)
    assert (mended.state, mended.job, mended.ams) == (healthy.state, healthy.job, healthy.ams)


@pytest.mark.parametrize("name", PRINTERS)
def test_step_by_step_equals_from_scratch_whatever_arrives(bambu_report: Load, name: str) -> None:
    chance = random.Random(f"odd {name}")
    whole = bambu_report(name)
    for model in (*MODELS, UNKNOWN):
        report, parser = Report(), Parser(model)
        parsed = parser.parse(report.data, report.apply(whole, full=True))
        for step in range(300):
            patch = mutate(difference(whole, chance), chance, ODD)
            changed = report.apply(patch, full=step % 10 == 9)
            parsed = parser.parse(report.data, changed)
            assert_sound(parsed, model)
        assert parsed == parse(report.data, model)


def assert_sound(parsed: Parsed, model: Model) -> None:
    """Whatever was reported, what the panel gets is clean."""
    assert isinstance(parsed.state, PrinterState)
    for heater in parsed.heaters:
        assert -60 <= heater.current <= 600
    for fan in parsed.fans:
        assert 0 <= fan.percent <= 100
    for unit in parsed.ams:
        for tray in unit.trays:
            assert tray.remain is None or 0 <= tray.remain <= 100
            assert len(tray.color) in (0, 6)
    json.dumps([parsed.raw_state, parsed.stage, parsed.pause_reason]).encode()
    assert capabilities(model, parsed) >= {"pause", "stop"}


PARTS = st.sampled_from(["id", "info", "temp", "ams", "tray", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "info", "temp", "ams", "tray", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "gcode_state", "stg_cur", "ams", "device", "hms", "print_error", "vt_tray", "vir_slot",
        "lights_report", "home_flag", "sdcard", "fun", "cfg", "stat", "aux", "ipcam", "s_obj",
        "upgrade_state", "nozzle_temper", "mc_percent", "wifi_signal", "gcode_file", "print_type",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    patches=st.lists(st.dictionaries(KEYS, JSON, max_size=6), min_size=1, max_size=4),
    model=st.sampled_from((*MODELS, UNKNOWN)),
    full=st.booleans(),
)
def test_any_json_is_survived(patches: list[dict[str, Any]], model: Model, full: bool) -> None:
    report, parser = Report(), Parser(model)
    parsed = parser.parse(report.data)
    for patch in patches:
        parsed = parser.parse(report.data, report.apply(patch, full=full))
        parse(patch, model)
    assert parsed == parse(report.data, model)
    assert_sound(parsed, model)


@settings(max_examples=300, deadline=None)
@given(info=JSON | st.fixed_dictionaries({"module": st.lists(JSON, max_size=4)}))
def test_any_version_reply_is_survived(info: Any) -> None:
    assert isinstance(read_versions(info).firmware, str)
