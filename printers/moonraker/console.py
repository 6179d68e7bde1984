"""What Klipper prints on its console, for the one who has just sent a line."""

from __future__ import annotations

from collections import deque

from printers.moonraker.values import text

_KEPT = 60
_SHOWN = 8
_UNKNOWN = "unknown command"


class Console:
    """Written by the printer's thread, read by any."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self._count = 0

    def add(self, message: object) -> None:
        """One notify_gcode_response; it may hold several lines."""
        if not isinstance(message, str):
            return
        for line in message[:4000].splitlines():
            shown = text(line.strip().removeprefix("//").removeprefix("!!"))
            if shown:
                self._count += 1
                self._lines.append((self._count, shown))

    @property
    def mark(self) -> int:
        """Everything printed so far."""
        return self._count

    def since(self, mark: int) -> list[str]:
        """What was printed after ``mark``, as far as it is kept."""
        return [line for number, line in list(self._lines) if number > mark]


def shown(lines: list[str]) -> str:
    """A few lines as one, for the operator."""
    more = " …" if len(lines) > _SHOWN else ""
    return text(" | ".join(lines[:_SHOWN]) + more)


def not_known(lines: list[str]) -> bool:
    """Klipper takes a word it does not know without an error (4.Moonraker.5)."""
    return any(line.casefold().startswith(_UNKNOWN) for line in lines)
