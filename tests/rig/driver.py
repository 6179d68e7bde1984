"""The real rig program in a process of its own, with gpiozero's mock pins.

``python tests/rig/driver.py --config config.json``; orders come on standard input:
"click 3" moves the button's pin, "lamps" prints which lamps are lit.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from rig.__main__ import main
from rig.settings import Pins

PINS = Pins()


def lamps() -> list[str]:
    numbers = {"red": PINS.red, "yellow": PINS.yellow, "green": PINS.green}
    return [name for name, number in numbers.items() if Device.pin_factory.pin(number).state]


def orders() -> None:
    pause = threading.Event()
    button = Device.pin_factory.pin(PINS.button)
    for line in sys.stdin:
        order, _, count = line.strip().partition(" ")
        if order == "click":
            for _ in range(int(count)):
                button.drive_low()
                pause.wait(0.02)  # longer than the bounce time
                button.drive_high()
                pause.wait(0.02)
        elif order == "lamps":
            sys.stdout.write(json.dumps(lamps()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    Device.pin_factory = MockFactory()
    threading.Thread(target=orders, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
