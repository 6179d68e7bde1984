"""Ways to trouble that the model found and the queue still takes.

Strict: who mends the queue is told to move the story to stories.py, and to take its exception out
of test_real_queue.py.
"""

from __future__ import annotations

import pytest

from core.errors import PrinterTimeout
from tests.job_queue.model.world import EVIDENCE_S, QUIET_S, SILENT_S, Broken, World


@pytest.mark.xfail(
    strict=True,
    raises=Broken,
    reason="doubt.py deletes the file after the quiet period and not before it (reliability 4.2, "
    "resolving U: 3 fence, 4 quiet): a late start that is read before the deletion still begins",
)
def test_a_late_start_taken_in_silence_just_before_the_answer(world: World) -> None:
    world.add()
    world.dispatch("late")
    world.wait(EVIDENCE_S + QUIET_S)
    world.deliver_silently()
    world.answer()
    world.wait(SILENT_S)
    world.check()


@pytest.mark.xfail(
    strict=True,
    raises=Broken,
    reason="a job that is given up is not fenced: when its file cannot be removed at once, its bed "
    "can be marked clear and the next job sent while its start may still arrive",
)
def test_a_start_given_up_arrives_after_the_next_print(world: World) -> None:
    world.add()
    world.add()
    world.dispatch("late")
    world.wait(EVIDENCE_S)
    world.printer.refuse_delete = PrinterTimeout("550 busy")
    world.answer(give_up=True)
    world.clear()
    world.dispatch()
    world.metal.end(well=True)
    world.deliver()


@pytest.mark.xfail(
    strict=True,
    raises=Broken,
    reason="the last look compares with the claim's baseline and trusts the watcher for the bed: "
    "when the watcher is held up, a print seen first by the dispatcher is no obstacle",
)
def test_a_print_of_others_while_the_farm_was_down_and_the_watcher_is_slow(world: World) -> None:
    world.add()
    world.foreign_begins()
    world.metal.end(well=True)
    world.restart()
    world.quick_watcher = False
    world.dispatch()
