"""Gets a picture from after the trigger and saves it; says why when it cannot."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from rig import files
from rig.feed import Feed, Picture
from rig.settings import Settings

logger = logging.getLogger(__name__)

PICTURE_WAIT_S = 3.0
Tell = Callable[..., None]
"""tell(event, **facts): for the farm and the log."""


class Blinks(Protocol):
    def blink(self) -> None: ...


class Shooter:
    """``error``: why the last picture failed, "" = it did not."""

    def __init__(self, settings: Settings, feed: Feed, lights: Blinks, tell: Tell) -> None:
        self._settings, self._feed, self._lights, self._tell = settings, feed, lights, tell
        self.error = ""

    def single(self) -> str:
        """A photo of its own in Photos/."""
        picture = self.picture(time.monotonic())
        if picture is None:
            return "The camera gives no picture."
        stamp = time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(picture.at))
        path = self._settings.photos / f"{stamp}_{secrets.token_hex(4)}.jpg"

        def save() -> None:
            files.write(path, picture.jpeg)
            self._tell("photo", name=path.name)

        return self.save(save)

    def picture(self, at: float) -> Picture | None:
        """One from after the trigger: an older one shows the head on its way."""
        picture = self._feed.after(at, PICTURE_WAIT_S)
        if picture is None:
            self.error = f"No picture: {self._feed.problem or 'the camera is silent'}."
            self._tell("frame_missed", why=self.error)
        return picture

    def save(self, save: Callable[[], object]) -> str:
        if files.free_mb(self._settings.photos) <= self._settings.reserve_mb:
            self.error = "The disk is full; no frame is saved."
            return self.error
        try:
            save()
        except OSError as error:
            return self.refused(error)
        self.error = ""
        self._lights.blink()
        return ""

    def refused(self, error: OSError) -> str:
        self.error = f"The disk refuses ({error.strerror or error})."
        logger.error("%s", self.error)
        return self.error
