"""A relay on 127.0.0.1 for one ffmpeg and one camera.

ffmpeg's command line and environment are readable by others on the same computer, and its own TLS
checks no printer's certificate. So it speaks plain RTSP without any password to this relay; the
relay speaks TLS with the pinned certificate to the camera and signs in (bambu-lan A12.2).
"""

from __future__ import annotations

import secrets
import selectors
import socket
from collections.abc import Callable

from cameras.frames import CameraFailed
from cameras.sources.patience import POLL_S
from cameras.sources.rtsp.conversation import Conversation
from cameras.sources.rtsp.door import Door, Guest
from cameras.sources.rtsp.messages import BadRtsp, Message, Splitter
from cameras.sources.rtsp.pumps import End


class Relay:
    """run() in a thread of its own, once. Only who knows ``url`` gets in, and only one."""

    def __init__(self, camera: socket.socket, conversation: Callable[[str], Conversation]) -> None:
        """``camera``: connected. ``conversation``: made with the local url."""
        self._camera = End(camera)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        port = self._listener.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{port}/{secrets.token_urlsafe(16)}"
        self._conversation = conversation(self.url)
        self._from_camera = Splitter()
        self.problem: CameraFailed | None = None
        """Why it ended, None = ffmpeg left or nobody looks any more."""

    def run(self, leave: Callable[[], bool]) -> None:
        """Until either end hangs up or ``leave()``, asked a few times a second."""
        try:
            guest = Door(self._listener, self.url).wait(leave)
            if guest is not None:
                with guest.end.link:
                    self._relay(guest, leave)
        except CameraFailed as error:
            self.problem = error
        except BadRtsp:
            self.problem = CameraFailed("Camera's address does not speak RTSP", code="protocol")
        except OSError:
            self.problem = CameraFailed("Camera connection was lost", code="lost")
        finally:
            self.close()

    def close(self) -> None:
        self._listener.close()
        self._camera.link.close()

    def _relay(self, guest: Guest, leave: Callable[[], bool]) -> None:
        local, camera = guest.end, self._camera
        self._to_camera(guest.first)
        with selectors.DefaultSelector() as selector:
            while not (local.ended or camera.ended or leave()):
                self._wait(selector, local)
                if not camera.is_full:
                    self._to_camera(list(guest.splitter.feed(local.read())))
                if not local.is_full:
                    self._to_local(local, camera.read())
                camera.flush()
                local.flush()
        if camera.ended and not local.ended:
            raise CameraFailed("Camera connection was lost", code="lost")

    def _wait(self, selector: selectors.BaseSelector, local: End) -> None:
        ends = ((local, not self._camera.is_full), (self._camera, not local.is_full))
        for end, reads in ends:
            _watch(selector, end.link, end.interest(reads=reads))
        selector.select(0 if self._camera.has_more() and not local.is_full else POLL_S)

    def _to_camera(self, items: list[Message | bytes]) -> None:
        for item in items:
            data = self._conversation.asked(item) if isinstance(item, Message) else item
            self._camera.out += data

    def _to_local(self, local: End, data: bytes) -> None:
        for item in self._from_camera.feed(data):
            if isinstance(item, Message):
                answer, again = self._conversation.answered(item)
                local.out += answer
                self._camera.out += again
            else:
                local.out += item


def _watch(selector: selectors.BaseSelector, link: socket.socket, events: int) -> None:
    known = selector.get_map().get(link)
    if known is None:
        if events:
            selector.register(link, events)
    elif not events:
        selector.unregister(link)
    elif known.events != events:
        selector.modify(link, events)
