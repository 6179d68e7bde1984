"""What people and mishaps do to a Klipper printer: the actions of the control port."""

from __future__ import annotations

from simulator.moonraker import klippy as texts
from simulator.moonraker.printer import KlipperPrinter

_FAULTS = {
    "heater": texts.NOT_HEATING,
    "sensor": texts.ADC_RANGE,
    "board": texts.LOST,
    "emergency": texts.HOST_REQUEST,
}


class AttendedPrinter(KlipperPrinter):
    """A Klipper printer with somebody beside it, who is not always careful."""

    def start_local(self, name: str) -> None:
        """Somebody prints a stored file at the screen."""
        self.storage.read("/" + name.lstrip("/"))
        if self.card.is_active or self.klippy.state != "ready":
            raise ValueError("The printer is busy")
        self.console.send(f'SDCARD_PRINT_FILE FILENAME="{name.lstrip("/")}"')

    def pause(self, reason: str = "user") -> None:
        """Somebody presses Pause at the screen."""
        self.pause_reason = reason
        if self.card.is_active:
            self.console.send("PAUSE")

    def resume(self) -> None:
        """Somebody presses Resume at the screen."""
        if self.is_paused:
            self.console.send("RESUME")

    def stop(self) -> None:
        """Somebody presses Cancel at the screen."""
        if self.card.is_active or self.is_paused:
            self.console.send("CANCEL_PRINT")

    def fill_spool(self) -> None:
        """Somebody puts filament in."""
        self.filament_sensor = True
        if self.ams.loaded is not None:
            self.ams.loaded.grams = self.ams.loaded.weight

    def halt(self, cause: str = "board", text: str = "") -> None:
        """Klippy shuts down: heater, sensor, board or emergency, or a text of the tests."""
        self.fault, self.fault_text = cause, text
        self.klippy.shut_down(text or _FAULTS.get(cause, cause))
        self.tell("fault")

    def recover(self) -> None:
        """FIRMWARE_RESTART."""
        self.klippy.restart(firmware=True)

    def klippy_shutdown(self, reason: str = texts.ADC_RANGE) -> None:
        """Klippy shuts down with this reason."""
        self.halt("board", reason)

    def klippy_disconnect(self) -> None:
        """The Klippy process dies; a job is lost."""
        self.klippy.vanish(quietly=True)

    def klippy_reconnect(self) -> None:
        """The Klippy process starts; the board is reset with it."""
        if not self.klippy.connected:
            self.klippy.board_halted = False
            self.klippy.appear_after(0.0)

    def host_error(self) -> None:
        """Klippy restarts and finds its board halted: state "error"."""
        self.klippy.board_halted = True
        self.klippy.restart(firmware=False)

    def unplug(self) -> None:
        """The board loses its power or its cable: Klippy loses it."""
        self.connected, self.klippy.board_powered = False, False
        self.klippy.shut_down(texts.LOST)
        self.tell("unplugged")

    def plug(self) -> None:
        """Power or cable are back; a FIRMWARE_RESTART brings the printer back."""
        self.connected, self.klippy.board_powered = True, True
        self.tell("plugged")

    def power_off(self) -> None:
        """As unplug: the printer is switched off, its computer stays on."""
        self.unplug()

    def power_on(self) -> None:
        """The printer is switched on again; Klippy wants a FIRMWARE_RESTART."""
        self.plug()

    def power_cycle(self) -> None:
        """Printer and computer off and on again: Klippy starts from nothing."""
        self.klippy.vanish(quietly=True)
        self.connected = self.klippy.board_powered = True
        self.klippy.board_halted = False
        self.klippy.appear_after(0.0)
