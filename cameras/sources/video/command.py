"""ffmpeg's command lines, built with ffmpeg-python (measured in cameras-and-rig 5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import ffmpeg

from cameras.ffmpeg_program import Program
from cameras.jpeg import MAX_PIXELS
from printers.base import CameraSource

BAMBU_PATH = "/streaming/live/1"
IO_TIMEOUT_S = 10
_QUALITY = 5  # 2 best … 31 worst
_EARLY = 0.9
"""A picture may come by this part of the interval: a camera's own clock is not exact."""


def rtsp_command(program: Program, source: CameraSource, url: str) -> list[str]:
    """From the relay at ``url``. P2S sends too little at once to be probed quickly and has no
    usable clock (bambu-lan A12.2); for live pictures of other cameras the same is right."""
    options: dict[str, Any] = {
        "protocol_whitelist": "rtp,tcp",
        "rtsp_transport": "tcp",
        program.io_timeout: IO_TIMEOUT_S * 1_000_000,
        "flags": "low_delay",
        # no nobuffer: it throws away what probing read, and the first picture waits for another key
        "fpsprobesize": 0,  # nor wait for twenty pictures to learn their rate
        "probesize": "1M",
        "analyzeduration": 500_000,
        "use_wallclock_as_timestamps": 1,
        "threads": 1,  # more of them hold pictures back
        "max_pixels": MAX_PIXELS,
        "an": None,
    }
    return _pictures(program, source, ffmpeg.input(url, **options))


def device_command(program: Program, source: CameraSource, input_format: str) -> list[str]:
    """From a V4L2 device; ``input_format``: "mjpeg", which gives more pictures a second over USB,
    or "" = what the device likes."""
    options: dict[str, Any] = {"f": "v4l2", "threads": 1, "max_pixels": MAX_PIXELS}
    if input_format:
        options["input_format"] = input_format
    return _pictures(program, source, ffmpeg.input(source.device, **options))


def shown(program: Program | None, source: CameraSource) -> str:
    """The command for people: no key can be in it, an address without its query."""
    known = program or Program("ffmpeg", "", (5, 1))
    if source.kind == "v4l2":
        return " ".join(device_command(known, source, "mjpeg"))
    return " ".join(rtsp_command(known, source, f"<{address_of(source)}>"))


def address_of(source: CameraSource) -> str:
    """The camera's own address without user, password and query."""
    path = urlsplit(source.url).path if source.url else BAMBU_PATH
    host = f"[{source.host}]" if ":" in source.host else source.host
    return f"{source.kind}://{host}:{source.port}{path}"


def _pictures(program: Program, source: CameraSource, stream: Any) -> list[str]:
    # not the fps filter: it repeats pictures after a gap and holds each back for the next
    spacing = _EARLY / source.fps
    stream = stream.filter("select", f"isnan(prev_selected_t)+gte(t-prev_selected_t,{spacing:.3f})")
    if source.width:
        stream = stream.filter("scale", f"min({source.width},iw)", -2)
    for name, value in _turning(source):
        stream = stream.filter(name, *value)
    output = stream.output(
        "pipe:1", f="mpjpeg", boundary_tag="picture", flush_packets=1, threads=1,
        **{program.frame_rate_mode: "passthrough", "q:v": _QUALITY},
    )  # fmt: skip
    # "-y" never asks; global arguments stand first with every ffmpeg
    command = output.compile([program.path, "-hide_banner", "-nostdin", "-loglevel", "warning"])
    return [str(word) for word in command]


def _turning(source: CameraSource) -> list[tuple[str, tuple[int, ...]]]:
    flips = [("hflip", source.flip_h), ("vflip", source.flip_v)]
    found: list[tuple[str, tuple[int, ...]]] = [(name, ()) for name, on in flips if on]
    degrees = (source.rotate - (90 if source.rotate_90 else 0)) % 360
    if degrees == 180:
        return [*found, ("hflip", ()), ("vflip", ())]
    if degrees:
        found.append(("transpose", (1 if degrees == 90 else 2,)))
    return found
