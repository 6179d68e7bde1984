"""Fetches finished videos from rigs by SFTP; runs on another computer than the rig.

``python -m rig.get_timelapses --config config.json [--once]`` reads only the part "pull".
"""

from __future__ import annotations

import argparse
import logging
import queue
import signal
import sys
from pathlib import Path

import paramiko

from rig.errors import RigError, SettingsError
from rig.pull import Puller, PullFailed, connect
from rig.reading import load
from rig.settings import PullSettings

logger = logging.getLogger("get_timelapses")


def one_round(settings: PullSettings) -> int:
    """How many videos came. Raises PullFailed."""
    try:
        with connect(settings) as link, link.open_sftp() as sftp:
            return Puller(sftp, settings).round()
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise PullFailed(f"{settings.raspi_host}: {error}") from error


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="get_timelapses")
    parser.add_argument("--config", type=Path, default=Path("config.json"))
    parser.add_argument("--once", action="store_true", help="one round, then end")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("paramiko").setLevel(logging.ERROR)
    try:
        settings = load(arguments.config).pull
    except SettingsError as error:
        for problem in error.problems:
            logger.error("%s", problem)
        return 2
    if not settings.raspi_host:
        logger.error("pull.raspi_host: is missing: the address of the rig.")
        return 2
    return _repeat(settings, once=arguments.once)


def _repeat(settings: PullSettings, *, once: bool) -> int:
    told: queue.SimpleQueue[int] = queue.SimpleQueue()  # its put() is safe in a handler
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: told.put(number))
    last = ""
    while True:
        why = ""
        try:
            one_round(settings)
        except RigError as error:
            why = str(error)
            if why != last:
                logger.error("%s", why)
        last = why
        if once:
            return 1 if why else 0
        try:
            told.get(timeout=settings.poll_interval)
        except queue.Empty:
            continue
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
