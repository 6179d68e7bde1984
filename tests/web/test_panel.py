"""The Printer JSON: shapes, patches that add up, and what time alone changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import ManualClock
from printers.conditions import Conditions, OpenJob
from printers.registry import Snapshot
from printers.status import Fault, Heater, Link, PrinterState, Severity
from web.merge import apply, diff
from web.panel import PanelView


def _bare(value: Any) -> Any:
    """Without nulls: a merge patch cannot tell null from missing."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    return value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from("xyz"), json_values)


@settings(max_examples=300, deadline=None)
@given(objects, objects)
def test_a_patch_turns_old_into_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = repr(old)
    assert _bare(apply(old, diff(old, new))) == _bare(new)
    assert repr(old) == before
    assert diff(new, new) == {}


def test_rfc_7386_examples() -> None:
    assert apply({"a": "b"}, {"a": "c"}) == {"a": "c"}
    assert apply({"a": "b", "b": "c"}, {"a": None}) == {"b": "c"}
    assert apply({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}) == {"a": {"b": "d"}}
    assert apply({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}
    assert apply({"e": None}, {"a": 1}) == {"e": None, "a": 1}
    assert apply({}, {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}


STEPS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(PrinterState),
        "nozzle": st.sampled_from([20.0, 20.4, 171.0, 219.6]),
        "percent": st.sampled_from([None, 0, 40]),
        "fault": st.booleans(),
        "clear": st.booleans(),
        "phase": st.sampled_from(["", "uploading", "starting", "printing", "needs_human"]),
        "seconds": st.sampled_from([0.1, 1.0, 16.0, 61.0]),
        "silent": st.booleans(),
    }
)


def _snapshot(kit: Any, step: dict[str, Any], clock: ManualClock, number: int) -> Snapshot:
    fault = Fault(code="1", text="Jam", severity=Severity.SERIOUS)
    status = kit.printing(
        clock=clock, percent=step["percent"], nozzle=step["nozzle"],
        faults=(fault,) if step["fault"] else (),
    )  # fmt: skip
    job = OpenJob(job_id="j-1", phase=step["phase"], name="gear") if step["phase"] else None
    return Snapshot(
        status=replace(status, state=step["state"]),
        conditions=Conditions(bed_clear=step["clear"], job=job),
        revision=number + 1,
    )


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=8))
def test_patches_add_up_to_the_whole(kit: Any, steps: list[dict[str, Any]]) -> None:
    """apply(all patches) == the current JSON == what a page that comes later is given."""
    clock, view = ManualClock(), PanelView()
    shown: dict[str, Any] = {}
    snapshot = None
    for number, step in enumerate(steps):
        clock.advance(step["seconds"])
        if step["silent"] and snapshot is not None:
            patch = view.aged(clock.monotonic())
        else:
            snapshot = _snapshot(kit, step, clock, number)
            patch = view.update(snapshot, clock.monotonic())
        shown = apply(shown, patch)
        assert _bare(shown) == _bare(view.doc)
        if snapshot is not None:
            fresh = PanelView()
            fresh.update(snapshot, clock.monotonic())
            assert {**fresh.doc, "rev": 0, "conn": 0} == {**view.doc, "rev": 0, "conn": 0}
            assert fresh.doc["conn"]["online"] == view.doc["conn"]["online"]
            assert fresh.doc["conn"]["stale"] == view.doc["conn"]["stale"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_only_what_moved_is_sent(kit: Any, clock: ManualClock) -> None:
    view = PanelView()
    status = kit.printing(clock=clock, nozzle=210.0)
    known = Conditions()
    view.update(Snapshot(status=status, conditions=known, revision=1), clock.monotonic())
    warmer = replace(status, heaters=(replace(status.heaters[0], current=211.2), status.heaters[1]))
    patch = view.update(Snapshot(status=warmer, conditions=known, revision=2), clock.monotonic())
    assert patch == {"temps": {"nozzle": [211, 0, 300]}, "rev": 2}
    same = replace(warmer, observed_at=clock.time() + 1)
    unchanged = Snapshot(status=same, conditions=known, revision=3)
    assert view.update(unchanged, clock.monotonic()) == {}
    assert view.doc["rev"] == 2


def test_silence_is_shown_as_stale_then_offline(kit: Any, clock: ManualClock) -> None:
    view = PanelView()
    snapshot = Snapshot(
        status=kit.printing(clock=clock, nozzle=210.0), conditions=Conditions(), revision=1
    )
    view.update(snapshot, clock.monotonic())
    clock.advance(15)
    assert not view.has_aged(clock.monotonic())
    clock.advance(1)
    assert view.has_aged(clock.monotonic())
    patch = view.aged(clock.monotonic())
    assert patch["conn"] == {"stale": True}
    assert view.doc["state"] == "printing"
    assert view.doc["gates"]["jog"]["code"] == "printer_stale"
    clock.advance(45)
    patch = view.aged(clock.monotonic())
    assert view.doc["state"] == "offline"
    assert view.doc["conn"]["online"] is False
    assert view.doc["temps"] == {}  # removed, not frozen
    assert view.doc["job"]["left_s"] is None
    assert patch["temps"] == {"nozzle": None, "bed": None}
    back = replace(snapshot.status, observed_mono=clock.monotonic(), observed_at=clock.time())
    view.update(Snapshot(status=back, conditions=Conditions(), revision=2), clock.monotonic())
    assert view.doc["temps"]["nozzle"] == [210, 0, 300]
    assert view.doc["conn"] == {
        "online": True, "seen": int(clock.time()), "stale": False, "text": "", "since": 1.0,
    }  # fmt: skip


def test_seen_moves_only_each_ten_seconds(kit: Any, clock: ManualClock) -> None:
    view = PanelView()
    patches = []
    for second in range(25):
        status = kit.make_status(clock=clock)
        snapshot = Snapshot(status=status, conditions=Conditions(), revision=second + 1)
        patches.append(view.update(snapshot, clock.monotonic()))
        clock.advance(1)
    assert [n for n, patch in enumerate(patches) if patch] == [0, 10, 20]


def test_our_job_and_a_local_one(kit: Any, clock: ManualClock) -> None:
    ours = OpenJob(
        job_id="j-1", phase="uploading", name="planter", percent=43, file_id="f1", plate=2,
        seconds=600,
    )  # fmt: skip
    view = PanelView()
    idle = kit.make_status(clock=clock)
    view.update(
        Snapshot(status=idle, conditions=Conditions(job=ours), revision=1), clock.monotonic()
    )
    assert view.doc["state"] == "uploading"
    job = view.doc["job"]
    assert (job["phase"], job["phase_pct"], job["local"]) == ("uploading", 43, False)
    assert job["thumb"] == "/api/files/f1/plates/2/thumbnail"
    assert job["total_s"] == 600
    local = kit.printing(clock=clock, percent=50)
    view.update(Snapshot(status=local, conditions=Conditions(), revision=2), clock.monotonic())
    job = view.doc["job"]
    assert (job["name"], job["local"], job["phase"], job["left_s"], job["total_s"]) == (
        "gear", True, "", 1800, 3600,
    )  # fmt: skip
    done = kit.printing(clock=clock, percent=100)
    done = replace(done, state=PrinterState.FINISHED)
    view.update(Snapshot(status=done, conditions=Conditions(), revision=3), clock.monotonic())
    assert view.doc["job"] is None
    assert view.doc["state"] == "needs_clear"


def test_a_blocking_fault_comes_first(kit: Any, clock: ManualClock) -> None:
    info = Fault(code="1", text="AMS is drying", severity=Severity.INFO)
    bad = Fault(code="0300-400C", text="Task was cancelled", severity=Severity.FATAL)
    view = PanelView()
    status = kit.make_status(clock=clock, state=PrinterState.FAULT, faults=(info, bad))
    view.update(Snapshot(status=status, conditions=Conditions(), revision=1), clock.monotonic())
    assert view.doc["fault"]["code"] == "0300-400C"
    assert [fault["tier"] for fault in view.doc["faults"]] == ["info", "fatal"]


def test_a_lone_sensor_has_no_target(kit: Any, clock: ManualClock) -> None:
    view = PanelView()
    chamber = Heater(name="chamber", current=31.6, target=None, maximum=None)
    status = kit.make_status(clock=clock, heaters=(chamber,), link=Link(online=True))
    view.update(Snapshot(status=status, conditions=Conditions(), revision=1), clock.monotonic())
    assert view.doc["temps"] == {"chamber": [32, None, None]}
