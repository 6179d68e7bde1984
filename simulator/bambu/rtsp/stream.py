"""The one video of a printer: encoded while somebody is connected, the same for all viewers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from simulator.bambu.rtsp.encoder import Encoder
from simulator.bambu.rtsp.packets import ParameterSets, Picture
from simulator.ffmpeg import find_ffmpeg

logger = logging.getLogger(__name__)

_FIRST_PICTURE_S = 10.0
_MOST_KEPT = 300  # pictures since the last key


class NoVideo(Exception):
    """Nothing can be shown; the text says why."""


class Viewer(Protocol):
    """Who gets the pictures. Neither call may wait."""

    def show(self, picture: Picture) -> None:
        """Send it, or leave it out."""

    def end(self) -> None:
        """There will be no more."""


class VideoStream:
    """Counts who is connected. The encoder's child lives from the first to the last of them."""

    def __init__(
        self, name: str, draw: Callable[[], Awaitable[bytes]], fps: Callable[[], float]
    ) -> None:
        self._name = name
        self._draw = draw
        self._fps = fps
        self._connected = 0
        self._viewers: list[Viewer] = []
        self._sets: asyncio.Future[ParameterSets] | None = None
        self._since_key: list[Picture] = []
        self._encoder: Encoder | None = None
        self._work: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Whether there is a child."""
        return self._work is not None or bool(self._ending)

    def join(self) -> None:
        """Somebody is connected. Raises NoVideo where there is no ffmpeg."""
        ffmpeg = find_ffmpeg()
        if ffmpeg is None:
            logger.warning(
                "%s: its camera has no picture, because this machine has no ffmpeg", self._name
            )
            raise NoVideo("this machine has no ffmpeg")
        self._connected += 1
        if self._work is None:
            self._sets = asyncio.get_running_loop().create_future()
            self._since_key.clear()
            self._work = asyncio.create_task(self._encode(ffmpeg, self._sets))

    def leave(self) -> None:
        """Somebody who joined has gone."""
        self._connected -= 1
        if self._connected == 0 and self._work is not None:
            self._work.cancel()
            self._ending.add(self._work)
            self._work.add_done_callback(self._ending.discard)
            self._work = None

    async def parameter_sets(self) -> ParameterSets:
        """Of the present encoder, once there is a picture. Raises NoVideo."""
        if self._sets is None:
            raise NoVideo("nobody has joined")
        try:
            async with asyncio.timeout(_FIRST_PICTURE_S):
                return await asyncio.shield(self._sets)
        except TimeoutError as error:
            raise NoVideo("ffmpeg gives no picture") from error

    def watch(self, viewer: Viewer) -> None:
        """Show it everything from the last key picture on.

        A printer makes a new viewer wait for the next key; here the demo appears at once.
        """
        if viewer not in self._viewers:
            for picture in self._since_key:
                viewer.show(picture)
            self._viewers.append(viewer)
            if self._encoder is not None:
                self._encoder.hurry()

    def begins_at(self) -> float:
        """When the first picture that ``watch`` shows was made, seconds of the loop's clock."""
        return self._since_key[0].at if self._since_key else asyncio.get_running_loop().time()

    def unwatch(self, viewer: Viewer) -> None:
        """Nothing happens when it does not watch."""
        self._viewers = [one for one in self._viewers if one is not viewer]

    async def wait_closed(self) -> None:
        """Return when no child is left."""
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _encode(self, ffmpeg: str, sets: asyncio.Future[ParameterSets]) -> None:
        def show(picture: Picture) -> None:
            self._show(picture)
            if not sets.done() and encoder.sets is not None:
                sets.set_result(encoder.sets)

        self._encoder = encoder = Encoder(ffmpeg, self._draw, self._fps, show)
        try:
            words = await encoder.run()
        except OSError as error:
            words = str(error)
        except Exception:  # the barrier: a camera must not end the printer
            logger.exception("%s: drawing for its camera failed", self._name)
            words = "drawing failed"
        logger.warning("%s: the encoder of its camera ended: %s", self._name, words)
        self._work = None
        if not sets.done():
            sets.set_exception(NoVideo(f"ffmpeg ended: {words}"))
            sets.exception()  # whoever asks gets it; nobody asking is no mistake
        for viewer in list(self._viewers):
            viewer.end()

    def _show(self, picture: Picture) -> None:
        if picture.is_key or len(self._since_key) >= _MOST_KEPT:
            self._since_key.clear()
        if picture.is_key or self._since_key:
            self._since_key.append(picture)
        for viewer in list(self._viewers):
            viewer.show(picture)
