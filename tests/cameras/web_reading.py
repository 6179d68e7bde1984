"""Reading a web camera as the farm does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from cameras.frames import CameraFailed
from cameras.sources import mjpeg, snapshot
from printers.base import CameraSource

Serve = Callable[[Any], None]


def never() -> bool:
    return False


def take(source: CameraSource, count: int, **timing: float) -> list[bytes]:
    timing = {"stall_s": 5.0, "answer_s": 5.0, **timing}
    with closing(mjpeg.frames(source, never, **timing)) as stream:
        return [next(stream) for _ in range(count)]


def stream_failure(source: CameraSource, **timing: float) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        take(source, 100, **timing)
    return caught.value


def picture_failure(source: CameraSource, answer_s: float = 5.0) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        snapshot.fetch(replace(source, kind="snapshot"), never, answer_s)
    return caught.value


def part(picture: bytes, *, boundary: str = "--frame", length: bool = True) -> bytes:
    head = f"{boundary}\r\nContent-Type: image/jpeg\r\n"
    if length:
        head += f"Content-Length: {len(picture)}\r\n"
    return head.encode() + b"\r\n" + picture + b"\r\n"
