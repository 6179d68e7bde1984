"""A bot in a process of its own that dies, as if by the power, at a named point.

``python -m tests.alerts.telegram.bot_process POINT < settings.json``: until its input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts.channels.telegram.orders.book import Book
from alerts.channels.telegram.orders.errands import Errands
from printers.fleet import Fleet
from tests.alerts.telegram.workshop import Workshop, channel, from_json

POINTS: dict[str, tuple[type, str, str]] = {
    "before it is written down": (Book, "take", "before"),
    "once it is written down": (Book, "take", "after"),
    "before it is sent": (Fleet, "execute", "before"),
    "once it is sent": (Fleet, "execute", "after"),
    "before its end is noted": (Book, "done", "before"),
    "once the printer has shown it": (Errands, "ended", "after"),
}


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    owner, name, when = POINTS[point]
    real: Callable[..., Any] = getattr(owner, name)

    def armed(*arguments: Any) -> Any:
        counts = owner is not Book or name != "take" or len(arguments) > 2
        if counts and when == "before":
            die()
        result = real(*arguments)
        if counts and when == "after" and (name != "ended" or result):
            die()
        return result

    setattr(owner, name, armed)


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    arm(sys.argv[1])
    configs = [from_json(entry) for entry in settings["printers"]]
    config = channel(settings["url"], chat_id=settings["chat"])
    shop = Workshop(configs, config, Path(settings["folder"]))
    shop.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    shop.stop()


if __name__ == "__main__":
    main()
