"""Every rare way is taken on purpose here: test_real_queue.py need not meet it by chance, which
would hang on what is drawn and on how threads take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.job_queue.model import stories
from tests.job_queue.model.test_real_queue import EVERY_WAY, WALKED
from tests.job_queue.model.world import EVIDENCE_S, SILENT_S, STEP_S, World


def late_start_of_an_open_job(world: World) -> None:
    """It arrives before anybody has asked a person, and is then as good as any."""
    world.add()
    world.dispatch("late")
    world.deliver()
    world.report()


def start_that_begins_out_of_sight(world: World) -> None:
    """The network is away; a person in front of the printer says what it does."""
    world.add()
    world.dispatch("silent, no answer")
    world.wait(EVIDENCE_S)
    world.metal.online = False
    world.wait(SILENT_S - EVIDENCE_S + STEP_S)
    world.answer()


def answered_within_the_quiet_period(world: World) -> None:
    world.add()
    world.dispatch("lost")
    world.wait(EVIDENCE_S)
    world.answer()


ON_PURPOSE: dict[str, Callable[[World], None]] = {
    "began late": late_start_of_an_open_job,
    "arrived in vain": stories.late_start_after_a_retry,
    "give_up": stories.given_up_while_it_was_being_read,
    "printing": start_that_begins_out_of_sight,
    "too_early": answered_within_the_quiet_period,
    "began in silence": stories.start_taken_in_silence,
    "foreign, unwatched": stories.same_file_again_while_the_farm_is_down,
}


@pytest.mark.parametrize("way", ON_PURPOSE)
def test_it_is_taken_on_purpose(way: str, world: World, reached: Counter[str]) -> None:
    ON_PURPOSE[way](world)
    world.check()
    world.settle()
    world.check()
    assert reached[way], reached


def test_no_way_is_left_out() -> None:
    assert WALKED | set(ON_PURPOSE) == EVERY_WAY
