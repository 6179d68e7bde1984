"""What both cameras of the Bambu printers ask of the printer they belong to."""

from __future__ import annotations

from typing import Protocol

from simulator.knobs import Knobs


class CameraRules(Protocol):
    """What a camera asks its printer about; answers may change at any time."""

    @property
    def printer_id(self) -> str: ...
    @property
    def access_code(self) -> str: ...
    @property
    def knobs(self) -> Knobs: ...
