"""Orders on their way to printers: through Fleet.execute, each in a thread of its own, so that a
printer that does not answer keeps nobody from stopping another one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.channels.telegram.orders.asking import Question
from alerts.channels.telegram.orders.telling import line
from core.clock import Clock
from core.errors import FarmError
from printers.commands import Command, Pause, Stop
from printers.fleet import Fleet
from printers.registry import Snapshot
from printers.status import PrinterState

logger = logging.getLogger(__name__)

COMMANDS: Mapping[str, type[Command]] = {"pause": Pause, "stop": Stop}
"""All that can be ordered from a chat."""
MOST_AT_ONCE = 8
PROOF_S = 30.0
"""So long a printer has to show what it was told; printers answer within a few seconds."""
_FAULT = "The order failed inside the farm; see the server's log."


@dataclass(slots=True)
class Errand:
    """One confirmed order."""

    update_id: int
    message_id: int  # of the question, which becomes the answer
    question: Question
    over: threading.Event = field(default_factory=threading.Event)
    refusal: str = ""  # set before ``over``; "" = the printer has taken it
    taken_mono: float = 0.0


class Errands:
    """Begun and looked after by the bot's thread."""

    def __init__(self, fleet: Fleet, clock: Clock) -> None:
        self._fleet = fleet
        self._clock = clock
        self._open: list[Errand] = []

    def __len__(self) -> int:
        return len(self._open)

    @property
    def full(self) -> bool:
        return len(self._open) >= MOST_AT_ONCE

    def begin(self, errand: Errand) -> None:
        self._open.append(errand)
        name = f"telegram:order:{errand.question.printer_id}"
        threading.Thread(target=self._run, args=(errand,), name=name, daemon=True).start()

    def ended(self) -> list[tuple[Errand, str]]:
        """Those that are settled since the last call, and what to say of them."""
        told = [(errand, text) for errand in self._open if (text := self._outcome(errand))]
        self._open = [e for e in self._open if not any(e is errand for errand, _ in told)]
        return told

    def _run(self, errand: Errand) -> None:
        question = errand.question
        try:
            self._fleet.execute(question.printer_id, COMMANDS[question.verb]())
        except FarmError as error:
            errand.refusal = error.message
        except Exception:
            logger.exception("%s: an order from Telegram failed", question.printer_id)
            errand.refusal = _FAULT
        errand.taken_mono = self._clock.monotonic()
        errand.over.set()

    def _outcome(self, errand: Errand) -> str:
        """ "" while it is open."""
        question, by = errand.question, f"Ordered by {errand.question.person.name}."
        if not errand.over.is_set():
            return ""
        if errand.refusal:
            return f"{question.verb.capitalize()} of {question.printer}: {errand.refusal} {by}"
        snapshot = self._fleet.snapshot(question.printer_id)
        if shows(question.verb, snapshot):
            done = "paused" if question.verb == "pause" else "stopped"
            return f"{question.printer} is {done}. {by}"
        now = self._clock.monotonic()
        if now - errand.taken_mono < PROOF_S:
            return ""
        return (
            f"{question.printer} has taken the order and does not show it after {PROOF_S:.0f} s: "
            f"{line(snapshot, now)}. Look at it. {by}"
        )


def shows(verb: str, snapshot: Snapshot) -> bool:
    """Whether the printer's own report proves the order."""
    state = snapshot.status.state
    if verb == "pause":
        return state is PrinterState.PAUSED
    return state.is_connected and state is not PrinterState.UNKNOWN and not state.has_job
