"""What a slicer says to the runner, through its output and through a pipe."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from core.errors import StorageError
from slicer.engines import output, runner
from slicer.engines.base import Ended, Step
from slicer.engines.output import MAX_LINE_BYTES, TAIL_BYTES, Lines
from tests.slicer.engines.runs import Runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process groups, FIFO and /proc")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    folder = tmp_path / "slicing"
    folder.mkdir()
    return Runs(folder)


def test_both_streams_come_in_their_order_and_are_cut_into_lines(runs: Runs) -> None:
    ended = runs("/bin/sh", "-c", r"printf 'a\rb\n\n'; printf 'c\r\n' >&2; printf 'ends without'")
    assert runs.lines == ["a", "b", "c", "ends without"]
    assert ended.tail == "a\rb\n\nc\r\nends without"


def test_progress_never_falls(runs: Runs) -> None:
    runs.on_line = lambda line: Step(percent=int(line)) if line != "x" else Step(text="x")
    runs("/bin/sh", "-c", "for n in 10 70 30 x 90; do echo $n; done")
    assert [step.percent for step in runs.steps] == [10, 70, 70, 70, 90]


def test_lines_that_say_nothing_make_no_step(runs: Runs) -> None:
    runs.on_line = lambda line: None
    runs("/bin/echo", "hello")
    assert (runs.lines, runs.steps) == (["hello"], [])


def test_an_endless_line_is_cut_and_the_end_of_the_output_kept(runs: Runs) -> None:
    ended = runs.python(
        "import sys\n"
        "for _ in range(5_000): sys.stdout.write('x' * 1000)\n"
        "sys.stdout.write('END\\nafter\\n')"
    )
    assert [len(line) for line in runs.lines] == [MAX_LINE_BYTES, len("after")]
    assert len(ended.tail) == TAIL_BYTES
    assert ended.tail.endswith("xEND\nafter\n")


def test_who_never_stops_talking_is_ended(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_SPOKEN_BYTES", 1_000_000)
    runs.on_line = lambda line: None
    ended = runs("/usr/bin/yes")
    assert ended.limit == "output"
    assert runs.lines[0] == "y"


def test_who_hangs_up_and_works_on_is_waited_for_in_peace(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with all the processor's might."""
    looks = []
    next_lines = output.Listener.next_lines

    def counted(listener: output.Listener) -> list[str]:
        looks.append(None)
        return next_lines(listener)

    monkeypatch.setattr(output.Listener, "next_lines", counted)
    ended = runs("/bin/sh", "-c", "echo begun; exec >&- 2>&-; sleep 0.5; exit 4")
    assert (ended.code, ended.tail) == (4, "begun\n")
    assert len(looks) < 200


def test_what_is_no_text_is_shown_all_the_same(runs: Runs) -> None:
    assert runs("/usr/bin/printf", r"\377\000\n").tail == "�\x00\n"


# -- the pipe


def test_progress_through_a_pipe_that_is_there_before_the_slicer(runs: Runs) -> None:
    """Opened as Bambu Studio does it: for writing only and without waiting for a reader."""
    pipe = runs.pipe = runs.folder / "progress"
    ended = runs.python(
        "import os\n"
        f"pipe = os.open({str(pipe)!r}, os.O_WRONLY | os.O_NONBLOCK)\n"
        'os.write(pipe, b\'{"total_percent": 5}\\n{"total_percent": 9}\')\n'
    )
    assert ended == Ended(code=0, tail="")
    assert runs.lines == ['{"total_percent": 5}', '{"total_percent": 9}']


def test_a_pipe_that_nobody_opens_does_no_harm(runs: Runs) -> None:
    runs.pipe = runs.folder / "progress"
    assert runs("/bin/echo", "done") == Ended(code=0, tail="done\n")


def test_a_pipe_opened_again_and_again_is_read_on(runs: Runs) -> None:
    pipe = runs.pipe = runs.folder / "progress"
    runs("/bin/sh", "-c", f"for n in 1 2 3; do echo $n > {pipe}; done")
    assert runs.lines == ["1", "2", "3"]


def test_a_pipe_that_cannot_be_made_is_the_farms_own_fault(runs: Runs) -> None:
    runs.pipe = runs.folder / "progress"
    runs.pipe.write_text("there already")
    with pytest.raises(StorageError, match="File exists"):
        runs("/bin/true")


def test_nothing_is_left_open(runs: Runs) -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for name in ("one", "two"):
        runs.pipe = runs.folder / name
        runs("/bin/echo")
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert not [thread for thread in threading.enumerate() if thread.name == "slicer:output"]


def test_lines_are_put_together_from_any_chunks() -> None:
    said = ("first\n" + "ü" * 3000 + "\nthird").encode()
    for size in (1, 7, 4096, 100_000):
        lines = Lines()
        heard = [
            line
            for start in range(0, len(said), size)
            for line in lines.feed(said[start : start + size])
        ]
        heard += lines.rest()
        assert [line[:3] for line in heard] == ["fir", "üüü", "thi"]
        assert len(heard[1].encode()) <= output.MAX_LINE_BYTES + 3
