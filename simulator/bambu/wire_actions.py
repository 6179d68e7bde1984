"""What can happen on a Bambu printer's wire besides what any printer's knows."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from simulator.wire_actions import WireActions

if TYPE_CHECKING:
    from simulator.bambu.host import BambuHost


class BambuWireActions(WireActions):
    """Adds reports that nobody asked for."""

    def __init__(self, host: BambuHost) -> None:
        super().__init__(host)
        self._bambu = host

    def push_now(self) -> None:
        """Send a report now, without waiting for the rhythm."""
        self._bambu.push()

    def publish_raw(self, text: str = "", base64_bytes: str = "") -> None:
        """Send this text, or these base64 bytes, as a report, whatever they are."""
        self._bambu.publish_raw(base64.b64decode(base64_bytes) if base64_bytes else text.encode())
