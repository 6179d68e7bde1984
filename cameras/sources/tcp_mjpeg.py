"""Reads pictures that stand back to back on a TCP connection, without any framing.

So ``rpicam-vid --codec mjpeg --listen -o tcp://…`` serves them, to one viewer, and ends when that
one leaves (cameras-and-rig 2 and 4): its owner starts it anew, and here the farm dials again.
"""

from __future__ import annotations

from collections.abc import Generator

from cameras.frames import CameraFailed, Cancelled
from cameras.jpeg_stream import JpegStream
from cameras.sources import dialing
from cameras.sources.dialing import Polled
from cameras.sources.patience import POLL_S, Left, Patience
from printers.base import CameraSource

CONNECT_S = 5.0
STALL_S = 10.0
_CHUNK_BYTES = 64 * 1024


def frames(
    source: CameraSource, cancelled: Cancelled, stall_s: float = STALL_S
) -> Generator[bytes, None, None]:
    """Pictures as they come from source.host and source.port, until ``cancelled()``.

    Close the iterator to hang up. Raises CameraFailed with a sentence. Notices a cancel within
    half a second.
    """
    patience = Patience(cancelled, CONNECT_S, f"Camera did not answer in {CONNECT_S:.0f} s")
    try:
        link = dialing.connect(source.host, source.port, patience)
    except Left:
        return
    with link:
        link.settimeout(POLL_S)
        reader, cutter, text = Polled(link, patience), JpegStream(), f"No frame for {stall_s:.0f} s"
        patience.restart(stall_s, text)
        try:
            while data := reader.read(_CHUNK_BYTES):
                for picture in cutter.feed(data):
                    yield picture
                    patience.restart(stall_s, text)
        except Left:
            return
        except OSError as error:
            raise CameraFailed("Camera connection was lost", code="lost") from error
    raise CameraFailed("Camera connection was lost", code="lost")
