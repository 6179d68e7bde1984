"""What OctoPrint says once and never repeats: how a job ended, what is homed, the fan.

Pure: fed by events, by the lines the server sends to the printer, and by what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.octoprint.fields import mapping, number, path, text
from printers.octoprint.layers import LayerCount
from printers.octoprint.states import Activity, Phase

CANCELLED_SHOWN_S = 15.0
RECORDED_AFTER_S = 3.0
TERMINAL = r"^Send: (N\d+ )?(G28|M84|M18|M106|M107|M220)\b"
"""The lines the subscription asks for; all others stay on the server."""

HOLD_S = 100.0
"""How long a homed head stays known after its last move: Marlin's motors hold it for 120 s."""

_LINE = re.compile(r"^Send: (?:N\d+ )?([GM]\d+)\b([^*;]*)")
_WORD = re.compile(r"([A-Z])\s*([-+]?\d+(?:\.\d*)?|(?=\s|$|[A-Z]))")
_AXES = "xyz"


@dataclass(slots=True)
class Ended:
    """The last job whose end is known."""

    path: str
    name: str
    how: str  # "finished", "cancelled", "failed"
    at: float  # monotonic s
    recorded: bool = False  # nobody saw it: the file's statistics tell, the printer is at rest


@dataclass(frozen=True, slots=True)
class LastPrint:
    """What a file's statistics say of its last print: one print of a file from the next."""

    path: str
    date: int  # epoch s by the server's clock
    success: bool


def last_print(where: str, entry: Mapping[str, Any] | None) -> LastPrint | None:
    """From the entry of a file; None when it has never been printed."""
    last = mapping(mapping(mapping(entry).get("prints")).get("last"))
    date, success = number(last.get("date")), last.get("success")
    if date is None or not 0 < date < 1e11 or not isinstance(success, bool):
        return None
    return LastPrint(where, int(date), success)


class Memory:
    """One printer's. Not thread-safe; Reading guards it."""

    def __init__(self) -> None:
        self.running = ""  # path of the job that was last seen running
        self.running_name = ""
        self.cancelling = False
        self.unresolved = ""  # path of a job that ended while nobody looked
        self.ended: Ended | None = None
        self.last: LastPrint | None = None
        self.asked = ""  # path of the file whose statistics have been read
        self.homed: frozenset[str] = frozenset()
        self.moved_at = 0.0  # monotonic s of the last move we know of
        self.fan: int | None = None  # percent, as last sent to the printer
        self.speed: int | None = None  # percent, likewise
        self.firmware = ""
        self.pause_kind = ""
        self.pause_reason = ""
        self._layers: LayerCount | None = None  # None: the start of this print was not heard

    def layer(self, now: float) -> int | None:
        """Of the print that runs, counted since its start; None: not known."""
        return self._layers.layer(now) if self._layers is not None else None

    def forget_layers(self) -> None:
        """Nobody listened for a while: the count would be wrong."""
        self._layers = None

    def forget_motion(self) -> None:
        """Nobody knows any more where the head is and what was set."""
        self.homed = frozenset()
        self.fan = self.speed = None

    # events

    def event(self, kind: str, payload: object, now: float) -> None:
        data = mapping(payload)
        if kind == "PrintStarted":
            self._started(path(data.get("path")), text(data.get("name")))
            self._layers = LayerCount()
        elif kind == "ZChange":
            self._moved(number(data.get("new")), now)
        elif kind in ("PrintDone", "PrintCancelled", "PrintFailed"):
            self._ended_by(kind, data, now)
        elif kind == "FileSelected":
            self.ended = None  # what is selected now has not been printed yet
        elif kind == "PrintPaused":
            self._paused(data)
        elif kind == "PrintResumed":
            self.pause_kind = self.pause_reason = ""
        elif kind == "CommandSuppressed":
            command = text(data.get("command"))[:40]
            self.pause_reason = f"The file asks for a pause ({command})." if command else ""
        elif kind == "FirmwareData":
            self.firmware = text(data.get("name"))[:80]
        elif kind in ("Disconnected", "Disconnecting", "Error"):
            self.forget_motion()

    def _moved(self, height: float | None, now: float) -> None:
        if height is not None and self._layers is not None:
            self._layers.moved(height, now)

    def _started(self, where: str, name: str) -> None:
        self._layers = None
        self.running, self.running_name = where, name
        self.ended = self.last = None
        self.unresolved = self.asked = ""
        self.cancelling = False
        self.pause_kind = self.pause_reason = ""

    def _ended_by(self, kind: str, data: Mapping[str, Any], now: float) -> None:
        where = path(data.get("path")) or self.running
        if kind == "PrintDone":
            how = "finished"
        elif kind == "PrintCancelled" or data.get("reason") == "cancelled":
            how = "cancelled"
        else:
            how = "failed"
        self._end(where, text(data.get("name")), how, now)

    def _end(self, where: str, name: str, how: str, now: float) -> None:
        if where:
            self.ended = Ended(where, name or where.rsplit("/", 1)[-1], how, now)
        self.running = self.unresolved = ""
        self.cancelling = False
        self.pause_kind = self.pause_reason = ""
        self._layers = None

    def _paused(self, data: Mapping[str, Any]) -> None:
        if text(data.get("user")):
            self.pause_kind, self.pause_reason = "user", ""
        else:
            self.pause_kind = "printer"
            self.pause_reason = self.pause_reason or "The printer or the file asked for a pause."

    # what is shown

    def seen(
        self, activity: Activity, where: str, name: str, completion: float | None, now: float
    ) -> None:
        """Draw what follows from one report, for ends that no event told of."""
        if activity.phase is Phase.ACTIVE:
            if where and (self.ended is not None or self.running != where):
                self._resume(where, name)
        elif activity.phase is Phase.ENDING:
            self.cancelling = activity.cancelling
        elif activity.phase is Phase.REST:
            self._at_rest(where, name, completion, now)
        elif activity.phase in (Phase.CLOSED, Phase.ERROR):
            if self.running:
                self._end(self.running, self.running_name, "failed", now)
            self.forget_motion()

    def _resume(self, where: str, name: str) -> None:
        kind, reason = self.pause_kind, self.pause_reason
        self._started(where, name)
        self.pause_kind, self.pause_reason = kind, reason

    def _at_rest(self, where: str, name: str, completion: float | None, now: float) -> None:
        ran, cancelling = self.running, self.cancelling
        self.running, self.cancelling = "", False
        self.pause_kind = self.pause_reason = ""
        if where and completion is not None and completion >= 100.0:
            if self.ended is None or self.ended.path != where or self.ended.how != "finished":
                self._end(where, name, "finished", now)
        elif ran and ran == where:
            if cancelling:
                self._end(where, name, "cancelled", now)
            else:
                self.unresolved = where
        elif self.ended is not None and where and self.ended.path != where:
            self.ended = None  # another file has been selected since

    def resolve(self, where: str, success: bool | None, now: float) -> None:
        """What the file's own statistics say of its last print; None: they say nothing."""
        if self.unresolved != where:
            return
        self.unresolved = ""
        if success is not None:
            self._end(where, "", "finished" if success else "failed", now)

    def reopened(self, activity: Activity, where: str, completion: float | None) -> None:
        """A new session's first report: an end that contradicts what is shown is an old one."""
        done = completion is not None and completion >= 100.0
        if (
            self.ended is not None
            and self.ended.path == where
            and activity.phase is Phase.REST
            and done is not (self.ended.how == "finished")
        ):
            self.ended = None

        if self.ended is not None or activity.phase is not Phase.REST or done:
            return
        last = self.last
        if last is not None and last.path == where:
            how = "finished" if last.success else "failed"
            self.ended = Ended(where, where.rsplit("/", 1)[-1], how, 0.0, recorded=True)

    def learn_last(self, where: str, entry: Mapping[str, Any] | None) -> None:
        """The statistics of the file that is, or was, shown."""
        self.asked, self.last = where, last_print(where, entry)

    def undated(self, now: float) -> str:
        """Path of an ended job whose print cannot be told from others of the file yet. The server
        writes its statistics a moment after it tells of the end."""
        ended = self.ended
        if ended is None or self.asked == ended.path or now - ended.at < RECORDED_AFTER_S:
            return ""
        return ended.path

    def is_cancelled(self, now: float) -> bool:
        ended = self.ended
        return ended is not None and ended.how == "cancelled" and now - ended.at < CANCELLED_SHOWN_S

    # lines on their way to the printer

    def homed_at(self, now: float) -> frozenset[str]:
        """Marlin lets its motors go some time after the last move; then nobody knows any more."""
        if now - self.moved_at > HOLD_S:
            self.homed = frozenset()
        return self.homed

    def line(self, sent: str, now: float) -> None:
        """One terminal line, "Send: N12 M106 S200*103", at monotonic ``now``."""
        found = _LINE.match(sent[:200].upper().replace("SEND:", "Send:", 1))
        if found is None:
            return
        words = {letter: value for letter, value in _WORD.findall(found[2])}
        match found[1]:
            case "G28":
                self.homed = self.homed_at(now) | _axes(words)
                self.moved_at = now
            case "G0" | "G1":
                self.moved_at = now if self.homed_at(now) else self.moved_at
            case "M84" | "M18":
                named = set(words) & set("XYZE")
                if named or "S" not in words:
                    self.homed -= _axes(words) if named != {"E"} else frozenset()
            case "M106" if words.get("P", "0") == "0":
                self.fan = _percent(words.get("S", "255"), 255.0)
            case "M107" if words.get("P", "0") == "0":
                self.fan = 0
            case "M220" if words.get("S"):
                self.speed = round(min(999.0, float(words["S"])))


def _axes(words: Mapping[str, str]) -> frozenset[str]:
    named = frozenset(axis for axis in _AXES if axis.upper() in words)
    return named or frozenset(_AXES)


def _percent(value: str, whole: float) -> int | None:
    return round(min(100.0, max(0.0, float(value) / whole * 100.0))) if value else None
