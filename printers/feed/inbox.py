"""What comes through a feed: frames into news and pictures, and a tally of what was neither."""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Mapping
from typing import Any

from core.jsonio import JSONDecodeError, loads
from printers.feed.parse import News, NoPrinter, news_of
from printers.feed.picture import PictureBox

logger = logging.getLogger(__name__)

MAX_FRAME = 12_000_000
"""Characters of one frame: a picture of eight megabytes and the status."""
MAX_JPEG = 8_000_000
MAX_STATUS = 262_144
"""Characters without the picture; a farm's own have some ten thousand. Read into objects, twelve
megabytes of "[{},{}," would take hundreds, and the farm's time from all other printers."""
_SOI = b"\xff\xd8"
_PICTURE = re.compile(r'"jpeg_image"\s*:\s*"')


class Inbox:
    """Used by the printer's own thread; the counters may be read by any."""

    def __init__(self, printer_id: str, name: str, box: PictureBox) -> None:
        self._id = printer_id
        self._name = name
        self._box = box
        self.frames = self.garbage = self.bad_pictures = 0  # since the farm's start
        self.last: Mapping[str, Any] = {}  # for diagnostics, without its picture
        self._taken_at: object = None  # of the newest picture, by the other farm's clock

    def take(self, message: str) -> tuple[News | None, bool]:
        """(what it says of the printer, whether a picture came with it). Never raises."""
        try:
            rest, jpeg = _without_picture(message)
            doc = loads(rest)
            news = news_of(doc, self._name)
        except (JSONDecodeError, NoPrinter) as error:
            self._complain(error)
            return None, False
        self.frames += 1
        told = doc.pop("jpeg_image", None)
        picture = self._picture(told if jpeg is None else jpeg, doc.get("jpeg_at"))
        self.last = doc
        return news, picture

    def _complain(self, error: ValueError) -> None:
        self.garbage += 1
        if self.garbage.bit_count() == 1:  # the first, the second, the fourth …
            text = "%s: %d frames of its feed were no printer's; the last one: %s"
            logger.warning(text, self._id, self.garbage, error)

    def _picture(self, told: object, taken_at: object) -> bool:
        """Whether it is a new one: a new reader is given the last one, however long ago it came."""
        if told is None or (taken_at is not None and taken_at == self._taken_at):
            return False
        self._taken_at = taken_at
        jpeg = b""
        if isinstance(told, str) and len(told) <= MAX_JPEG * 4 // 3 + 4:
            try:
                jpeg = base64.b64decode(told, validate=True)
            except (binascii.Error, ValueError):
                jpeg = b""
        if not jpeg.startswith(_SOI):
            self.bad_pictures += 1
            return False
        self._box.put(jpeg)
        return True


def _without_picture(message: str) -> tuple[str, str | None]:
    """The frame with an empty picture, and the picture. Raises NoPrinter."""
    jpeg, begins = None, _PICTURE.search(message)
    if begins is not None:
        end = message.find('"', begins.end())
        if end >= 0:
            jpeg = message[begins.end() : end].replace("\\/", "/")  # as some write it
            message = message[: begins.end()] + message[end:]
    if len(message) > MAX_STATUS:
        raise NoPrinter(f"{len(message)} characters without a picture")
    return message, jpeg
