"""The events of test_real_queue.py in any order, on a farm that sends files ahead; and every crash
on the way of such a file. Beside all other promises: no file lies on a printer unknown to the farm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from core.config import DispatchConfig
from printers.status import PrinterState as P
from tests.job_queue.model.conftest import NewWorld
from tests.job_queue.model.metal import Broken
from tests.job_queue.model.test_real_queue import FATES, STEADY, Queue
from tests.job_queue.model.world import World

ON = DispatchConfig(prestage=("simulated",))
WAYS = {"sent ahead", "started from ahead", "crash", "began", "not_started"}


def switched_on(world: World) -> World:
    world.farm.dispatch = world.farm.dispatcher.config = ON
    return world


def prints_on(world: World) -> None:
    """It is past its heating, and says when it will be done."""
    metal = world.metal
    metal.word, metal.shown = P.PRINTING, replace(metal.shown, remaining_min=5)
    world.report()


def every_file_is_known(world: World) -> None:
    view = world.farm.store.view()
    known = {item.remote_name for item in view.cleanup}
    known |= {job.remote_name for job in view.open_jobs.values()}
    left = set(world.metal.files) - known
    if left:
        raise Broken(f"nobody knows of {left}")


class AheadQueue(Queue):
    """Files are sent ahead whenever the rules let them."""

    @precondition(lambda self: self.world.metal.running and self.world.metal.shown.task_id)
    @rule()
    def it_prints_on_and_another_job_comes(self) -> None:
        if self.world.metal.word is P.PREPARING and len(self.world.added) < 6:
            prints_on(self.world)
            self.world.add()
            self.world.dispatch()

    @invariant()
    def files_are_known(self) -> None:
        if hasattr(self, "world"):
            every_file_is_known(self.world)
            view, reached = self.world.farm.store.view(), self.world.reached
            reached["sent ahead"] += any(i.staged and i.staged.ready for i in view.cleanup)
            reached["started from ahead"] += any(
                job.staged and job.started_at for job in view.jobs.values()
            )


@pytest.fixture
def machine(new_world: NewWorld) -> Iterator[type[AheadQueue]]:
    AheadQueue.new_world = staticmethod(  # type: ignore[method-assign,assignment]
        lambda: switched_on(new_world())
    )
    yield AheadQueue


def test_events_in_any_order(machine: type[AheadQueue], reached: Counter[str]) -> None:
    run_state_machine_as_test(machine, settings=settings(STEADY, max_examples=40))
    missing = WAYS - set(reached)
    assert not missing, f"never taken: {missing} of {reached}"


def busy_world(new_world: NewWorld) -> World:
    """One job prints, another waits."""
    world = switched_on(new_world())
    world.add()
    world.dispatch()
    prints_on(world)
    world.add()
    return world


def test_a_crash_after_every_write_and_effect_of_sending(
    new_world: NewWorld, reached: Counter[str]
) -> None:
    for crash_in in range(1, 12):
        before = reached["crash"]
        world = busy_world(new_world)
        world.dispatch("begins", crash_in)
        crashed = reached["crash"] > before
        every_file_is_known(world)
        world.settle()
        world.check()
        every_file_is_known(world)
        if not crashed:
            assert crash_in == 4, "reserved, sent, ready"
            return
    raise AssertionError("the pass never came to its end")


@pytest.mark.parametrize("fate", FATES)
def test_a_crash_after_every_write_and_effect_of_the_start(
    fate: str, new_world: NewWorld, reached: Counter[str]
) -> None:
    for crash_in in range(1, 30):
        before = reached["crash"]
        world = busy_world(new_world)
        world.dispatch()
        assert world.farm.service.staged()
        world.metal.end(well=True)
        world.wait(10)
        world.clear()
        world.dispatch(fate, crash_in)
        crashed = reached["crash"] > before
        every_file_is_known(world)
        world.settle()
        world.check()
        every_file_is_known(world)
        if not crashed:
            assert crash_in > 4
            return
    raise AssertionError("the pass never came to its end")
