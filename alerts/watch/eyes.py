"""Cameras of printers that print: is there still a picture?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from alerts.model import Event, Kind
from alerts.watch.memory import Run
from alerts.watch.telling import Teller
from alerts.watch.words import name_of, sentence
from cameras.frames import CameraStatus, Frame
from core.errors import FarmError

DEAD_S = 300.0
EVERY_S = 10.0
SLOT = "camera"
_WELL = frozenset({"live", "idle", "paused", "off"})
"""Codes of CameraStatus that are no failure; "idle" is a camera that nobody looks at."""


class Pictures(Protocol):
    """Of cameras.hub.CameraHub."""

    def status(self, camera_id: str) -> CameraStatus:
        """Raises NotFound."""

    def frame(self, camera_id: str) -> Frame | None:
        """Asks for pictures, and waits for none. Raises NotFound."""


class Eyes:
    """One printer's main camera. Nothing is read for its own sake: only a camera that failed
    somebody is asked again, so that it is known whether it still does."""

    def __init__(
        self, teller: Teller, cameras: Pictures, main: Callable[[str], str | None]
    ) -> None:
        """``main``: CameraBook.main_of."""
        self._teller = teller
        self._cameras = cameras
        self._main = main
        self._failing: float | None = None  # monotonic s
        self._looked: float | None = None  # monotonic s

    def see(self, run: Run | None, now: float, mono: float) -> list[Event]:
        teller = self._teller
        teller.now = now
        incident = teller.memory.open.get(SLOT)
        if incident is not None and (run is None or run.id != incident.run):
            teller.end(SLOT, f"{teller.name}: the print without a picture is over.")
        if run is None:
            self._failing = self._looked = None
        elif self._looked is None or mono - self._looked >= EVERY_S:
            self._looked = mono
            self._look(run, mono)
        return teller.taken()

    def _look(self, run: Run, mono: float) -> None:
        status = self._status()
        if status is None or not self._fails(status):
            self._failing = None
            if status is not None and status.code == "live":
                self._teller.end(SLOT, f"{self._teller.name}: its camera gives pictures again.")
            return
        if self._failing is None:
            self._failing = mono
        if mono - self._failing < DEAD_S:
            return
        why = sentence(status.text)
        text = f"{self._teller.name}: no picture of {name_of(run.file)} for five minutes. {why}"
        facts = {"file": run.file, "reason": why, "code": status.code}
        self._teller.begin(SLOT, Kind.CAMERA_DEAD, text.strip(), run=run, facts=facts)

    def _status(self) -> CameraStatus | None:
        """None: there is no camera, or it cannot be asked about."""
        try:
            camera_id = self._main(self._teller.printer_id)
            if camera_id is None:
                return None
            status = self._cameras.status(camera_id)
            if self._fails(status) or self._teller.is_open(SLOT):
                self._cameras.frame(camera_id)
        except FarmError:
            return None
        return status

    def _fails(self, status: CameraStatus) -> bool:
        """An old picture is a failure only of a camera that somebody keeps on."""
        if status.code == "stale":
            return status.held > 0 or self._failing is not None or self._teller.is_open(SLOT)
        return status.code not in _WELL
