from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from cameras.ffmpeg_program import FfmpegFinder, Program, locate, probe
from cameras.frames import CameraFailed
from cameras.sources.video.command import rtsp_command, shown
from printers.base import CameraSource


def program(folder: Path, says: str, code: int = 0) -> str:
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "version", "number"),
    [
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright (c)", "5.1.9-0+deb12u1", (5, 1)),
        ("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright", "4.4.2-0ubuntu0.22.04.1", (4, 4)),
        ("ffmpeg version n7.0.1 Copyright", "n7.0.1", (7, 0)),
        ("ffmpeg version 8.0 Copyright", "8.0", (8, 0)),
        ("ffmpeg version N-99-gabc Copyright\nlibavutil      56. 70.100", "N-99-gabc", (4, 1)),
        ("ffmpeg version N-118-gdef Copyright\nlibavutil      59. 39.100", "N-118-gdef", (7, 1)),
        (
            "ffmpeg version 2026-01-01-git\nlibavutil      99. 1.100",
            "2026-01-01-git",
            (8, 1),
        ),
    ],
)
def test_versions(says: str, version: str, number: tuple[int, int], tmp_path: Path) -> None:
    path = program(tmp_path, says)
    assert probe(path) == Program(path, version, number)


@pytest.mark.parametrize(
    ("number", "timeout", "mode"),
    [
        ((4, 4), "-stimeout", "-vsync"), ((5, 0), "-timeout", "-vsync"),
        ((5, 1), "-timeout", "-fps_mode"), ((8, 0), "-timeout", "-fps_mode"),
    ],
)  # fmt: skip
def test_options_that_were_renamed(number: tuple[int, int], timeout: str, mode: str) -> None:
    source = CameraSource(kind="rtsps", host="cam", port=322)
    words = rtsp_command(Program("ffmpeg", "", number), source, "rtsp://127.0.0.1:9/x")
    assert timeout in words and mode in words
    assert words.index(timeout) < words.index("-i") < words.index(mode)
    assert words.index("-rtsp_transport") < words.index("-i")


def test_the_command_for_people_hides_queries() -> None:
    url = "rtsp://cam/live?user=me&password=canary"
    text = shown(None, CameraSource(kind="rtsp", host="cam", port=554, url=url))
    assert "<rtsp://cam:554/live>" in text and "canary" not in text


@pytest.mark.parametrize("says", ["bash: hello", ""])
def test_a_program_that_is_something_else(says: str, tmp_path: Path) -> None:
    with pytest.raises(CameraFailed, match="is not an ffmpeg"):
        FfmpegFinder(program(tmp_path, says)).find()


def test_a_program_that_does_not_run(tmp_path: Path) -> None:
    finder = FfmpegFinder(program(tmp_path, "broken libraries", 127))
    with pytest.raises(CameraFailed, match="does not run") as caught:
        finder.find()
    assert caught.value.error_code == "no_ffmpeg" and finder.known is None
    program(tmp_path, "ffmpeg version 6.1 x")
    assert finder.find().number == (6, 1), "it is looked for again once it is repaired"
    assert finder.known == finder.find()


def test_the_one_that_imageio_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    carried = locate()
    assert "imageio_ffmpeg" in carried
    found = probe(carried)
    assert found.number >= (4, 0) and found.version


def test_without_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", ModuleType("imageio_ffmpeg"))
    with pytest.raises(CameraFailed, match="install it"):
        locate()
    with pytest.raises(CameraFailed, match=r"cameras\.ffmpeg"):
        locate("no-such-ffmpeg")
