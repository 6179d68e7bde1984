"""How far a print is: layers, percent, time, objects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from printers.moonraker.metadata import Metadata, read_metadata
from printers.moonraker.parse import report_of
from printers.moonraker.picture import Sensed
from tests.printers.moonraker.recording import CUBE, picture, report, with_object


def test_a_running_print_knows_its_layers_time_and_objects() -> None:
    job = report("excluded").job
    assert job is not None
    assert (job.name, job.file) == ("cube-0042.gcode", CUBE)
    assert (job.layer, job.layers, job.remaining_min) == (3, 20, 2)
    assert [(o.id, o.name, o.skipped) for o in job.objects] == [
        (1, "CUBE_1", False),
        (2, "CUBE_2", True),
    ]
    assert job.skipped == (2,)


def test_progress_starts_where_the_moves_start() -> None:
    """A 6 kB thumbnail in front must not count: 36 % at layer 1 of 20 was seen."""
    data = Metadata(CUBE, start_byte=6127, end_byte=17233)
    base = with_object(
        picture("printing", metadata=data), "virtual_sdcard", file_position=6356, progress=0.3638
    )
    job = report_of(base).job
    assert job is not None
    assert job.percent == 2


@pytest.mark.parametrize(
    ("plain", "percent"),
    [(False, None), (True, 36)],
)
def test_progress_without_metadata(plain: bool, percent: int | None) -> None:
    base = with_object(
        picture("printing", metadata=None, plain_progress=plain), "virtual_sdcard", progress=0.3638
    )
    job = report_of(base).job
    assert job is not None
    assert (job.percent, job.remaining_min) == (percent, None)


def test_a_running_print_is_never_at_100() -> None:
    base = with_object(picture("printing"), "virtual_sdcard", file_position=8439, progress=1.0)
    job = report_of(base).job
    assert job is not None
    assert job.percent == 99


def test_the_files_own_layer_numbers_win() -> None:
    info = {"total_layer": 30, "current_layer": 7}
    job = report_of(with_object(picture("printing"), "print_stats", info=info)).job
    assert job is not None
    assert (job.layer, job.layers) == (7, 30)


def test_an_estimate_that_is_used_up_continues_by_the_file() -> None:
    base = with_object(picture("printing"), "print_stats", print_duration=6000.0)
    job = report_of(with_object(base, "virtual_sdcard", file_position=4258)).job
    assert job is not None
    assert job.remaining_min == 100


def test_five_thousand_objects_are_cut_to_what_can_be_shown() -> None:
    many = [{"name": f"O{n}"} for n in range(5000)]
    base = with_object(picture("printing"), "exclude_object", objects=many)
    ids = {f"O{n}": n + 1 for n in range(5000)}
    job = report_of(replace(base, sensed=Sensed(object_ids=ids))).job
    assert job is not None and len(job.objects) == 500


@pytest.mark.parametrize(
    "heights",
    [
        {"layer_height": 5e-324, "object_height": 1},
        {"layer_height": 1, "object_height": 1.8e19},
        {"layer_height": 0.2, "object_height": float("inf")},
        {"layer_height": -1, "object_height": 10},
    ],
)
def test_heights_beyond_sense_make_no_layers(heights: dict[str, float]) -> None:
    assert read_metadata(heights, "x.gcode").layers is None
