"""Button and lamps by gpiozero, which finds the Pi's pins (lgpio) or pretends them
(GPIOZERO_PIN_FACTORY=mock on a PC)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gpiozero import LED, Button, GPIOZeroError

from rig.errors import RigError
from rig.lights import Lamp
from rig.settings import Settings


class Board:
    """The pins in use. Raises RigError where there are none."""

    def __init__(self, settings: Settings, pressed: Callable[[float], None]) -> None:
        pins = settings.pins
        try:
            self.lamps: dict[str, Lamp] = {
                "red": LED(pins.red),
                "yellow": LED(pins.yellow),
                "green": LED(pins.green),
            }
            self.button: Any = Button(
                pins.button, pull_up=True, bounce_time=settings.bounce or None
            )
        except GPIOZeroError as error:
            raise RigError(
                f"The pins cannot be used ({error}). On a Pi install python3-lgpio and run the rig "
                "as a member of the group gpio; elsewhere set GPIOZERO_PIN_FACTORY=mock."
            ) from error
        self.button.when_pressed = lambda: pressed(time.monotonic())

    def close(self) -> None:
        self.button.close()
        for lamp in self.lamps.values():
            lamp.close()  # type: ignore[attr-defined]
