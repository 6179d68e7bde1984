"""The real service and dispatcher, driven by the model's own events in any order."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.errors import PrinterTimeout
from tests.job_queue.model.conftest import NewWorld
from tests.job_queue.model.metal import Broken
from tests.job_queue.model.test_guards import GUARDS
from tests.job_queue.model.world import EVIDENCE_S, QUIET_S, World

FATES = ("begins", "silent", "begins, no answer", "silent, no answer", "late", "lost", "refused",
         "unsent")  # fmt: skip
CRASH_IN = st.one_of(st.just(0), st.just(0), st.integers(1, 14))
STEADY = settings(max_examples=110, stateful_step_count=25, deadline=None)
EVERY_WAY = {
    *FATES, "began", "began late", "began in silence", "arrived in vain", "crash", "foreign",
    "foreign, unwatched", "not_started", "give_up", "printing", "too_early", "job_open", "settled",
}  # fmt: skip
RARE = {"began late", "arrived in vain", "give_up", "printing", "too_early"}
"""They hang on threads' timing; test_ways.py takes each of them on purpose."""
WALKED = EVERY_WAY - RARE
"""Every run takes them many times."""


class Queue(RuleBasedStateMachine):
    """People act whenever the farm lets them, the printer and the network whenever they like."""

    new_world: Callable[[], World]

    @initialize(
        echoes_ids=st.booleans(), fate=st.sampled_from(FATES), crash_in=CRASH_IN, gone=st.booleans()
    )
    def open(self, echoes_ids: bool, fate: str, crash_in: int, gone: bool) -> None:
        self.world = type(self).new_world()
        self.world.metal.echoes_ids = echoes_ids
        self.world.add()
        self.world.dispatch(fate, crash_in)
        if gone:
            self.network_goes()

    def waiting(self) -> int:
        return sum(job.state.is_waiting for job in self.world.farm.service.jobs())

    @precondition(lambda self: self.waiting() < 2 and len(self.world.added) < 6)
    @rule()
    def add(self) -> None:
        self.world.add()

    @precondition(lambda self: self.waiting())
    @rule(fate=st.sampled_from(FATES), crash_in=CRASH_IN)
    def dispatch(self, fate: str, crash_in: int) -> None:
        self.world.dispatch(fate, crash_in)

    @precondition(lambda self: len(self.world.added) < 6 and not self.world.metal.running)
    @rule(fate=st.sampled_from(FATES), crash_in=CRASH_IN)
    def add_clear_and_dispatch(self, fate: str, crash_in: int) -> None:
        self.world.metal.online = True
        self.add()
        self.world.clear()
        self.world.dispatch(fate, crash_in)

    @precondition(lambda self: self.world.metal.under_way)
    @rule()
    def late_start_arrives(self) -> None:
        self.world.deliver()

    @precondition(lambda self: self.world.metal.under_way)
    @rule()
    def late_start_is_taken_in_silence(self) -> None:
        self.world.deliver_silently()

    @precondition(lambda self: self.world.metal.running)
    @rule(well=st.booleans())
    def print_ends(self, well: bool) -> None:
        self.world.report()  # a print is longer than a report takes, unless nobody listens
        self.world.metal.end(well)

    @precondition(lambda self: not self.world.metal.running and not self.world.metal.part)
    @rule()
    def foreign_print(self) -> None:
        self.world.foreign_begins()

    @precondition(lambda self: not self.world.metal.running and not self.world.metal.part)
    @rule(dead=st.booleans())
    def unwatched_foreign_print(self, dead: bool) -> None:
        self.world.unwatched_foreign_print(dead=dead)

    @precondition(lambda self: self.waiting() and not self.world.metal.running)
    @rule()
    def foreign_print_during_the_transfer(self) -> None:
        self.world.printer.during_upload = self.world.short_foreign_print
        self.world.clear()
        self.world.dispatch()
        self.world.printer.during_upload = lambda: None

    @precondition(lambda self: not self.world.metal.running)
    @rule()
    def clear(self) -> None:
        self.world.clear()

    @precondition(lambda self: self.world.open_job() is not None)
    @rule(
        wait=st.sampled_from((0.0, EVIDENCE_S, EVIDENCE_S + QUIET_S)),
        give_up=st.sampled_from((False, False, False, True)),
        crash_in=CRASH_IN,
    )
    def answer(self, wait: float, give_up: bool, crash_in: int) -> None:
        self.world.wait(wait)
        self.world.crash_in = crash_in
        self.world.answer(give_up)

    @precondition(lambda self: self.world.open_job() is not None)
    @rule(fate=st.sampled_from(FATES))
    def answer_and_try_again(self, fate: str) -> None:
        self.world.wait(EVIDENCE_S)
        self.world.insists_it_did_not_start()
        self.world.clear()
        self.world.dispatch(fate)

    @rule(seconds=st.sampled_from((5, 15, 60, 190)), online=st.booleans(), crash_in=CRASH_IN)
    def time_passes(self, seconds: int, online: bool, crash_in: int) -> None:
        self.world.metal.online |= online
        self.world.report(crash_in)
        self.world.wait(seconds)

    @precondition(lambda self: self.world.metal.online and self.world.added)
    @rule()
    def network_goes(self) -> None:
        self.world.metal.online = False
        self.world.report()

    @rule(refuses=st.booleans(), cuts=st.booleans())
    def card(self, refuses: bool, cuts: bool) -> None:
        printer = self.world.printer
        printer.refuse_delete = PrinterTimeout("550") if refuses else None
        printer.cut_bytes = 512 if cuts else 0

    @rule()
    def restart(self) -> None:
        self.world.restart()

    def teardown(self) -> None:
        """In the end nothing may be stuck."""
        if hasattr(self, "world") and sys.exc_info()[0] is None:
            self.world.settle()
            self.world.check()
            self.world.reached["settled"] += 1

    @invariant()
    def nothing_is_broken(self) -> None:
        if hasattr(self, "world"):
            self.world.report()
            self.world.check()


@pytest.fixture
def machine(new_world: NewWorld) -> Iterator[type[Queue]]:
    Queue.new_world = staticmethod(new_world)  # type: ignore[method-assign,assignment]
    yield Queue


def test_events_in_any_order(machine: type[Queue], reached: Counter[str]) -> None:
    run_state_machine_as_test(machine, settings=STEADY)
    missing = WALKED - set(reached)
    assert not missing, f"never taken: {missing} of {reached}"


@pytest.mark.parametrize("guard", ["bed gate", "last look", "intent", "sight over a death"])
def test_without_a_guard_the_machine_finds_it(
    guard: str, machine: type[Queue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others need longer ways than a short run is sure to take; test_guards.py tells them."""
    GUARDS[guard][0](monkeypatch)
    with pytest.raises(Broken):
        run_state_machine_as_test(machine, settings=settings(STEADY, phases=[Phase.generate]))


@pytest.mark.parametrize("fate", FATES)
def test_a_crash_after_every_write_and_effect(
    fate: str, new_world: NewWorld, reached: Counter[str]
) -> None:
    for crash_in in range(1, 30):
        before = reached["crash"]
        world = new_world()
        world.add()
        world.dispatch(fate, crash_in)
        crashed = reached["crash"] > before
        world.settle()
        world.check()
        if not crashed:  # that was past the last of them
            assert crash_in > 5
            return
    raise AssertionError("the pass never came to its end")
