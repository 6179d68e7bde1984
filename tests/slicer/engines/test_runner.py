"""The runner with real children: nothing a slicer does may hang the farm or outlive its slicing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from slicer.engines import runner
from slicer.engines.base import Ended
from tests.slicer.engines.runs import LONG_S, Runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process groups, FIFO and /proc")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    folder = tmp_path / "slicing"
    folder.mkdir()
    return Runs(folder)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that init has not collected yet counts as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def assert_gone(pid: int) -> None:
    waiting = threading.Event()
    for _ in range(100):  # a killed process takes a moment to be taken down
        if is_gone(pid):
            return
        waiting.wait(0.05)
    pytest.fail(f"process {pid} is still there")


# -- ends


@pytest.mark.parametrize("code", [0, 1, 7, 205, 254])
def test_exit_codes_come_as_they_are(runs: Runs, code: int) -> None:
    assert runs("/bin/sh", "-c", f"exit {code}") == Ended(code=code, tail="")


def test_a_crash_is_a_negative_signal(runs: Runs) -> None:
    assert runs("/bin/sh", "-c", "kill -SEGV $$").code == -signal.SIGSEGV


def test_a_program_that_is_not_there_says_so(runs: Runs) -> None:
    ended = runs("/no/such/slicer", "--help")
    assert ended.code == runner.NOT_STARTED
    assert ended.tail == "/no/such/slicer cannot be started: No such file or directory\n"


def test_a_folder_that_is_not_there_is_the_farms_own_fault(runs: Runs) -> None:
    runs.folder.rmdir()
    with pytest.raises(StorageError, match="working folder slicing cannot be used"):
        runs("/bin/true")


def test_time_is_limited(runs: Runs) -> None:
    """The clock stands still until the child has spoken, then jumps past the limit."""
    clock = runs.clock = ManualClock()

    def late(_line: str) -> None:
        clock.advance(LONG_S + 1)

    runs.on_line = late
    ended = runs("/bin/sh", "-c", "echo begun; exec sleep 60")
    assert (ended.limit, ended.code) == ("time", -signal.SIGTERM)


def test_a_child_that_ignores_being_asked_is_ended(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "GRACE_S", 0.3)
    runs.on_line = lambda line: runs.cancel.set()
    ended = runs.python(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('begun', flush=True); time.sleep(60)"
    )
    assert (ended.limit, ended.code) == ("cancelled", -signal.SIGKILL)


def test_cancelled_in_the_middle_it_may_clean_up(runs: Runs) -> None:
    def cancel(_line: str) -> None:
        runs.cancel.set()

    runs.on_line = cancel
    ended = runs("/bin/sh", "-c", "trap 'echo unmounted; exit 3' TERM; echo begun; sleep 60 & wait")
    assert (ended.limit, ended.code) == ("cancelled", 3)
    assert runs.lines == ["begun", "unmounted"]


def test_cancelled_before_it_began_it_ends_at_once(runs: Runs) -> None:
    runs.cancel.set()
    assert runs("/bin/sleep", "60").limit == "cancelled"


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
'''], {streams})
{announce}
print("pid", child.pid, flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("then", "limit"), [("time.sleep(60)", "cancelled"), ("", "")], ids=["cancelled", "left behind"]
)
@pytest.mark.parametrize(
    ("streams", "announce"),
    [
        ("stdout=subprocess.PIPE", "child.stdout.readline()"),  # has nothing of ours open
        ("stdout=None", "time.sleep(0.2)"),  # still has our output open
    ],
    ids=["quiet", "holds the output"],
)
def test_grandchildren_end_too(
    runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    limit: str,
    streams: str,
    announce: str,
) -> None:
    monkeypatch.setattr(runner, "GRACE_S", 0.3)
    pids: list[int] = []

    def note(line: str) -> None:
        if line.startswith("pid"):
            pids.append(int(line.split()[1]))
            if limit:
                runs.cancel.set()

    runs.on_line = note
    ended = runs.python(GRANDCHILD.format(streams=streams, announce=announce, then=then))
    assert ended.limit == limit
    assert_gone(pids[0])


def test_an_error_while_watching_ends_the_child_first(runs: Runs) -> None:
    pids: list[int] = []

    def burst(line: str) -> None:
        pids.append(int(line))
        raise LookupError("a bug in an adapter")

    runs.on_line = burst
    with pytest.raises(LookupError, match="a bug in an adapter"):
        runs("/bin/sh", "-c", "echo $$; exec sleep 60")
    assert_gone(pids[0])


# -- limits


def test_memory_is_limited(runs: Runs) -> None:
    runs.memory_mb = 256
    ended = runs.python("x = bytearray(400 * 1024 * 1024)")
    assert ended.code == 1
    assert "MemoryError" in ended.tail


def test_one_large_file_is_ended_by_the_system(runs: Runs) -> None:
    runs.output_mb = 1
    ended = runs("/bin/sh", "-c", "exec head -c 3000000 /dev/zero > large")
    assert (ended.limit, ended.code) == ("output", -signal.SIGXFSZ)
    assert (runs.folder / "large").stat().st_size == 1024 * 1024


def test_many_files_together_are_too_much_as_well(runs: Runs) -> None:
    runs.output_mb = 1
    code = """
import itertools, os, time
os.mkdir("sub")
for i in range(40):
    with open(f"sub/{i}", "wb") as file:
        file.write(bytes(100_000))
print("written", flush=True)
time.sleep(60)
"""
    ended = runs.python(code)
    assert ended.limit == "output"


def test_files_left_behind_at_the_end_count(runs: Runs) -> None:
    runs.output_mb = 1
    ended = runs("/bin/sh", "-c", "for i in 1 2 3; do head -c 900000 /dev/zero > $i; done; exit 0")
    assert (ended.limit, ended.code) == ("output", 0)


def test_very_many_empty_files_count_as_well(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_ENTRIES", 20)
    assert runs.python("for i in range(30): open(str(i), 'w').close()").limit == "output"


def test_what_was_there_before_does_not_count(runs: Runs) -> None:
    (runs.folder / "model.stl").write_bytes(bytes(3_000_000))
    (runs.folder / "loop").symlink_to(runs.folder)
    runs.output_mb = 1
    assert runs("/bin/sh", "-c", "echo hello > out.gcode") == Ended(code=0, tail="")


def test_the_processor_is_left_to_the_farm_and_no_core_is_dumped(runs: Runs) -> None:
    ended = runs.python(
        "import os, resource; print(os.nice(0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    assert ended.tail == f"{min(os.nice(0) + 10, 19)} (0, 0)\n"


# -- what it gets


def test_it_gets_nothing_of_the_farms_environment(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DASH_PASS", "PRUSA_API_KEY", "PYTHONPATH", "LD_PRELOAD", "DISPLAY"):
        monkeypatch.setenv(name, "/the/farms/own")
    runs("/usr/bin/env", more={"QT_QPA_PLATFORM": "offscreen"})
    given = dict(line.split("=", 1) for line in runs.lines)
    assert "/the/farms/own" not in given.values()
    homes = {"HOME", "TMPDIR", "TMP", "TEMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"}
    assert {name for name, value in given.items() if value == str(runs.folder)} == homes
    assert set(given) - homes == {"PATH", "LC_ALL", "MALLOC_ARENA_MAX", "QT_QPA_PLATFORM"}


@pytest.mark.parametrize(
    ("name", "mounts", "told"),
    [("S.AppImage", False, ["1"]), ("S.AppImage", True, []), ("slicer", False, [])],
)
def test_an_appimage_that_cannot_mount_itself_is_told_to_unpack(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, name: str, mounts: bool, told: list[str]
) -> None:
    monkeypatch.setattr(runner, "_can_mount", lambda: mounts)
    program = runs.folder.parent / name
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    runs(str(program))
    given = dict(line.split("=", 1) for line in runs.lines)
    assert [given[key] for key in given if key == "APPIMAGE_EXTRACT_AND_RUN"] == told


def test_it_runs_in_its_folder_without_input_or_our_files(runs: Runs) -> None:
    secret = (runs.folder.parent / "secret").open("w")
    os.set_inheritable(secret.fileno(), True)
    with secret:
        runs.python(
            "import os, sys; print(os.getcwd()); print(repr(sys.stdin.read()));"
            "print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:3]);"
            "print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
            "       if os.path.exists(f'/proc/self/fd/{n}')])"
        )
    assert runs.lines[:3] == [str(runs.folder), "''", "[0, 1, 2]"]
    assert "secret" not in runs.lines[3]


def test_a_file_of_a_module_s_name_in_its_folder_is_not_imported(runs: Runs) -> None:
    (runs.folder / "resource.py").write_text("raise SystemExit('imported')")
    (runs.folder / "signal.py").write_text("raise SystemExit('imported')")
    assert runs("/bin/true") == Ended(code=0, tail="")


def test_arguments_are_not_read_by_a_shell(runs: Runs) -> None:
    ended = runs("/bin/echo", "$HOME; touch pwned", "`id`")
    assert ended.tail == "$HOME; touch pwned `id`\n"
    assert list(runs.folder.iterdir()) == []
