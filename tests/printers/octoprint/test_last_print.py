"""Which print of a file was the last one, and how it ended."""

from __future__ import annotations

from printers.octoprint.memory import Memory
from tests.printers.follow import seen
from tests.printers.octoprint.server import FakeOctoPrint
from tests.printers.octoprint.steps import Make, S


def test_one_print_of_a_file_is_told_from_the_next(server: FakeOctoPrint, make: Make) -> None:
    """The same file printed again while the farm was away: its bed is another one."""
    server.selected, server.files["vase.gcode"] = "vase.gcode", b"G28"
    server.prints = {"last": {"date": 1_700_000_000.5, "success": False}}
    calm = seen(make(server.url), lambda s: s.state is S.IDLE)
    assert calm.job is not None
    assert (calm.job.ended, calm.job.task_id) == ("failed", "print:1700000000")
    server.completion = 100.0
    server.prints = {"last": {"date": 1_700_009_999.5, "success": True}}
    done = seen(make(server.url), lambda s: s.state is S.FINISHED)
    assert done.job is not None
    assert (done.job.ended, done.job.task_id) == ("finished", "print:1700009999")


def test_a_file_that_was_only_selected_has_not_ended(server: FakeOctoPrint, make: Make) -> None:
    server.selected, server.files["vase.gcode"] = "vase.gcode", b"G28"
    assert seen(make(server.url), lambda s: s.state is S.IDLE).job is None


def test_an_end_is_dated_once_the_server_has_written_it_down() -> None:
    memory = Memory()
    memory.event("PrintStarted", {"path": "vase.gcode"}, 10.0)
    memory.event("PrintDone", {"path": "vase.gcode"}, 20.0)
    assert (memory.undated(21.0), memory.undated(23.5)) == ("", "vase.gcode")
    memory.learn_last("vase.gcode", {"prints": {"last": {"date": 7, "success": True}}})
    assert memory.last is not None and memory.last.date == 7
    assert memory.undated(99.0) == "", "asked once"
    memory.event("PrintStarted", {"path": "vase.gcode"}, 30.0)
    assert memory.last is None, "that was the print before"
