"""One-time faults and people at a virtual OctoPrint, by name (simulator/actions.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.octoprint.core import USER
from simulator.wire_actions import WireActions

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost


class OctoPrintActions(WireActions):
    """What happens around the machine; the machine's own actions are its methods."""

    def __init__(self, host: OctoPrintHost) -> None:
        super().__init__(host)
        self._octoprint = host

    def start_local(self, name: str) -> None:
        """Somebody selects a stored file in OctoPrint's own page and prints it."""
        app = self._octoprint.app
        if not app.idle:
            raise ValueError("The printer is busy or not connected")
        if not app.files.exists(name):
            raise ValueError(f"There is no file {name}")
        app.printing.select(name)
        app.printing.start()

    def page_pause(self) -> None:
        """Somebody presses Pause in OctoPrint's own page."""
        self._octoprint.app.printing.pause(USER)

    def page_resume(self) -> None:
        """Somebody presses Resume in OctoPrint's own page."""
        self._octoprint.app.printing.resume(USER)

    def page_cancel(self) -> None:
        """Somebody presses Cancel in OctoPrint's own page."""
        self._octoprint.app.printing.cancel(USER)

    def firmware_pause(self) -> None:
        """The firmware says "//action:pause": no user is named in the events."""
        self._octoprint.machine.pause("firmware")
        self._octoprint.app.printing.follow()

    def firmware_cancel(self) -> None:
        """The firmware says "//action:cancel"."""
        self._octoprint.machine.stop()
        self._octoprint.app.printing.follow()

    def power_off(self) -> None:
        """The printer is switched off: its port disappears, a job that prints is lost."""
        machine = self._octoprint.machine
        machine.unplug()
        machine.heat.off()
        machine.axes.homed = 0

    def power_on(self) -> None:
        """It is switched on again; OctoPrint does not connect by itself."""
        self._octoprint.machine.recover()
        self._octoprint.machine.plug()

    def power_cycle(self) -> None:
        """Printer and server off and on again: the job is forgotten, every connection is cut."""
        host = self._octoprint
        host.app.stop()
        host.machine.power_cycle()
        host.drop_tcp()
        host.app.start()

    async def server_stop(self) -> None:
        """OctoPrint's process ends: connections are cut, the job and all sessions are lost."""
        await self._octoprint.close()
        self._octoprint.app.stop()

    async def server_start(self) -> None:
        """OctoPrint starts; it connects to the printer when knob autoconnect says so."""
        self._octoprint.app.start()
        await self._octoprint.open()

    async def server_restart(self) -> None:
        """Both, one after the other."""
        await self.server_stop()
        await self.server_start()

    def log_out(self) -> None:
        """All sessions end: a web socket that signs in again hears "reauthRequired"."""
        self._octoprint.app.sessions.clear()
