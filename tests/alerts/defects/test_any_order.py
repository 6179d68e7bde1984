"""Whatever printer, model and people do in whatever order: at most one automatic pause per print,
none in the grace time after a resume, none in the first layers, no alert twice."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.defects.verdict import Trouble, Verdict
from alerts.model import Kind
from core.alert_config import DefectConfig
from printers.status import PrinterState as S
from tests.alerts.defects.scene import BAD, GOOD, Scene, make_status

GRACE_S = 400.0
SAYS: tuple[Verdict | Trouble, ...] = (
    BAD, BAD, BAD, GOOD, Verdict(score=0.7, kind="other"),
    Trouble("unreadable", "Not in the form it is asked for"),
    Trouble("unreachable", "The provider cannot be reached"),
)  # fmt: skip
STEP = st.one_of(
    st.tuples(st.just("says"), st.sampled_from(SAYS)),
    st.tuples(st.just("state"), st.sampled_from([S.PRINTING, S.PAUSED, S.PAUSED, S.OFFLINE])),
    st.tuples(st.just("state"), st.just(S.PRINTING)),
    st.tuples(st.just("end"), st.sampled_from([S.FINISHED, S.FAILED, S.IDLE])),
    st.tuples(st.just("go"), st.sampled_from([20, 90, 350, 1500])),
    st.tuples(st.just("hold"), st.sampled_from([BAD, GOOD])),
    st.tuples(st.just("wish"), st.booleans()),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("refuse"), st.booleans()),
)


class Run:
    """Plays the steps and keeps its own account of what a person did."""

    def __init__(self, folder: Path, provider: str) -> None:
        config = DefectConfig(
            provider=provider, pause=True, grace_s=GRACE_S, interval_s=30.0, first_layers=0,
            confirm_n=1, confirm_m=2, per_day=100_000,
        )  # type: ignore[arg-type]  # fmt: skip
        self.scene = Scene(folder, config)
        self.scene.watch._execute = self._execute
        self.number = 0
        self.state, self.percent = S.IDLE, 0
        self.began = self.resumed = -1e9
        self.paused: list[int] = []
        self.violations: list[str] = []
        self.refuse = False
        self.begin()

    def _execute(self, printer_id: str, _: Any) -> None:
        now = self.scene.clock.time()
        for holds, wrong in (  # an exception would end at the watch's own barrier
            (self.state is S.PRINTING, "paused while it was not printing"),
            (now - self.resumed >= GRACE_S, "paused again in the grace time"),
            (now - self.began >= 300.0, "paused in the first minutes"),
        ):
            self.violations += [] if holds else [wrong]
        self.paused.append(self.number)
        if not self.refuse:
            self.report(S.PAUSED)

    def begin(self) -> None:
        self.number += 1
        self.began, self.resumed = self.scene.clock.time(), -1e9
        self.report(S.PRINTING)

    def report(self, state: S) -> None:
        if state is S.PRINTING and self.state is S.PAUSED:
            self.resumed = self.scene.clock.time()
        if state is not S.OFFLINE:
            self.state = state
        name = f"part-{self.number}"
        clock, make = self.scene.clock, self.scene.states
        make["alder"] = lambda: make_status(clock, state, name=name, percent=10)

    def step(self, what: str, value: Any) -> None:
        scene = self.scene
        if what == "says":
            scene.provider.usual = value
        elif what == "state":
            self.report(value)
        elif what == "end":
            self.report(value)
            scene.go(5)
            self.begin()
        elif what == "hold":  # a person pauses and resumes, and the model says this
            self.report(S.PAUSED)
            scene.go(20, step=5)
            self.report(S.PRINTING)
            scene.provider.usual = value
        elif what == "restart":
            scene.restart()
            scene.watch._execute = self._execute
        elif what == "refuse":
            self.refuse = value
        elif what == "wish" and scene.guards["alder"].print is not None:
            scene.guards["alder"].wish(value)
        scene.go(value if what == "go" else 3, step=10 if what == "go" else 1)


@settings(max_examples=40)
@given(st.lists(STEP, min_size=3, max_size=25), st.sampled_from(["openai", "obico"]))
def test_at_most_one_pause_per_print_and_none_in_the_grace_time(
    steps: list[tuple[str, Any]], provider: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), provider)
        run.scene.go(310, step=10)
        for what, value in steps:
            run.step(what, value)
        assert run.violations == []
        assert len(run.paused) == len(set(run.paused)), "two automatic pauses in one print"
        sink = run.scene.sink
        assert sink.repeated == 0
        for event in sink.of(Kind.DEFECT, ends=True) + sink.of(Kind.WATCH_BLIND, ends=True):
            assert any(e.incident == event.incident and not e.ends for e in sink.events)
        begun = {e.incident for e in sink.events if not e.ends}
        ended = {e.incident for e in sink.events if e.ends}
        now = run.scene.guards["alder"].print
        runs = {now.run if now else "", ""}
        assert all(one.split("|")[1] in runs for one in begun - ended), "of a past print"


def test_it_does_pause_at_all(tmp_path: Path) -> None:
    run = Run(tmp_path, "openai")
    run.scene.go(310, step=10)
    run.step("says", BAD)
    run.step("go", 90)
    assert run.paused == [1]
    run.step("state", S.PRINTING)
    run.step("go", 1500)
    run.step("end", S.FINISHED)
    run.step("go", 1500)
    assert run.paused == [1, 2]
