"""Klipper's idle timeout: heaters and motors go off after a rest, and only after one."""

from __future__ import annotations

from simulator.moonraker.printer import IDLE_TIMEOUT_S, KlipperPrinter
from simulator.specs import make_spec


def test_a_homing_just_before_the_timeout_begins_the_rest_anew() -> None:
    """It is shorter than one step of the physics, at whose end all is at rest again."""
    machine = KlipperPrinter(make_spec("p", "P", "Voron 2.4", 1, "idle", kind="moonraker"))
    machine.console.send("G28")
    while machine.clock < 10:
        machine.tick(1)
    assert machine.toolhead.homed == "xyz"
    while machine._rested < IDLE_TIMEOUT_S - 3:
        machine.tick(1)
    machine.console.send("G28 X")
    machine.tick(5)
    assert machine.toolhead.homed == "xyz"
    for _ in range(int(IDLE_TIMEOUT_S) + 10):
        machine.tick(1)
    assert machine.toolhead.homed == ""
