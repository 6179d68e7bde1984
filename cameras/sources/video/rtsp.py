"""Reads RTSP cameras, those of Bambu's X1, H2 and P2S printers among them (bambu-lan A12.2)."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from urllib.parse import urlsplit

from cameras.ffmpeg_program import FfmpegFinder
from cameras.frames import CameraFailed, Cancelled, Means
from cameras.sources import dialing
from cameras.sources.patience import Left, Patience
from cameras.sources.rtsp.conversation import Conversation
from cameras.sources.rtsp.relay import Relay
from cameras.sources.sign_in import SignIn
from cameras.sources.video.child import Child
from cameras.sources.video.command import address_of, rtsp_command, shown
from cameras.sources.video.minder import Minder
from core.errors import FarmError
from printers.base import CameraSource

CONNECT_S = 8.0
FIRST_S = 25.0
STALL_S = 10.0


class RtspReader:
    """Kinds "rtsp" and "rtsps"."""

    def __init__(
        self, finder: FfmpegFinder, first_s: float = FIRST_S, stall_s: float = STALL_S
    ) -> None:
        self._finder = finder
        self._first_s = first_s
        self._stall_s = stall_s

    def means(self, source: CameraSource) -> Means:
        known = self._finder.known
        return Means(command=shown(known, source), version=known.version if known else "")

    def frames(self, source: CameraSource, cancelled: Cancelled) -> Generator[bytes, None, None]:
        """Pictures until ``cancelled()``; close the iterator to hang up. Raises CameraFailed."""
        program = self._finder.find()
        try:
            relay = _connect(source, cancelled)
        except Left:
            return
        try:
            command = rtsp_command(program, source, relay.url)
            with Child(command, hidden=(relay.url, source.secret.reveal())) as child:
                minder = Minder(child, relay.run, cancelled, self._first_s, self._stall_s)
                try:
                    for picture in child.pictures():
                        minder.seen()
                        yield picture
                finally:
                    minder.join()
                if not minder.left:
                    raise minder.explain() or relay.problem or _ended(child)
        finally:
            relay.close()


def _connect(source: CameraSource, cancelled: Cancelled) -> Relay:
    """To the camera itself, before ffmpeg is started at all. Raises CameraFailed, Left."""
    patience = Patience(cancelled, CONNECT_S, f"Camera did not answer in {CONNECT_S:.0f} s")
    try:
        link = dialing.connect(source.host, source.port, patience, _context(source))
    except CameraFailed as error:
        if error.error_code == "off" and _is_bambu(source):
            raise CameraFailed(
                "Camera is off. Switch on LAN Only Liveview on the printer's screen",
                code="liveview_off",
            ) from error
        raise
    sign_in = SignIn(source.user, source.secret)
    return Relay(
        link, lambda local: Conversation(local, _remote(source), sign_in, _refused(source))
    )


def _context(source: CameraSource) -> ssl.SSLContext | None:
    if source.kind != "rtsps":
        return None
    try:
        context = source.tls() if source.tls else None
    except FarmError as error:
        raise CameraFailed(error.message, code="not_ready") from error
    return context or ssl.create_default_context()


def _remote(source: CameraSource) -> str:
    """The camera's address in the conversation; the relay puts it in place of its own."""
    query = urlsplit(source.url).query
    return address_of(source) + (f"?{query}" if query else "")


def _is_bambu(source: CameraSource) -> bool:
    return not source.url


def _refused(source: CameraSource) -> str:
    if _is_bambu(source):
        return "Camera refuses the access code; compare it with the one on the printer's screen"
    if not source.user and not source.secret:
        return "Camera wants a user and a password"
    return "Camera refuses the farm's user and password"


def _ended(child: Child) -> CameraFailed:
    """ffmpeg left by itself, and the camera did nothing that would explain it."""
    said = child.last_words()
    if not said:
        return CameraFailed("Camera connection was lost", code="lost")
    return CameraFailed(f"Camera's video cannot be read ({said.rstrip('.')})", code="bad_frames")
