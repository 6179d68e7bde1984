"""Which cameras there are: the printers' own and those of the settings.

A printer's own camera has the printer's id. Whether it exists is known only while the printer
tells it, so nothing here is kept: every answer is that of the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from cameras.configured import (
    NO_TURN,
    Trusted,
    Turn,
    older_camera,
    source_of,
    trust_nobody,
    turn_of,
)
from cameras.frames import CameraFailed
from core.camera_config import CameraConfig, CamerasConfig, RigConfig
from core.config import PrinterConfig
from core.errors import NotFound
from printers.base import CameraSource

Own = Callable[[str], CameraSource | None]
"""printer_id -> the camera it brings along (Fleet.camera)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInfo:
    """One camera, for people."""

    id: str
    name: str
    printer_id: str  # the printer it looks at, "" = the room
    kind: str  # of its source: bambu_jpeg, rtsps, mjpeg, …; "push" = a rig's
    main: bool = False  # the picture of its printer
    problem: str = ""  # why it cannot be used, "" = it can
    turn: Turn = NO_TURN  # what whoever shows its pictures still has to do to them
    rig: str = ""  # the rig that sends it


class CameraBook:
    """Thread-safe: it holds nothing that changes."""

    def __init__(
        self,
        own: Own,
        printers: Sequence[PrinterConfig],
        config: CamerasConfig,
        rigs: Collection[RigConfig] = (),
        trust: Trusted = trust_nobody,
    ) -> None:
        """``trust``: which certificate a configured camera must show."""
        self._own = own
        self._printers = {printer.id: printer for printer in printers}
        self._rigs = {rig.id for rig in rigs}
        self._trust = trust
        taken = {*self._printers, *(camera.id for camera in config.list)}
        older = (older_camera(printer, taken) for printer in printers)
        listed = (*config.list, *(camera for camera in older if camera is not None))
        self._configured = {camera.id: camera for camera in listed}

    def all(self) -> tuple[CameraInfo, ...]:
        """Every printer's cameras in the order of the settings, then those of the room."""
        found = [info for printer_id in self._printers for info in self.of(printer_id)]
        room = [camera for camera in self._configured.values() if not camera.printer]
        return (*found, *(self._info(camera, main=False) for camera in room))

    def of(self, printer_id: str) -> tuple[CameraInfo, ...]:
        """The cameras that look at this printer, its main one first. Raises NotFound."""
        main = self.main_of(printer_id)
        found = list(self._of(printer_id, main))
        return tuple(sorted(found, key=lambda info: not info.main))

    def main_of(self, printer_id: str) -> str | None:
        """The camera that stands for this printer, None = it has none. Raises NotFound.

        One marked "main", else the printer's own, else the first that looks at it.
        """
        own = self._own_source(printer_id)
        usable = [c for c in self._at(printer_id) if not self.problem(c.id)]
        marked = next((camera.id for camera in usable if camera.main), None)
        if marked is not None:
            return marked
        if own is not None:
            return printer_id
        return usable[0].id if usable else None

    def source(self, camera_id: str) -> CameraSource | None:
        """Where it is now; None = its printer has none at the moment.

        Raises NotFound, or CameraFailed (misconfigured) with what is wrong in the settings.
        """
        camera = self._configured.get(camera_id)
        if camera is None:
            return self._own_source(camera_id)
        if problem := self.problem(camera_id):
            raise CameraFailed(problem, code="misconfigured")
        return source_of(camera, self._trust)

    def problem(self, camera_id: str) -> str:
        """Why a configured camera cannot be used, "" = it can."""
        camera = self._configured.get(camera_id)
        if camera is None:
            return ""
        if camera.problems:
            return camera.problems[0].rstrip(".")
        if camera.type == "rig" and camera.rig not in self._rigs:
            return f'Camera is of the rig "{camera.rig}", which is not in "rigs"'
        return ""

    def of_rig(self, rig_id: str) -> tuple[str, ...]:
        """The cameras whose pictures this rig sends."""
        usable = (c for c in self._configured.values() if not self.problem(c.id))
        return tuple(c.id for c in usable if c.type == "rig" and c.rig == rig_id)

    def always_on(self) -> tuple[str, ...]:
        """The cameras to be read though nobody looks."""
        usable = (c for c in self._configured.values() if not self.problem(c.id))
        return tuple(c.id for c in usable if c.always_on)

    def _own_source(self, printer_id: str) -> CameraSource | None:
        if printer_id not in self._printers:
            raise NotFound(
                f"There is no camera with the id {printer_id!r}.", code="camera_not_found"
            )
        return self._own(printer_id)

    def _at(self, printer_id: str) -> list[CameraConfig]:
        return [camera for camera in self._configured.values() if camera.printer == printer_id]

    def _of(self, printer_id: str, main: str | None) -> Iterator[CameraInfo]:
        source = self._own_source(printer_id)
        if source is not None:
            yield CameraInfo(
                id=printer_id,
                name=self._printers[printer_id].name,
                printer_id=printer_id,
                kind=source.kind,
                main=main == printer_id,
                turn=turn_of(source),
            )
        for camera in self._at(printer_id):
            yield self._info(camera, main=camera.id == main)

    def _info(self, camera: CameraConfig, *, main: bool) -> CameraInfo:
        problem = self.problem(camera.id)
        source = None if problem else source_of(camera, self._trust)
        return CameraInfo(
            id=camera.id,
            name=camera.name,
            printer_id=camera.printer,
            kind=source.kind if source else camera.type,
            main=main,
            problem=problem,
            turn=turn_of(source) if source else NO_TURN,
            rig=camera.rig,
        )
