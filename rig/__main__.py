"""python -m rig --config config.json"""

from __future__ import annotations

import argparse
import logging
import queue
import signal
import sys
from pathlib import Path

from rig import VERSION
from rig.errors import RigError, SettingsError
from rig.program import Rig
from rig.reading import load

logger = logging.getLogger("rig")


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rig", description="The camera rig beside a printer.")
    parser.add_argument("--config", type=Path, default=Path("config.json"))
    parser.add_argument("--check", action="store_true", help="read the settings and end")
    parser.add_argument("--version", action="version", version=VERSION)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """0 = ended as told, 2 = the settings or the pins are wrong (systemd does not retry that)."""
    arguments = _arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        settings = load(arguments.config)
        if arguments.check:
            return 0
        from rig.pins import Board  # only here: --check needs no pins

        rig = Rig(settings, Board)
    except SettingsError as error:
        for problem in error.problems:
            logger.error("%s", problem)
        return 2
    except RigError as error:
        logger.error("%s", error)
        return 2
    # Not an Event: set() in a handler that comes while wait() holds its lock would never return.
    told: queue.SimpleQueue[int] = queue.SimpleQueue()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: told.put(number))
    rig.start()
    logger.info("The rig is ready")
    told.get()
    rig.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
