"""A file that arrives while another one is printed (``dispatch.prestage``), on every server."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import UploadCancelled
from printers.status import PrinterState as P
from tests.contract.seat import Seat

SIZE = 3_000_000
LINE = b"; filler of a file sent ahead, it says nothing and means nothing ..\n"


def _file(folder: Path) -> Path:
    path = folder / "next.gcode"
    path.write_bytes((b"G28\n" + LINE * (SIZE // len(LINE) + 1))[:SIZE])
    return path


def test_a_file_arrives_during_a_print_and_the_print_goes_on(seat: Seat, tmp_path: Path) -> None:
    job = seat.printing()
    starts = seat.rig.starts()  # a real server counts those of the tests before, too
    shown = seat.status.job
    name = "next-4711" + seat.rig.suffix
    assert seat.upload(_file(tmp_path), name) == SIZE
    assert seat.adapter.remote_size(name) == SIZE
    status = seat.in_state(P.PRINTING)
    assert status.job is not None and shown is not None and status.job.file == shown.file
    assert seat.jobs.job(job.id).state.value == "printing"
    seat.adapter.delete_remote(name)
    seat.rig.until(lambda: seat.adapter.remote_size(name) is None, "it cannot be deleted")
    assert seat.rig.starts() == starts


def test_it_gives_way_in_the_middle(seat: Seat, tmp_path: Path) -> None:
    job = seat.printing()
    cancel = threading.Event()
    seat.rig.upload_limit(400_000)

    def progress(sent: int, total: int) -> None:
        if 0 < sent < total:
            cancel.set()

    name = "half-4712" + seat.rig.suffix
    with pytest.raises(UploadCancelled):
        seat.upload(_file(tmp_path), name, progress, cancel)
    seat.rig.upload_limit(0)
    assert seat.jobs.job(job.id).state.value == "printing"
    seat.rig.until(lambda: seat.adapter.remote_size(name) is None, "half of it was left behind")
