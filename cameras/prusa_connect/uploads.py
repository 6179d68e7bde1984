"""The farm's uploads to Prusa Connect: one thread per camera, so that a slow camera or a hanging
request delays no other one."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cameras.prusa_connect.fingerprints import Fingerprints
from cameras.prusa_connect.sender import Keys, Pace, Sender, UploadStatus
from cameras.prusa_connect.subject import Cameras, Find, Printing
from core.camera_config import ConnectCamera, PrusaConnectConfig
from core.clock import Clock
from core.errors import ConfigError

if TYPE_CHECKING:
    from cameras.prusa_connect.client import ConnectClient

logger = logging.getLogger(__name__)

STOP_S = 2.0
"""A request under way may last longer; its thread then ends with the process."""


class Uploads:
    """Thread-safe. Nothing is sent, and no thread runs, unless the settings switch it on."""

    def __init__(
        self,
        config: PrusaConnectConfig,
        cameras: Cameras,
        find: Find,
        printing: Printing,
        clock: Clock,
        folder: Path,
        *,
        idle_s: float = 20.0,
        verify: bool | str = True,
    ) -> None:
        """``folder`` keeps the fingerprints, ``idle_s`` is the hub's, ``verify`` the client's."""
        self._config = config
        self._stop = threading.Event()
        self._fingerprints = Fingerprints(folder)
        pace = Pace(interval_s=config.interval_s, idle_s=idle_s, only_printing=config.only_printing)
        step_s = config.interval_s / max(1, len(config.cameras))  # not all in the same moment
        self._threads: list[threading.Thread] = []
        self._clients = _clients(config, clock, verify)
        self._senders = [
            Sender(
                Keys(camera=entry.camera, token=entry.token, fingerprint=self._fingerprint(entry)),
                pace, client, cameras, find, printing, clock,
                stop=self._stop, first_in_s=index * step_s,
            )
            for index, (entry, client) in enumerate(zip(config.cameras, self._clients, strict=True))
        ]  # fmt: skip

    @property
    def enabled(self) -> bool:
        return self._config.enabled

    def start(self) -> None:
        if not self.enabled:
            return
        for entry, sender in zip(self._config.cameras, self._senders, strict=True):
            thread = threading.Thread(
                target=self._run, args=(sender,), name=f"connect:{entry.camera}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let go of the cameras; no request begins after this."""
        self._stop.set()
        for thread in self._threads:
            thread.join(STOP_S)
        for client in self._clients:
            client.close()

    def status(self) -> tuple[UploadStatus, ...]:
        """Of every camera, in the order of the settings."""
        if not self.enabled:
            return tuple(
                UploadStatus(camera=entry.camera, state="off", text="Uploads are switched off")
                for entry in self._config.cameras
            )
        return tuple(sender.status() for sender in self._senders)

    def _run(self, sender: Sender) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            try:
                wait_s = sender.turn()
            except Exception:
                # The barrier of this thread: a fault of ours must not end a camera's uploads.
                logger.exception("an upload to Prusa Connect failed")
                sender.broke()
                wait_s = sender.turn()
        sender.close()

    def _fingerprint(self, entry: ConnectCamera) -> Callable[[], str]:
        same = doubles(self._config.cameras, entry)

        def fingerprint() -> str:
            if same:
                raise ConfigError(same)
            return entry.fingerprint or self._fingerprints.of(entry.camera)

        return fingerprint


def doubles(entries: Sequence[ConnectCamera], entry: ConnectCamera) -> str:
    """Why ``entry`` cannot be told from another one, "" = it can.

    Connect binds a token to one fingerprint, and knows a camera by it.
    """
    if Counter(other.token for other in entries)[entry.token] > 1:
        return "Two cameras have the same token; add each in Prusa Connect by itself."
    names = Counter(other.fingerprint or f"camera {other.camera}" for other in entries)
    if names[entry.fingerprint or f"camera {entry.camera}"] > 1:
        return "The camera is listed twice; give each entry a fingerprint of its own."
    return ""


def _clients(config: PrusaConnectConfig, clock: Clock, verify: bool | str) -> list[ConnectClient]:
    """One per camera. A farm without any does not carry the HTTP library."""
    if not config.cameras:
        return []
    from cameras.prusa_connect.client import ConnectClient

    return [ConnectClient(config.host, clock, verify=verify) for _ in config.cameras]
