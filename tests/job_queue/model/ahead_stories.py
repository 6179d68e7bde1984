"""As stories.py, about a file that was sent ahead of its start."""

from __future__ import annotations

from dataclasses import replace

from core.config import DispatchConfig
from job_queue.naming import shown_name
from job_queue.records import Cleanup
from printers.status import JobProgress
from printers.status import PrinterState as P
from tests.job_queue.model.world import EVIDENCE_S, World


def _with_a_file_ahead(world: World) -> Cleanup:
    """One job prints, and the next one's file lies on the printer."""
    world.farm.dispatcher.config = DispatchConfig(prestage=("simulated",))
    world.add()
    world.dispatch()
    world.metal.word = P.PRINTING
    world.metal.shown = replace(world.metal.shown, remaining_min=5)
    world.report()
    world.add()
    world.dispatch()
    (item,) = world.farm.service.staged()
    assert item.staged is not None and item.staged.ready
    return item


def _bed_is_cleared(world: World) -> None:
    world.metal.end(well=True)
    world.wait(10)
    world.clear()


def late_start_of_a_file_sent_ahead(world: World) -> None:
    """One attempt's name: the first start arrives when the second attempt's file is there."""
    world.metal.echoes_ids = False
    item = _with_a_file_ahead(world)
    _bed_is_cleared(world)
    world.dispatch("late")
    assert world.printer.started[-1].remote_name == item.remote_name, "what was sent ahead is used"
    world.wait(EVIDENCE_S)
    world.insists_it_did_not_start()
    assert world.reached["not_started"], "the person was heard"
    world.clear()
    world.dispatch("lost")
    world.deliver()
    world.report()
    world.check()


def file_sent_ahead_is_cut(world: World) -> None:
    """Proof at the start: it was whole when it came, and is not any more."""
    item = _with_a_file_ahead(world)
    world.metal.files[item.remote_name] = 512
    _bed_is_cleared(world)
    world.dispatch()
    world.check()
    assert world.reached["began"] == 2


def file_sent_ahead_is_printed_at_the_screen(world: World) -> None:
    """Watched all the time: somebody printed it while the farm was down, and its end is shown
    under the very name that the start would have."""
    item = _with_a_file_ahead(world)
    _bed_is_cleared(world)
    world.foreign_begins()
    world.metal.end(well=True)
    name = shown_name(item.remote_name)
    world.metal.shown = JobProgress(name=name, file=item.remote_name, ended="finished")
    world.restart()
    world.farm.dispatcher.config = DispatchConfig(prestage=("simulated",))
    world.report()
    world.clear()
    world.dispatch("lost")
    world.report()
    world.check()
    assert world.reached["lost"]
