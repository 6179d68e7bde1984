"""The Klippy process: its states, shutdowns and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter

READY = "Printer is ready"
STARTUP = (
    "\nPrinter is not ready\nThe klippy host software is attempting to connect.  Please\n"
    "retry in a few moments.\n"
)
_ADVICE = (
    "Once the underlying issue is corrected, use the\n"
    '"FIRMWARE_RESTART" command to reset the firmware, reload the\n'
    "config, and restart the host software.\n"
)
ADC_RANGE = (
    "MCU 'mcu' shutdown: ADC out of range\nThis generally occurs when a heater temperature exceeds"
    "\nits configured min_temp or max_temp."
)
LOST = "Lost communication with MCU 'mcu'"
HALTED = "Can not update MCU 'mcu' config as it is shutdown"
NO_BOARD = "mcu 'mcu': Unable to connect"
NOT_HEATING = (
    "Heater extruder not heating at expected rate\n"
    "See the 'verify_heater' section in docs/Config_Reference.md\n"
    "for the parameters that control this check.\n"
)
HOST_REQUEST = "Shutdown due to webhooks request"

GONE_S, STARTUP_S, BLIND_S = 1.25, 0.25, 0.5  # real seconds, measured
_ANSWER_S = 0.02  # a restart is answered before it happens
_LINE_S, _HOMING_S = 1.0, 3.0  # until the file stops being read after a shutdown


class Klippy:
    """``state``: ready, shutdown, error, startup; "disconnected" while there is no process.

    ``generation`` counts the starts: the server has to subscribe anew for each.
    """

    def __init__(self, printer: KlipperPrinter) -> None:
        self._printer = printer
        self.state = "ready"
        self.message = READY
        self.board_halted = False
        self.board_powered = True
        self.generation = 1
        self.blind_until = 0.0  # printer.uptime; before it the sensors have not been read

    @property
    def connected(self) -> bool:
        """Whether the server's socket to it works."""
        return self.state != "disconnected"

    def shut_down(self, reason: str) -> None:
        """Halt the board. Heaters and motors are off at once."""
        if self.state != "ready":
            return
        printer = self._printer
        self.state, self.board_halted = "shutdown", True
        self.message = f"{reason}\n{_ADVICE}Printer is shutdown\n"
        homing = printer.toolhead.is_homing
        printer.toolhead.abort()
        printer.respond("// Klipper state: Shutdown")
        printer.cut_power()
        if printer.card.is_active:
            self._stop_file_soon(homing=homing)

    def _stop_file_soon(self, *, homing: bool) -> None:
        """The file is read until the end of its line: so long print_stats says "printing"."""
        generation, printer = self.generation, self._printer

        def stop() -> None:
            if generation != self.generation or not printer.card.is_active:
                return
            if homing:
                printer.respond_error("Homing failed due to printer shutdown")
                printer.card.pause("error", "Homing failed due to printer shutdown")
            else:
                printer.card.pause()

        printer.after(_HOMING_S if homing else _LINE_S, stop)

    def restart(self, *, firmware: bool) -> None:
        """RESTART or FIRMWARE_RESTART: the process goes and comes back."""
        if self.state == "disconnected":
            return
        if firmware and self.board_powered:
            self.board_halted = False
        generation = self.generation
        self._printer.after(_ANSWER_S, lambda: self._restart(generation))

    def _restart(self, generation: int) -> None:
        if generation == self.generation:
            self.vanish(quietly=False)
            self.appear_after(GONE_S)

    def vanish(self, *, quietly: bool) -> None:
        """The process ends: killed (``quietly``), or by a restart."""
        if self.state == "disconnected":
            return
        printer = self._printer
        if not quietly:
            printer.respond("// Klipper state: Disconnect")
        self.generation += 1
        self.state, self.message = "disconnected", ""
        printer.cut_power()
        printer.klippy_gone()

    def appear_after(self, seconds: float) -> None:
        """The process starts in so many real seconds."""
        generation = self.generation
        self._printer.after(seconds, lambda: self._appear(generation))

    def _appear(self, generation: int) -> None:
        if generation != self.generation:
            return
        self.state, self.message = "startup", STARTUP
        self._printer.after(STARTUP_S, lambda: self._started(generation))

    def _started(self, generation: int) -> None:
        if generation != self.generation:
            return
        trouble = "" if self.board_powered else NO_BOARD
        if self.board_halted and not trouble:
            trouble = HALTED
        if trouble:
            self.state = "error"
            self.message = f"{trouble}\n{_ADVICE}Error configuring printer\n"
            self._printer.respond_error(self.message)
            return
        self.state, self.message = "ready", READY
        self.blind_until = self._printer.uptime + BLIND_S
        self._printer.klippy_ready()
