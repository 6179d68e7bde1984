"""Pictures that come with another farm's reports: that connection is not ours to open or close."""

from __future__ import annotations

from collections.abc import Generator

from cameras.frames import CameraFailed, Cancelled
from cameras.jpeg import first_jpeg
from cameras.sources.patience import POLL_S, Left, Patience
from printers.base import CameraSource

STALL_S = 30.0
_MOST_BROKEN = 5


def frames(
    source: CameraSource, cancelled: Cancelled, stall_s: float = STALL_S
) -> Generator[bytes, None, None]:
    """Pictures until ``cancelled()``. Raises CameraFailed with a sentence."""
    if source.pictures is None:
        raise CameraFailed("Camera is off", code="off")
    number = broken = 0
    text = f"The other farm has sent no picture for {stall_s:.0f} s"
    patience = Patience(cancelled, stall_s, text)
    while True:
        try:
            patience.check()
        except Left:
            return
        found = source.pictures(number, POLL_S)
        if found is None:
            continue
        number, data = found
        picture = first_jpeg(data)
        broken = 0 if picture is not None else broken + 1
        if broken > _MOST_BROKEN:
            raise CameraFailed("The other farm sends broken pictures", code="bad_frames")
        if picture is not None:
            patience.restart(stall_s, text)
            yield picture
