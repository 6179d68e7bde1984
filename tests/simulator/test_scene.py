"""What the drawn picture tells of the print: layer and percent can be read from it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from simulator.bambu.rehearsal import Rehearsal
from simulator.scene import draw_frame
from tests.simulator.rtsp_client import ffmpeg
from tests.simulator.scene_reading import layer_shown, percent_shown


def seen(rehearsal: Rehearsal) -> Image.Image:
    return Image.open(io.BytesIO(draw_frame(rehearsal.machine)))


def test_every_layer_and_percent_can_be_read_from_the_picture():
    rehearsal = Rehearsal.of("X1C")
    rehearsal.printing()
    job = rehearsal.machine.job
    for layer in range(job.layers + 1):
        job.layer, job.percent = layer, layer * 100 // job.layers
        picture = seen(rehearsal)
        assert layer_shown(picture, job.layers) == layer
        assert abs(percent_shown(picture) - job.percent) <= 1


@pytest.mark.parametrize("scale", [640, 960])
def test_also_from_a_smaller_picture(scale):
    rehearsal = Rehearsal.of("P1S")
    rehearsal.printing()
    job = rehearsal.machine.job
    job.layers, job.layer = 100, 37
    picture = seen(rehearsal)
    small = picture.resize((scale, picture.height * scale // picture.width))
    assert abs(layer_shown(small, 100) - 37) <= 1


def test_an_idle_printer_shows_no_layer():
    assert layer_shown(seen(Rehearsal.of("A1")), 100) == 0


def test_layers_can_be_read_from_the_video_too(simulated_farm, tmp_path):
    farm = simulated_farm("X1C", scenario="printing", time_scale=1.0)
    handle = farm.printer("p0")
    handle.set(camera_fps=20.0)
    layers = handle.peek(lambda machine: machine.job.layers)
    before = handle.peek(lambda machine: machine.job.layer)
    code, words, pictures = ffmpeg(farm.endpoints["p0"], tmp_path, pictures=3)
    after = handle.peek(lambda machine: machine.job.layer)
    assert (code, words) == (0, "")
    with Image.open(pictures[-1]) as picture:
        assert before - 1 <= layer_shown(picture.convert("RGB"), layers) <= after + 1
