"""One print being recorded: which of its printer's reports ask for a frame, and which end it.

Used by the recorder's thread alone; frames are taken by the shooter's.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from cameras.timelapse.manifest import Manifest
from cameras.timelapse.prints import SETTLE_S, followed, is_believable, is_cancel, look
from cameras.timelapse.shooter import End, Shooter, Shot
from cameras.timelapse.trigger import IntervalTrigger, LayerTrigger
from core.camera_config import TimelapseConfig
from core.clock import Clock
from printers.status import PrinterState, PrinterStatus

CANCEL_S = 30.0
"""An end so shortly after the printer showed a stop is its effect."""
KEEP_WARM_BELOW_S = 60.0
"""With longer intervals the camera is let go in between."""
LAYERLESS_S = 60.0
"""Printing for so long without a layer number: in mode auto the frames go by time from there."""


def keeps_warm(config: TimelapseConfig) -> bool:
    return config.mode != "interval" or config.every_s < KEEP_WARM_BELOW_S


class Recording:
    """``see`` each report of the printer, ``tick`` in between."""

    def __init__(
        self, timelapse: Manifest, shooter: Shooter, config: TimelapseConfig, clock: Clock
    ) -> None:
        self.over = False
        self.shooter = shooter
        self._known = timelapse
        self._config = config
        self._clock = clock
        self._layers = LayerTrigger(config.every_layers, timelapse.layer)
        self._interval = IntervalTrigger(config.every_s)
        self._status: PrinterStatus | None = None
        self._tells_layers = timelapse.layer > 0
        self._layerless_since: float | None = None  # monotonic s, while it prints
        self._cancelled_at = -inf  # monotonic s of the newest sign that someone stops it
        self._ending: tuple[str, float, float] | None = None  # result, monotonic, epoch

    @property
    def manifest(self) -> Manifest:
        """As the recorder knows it: identity and progress, not frames."""
        return self._known

    def see(self, status: PrinterStatus) -> None:
        now = self._clock.monotonic()
        if self.over or not is_believable(status, now):
            return
        self._status = status
        seen = look(self._known, status)
        if is_cancel(status):
            self._cancelled_at = now
        if seen.result:
            self._ends(seen.result)
            return
        self._ending = None
        self._known = followed(self._known, status.job)
        self._note_layers(status, now)
        self.shooter.rest(not self._runs(status))
        self._shoot(status, now)

    def note_stop(self) -> None:
        """Somebody sent Stop from the farm; not every printer shows for long that it was that."""
        self._cancelled_at = self._clock.monotonic()

    def tick(self) -> None:
        """Time has passed: an end may have settled, an interval may be over."""
        now, status = self._clock.monotonic(), self._status
        if self.over or status is None or not is_believable(status, now):
            return
        if self._ending is not None:
            self._settle()
        elif not self._by_layer():
            self._shoot(status, now)

    def left(self) -> float:
        """Seconds until ``tick`` has something to do, at most 1."""
        now, status = self._clock.monotonic(), self._status
        prints = status is not None and status.state is PrinterState.PRINTING
        if not prints or status is None or self._by_layer():
            return 1.0
        if not is_believable(status, now):
            return 1.0
        return min(1.0, max(0.02, self._interval.left(now)))

    def stop(self, result: str = "stopped") -> None:
        """End it now, whatever the printer does."""
        self._finish(result, self._clock.time())

    # -- frames ----------------------------------------------------------------------------------

    def _runs(self, status: PrinterStatus) -> bool:
        return status.state in (PrinterState.PRINTING, PrinterState.PREPARING)

    def _note_layers(self, status: PrinterStatus, now: float) -> None:
        """OctoPrint's are counted from the start, and lost with the connection."""
        if status.job is not None and status.job.layer is not None:
            self._tells_layers, self._layerless_since = True, None
        elif status.state is not PrinterState.PRINTING:
            self._layerless_since = None
        elif self._layerless_since is None:
            self._layerless_since = now
        elif now - self._layerless_since >= LAYERLESS_S:
            self._tells_layers = False

    def _by_layer(self) -> bool:
        mode = self._config.mode
        return mode == "layer" or (mode == "auto" and self._tells_layers)

    def _shoot(self, status: PrinterStatus, now: float) -> None:
        if status.state is not PrinterState.PRINTING:
            return
        job = status.job
        if self._by_layer():
            due = job is not None and job.layer is not None and self._layers.see(job.layer)
        else:
            due = self._interval.see(now)
        if due:
            self._known = replace(self._known, layer=self._layers.last)
            self.shooter.request(Shot(now + self._config.delay_s, self._progress()))

    def _progress(self) -> dict[str, Any]:
        known = self._known
        return {"mark": known.mark, "percent": known.percent, "layer": known.layer}

    # -- the end ---------------------------------------------------------------------------------

    def _ends(self, result: str) -> None:
        if self._ending is None or self._ending[0] != result:
            self._ending = (result, self._clock.monotonic(), self._clock.time())
        self.shooter.rest(True)
        self._settle()

    def _settle(self) -> None:
        if self._ending is None:
            return
        result, since, at = self._ending
        if since - self._cancelled_at < CANCEL_S and result in ("failed", "unknown"):
            result = "cancelled"
        if self._clock.monotonic() - since >= SETTLE_S[result]:
            self._finish("unknown" if result == "replaced" else result, at)

    def _finish(self, result: str, at: float) -> None:
        self.over = True
        self.shooter.end(End(result, at, self._progress()))
