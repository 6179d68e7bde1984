"""Orders that come in over MQTT: the same gate as for a click, and a note of who asked.

Whoever may publish to the broker may give these orders, so they are off unless the settings say
otherwise (alerts 4). A retained order is one of some time ago: it is never carried out.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable

from core.clock import Clock
from core.errors import FarmError
from core.jsonio import dumps
from mqtt_out.topics import ORDERS, Topics
from printers.commands import Command, Pause, Resume, Stop

logger = logging.getLogger(__name__)

PRESS = b"PRESS"
"""What Home Assistant's buttons send, and the only payload that is an order."""
AT_ONCE = 3
"""Orders of one printer under way; Stop has to get through while a Pause hangs."""
IN_ALL = 32
MANY, MANY_S = 10, 10.0
"""Orders of one printer in so many seconds: more is a machine gone wild, or worse."""
COMPLAIN_S = 60.0
"""The log hears of ignored orders once in so many seconds: anybody may send any number."""
_COMMANDS: dict[str, type[Command]] = {"pause": Pause, "resume": Resume, "stop": Stop}

Exists = Callable[[str], bool]
Execute = Callable[[str, Command], object]
MarkClear = Callable[[str], None]
Note = Callable[[str, str, str, str], object]
"""(printer_id, kind, text, level): the printer's own list of events."""
Send = Callable[[str, bytes], object]


class Orders:
    """``take`` returns at once; each order has a thread of its own, and there is a bound."""

    def __init__(
        self, topics: Topics, *, exists: Exists, execute: Execute, mark_clear: MarkClear,
        note: Note, send: Send, clock: Clock,
    ) -> None:  # fmt: skip
        self._topics, self._exists = topics, exists
        self._execute, self._mark_clear = execute, mark_clear
        self._note, self._send, self._clock = note, send, clock
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._recent: dict[str, deque[float]] = {}  # by printer, monotonic s; the link's thread
        self._complain_at, self._unsaid = 0.0, 0
        self.counts: Counter[str] = Counter()  # done, refused, ignored

    def take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        wanted = self._topics.read_order(topic)
        if wanted is None or not payload:  # empty: somebody takes a retained message away
            return
        printer_id, name = wanted
        if why := self._why_not(printer_id, name, payload, retained=retained):
            self.counts["ignored"] += 1
            self._complain(topic, why)
            return
        if not self._begin(printer_id):
            self._tell(printer_id, name, "busy", "Too many orders at once; this one was dropped.")
            return
        threading.Thread(
            target=self._carry_out, args=(printer_id, name), name=f"mqtt:order:{printer_id}",
            daemon=True,
        ).start()  # fmt: skip

    def _why_not(self, printer_id: str, name: str, payload: bytes, *, retained: bool) -> str:
        if retained:
            return "it is retained, so it may be old; publish orders without retain"
        if name not in ORDERS or payload != PRESS:
            return "there is no such order, or its payload is not PRESS"
        if not self._exists(printer_id):
            return "there is no such printer"
        return "too many came at once" if self._too_many(printer_id) else ""

    def _too_many(self, printer_id: str) -> bool:
        mono = self._clock.monotonic()
        recent = self._recent.setdefault(printer_id, deque(maxlen=MANY))
        if len(recent) == MANY and mono - recent[0] < MANY_S:
            return True
        recent.append(mono)
        return False

    def _complain(self, topic: str, why: str) -> None:
        mono = self._clock.monotonic()
        if mono < self._complain_at:
            self._unsaid += 1
            return
        more = f" (and {self._unsaid} others before it)" if self._unsaid else ""
        logger.warning("mqtt: an order on %r was ignored: %s%s", topic[:200], why, more)
        self._complain_at, self._unsaid = mono + COMPLAIN_S, 0

    def _begin(self, printer_id: str) -> bool:
        with self._lock:
            if self._open[printer_id] >= AT_ONCE or self._open.total() >= IN_ALL:
                return False
            self._open[printer_id] += 1
            return True

    def _carry_out(self, printer_id: str, name: str) -> None:
        try:
            command = _COMMANDS.get(name)
            if command is None:
                self._mark_clear(printer_id)
            else:
                self._execute(printer_id, command())
        except FarmError as error:
            self._tell(printer_id, name, error.error_code, error.message)
        except Exception:
            # The barrier of this thread; what became of the order is not known.
            logger.exception("mqtt: %s for %s failed inside the farm", name, printer_id)
            self._tell(printer_id, name, "internal_error", "The order failed; see the log.")
        else:
            self._tell(printer_id, name, "", f"{name} sent")
        finally:
            with self._lock:
                self._open[printer_id] -= 1
                self._open += Counter()  # those at nought go

    def _tell(self, printer_id: str, name: str, code: str, text: str) -> None:
        """``code``: "" = it was accepted; whether the printer acted is shown by its state."""
        self.counts["refused" if code else "done"] += 1
        logger.info("mqtt: %s for %s: %s", name, printer_id, text)
        words = f"{name} refused: {text}" if code else text
        kind, level = ("refused", "warn") if code else ("command", "info")
        self._note(printer_id, kind, f"{words} (via MQTT)", level)
        answer = {"order": name, "ok": not code, "code": code, "text": text}
        answer["at"] = round(self._clock.time(), 3)
        self._send(self._topics.answer(printer_id), dumps(answer))
