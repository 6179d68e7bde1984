"""The states of OctoPrint's connection to a printer, with the flags it reports in each."""

from __future__ import annotations

from enum import Enum

_FLAGS = (
    "operational", "printing", "cancelling", "pausing", "resuming", "finishing",
    "closedOrError", "error", "paused", "ready", "sdReady",
)  # fmt: skip
_BUSY = ("operational", "printing", "sdReady")


class State(Enum):
    """``id`` as in PrinterStateChanged, ``text`` as everywhere, and the flags that are true.

    "Offline after error" is OFFLINE with an error beside it (measured).
    """

    OFFLINE = ("Offline", ("closedOrError",))
    OPEN_SERIAL = ("Opening serial connection", ())
    CONNECTING = ("Connecting", ())
    OPERATIONAL = ("Operational", ("operational", "ready", "sdReady"))
    STARTING = ("Starting", _BUSY)
    PRINTING = ("Printing", _BUSY)
    PAUSING = ("Pausing", (*_BUSY, "pausing"))
    PAUSED = ("Paused", ("operational", "paused", "sdReady"))
    RESUMING = ("Resuming", (*_BUSY, "resuming"))
    FINISHING = ("Finishing", (*_BUSY, "finishing"))
    CANCELLING = ("Cancelling", (*_BUSY, "cancelling"))
    ERROR = ("Error", ("closedOrError", "error"))

    def __init__(self, text: str, flags: tuple[str, ...]) -> None:
        self.text = text
        self.flags = {name: name in flags for name in _FLAGS}

    @property
    def operational(self) -> bool:
        """The printer answers."""
        return self.flags["operational"]

    @property
    def printing(self) -> bool:
        """A job moves, or is on its way into or out of a pause."""
        return self.flags["printing"]

    @property
    def active(self) -> bool:
        """There is a job, moving or paused."""
        return self.flags["printing"] or self.flags["paused"]

    @property
    def closed(self) -> bool:
        """No port is open."""
        return self in (State.OFFLINE, State.ERROR)
