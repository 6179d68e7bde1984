"""Decides about everything that is heard in an allowed chat. Nothing here reaches a printer but
through errands.py, and only after the same person has confirmed it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from alerts.channels.telegram.orders import telling, words
from alerts.channels.telegram.orders.allowed import Allowed
from alerts.channels.telegram.orders.asking import HOLDS_S, YES, Question, Questions, is_same_print
from alerts.channels.telegram.orders.book import Book, Order
from alerts.channels.telegram.orders.errands import COMMANDS, Errand, Errands
from alerts.channels.telegram.orders.heard import Moved, Place, Pressed, Spoken, read, update_id
from alerts.channels.telegram.orders.pictures import Look, Pictures
from alerts.channels.telegram.orders.replies import Replies
from core.clock import Clock
from core.errors import FarmError, StorageError
from printers import safety
from printers.fleet import Fleet
from printers.registry import Snapshot

logger = logging.getLogger(__name__)

OLD_S = 60.0
"""An order that took longer to get here is not carried out: the printer has moved on."""
_HELP = (
    "/status – all printers; /status NAME – one\n"
    "/photo NAME – its picture now\n"
    "/pause NAME, /stop NAME – after you have confirmed it"
)
_CLOSED = "This question is no longer open. Nothing was done."
_STRANGERS = 200


class Desk:
    """Belongs to the bot's thread."""

    def __init__(
        self, fleet: Fleet, look: Look, clock: Clock, book: Book, replies: Replies,
        allowed: Allowed,
    ) -> None:  # fmt: skip
        self.username = ""  # the bot's own, once known
        self._fleet = fleet
        self._clock = clock
        self._book = book
        self._replies = replies
        self._allowed = allowed
        self._questions = Questions(clock)
        self._errands = Errands(fleet, clock)
        self._pictures = Pictures(look, clock, replies)
        self._strangers: set[int] = set()
        self._verbs: Mapping[str, Callable[[Spoken, str], None]] = {
            "start": self._help,
            "help": self._help,
            "status": self._status,
            "photo": self._photo,
            **dict.fromkeys(COMMANDS, self._ask),
        }

    @property
    def busy(self) -> bool:
        """Something is to be told soon."""
        return bool(len(self._errands) or len(self._pictures) or len(self._replies))

    def hear(self, update: Any) -> None:
        """One update of Telegram's."""
        number, heard = update_id(update), read(update)
        if number is None or not self._book.is_fresh(number):
            return
        if isinstance(heard, Pressed) and self._is_allowed(heard.place):
            self._pressed(number, heard)
            return
        if isinstance(heard, Moved):  # on the disk before the update counts as taken
            self._allowed.learn(heard.chat_id, heard.new)
        self._take(number)
        if isinstance(heard, Spoken) and self._is_allowed(heard.place):
            self._spoken(heard)

    def drop(self, update: Any) -> None:
        """Take it without doing anything."""
        number = update_id(update)
        if number is not None:
            self._take(number)

    def look_after(self) -> None:
        """Tell what has become of orders and pictures."""
        for errand, text in self._errands.ended():
            logger.info("%s: order from Telegram: %s", errand.question.printer_id, text)
            told = partial(self._settled, errand.update_id)
            self._replies.edit(errand.question.place, errand.message_id, text, told)
        self._pictures.look()

    def own_up(self) -> None:
        """At the start: what the server before did not finish is told, not repeated."""
        for number, order in self._book.unfinished().items():
            text = (
                f"The farm was stopped while it carried out “{order.verb} {order.printer}”, which "
                f"{order.who} ordered. Whether the printer got it is unknown; it is not repeated. "
                "Look at the printer."
            )
            told = partial(self._settled, number)
            self._replies.say(Place(order.chat, order.thread), text, after=told)

    # --- commands ------------------------------------------------------------------------------

    def _spoken(self, spoken: Spoken) -> None:
        command = words.command(spoken.text, self.username)
        if command is None:
            return
        act = self._verbs.get(command.verb)
        if act is None:
            if spoken.place.private or command.to_us:
                self._replies.say(spoken.place, f"The farm does not know that.\n{_HELP}")
            return
        if too_old := self._too_old(spoken):
            self._replies.say(spoken.place, too_old)
            return
        act(spoken, f"{command.verb} {command.name}")

    def _too_old(self, spoken: Spoken) -> str:
        age = self._clock.time() - spoken.at
        if age > OLD_S:
            return (
                f"“{spoken.text[:60]}” came {telling.duration(max(1, round(age / 60)))} late (or "
                "the farm's clock is wrong), so it is not done. Ask again if it still holds."
            )
        if age < -OLD_S:
            return "The farm's clock is late, so the age of orders is not known. Set it right."
        return ""

    def _help(self, spoken: Spoken, _: str) -> None:
        self._replies.say(spoken.place, _HELP)

    def _status(self, spoken: Spoken, asked: str) -> None:
        name, now = asked.partition(" ")[2], self._clock.monotonic()
        if not name:
            self._replies.say(spoken.place, telling.farm(self._fleet.snapshots(), now))
        elif snapshot := self._one(spoken, asked):
            self._replies.say(spoken.place, telling.printer(snapshot, now))

    def _photo(self, spoken: Spoken, asked: str) -> None:
        if snapshot := self._one(spoken, asked):
            self._pictures.want(spoken.place, snapshot.status.printer_id, snapshot.status.name)

    def _ask(self, spoken: Spoken, asked: str) -> None:
        """The gate's refusal now, or a question; the gate is asked again after the answer."""
        verb = asked.partition(" ")[0]
        if spoken.person.anonymous:
            text = "You write anonymously, so the farm cannot know who confirms. Not done."
            self._replies.say(spoken.place, text)
            return
        snapshot = self._one(spoken, asked)
        if snapshot is None:
            return
        verdict = safety.verdict(COMMANDS[verb](), snapshot, self._clock.monotonic())
        if not verdict.ok:
            self._replies.say(spoken.place, verdict.why)
            return
        name = words.called(snapshot, self._fleet.snapshots())
        question = self._questions.ask(verb, name, snapshot, spoken.place, spoken.person)
        self._replies.say(spoken.place, self._in_words(question, snapshot), question.keyboard)

    def _in_words(self, question: Question, snapshot: Snapshot) -> str:
        line = telling.line(snapshot, self._clock.monotonic())
        final = "This ends its print for good. " if question.verb == "stop" else ""
        return (
            f"{question.verb.capitalize()} {question.printer}?\n{line}.\n{final}"
            f"Only {question.person.name} can confirm, within {HOLDS_S:.0f} s."
        )

    def _one(self, spoken: Spoken, asked: str) -> Snapshot | None:
        """The one printer that is meant; else the person is told what to write."""
        verb, _, name = asked.partition(" ")
        every = self._fleet.snapshots()
        found = words.meant(every, name)
        if len(found) == 1:
            return found[0]
        if not found:
            text = f"There is no printer “{name[:60]}”. There are: {words.names(every, every)}."
        else:
            text = f"Which one? Write /{verb} and its name: {words.names(found, every)}."
        self._replies.say(spoken.place, text)
        return None

    # --- answers -------------------------------------------------------------------------------

    def _pressed(self, number: int, pressed: Pressed) -> None:
        question = self._questions.find(pressed)
        if question is None:
            self._take(number)
            self._replies.toast(pressed.query_id, _CLOSED, alert=True)
            self._replies.take_buttons(pressed.place, pressed.message_id)
        elif pressed.person.id != question.person.id:
            self._take(number)
            text = f"Only {question.person.name}, who asked, can answer this."
            self._replies.toast(pressed.query_id, text, alert=True)
        elif not self._questions.close(question) or not pressed.data.startswith(f"{YES}:"):
            self._take(number)
            self._answer(pressed, f"{question.printer}: nothing was done.")
        else:
            self._confirmed(number, pressed, question)

    def _confirmed(self, number: int, pressed: Pressed, question: Question) -> None:
        """The order is on the disk before it is on its way."""
        if why := self._not_any_more(question):
            self._take(number)
            self._answer(pressed, why)
            return
        try:
            self._book.take(number, _record(question))
        except StorageError as error:
            logger.warning("an order from Telegram was refused: %s", error.message)
            text = "The farm cannot write the order down (its disk), so it is not carried out."
            self._answer(pressed, f"{question.printer}: {text}")
            return
        logger.info("%s: %s ordered by Telegram user %s (%s) in chat %s", question.printer_id,
                    question.verb, question.person.id, question.person.name,
                    question.place.chat_id)  # fmt: skip
        self._errands.begin(Errand(number, pressed.message_id, question))
        self._answer(pressed, f"{question.printer}: {question.verb} is on its way …")

    def _not_any_more(self, question: Question) -> str:
        """Why a confirmed order is not begun, "" = it is."""
        if self._errands.full:
            return f"{question.printer}: too many orders at once. Nothing was done."
        try:
            snapshot = self._fleet.snapshot(question.printer_id)
        except FarmError as error:
            return error.message
        if not is_same_print(question, snapshot):
            return f"{question.printer} has another print than when you asked. Nothing was done."
        return ""

    def _answer(self, pressed: Pressed, text: str) -> None:
        self._replies.toast(pressed.query_id, text)
        self._replies.edit(pressed.place, pressed.message_id, text)

    # --- the book ------------------------------------------------------------------------------

    def _take(self, number: int) -> None:
        """Of what moves nothing: where the disk refuses, it may be answered twice, no more."""
        try:
            self._book.take(number)
        except StorageError as error:
            logger.warning("Telegram: %s", error.message)

    def _settled(self, number: int) -> None:
        try:
            self._book.done(number)
        except StorageError as error:
            logger.warning("Telegram: %s", error.message)

    def _is_allowed(self, place: Place) -> bool:
        if self._allowed.has(place):
            return True
        if place.chat_id not in self._strangers and len(self._strangers) < _STRANGERS:
            self._strangers.add(place.chat_id)
            text = "Telegram: the chat %s is not among those that may give orders; it is ignored"
            logger.warning(text, place.chat_id)
        return False


def _record(question: Question) -> Order:
    return Order(
        chat=question.place.chat_id,
        thread=question.place.thread_id,
        verb=question.verb,
        printer=question.printer,
        who=question.person.name,
    )
