"""Two printers with cameras whose prints are recorded, and what a test does to them."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cameras.book import CameraInfo
from cameras.timelapse.encoder import Tools
from cameras.timelapse.service import Timelapses, View
from core.camera_config import TimelapseConfig
from core.clock import SystemClock
from core.events import Bus
from printers.registry import Registry
from printers.status import PrinterState

P = PrinterState
CLOCK = SystemClock()


class Farm:
    """Two printers, one camera that makes ten pictures a second, and the timelapses."""

    def __init__(self, folder: Path, kit: SimpleNamespace, tools: Tools) -> None:
        self.folder, self.kit, self.tools = folder, kit, tools
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.hub = kit.hub(CLOCK)
        self.cameras: set[str] = {"alder", "birch"}
        self.config: dict[str, Any] = {"enabled": True, "reserve_mb": 0, "hold_s": 0.0}
        self.jobs: dict[str, tuple[str, str]] = {}
        self.lapses: Timelapses | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()
        for name in ("alder", "birch"):
            self.report(P.IDLE, printer_id=name, name="")

    def _play(self) -> None:
        number = 0
        while not self._over.wait(0.02):
            number += 1
            self.hub.show(self.kit.frame(number % 7))

    def start(self, **config: Any) -> Timelapses:
        self.config.update(config)
        self.lapses = Timelapses(
            self.folder, self.hub, self.camera, self.registry, self.bus,
            TimelapseConfig(**self.config), CLOCK,
            tools=lambda: self.tools, job_of=lambda name: self.jobs.get(name, ("", "")),
        )  # fmt: skip
        self.lapses.start()
        return self.lapses

    def camera(self, printer_id: str) -> CameraInfo | None:
        if printer_id not in self.cameras:
            return None
        return CameraInfo(id="cam", name="Camera", printer_id=printer_id, kind="mjpeg", main=True)

    def restart(self, **config: Any) -> Timelapses:
        self.stop()
        return self.start(**config)

    def stop(self) -> None:
        if self.lapses is not None:
            self.lapses.stop()
            self.lapses = None
        assert self.hub.held == 0

    def close(self) -> None:
        self.stop()
        self._over.set()
        self._thread.join()

    def report(self, state: PrinterState = P.PRINTING, **more: Any) -> None:
        self.registry.publish(self.kit.status(CLOCK, state, **more))

    def layers(self, first: int, last: int, **more: Any) -> None:
        """Print them, each once its frame is kept."""
        for layer in range(first, last + 1):
            self.report(layer=layer, percent=layer, **more)
            self.kit.wait_for(lambda n=layer: self.all and self.newest.manifest.layer == n)

    @property
    def all(self) -> list[View]:
        assert self.lapses is not None
        return self.lapses.page()

    @property
    def newest(self) -> View:
        return self.all[0]

    def until(self, state: str) -> View:
        found = self.kit.wait_for(lambda: [v for v in self.all if v.state == state])
        return found[0]

    def video(self, view: View) -> dict[str, Any]:
        assert self.lapses is not None
        return dict(self.kit.probe(self.lapses.store.video(view.manifest.id)))
