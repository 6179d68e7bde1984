"""Reads cameras that stream JPEG pictures over HTTP, as mjpg-streamer, ustreamer and crowsnest do.

multipart/x-mixed-replace, of any spelling (cameras-and-rig 4).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from cameras.sources import snapshot, web_answer, web_link
from cameras.sources.patience import Cancelled, Left, Patience
from printers.base import CameraSource

ANSWER_S = 10.0
STALL_S = 30.0


def frames(
    source: CameraSource,
    cancelled: Cancelled,
    stall_s: float = STALL_S,
    answer_s: float = ANSWER_S,
) -> Generator[bytes, None, None]:
    """Pictures as they come, until ``cancelled()``; close the iterator to hang up.

    An address that gives single pictures is asked for them once a second. Raises CameraFailed
    with a sentence. Notices a cancel within half a second.
    """
    patience = Patience(cancelled, answer_s, f"Camera did not answer in {answer_s:.0f} s")
    try:
        with web_link.ask(source, source.url, patience) as response:
            if web_answer.is_stream(response):
                yield from web_answer.pictures(response, patience, stall_s)
    except Left:
        return
    yield from snapshot.frames(replace(source, snapshot_url=source.url), cancelled)
