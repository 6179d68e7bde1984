"""The video a printer makes of a print by itself lies on its card when the print has ended."""

from __future__ import annotations

import logging
import re
import subprocess

import pytest

from simulator.bambu import host
from simulator.bambu.timelapse import PICTURES

NAME = re.compile(r"video_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d")


def names(handle, folder="/timelapse"):
    def look(machine):
        found = machine.storage.list(folder) if machine.storage.is_dir(folder) else []
        return [entry.name for entry in found if not entry.is_dir]

    return handle.peek(look)


def print_one(handle, *, timelapse=True, until="FINISH"):
    """Print a stored file at the machine; ``peek`` runs in the thread that owns it."""

    def start(machine):
        machine.options.timelapse = timelapse
        stored = next(e.name for e in machine.storage.list("/") if e.name.endswith(".3mf"))
        machine.start_local(stored)

    handle.peek(start)
    return lambda: handle.peek(lambda machine: machine.job.gcode_state) == until


@pytest.mark.parametrize(
    ("model", "suffix", "codec"),
    [
        ("X1C", "mp4", "h264"),
        ("P2S", "mp4", "h264"),
        ("P1S", "avi", "mjpeg"),
        ("A1", "avi", "mjpeg"),
    ],
)
def test_a_print_with_timelapse_leaves_a_real_video(
    simulated_farm, eventually, tmp_path, model, suffix, codec
):
    handle = simulated_farm(model, time_scale=20_000.0).printer("p0")
    eventually(print_one(handle))
    eventually(lambda: names(handle))
    (name,) = names(handle)
    assert NAME.fullmatch(name.removesuffix(f".{suffix}"))
    assert names(handle, "/timelapse/thumbnail") == [name.replace(suffix, "jpg")]
    video = tmp_path / name
    video.write_bytes(handle.file(f"/timelapse/{name}"))
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-of", "csv=p=0",
         "-show_entries", "stream=codec_name,nb_read_frames", str(video)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == f"{codec},{PICTURES}"


def test_a_print_without_timelapse_leaves_none(simulated_farm, eventually):
    handle = simulated_farm("X1C", time_scale=20_000.0).printer("p0")
    eventually(print_one(handle, timelapse=False))
    assert handle.peek(lambda machine: machine._filming) is False
    assert names(handle) == []


def test_a_stopped_print_leaves_what_there_was(simulated_farm, eventually):
    handle = simulated_farm("X1C", time_scale=600.0).printer("p0")
    print_one(handle)
    eventually(lambda: handle.peek(lambda machine: machine.job.layer) >= 2)
    handle.do("stop")
    eventually(lambda: names(handle))


@pytest.mark.parametrize("cause", ["sd_missing", "sd_readonly", "sd_full", "no ffmpeg"])
def test_where_nothing_can_be_kept_nothing_is(
    simulated_farm, eventually, caplog, monkeypatch, cause
):
    if cause == "no ffmpeg":
        monkeypatch.setattr(host, "find_ffmpeg", lambda: None)
    handle = simulated_farm("X1C", time_scale=600.0).printer("p0")
    ended = print_one(handle)
    eventually(lambda: handle.peek(lambda machine: machine.job.layer) >= 2)
    if cause != "no ffmpeg":
        handle.set(**{cause: True})
    handle.peek(lambda machine: setattr(machine, "time_scale", 20_000.0))
    with caplog.at_level(logging.WARNING):
        eventually(ended)
        eventually(lambda: "p0 keeps no video" in caplog.text)
    assert names(handle) == []
