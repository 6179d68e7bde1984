"""Whatever a printer shows in whatever order: no identity twice, no step backwards."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import Event, Kind
from core.alert_config import AlertsConfig
from printers.conditions import Conditions
from printers.status import JobProgress
from tests.alerts.watch.scene import S, Scene, fault

CONFIG = AlertsConfig(progress_step=10, photo_interval_s=60.0, due_min=5.0, offline_after_s=20.0)

PERCENT = st.one_of(st.none(), st.integers(0, 100))
JOBS = st.one_of(
    st.none(),
    st.builds(
        JobProgress,
        name=st.sampled_from(["", "gear", "vase"]),
        file=st.sampled_from(["", "gear.gcode"]),
        task_id=st.sampled_from(["", "0", "7", "8"]),
        percent=PERCENT,
        remaining_min=st.one_of(st.none(), st.integers(0, 20)),
        layer=st.one_of(st.none(), st.integers(0, 5)),
        ended=st.sampled_from(["", "", "", "finished", "cancelled", "failed"]),
    ),
)
STEPS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(list(S)),
        "job": JOBS,
        "faults": st.lists(st.sampled_from("AB"), max_size=2, unique=True),
        "pause_kind": st.sampled_from(["", "user", "filament", "printer"]),
        "cancelled": st.booleans(),
        "bed_clear": st.booleans(),
        "maintenance": st.sampled_from([False, False, False, True]),
        "own": st.sampled_from([0, 0, 0, 1, 2]),
        "phase": st.sampled_from(["starting", "printing", "paused", "needs_human"]),
        "wait": st.sampled_from([0.0, 1.0, 5.0, 15.0, 40.0, 700.0]),
        "restart": st.sampled_from([False] * 9 + [True]),
    }
)
"""A step of a printer's life, with or without sense."""


def do(scene: Scene, step: dict[str, Any]) -> None:
    if step["restart"]:
        scene.save()
        scene.restart()
    scene.own = None
    if step["own"]:
        scene.ours(step["phase"], attempt=step["own"])
    scene.conditions = Conditions(bed_clear=step["bed_clear"], maintenance=step["maintenance"])
    scene.look(
        step["state"], job=step["job"], pause_kind=step["pause_kind"],
        cancelled=step["cancelled"], faults=tuple(fault(code) for code in step["faults"]),
    )  # fmt: skip
    scene.clock.advance(step["wait"])
    scene.see()


def steps_of(events: list[Event]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for event in events:
        if event.kind is Kind.PROGRESS:
            found.setdefault(event.run, []).append(int(event.key))
    return found


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_identity_twice_and_no_step_out_of_order(steps: list[dict[str, Any]]) -> None:
    scene = Scene(CONFIG)
    for step in steps:
        do(scene, step)
    told = scene.told + scene.states
    identities = [event.identity for event in told]
    assert len(set(identities)) == len(identities)
    for passed in steps_of(told).values():
        assert passed == sorted(set(passed))
        assert all(0 < step < 100 for step in passed)


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=150, deadline=None)
def test_every_end_closes_what_was_begun(steps: list[dict[str, Any]]) -> None:
    scene = Scene(CONFIG)
    for step in steps:
        do(scene, step)
    standing: set[str] = set()
    for event in scene.told:
        if event.ends:
            assert event.incident in standing
            standing.remove(event.incident)
        elif event.kind in (Kind.PAUSED, Kind.FILAMENT_OUT, Kind.FAULT, Kind.OFFLINE,
                            Kind.OFFLINE_PRINTING) or (
            event.kind is Kind.BED_WAITING and not event.repeat
        ):  # fmt: skip
            assert event.incident not in standing
            standing.add(event.incident)
    assert len(standing) == len(scene.memory.open)


@given(st.lists(STEPS, max_size=25), st.lists(STEPS, max_size=10))
@settings(max_examples=100, deadline=None)
def test_killed_and_shown_the_same_again_the_identities_are_the_same(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    """Between telling and writing: the memory is the old one, the printer goes through the same."""
    scene = Scene(CONFIG)
    for step in [*before, {**_REST, "wait": 700.0}]:
        do(scene, step)
    told: list[list[str]] = []
    saved, clock = copy.deepcopy(scene.memory), copy.deepcopy(scene.clock)
    for _ in range(2):
        scene.saved, scene.clock, scene.told, scene.states = (
            copy.deepcopy(saved), copy.deepcopy(clock), [], [],
        )  # fmt: skip
        scene.restart()
        for step in after:
            do(scene, {**step, "restart": False})
        told.append([event.identity for event in scene.told + scene.states])
    assert told[0] == told[1]


_REST: dict[str, Any] = {
    "state": S.IDLE, "job": None, "faults": [], "pause_kind": "", "cancelled": False,
    "bed_clear": True, "maintenance": False, "own": 0, "phase": "printing", "wait": 1.0,
    "restart": False,
}  # fmt: skip
