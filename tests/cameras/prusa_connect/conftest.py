"""A farm's side without cameras: pictures by hand, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO

import pytest
from PIL import Image

from cameras.book import CameraInfo
from cameras.frames import CameraFailed, CameraStatus, Frame
from cameras.prusa_connect.client import ConnectClient
from cameras.prusa_connect.sender import Keys, Pace, Sender
from core.clock import ManualClock
from core.errors import NotFound
from core.secret import Secret
from tests.cameras.prusa_connect.connect_server import TOKEN, ConnectServer, connect_server

FINGERPRINT = "0c9cb4b2-6f11-4a43-9d7a-7a4c1d3b9a10"


def picture(color: str = "teal", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    buffer = BytesIO()
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.paste(color, (0, 0, size[0] // 2, size[1] // 2))
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


class HandCameras:
    """As the hub: one newest picture per camera, the clock moves while nothing comes."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.frames: dict[str, Frame] = {}
        self.held: dict[str, int] = {}
        self.asked_after = -1
        self.mode = "jpeg"
        self.text = ""

    def show(self, jpeg: bytes, camera: str = "cam", age_s: float = 0.0) -> None:
        seq = self.frames[camera].seq + 1 if camera in self.frames else 1
        now = self.clock.monotonic() - age_s
        self.frames[camera] = Frame(jpeg, self.clock.time() - age_s, now, seq)

    def hold(self, camera_id: str) -> HandLease:
        self.held[camera_id] = self.held.get(camera_id, 0) + 1
        return HandLease(self, camera_id)

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None:
        assert self.held.get(camera_id), "a picture was waited for, the camera not held"
        self.asked_after = after_seq
        assert 0 < timeout <= 1.0, "an end would be noticed too late"
        frame = self.frames.get(camera_id)
        if frame and frame.seq > after_seq and self.clock.monotonic() - frame.taken_mono <= 30:
            return frame
        if self.mode != "none":
            self.clock.advance(timeout)
        return None

    def status(self, camera_id: str) -> CameraStatus:
        return CameraStatus(mode=self.mode, code="stale", text=self.text)


class HandLease:
    def __init__(self, cameras: HandCameras, camera_id: str) -> None:
        self._cameras, self._camera_id, self._open = cameras, camera_id, True

    def close(self) -> None:
        if self._open:
            self._open = False
            self._cameras.held[self._camera_id] -= 1


BENCH = CameraInfo(id="cam", name="Bench", printer_id="alder", kind="mjpeg")


@dataclass
class Scene:
    """One camera, one sender, one strict server."""

    clock: ManualClock
    server: ConnectServer
    cameras: HandCameras
    printing: bool = True
    info: CameraInfo | CameraFailed | NotFound = BENCH
    clients: list[ConnectClient] = field(default_factory=list)

    def sender(
        self,
        token: str = TOKEN,
        fingerprint: Callable[[], str] = lambda: FINGERPRINT,
        host: str = "",
        timeout_s: float = 5.0,
        chance: float = 0.0,
        **pace: object,
    ) -> Sender:
        client = ConnectClient(host or self.server.url, self.clock, timeout_s=timeout_s)
        self.clients.append(client)
        return Sender(
            Keys(camera="cam", token=Secret(token), fingerprint=fingerprint),
            Pace(**{"interval_s": 10.0, **pace}),  # type: ignore[arg-type]
            client, self.cameras, self._find, lambda printer_id: self.printing, self.clock,
            chance=lambda: chance,
        )  # fmt: skip

    def _find(self, camera: str) -> CameraInfo:
        if isinstance(self.info, Exception):
            raise self.info
        return self.info

    def turn(self, sender: Sender, jpeg: bytes | None = None) -> float:
        """Wait until it is due, with a new picture there; seconds until the next turn."""
        self.clock.advance((sender.status().next_s or 0.0) + 0.05)  # it is shown rounded
        if jpeg is not None:
            self.cameras.show(jpeg)
        return sender.turn()


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = ManualClock()
    with connect_server(clock) as server:
        made = Scene(clock, server, HandCameras(clock))
        yield made
        for client in made.clients:
            client.close()


@pytest.fixture
def draw() -> Callable[..., bytes]:
    return picture
