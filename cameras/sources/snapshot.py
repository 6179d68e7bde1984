"""Reads cameras that give single pictures over HTTP: asked once a second while somebody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from email.message import Message

from cameras.frames import AgedPicture, CameraFailed
from cameras.sources import web_answer, web_link
from cameras.sources.patience import POLL_S, Cancelled, Left, Patience
from cameras.sources.picture_age import PictureAges
from cameras.sources.sign_in import SignIn
from printers.base import CameraSource

EVERY_S = 1.0
ANSWER_S = 10.0


def frames(
    source: CameraSource,
    cancelled: Cancelled,
    every_s: float = EVERY_S,
    answer_s: float = ANSWER_S,
) -> Generator[bytes, None, None]:
    """Pictures until ``cancelled()``, each asked for anew; close the iterator to hang up. One that
    its server has had for a while comes with its age, and only once.

    Raises CameraFailed with a sentence. Notices a cancel within half a second.
    """
    pause, sign_in = threading.Event(), SignIn(source.user, source.secret)
    ages = PictureAges()
    while True:
        due = time.monotonic() + every_s
        try:
            picture, headers = _ask(source, cancelled, answer_s, sign_in)
        except Left:
            return
        if (age_s := ages.of(picture, headers)) is not None:
            yield AgedPicture.of(picture, age_s)
        while (left := due - time.monotonic()) > 0:
            if cancelled():
                return
            pause.wait(min(left, POLL_S))


def fetch(
    source: CameraSource,
    cancelled: Cancelled,
    answer_s: float = ANSWER_S,
    sign_in: SignIn | None = None,
) -> bytes:
    """One picture. An address that really streams is left after its first.

    Raises CameraFailed, or Left when cancelled.
    """
    return _ask(source, cancelled, answer_s, sign_in)[0]


def _ask(
    source: CameraSource, cancelled: Cancelled, answer_s: float, sign_in: SignIn | None
) -> tuple[bytes, Message]:
    """With the answer's headers."""
    patience = Patience(cancelled, answer_s, f"Camera did not answer in {answer_s:.0f} s")
    with web_link.ask(source, source.snapshot_url or source.url, patience, sign_in) as response:
        if not web_answer.is_stream(response):
            return web_answer.picture(response), response.headers
        for picture in web_answer.pictures(response, patience, answer_s):
            return picture, Message()  # of a stream it is always the newest
    raise CameraFailed("Camera sends no pictures", code="bad_frames")
