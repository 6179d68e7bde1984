"""Short ways to trouble, each the shortest counter-example of the model told to the real queue.

Every story passes as the queue is; without the guard that it is about, the observer raises Broken.
"""

from __future__ import annotations

from core.errors import PrinterTimeout
from tests.job_queue.model.world import EVIDENCE_S, QUIET_S, SILENT_S, World


def late_start_after_a_retry(world: World) -> None:
    """Fence: the first start arrives after a person's "it did not start"."""
    world.add()
    world.dispatch("late")
    world.wait(EVIDENCE_S)
    world.insists_it_did_not_start()
    assert world.reached["not_started"], "the person was heard"
    world.deliver()
    world.report()
    world.check()


def start_taken_in_silence(world: World) -> None:
    """Quiet period: the printer has read the file and will begin 25 s after the question."""
    world.add()
    world.dispatch("silent, no answer")
    world.wait(EVIDENCE_S)
    world.answer()
    world.wait(SILENT_S)
    assert world.reached["began in silence"]
    world.check()


def next_job_after_a_finish(world: World) -> None:
    """Bed gate: two jobs, and nobody comes to take the part."""
    world.add()
    world.add()
    world.dispatch()
    world.metal.end(well=True)
    world.wait(10)
    world.dispatch()
    world.check()


def upload_cut_short(world: World) -> None:
    """SIZE: what lies on the printer is shorter than what was sent, whatever the reply said."""
    world.add()
    world.printer.cut_bytes = 512
    world.dispatch()
    world.check()
    assert world.reached["arrived in vain"] == 0


def late_start_finds_the_next_file(world: World) -> None:
    """Unique name: the first attempt's start arrives when the second attempt's file is there."""
    world.metal.echoes_ids = False
    world.add()
    world.dispatch("late")
    world.wait(EVIDENCE_S)
    world.insists_it_did_not_start()
    world.clear()
    world.dispatch("lost")
    world.deliver()
    world.report()
    world.check()


def crash_just_after_the_start(world: World) -> None:
    """Intent: the process dies when the start has left and nothing else has been written."""
    world.add()
    for crash_in in range(1, 12):
        world.dispatch("begins", crash_in)
        world.metal.end(well=True) if world.metal.running else None
        world.report()
        world.check()
        world.clear()


def print_of_others_during_the_transfer(world: World) -> None:
    """Last look: at the printer somebody prints something short while our file is on its way."""
    world.add()
    world.printer.during_upload = world.short_foreign_print
    world.dispatch()
    world.check()
    assert world.reached["foreign"]


def late_start_taken_in_silence(world: World) -> None:
    """Fence before quiet: a start that arrives late is read just before the file goes."""
    world.add()
    world.dispatch("late")
    world.wait(EVIDENCE_S + QUIET_S)
    world.deliver_silently()
    world.answer()
    world.wait(SILENT_S)
    assert world.reached["began in silence"]
    world.check()


def start_given_up_arrives_after_the_next_print(world: World) -> None:
    """Giving up: the printer would not delete the file, and the bed is clear again."""
    world.add()
    world.add()
    world.dispatch("late")
    world.wait(EVIDENCE_S)
    world.printer.refuse_delete = PrinterTimeout("550 busy")
    world.answer(give_up=True)
    assert world.reached["give_up"]
    world.clear()
    world.dispatch()
    if world.metal.running:
        world.metal.end(well=True)
    world.deliver()


def given_up_while_it_was_being_read(world: World) -> None:
    """Quiet after giving up: the file goes, and the printer has read it already."""
    world.add()
    world.add()
    world.dispatch("silent, no answer")
    world.wait(EVIDENCE_S)
    world.answer(give_up=True)
    assert world.reached["give_up"]
    world.clear()
    world.dispatch()
    world.wait(SILENT_S)
    assert world.reached["began in silence"]
    world.check()


def same_file_again_while_the_farm_is_down(world: World) -> None:
    """Sight: the screen shows what it showed when the bed was called clear."""
    _same_file_again(world, dead=True)


def same_file_again_out_of_sight(world: World) -> None:
    """Sight: the network was away, the farm was not."""
    _same_file_again(world, dead=False)


def _same_file_again(world: World, *, dead: bool) -> None:
    world.add()
    world.add()
    world.dispatch()
    world.metal.end(well=True)
    world.wait(10)
    world.clear()
    world.unwatched_foreign_print(dead=dead)
    assert world.reached["foreign, unwatched"]
    world.check()
    world.dispatch()


def print_of_others_and_a_slow_watcher(world: World) -> None:
    """Last look: others printed while the farm was down; the dispatcher is faster than its eye."""
    world.add()
    world.foreign_begins()
    world.metal.end(well=True)
    world.restart()
    world.quick_watcher = False
    world.dispatch()
    assert world.reached["foreign"]
