"""Questions before an order that cannot be taken back, and who may answer them.

They live in memory only: after a restart no button means anything any more, so that an answer
given to the server before cannot move a printer.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from alerts.channels.telegram.orders.heard import Person, Place, Pressed
from core.clock import Clock
from printers.registry import Snapshot

HOLDS_S = 60.0
MOST_OPEN = 20
YES, NO = "y", "n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    token: str
    verb: str  # "pause", "stop"
    printer_id: str
    printer: str  # its name, with the id where another is called the same
    subject: str  # which print was meant
    percent: int  # how far it was
    place: Place
    person: Person
    asked_mono: float
    asked_at: float  # epoch s: the other clock stands still while a computer sleeps

    @property
    def keyboard(self) -> dict[str, object]:
        """Two buttons; 64 bytes is the most that Telegram gives back."""
        verb = self.verb.capitalize()
        yes = {"text": f"{verb} {self.printer}"[:60], "callback_data": f"{YES}:{self.token}"}
        no = {"text": "No", "callback_data": f"{NO}:{self.token}"}
        return {"inline_keyboard": [[yes, no]]}


class Questions:
    """The open ones. Belongs to the bot's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Question] = {}

    def ask(
        self, verb: str, name: str, snapshot: Snapshot, place: Place, person: Person
    ) -> Question:
        """A new one, about the printer of that ``name``; of too many the oldest is forgotten."""
        question = Question(
            token=secrets.token_urlsafe(16),
            verb=verb,
            printer_id=snapshot.status.printer_id,
            printer=name,
            subject=_subject_of(snapshot),
            percent=_percent_of(snapshot),
            place=place,
            person=person,
            asked_mono=self._clock.monotonic(),
            asked_at=self._clock.time(),
        )
        while len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open)))
        self._open[question.token] = question
        return question

    def find(self, pressed: Pressed) -> Question | None:
        """None: it was answered, is too old, or was asked elsewhere or by the server before."""
        question = self._open.get(pressed.data.partition(":")[2])
        if question is None or question.place.chat_id != pressed.place.chat_id:
            return None
        awake = self._clock.monotonic() - question.asked_mono
        if max(awake, self._clock.time() - question.asked_at) > HOLDS_S:
            self._open.pop(question.token)
            return None
        return question

    def close(self, question: Question) -> bool:
        """It is answered; False when it was before."""
        return self._open.pop(question.token, None) is not None


def is_same_print(question: Question, snapshot: Snapshot) -> bool:
    """So that a yes never hits the next print: another job or file, or the same from its start."""
    same = _subject_of(snapshot) == question.subject
    return same and _percent_of(snapshot) >= question.percent


def _subject_of(snapshot: Snapshot) -> str:
    job, ours = snapshot.status.job, snapshot.conditions.job
    parts = [ours.job_id, str(ours.token)] if ours else ["", ""]
    if job is not None:
        parts += [job.file, job.name, job.task_id, job.subtask_id]
    return "|".join(parts)


def _percent_of(snapshot: Snapshot) -> int:
    job = snapshot.status.job
    return job.percent or 0 if job else 0
