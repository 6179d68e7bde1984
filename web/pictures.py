"""Smaller copies of camera pictures, each made once however many pages ask for it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from cameras.frames import Frame
from cameras.shrinking import scaled

MOST = 128
"""Copies kept, the newest of each camera and width; some 15 kB each."""


class SmallPictures:
    """Thread-safe. One thread draws, the others for the same picture wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of the two dicts, never held while drawing
        self._kept: OrderedDict[tuple[str, int], tuple[int, bytes]] = OrderedDict()
        self._drawing: dict[str, threading.Lock] = {}  # by camera: a slow one costs only itself

    def get(self, camera_id: str, frame: Frame, width: int) -> bytes:
        """``frame`` at most ``width`` pixels wide."""
        with self._lock:
            drawing = self._drawing.setdefault(camera_id, threading.Lock())
        with drawing:
            return self._find(camera_id, frame, width) or self._draw(camera_id, frame, width)

    def _find(self, camera_id: str, frame: Frame, width: int) -> bytes | None:
        key = (camera_id, width)
        with self._lock:
            seq, small = self._kept.get(key, (-1, b""))
            if seq != frame.seq:
                return None
            self._kept.move_to_end(key)
            return small

    def _draw(self, camera_id: str, frame: Frame, width: int) -> bytes:
        small = scaled(frame.jpeg, width)
        with self._lock:
            self._kept[camera_id, width] = (frame.seq, small)
            self._kept.move_to_end((camera_id, width))
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return small
