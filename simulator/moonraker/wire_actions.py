"""What can happen to a simulated Moonraker by name, besides what any printer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.wire_actions import WireActions

if TYPE_CHECKING:
    from simulator.moonraker.host import MoonrakerHost


class MoonrakerActions(WireActions):
    """Actions of the control port."""

    def __init__(self, host: MoonrakerHost) -> None:
        super().__init__(host)
        self._moonraker = host

    async def restart_server(self) -> None:
        """Moonraker restarts: web sockets drop, the print goes on."""
        await self._moonraker.restart_server()

    def relative_webcam(self, on: bool = True) -> None:
        """Webcam urls without host ("/webcam/?action=stream"), as many set-ups have them."""
        self._moonraker.server.relative_webcam = on

    def console(self, line: str) -> None:
        """A line on Klippy's console, whatever it says."""
        self._moonraker.server.printer.respond(line)
