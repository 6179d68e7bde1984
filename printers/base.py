"""The adapter interface. One adapter object per printer; fleet.py is its only caller."""

from __future__ import annotations

import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from core.alert_config import FeedConfig
from core.clock import Clock
from core.config import PrinterConfig
from core.errors import NotFound
from core.secret import Secret
from printers.commands import Command, RemoteFile, StartPrint
from printers.status import PrinterStatus

Publish = Callable[[PrinterStatus], None]
Progress = Callable[[int, int], None]
"""(bytes sent, bytes in all)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSource:
    """Where a printer's own camera is; cameras/ reads it, one owner per camera."""

    kind: str
    """"bambu_jpeg" (TLS, bambu-lan A12.1), "rtsps" (A12.2), "mjpeg" or "snapshot" (HTTP), "feed"
    (with another farm's reports); of the farm's own settings also "rtsp", "tcp_mjpeg", "v4l2" and
    "push" (a rig sends by itself)."""
    host: str = ""
    port: int = 0
    user: str = ""
    secret: Secret = field(default_factory=lambda: Secret(""))
    tls: Callable[[], ssl.SSLContext | None] | None = None
    """Makes the pinned context; raises PrinterOffline while the certificate is not yet known.
    None, or giving None: plain HTTP, or the system's own verification."""
    url: str = ""  # mjpeg and snapshot: absolute; for mjpeg the stream; rtsp(s): "" = A12.2's path
    snapshot_url: str = ""  # mjpeg: where single pictures are, "" = none
    headers: Callable[[], Mapping[str, str]] = dict
    """Keys to send along; only for addresses on the printer's own server."""
    flip_h: bool = False
    flip_v: bool = False
    rotate_90: bool = False  # counter-clockwise, after flipping (OctoPrint's own order)
    rotate: int = 0  # degrees clockwise, likewise after flipping: 0, 90, 180, 270
    device: str = ""  # v4l2: /dev/video0
    fps: float = 5.0  # pictures a second wanted of video and devices, 0.2–30
    width: int = 0  # pixels that video is scaled down to, 0 = as it comes
    pictures: Callable[[int, float], tuple[int, bytes] | None] | None = None
    """feed: (number of the last one, seconds) -> the next one's number and bytes, None when none
    came within those seconds. What comes is not yet known to be a picture."""
    pause_during_upload: bool = False
    """The printer may reboot under a camera stream and a large upload (bambu-lan A11, P1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVideo:
    """A video that the printer itself recorded of a print, on its own storage."""

    name: str  # safe as a file's name, at most 100 characters
    size_bytes: int
    taken_at: float | None = None  # epoch s by the printer's clock, None when it does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What arrived of a file from a printer, counted and hashed on its way to the disk."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The printer took the command. Whether it acted is shown by the next snapshots."""

    text: str = ""  # "saved for the next start", … ; "" = plainly accepted
    pending: bool = False
    """The print server has it, but answers only when the printer's own queue lets it (Klipper)."""


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """What the farm gives an adapter. It never sees registry, bus, queue or Flask."""

    publish: Publish
    clock: Clock
    data_dir: Path
    """Where the adapter may keep small durable facts (pinned certificates)."""
    run_id: str = ""  # tells this farm from others, for the length of one run
    feed: FeedConfig = field(default_factory=FeedConfig)


class Printer(ABC):
    """Owns the one connection to one printer. All methods may be called from any thread.

    ``start`` returns at once; from then on the adapter publishes a PrinterStatus whenever
    something changed, and again whenever it has a sign of life (observed_at moves), until
    ``stop``. It never raises out of its own threads and never leaves a library's exception
    to a caller: only FarmError.
    """

    kind: ClassVar[str]

    def __init__(self, config: PrinterConfig, context: AdapterContext) -> None:
        self.config = config
        self.context = context

    @abstractmethod
    def start(self) -> None:
        """Begin connecting in the background."""

    @abstractmethod
    def stop(self, timeout: float = 5.0) -> None:
        """Disconnect politely and end the threads."""

    @property
    @abstractmethod
    def status(self) -> PrinterStatus:
        """The latest snapshot."""

    @abstractmethod
    def execute(self, command: Command, timeout: float = 8.0) -> CommandResult:
        """Send one command and wait for the printer's own answer (never called for StartPrint).

        Raises PrinterOffline (nothing was sent), PrinterRejected (its reason in words),
        PrinterTimeout (no answer in ``timeout`` seconds), Unusable (this printer cannot do it).
        """

    @abstractmethod
    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        """Put ``source`` on the printer's storage and prove it: returns the size it reports.

        A ``remote_name`` without "/" is the farm's own file; where folders exist the adapter keeps
        those in one of its own, here and in remote_size, delete_remote and start_print alike.

        Raises UploadFailed with a sentence, UploadCancelled, PrinterOffline. One at a time per
        printer. On failure the partial file is deleted where the printer allows it.
        """

    @abstractmethod
    def remote_size(self, remote_name: str) -> int | None:
        """Size in bytes of a file on the printer, None when it is not there."""

    @abstractmethod
    def delete_remote(self, path: str) -> None:
        """Delete a file on the printer. NotFound when it is not there."""

    @abstractmethod
    def list_files(self, folder: str = "/") -> tuple[RemoteFile, ...]:
        """The printer's storage, one folder."""

    @abstractmethod
    def download(self, path: str, target: Path, progress: Progress | None = None) -> None:
        """Fetch a file from the printer; ``target`` appears only when it is whole."""

    @abstractmethod
    def refresh(self, timeout: float = 10.0) -> PrinterStatus:
        """Ask for a full report and return the status built from one newer than the call.

        Raises PrinterOffline or PrinterTimeout. The start protocol's last look (A8.3).
        """

    @abstractmethod
    def start_print(self, command: StartPrint, timeout: float = 15.0) -> CommandResult:
        """Publish the start exactly once, at QoS 0, over the live session.

        Raises PrinterOffline (certainly not sent), PrinterRejected (the printer refused it),
        PrinterTimeout (sent, no answer: uncertain). Never re-sends.
        """

    def thumbnail(self, path: str) -> bytes | None:  # noqa: ARG002 - most makes have none
        """PNG that the slicer put into a file on the printer, None when there is none.

        ``path`` as for delete_remote: with a "/" it is not the farm's own file.

        Raises PrinterOffline, PrinterTimeout, PrinterRejected.
        """
        return None

    def camera(self) -> CameraSource | None:
        """The printer's own camera, None when it has none."""
        return None

    def own_videos(self) -> tuple[OwnVideo, ...]:
        """Timelapse videos that the printer recorded itself, newest first; most makes have none.

        Raises PrinterOffline, PrinterRejected, Blocked (another transfer is running).
        """
        return ()

    def fetch_own_video(
        self,
        name: str,
        target: Path,  # noqa: ARG002 - as of the next two
        progress: Progress,  # noqa: ARG002
        cancel: threading.Event,  # noqa: ARG002
    ) -> Receipt:
        """Fetch one of ``own_videos``; ``target`` appears only when it is whole and on the disk.

        Gives way to uploads and to whatever else a start needs: then Blocked (gave_way).
        Raises NotFound, TooLarge, PrinterOffline, PrinterRejected, UploadCancelled.
        """
        raise NotFound(f"{self.config.name} has no video {name!r}.", code="video_not_found")

    def remove_own_video(self, name: str, size_bytes: int) -> None:  # noqa: ARG002
        """Delete it on the printer, if it still has this size. Raises as fetch_own_video."""
        raise NotFound(f"{self.config.name} has no video {name!r}.", code="video_not_found")

    @abstractmethod
    def diagnostics(self) -> Mapping[str, Any]:
        """For /api/diag: session, counters, last raw report; without secrets."""
