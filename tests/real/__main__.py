"""Real print servers for a person at the keyboard.

    python -m tests.real install                        all four, at once
    python -m tests.real octoprint|moonraker|prusalink [--port N] [--count N]

Prints where each is reached and its key; Ctrl-C ends them.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading

from tests.real.install import NotInstalled, install
from tests.real.moonraker import Moonraker
from tests.real.octoprint import OctoPrint
from tests.real.prusalink import PrusaLink
from tests.real.server import RealServer

KINDS: dict[str, type[RealServer]] = {
    "octoprint": OctoPrint,
    "moonraker": Moonraker,
    "prusalink": PrusaLink,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real", description=__doc__)
    parser.add_argument("what", choices=["install", *KINDS])
    parser.add_argument("--port", type=int, default=0, help="of the first; 0: any free one")
    parser.add_argument("--count", type=int, default=1)
    options = parser.parse_args()
    try:
        if options.what == "install":
            install()
        else:
            _serve(KINDS[options.what], options.port, options.count)
    except NotInstalled as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve(make: type[RealServer], port: int, count: int) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with contextlib.ExitStack() as stack:
        for index in range(count):
            server = stack.enter_context(make(port + index if port else 0))
            more = ""
            if isinstance(server, PrusaLink):
                more = f"  user={server.user} password={server.password}"
            sys.stdout.write(f"{server.kind}  url={server.url}  api_key={server.api_key}{more}\n")
            sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    sys.exit(main())
