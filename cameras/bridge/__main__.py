"""``python -m cameras.bridge``; docs/camera-bridge.md names its environment variables."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from cameras.book import CameraBook
from cameras.bridge.server import BridgeServer
from cameras.bridge.settings import CAMERA, Settings, read_settings
from cameras.hub import CameraHub
from cameras.sources import tcp_mjpeg
from cameras.sources.readers import Reader
from cameras.worker import Timing
from core.camera_config import CamerasConfig
from core.clock import SystemClock
from core.errors import ConfigError, FarmError
from core.memory import limit_heaps, settle

logger = logging.getLogger("bridge")

STALL_S = 5.0
_LOOPBACK = ("127.", "::1", "localhost")
_USAGE = """The camera bridge takes no arguments: a token on the command line could be read by all.
Environment: MJPEG_URL, HOST, PORT, STALE_SECONDS, MAX_CLIENTS, PC_TOKEN, PC_FINGERPRINT, PC_HOST,
PC_NAME, INTERVAL_SECONDS, STATE_DIRECTORY. See docs/camera-bridge.md."""


def start_bridge(settings: Settings, stack: ExitStack) -> BridgeServer:
    """Everything started; ``stack`` stops it in reverse order. Raises ConfigError."""
    clock = SystemClock()
    book = CameraBook(_no_own_camera, (), CamerasConfig(list=(settings.camera,)))
    hub = CameraHub(
        book.source,
        clock,
        timing=Timing(stale_s=settings.stale_s, first_retry_s=0.2, last_retry_s=2.0, settled_s=5.0),
        readers={"tcp_mjpeg": Reader(partial(tcp_mjpeg.frames, stall_s=STALL_S))},
    )
    stack.callback(hub.stop)
    hub.hold(CAMERA)  # rpicam-vid ends with its only client; and the first viewer should not wait
    try:
        server = BridgeServer(settings.host, settings.port, hub, clock, settings.max_streams)
    except OSError as error:
        raise ConfigError(
            f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}."
        ) from error
    server.start()
    stack.callback(server.stop)
    if settings.connect.enabled:
        _start_uploads(settings, hub, book, stack)
    return server


def _start_uploads(settings: Settings, hub: CameraHub, book: CameraBook, stack: ExitStack) -> None:
    # the HTTP library is 15 MB that a bridge without a token does not need
    from cameras.prusa_connect.subject import finder
    from cameras.prusa_connect.uploads import Uploads

    uploads = Uploads(
        settings.connect, hub, finder(book), lambda _: True, SystemClock(), settings.folder
    )
    uploads.start()
    stack.callback(uploads.stop)


def _no_own_camera(printer_id: str) -> None:
    del printer_id


def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises FarmError when it cannot start."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with ExitStack() as stack:
        server = start_bridge(settings, stack)
        if not settings.host.startswith(_LOOPBACK):
            logger.warning("Everybody in the network can see this camera; it has no password")
        print(f"Camera bridge on {server.url}", flush=True)  # noqa: T201
        settle()
        while not stop.wait(3600):
            continue


def main(argv: Sequence[str]) -> int:
    limit_heaps()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    if argv:
        print(_USAGE, file=sys.stderr)  # noqa: T201
        return 2
    try:
        serve(read_settings(os.environ))
    except FarmError as error:
        print(f"The camera bridge cannot start: {error.message}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
