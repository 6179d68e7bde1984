"""The farm's entry: read the settings, build the farm, serve, stop in reverse order."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from core.config import FarmConfig
from core.environment import load_settings
from core.errors import FarmError
from web.farm import RunningFarm

ROOT = Path(__file__).parent
logger = logging.getLogger("farm")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="api_server.py", description=__doc__)
    parser.add_argument("--host", help="address to listen on (env HOST)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 = a free one (env PORT)")
    parser.add_argument("--config", help="configuration file (env FARM_CONFIG)")
    parser.add_argument("--data-dir", help="jobs, files, certificates (env FARM_DATA_DIR)")
    parser.add_argument("--demo", type=int, metavar="N", help="N simulated printers, no config")
    parser.add_argument(
        "--no-auth-i-know", action="store_true", help="serve other machines without a password"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    return parser.parse_args(argv)


def serve(config: FarmConfig) -> None:
    """Run until SIGINT or SIGTERM."""
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: stop.set())
    with RunningFarm(config) as farm:
        print(f"Print farm on {farm.url}  (Ctrl+C ends it)", flush=True)  # noqa: T201
        gc.freeze()  # what start-up made lives for ever: keep the collector away from it
        while not stop.wait(3600):
            pass


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        serve(load_settings(args, os.environ, ROOT))
    except FarmError as error:
        print(f"The farm cannot start: {error.message}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
