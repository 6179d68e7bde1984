"""Sends to one chat: a topic per printer, photos with captions, one live message per print."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from alerts.channels import sample
from alerts.channels.telegram.answers import ApiError, in_words, topic_refused
from alerts.channels.telegram.client import BotApi
from alerts.channels.telegram.moves import Moves, bot_key
from alerts.channels.telegram.pace import Pace
from alerts.channels.telegram.picture import photo_of
from alerts.channels.telegram.text import (
    CAPTION_LIMIT,
    NO_PREVIEW,
    TEXT_LIMIT,
    Piece,
    one_piece,
    pieces,
    sayable,
)
from alerts.model import ChannelError, Later, Level, Message, Sent
from core.alert_config import ChannelConfig
from core.clock import Clock

logger = logging.getLogger(__name__)


class TelegramChannel:
    """One chat of one bot, used by its worker's thread only."""

    kind = "telegram"

    def __init__(
        self,
        config: ChannelConfig,
        clock: Clock,
        pace: Pace | None = None,
        *,
        moves: Moves | None = None,
    ) -> None:
        """``pace``: how soon it may edit; the usual one unless given. ``moves``: which groups have
        another id by now; one of its own unless given."""
        self.name = config.name
        self.edits = config.live
        self._config = config
        self._pace = pace or Pace(clock)
        self._api = BotApi(config.token, config.api, config.timeout_s)
        moves = moves or Moves(None, [config], clock)
        self._named = config.chat_id.strip()
        self._now_of = partial(moves.now_of, bot_key(config), self._named)
        self._learn = partial(moves.learn, bot_key(config), self._named)
        self._begun = ("", 0, 0)  # of a message in pieces: which, how many are sent, the first's id

    # --- Channel -----------------------------------------------------------------------------

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        """Raises Later (an edit too soon), Refused, ChannelError."""
        if message.rests:
            return self._rest(message, memo)
        live = self._is_live(message)
        known = live and self._is_ours(memo)
        wait_s = self._pace.edit_in(message.live) if known else self._pace.held()
        if wait_s > 0:
            self._postpone(known, wait_s)
        try:
            jpeg = photo_of(photo)
            if known and self._edit(message, jpeg, memo):
                return Sent(memo=self._memo(memo["message_id"], bool(jpeg or memo.get("photo"))))
            return self._new(message, jpeg, memo, live)
        except ApiError as error:
            raise in_words(error, str(self._chat)) from error

    def test(self) -> str:
        """Writes with a picture to the chat, and a line to each printer's topic."""
        try:
            me = self._api.call("getMe", {})
            self._put(Piece(sample.TEXT), sample.picture(), self._config.thread_id, silent=False)
        except ApiError as error:
            raise self._in_words(error) from error
        failures = [why for name in self._config.topics if (why := self._try_topic(name))]
        if failures:
            raise ChannelError(" ".join(failures))
        bot = me.get("username") if isinstance(me, dict) else None
        return f"@{bot or 'the bot'} wrote to {self.describe()}."

    def describe(self) -> str:
        topic = f", topic {self._config.thread_id}" if self._config.thread_id else ""
        count = len(self._config.topics)
        own = f", {count} printer{'s' * (count != 1)} in topics of their own" if count else ""
        now = self._now_of()
        moved = f" (a supergroup with the id {now} now: write that into the settings)"
        return f"Telegram chat {self._named}{moved if now != self._named else ''}{topic}{own}"

    def close(self) -> None:
        self._api.close()

    @property
    def _chat(self) -> int | str:
        return chat_of(self._now_of())

    # --- one live message per print ------------------------------------------------------------

    def _is_live(self, message: Message) -> bool:
        return self.edits and message.may_edit

    def _rest(self, message: Message, memo: Mapping[str, Any]) -> Sent:
        """The last edit: the print is over, and the message must not go on saying "95 %"."""
        if not self.edits or not self._is_ours(memo):
            return Sent()
        if (wait_s := self._pace.held()) > 0:
            self._postpone(False, wait_s)
        try:
            self._edit(message, None, memo)
        except ApiError as error:
            raise in_words(error, str(self._chat)) from error
        return Sent()

    def _is_ours(self, memo: Mapping[str, Any]) -> bool:
        """Whether there is a message to edit; the settings may name another chat by now."""
        return type(memo.get("message_id")) is int and memo.get("chat") == str(self._chat)

    def _memo(self, message_id: int, photo: bool) -> dict[str, Any]:
        return {"message_id": message_id, "photo": photo, "chat": str(self._chat)}

    def _postpone(self, edit: bool, wait_s: float) -> None:
        if edit:
            raise Later("The live message was edited a moment ago.", retry_after_s=wait_s)
        text = f"Telegram asks for fewer messages for {wait_s:.0f} s."
        raise ChannelError(text, retry_after_s=wait_s)

    def _edit(self, message: Message, jpeg: bytes | None, memo: Mapping[str, Any]) -> bool:
        """False when there is nothing to edit any more. A group that has moved leaves its messages
        behind: another one may have the same number where it is now."""
        chat = self._chat
        try:
            self._call(*self._edited(message, jpeg, memo), jpeg, live=message.live, follow=False)
        except ApiError as error:
            if error.not_modified:
                return True
            if error.photo_unfit and jpeg:
                return self._edit(message, None, memo)
            if error.message_gone or self._has_moved(chat, error):
                return False
            raise
        return True

    def _edited(
        self, message: Message, jpeg: bytes | None, memo: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Method and fields. A picture stays under a new caption until there is a newer one."""
        which = {"message_id": memo["message_id"]}
        limit = CAPTION_LIMIT if jpeg or memo.get("photo") else TEXT_LIMIT
        piece = one_piece(message.title, message.text, limit)
        if jpeg:
            media = {"type": "photo", "media": "attach://f0", **_caption(piece)}
            return "editMessageMedia", {**which, "media": media}
        if memo.get("photo"):
            return "editMessageCaption", {**which, **_caption(piece)}
        return "editMessageText", {**which, **_text(piece)}

    # --- new messages ---------------------------------------------------------------------------

    def _new(
        self, message: Message, jpeg: bytes | None, memo: Mapping[str, Any], live: bool
    ) -> Sent:
        limit = CAPTION_LIMIT if jpeg else TEXT_LIMIT
        if live:
            parts = [one_piece(message.title, message.text, limit)]
        else:
            parts = pieces(message.title, message.text, limit)
        message_id = self._put_all(message, parts, jpeg)
        if live:
            return Sent(memo=self._memo(message_id, jpeg is not None) if message_id else {})
        return Sent(memo={} if message.ends_live else dict(memo))

    def _put_all(self, message: Message, parts: list[Piece], jpeg: bytes | None) -> int:
        """The first piece's message id. After a failure it goes on where it stopped."""
        key = f"{message.id} {message.text}"
        same = self._begun[0] == key
        done, first_id = self._begun[1:] if same else (0, 0)
        silent = message.silent or message.level is Level.INFO
        for index, part in enumerate(parts[done:], done):
            sent_id = self._put_in_topic(message, part, None if index else jpeg, silent)
            first_id = first_id or sent_id
            self._begun = (key, index + 1, first_id)
        if self._is_live(message):
            self._pace.said(message.live)
        return first_id

    def _put_in_topic(
        self, message: Message, piece: Piece, jpeg: bytes | None, silent: bool
    ) -> int:
        """A printer's topic, else the channel's. What calls for a person at once is not held up by
        a topic that somebody has deleted: it goes to the chat itself."""
        thread_id, whose = self._topic(message)
        try:
            return self._put(piece, jpeg, thread_id, silent=silent)
        except ApiError as error:
            if thread_id is None or not error.topic_gone:
                raise
            if message.level is not Level.NOW:
                raise topic_refused(thread_id, whose, error) from error
            logger.warning("%s: topic %s is missing, sent to the chat", self.name, thread_id)
        return self._put(piece, jpeg, None, silent=silent)

    def _put(self, piece: Piece, jpeg: bytes | None, thread_id: int | None, *, silent: bool) -> int:
        """0 when Telegram does not tell the new message's id."""
        fields = {"message_thread_id": thread_id, "disable_notification": silent or None}
        try:
            if jpeg:
                result = self._call("sendPhoto", {**fields, **_caption(piece)}, jpeg)
            else:
                result = self._call("sendMessage", {**fields, **_text(piece)})
        except ApiError as error:
            if jpeg and error.photo_unfit:
                return self._put(piece, None, thread_id, silent=silent)
            raise
        told = result.get("message_id") if isinstance(result, dict) else None
        return told if type(told) is int else 0

    def _topic(self, message: Message) -> tuple[int | None, str]:
        """Topic, and the printer whose own it is. News of several printers go to the common one."""
        printers = {event.printer_id: event.printer for event in message.events}
        topics = {self._config.topics.get(printer_id) for printer_id in printers}
        own = topics.pop() if len(topics) == 1 else None
        if own is None:
            return self._config.thread_id, ""
        return own, ", ".join(printers.values())

    # --- the bottom -----------------------------------------------------------------------------

    def _call(
        self, method: str, fields: Mapping[str, Any], photo: bytes | None = None, live: str = "",
        *, follow: bool = True,
    ) -> Any:  # fmt: skip
        """``follow``: a chat that has moved, and once: two that name each other must not go round
        for ever. Raises ApiError, ChannelError."""
        chat = self._chat
        try:
            result = self._api.call(method, {"chat_id": chat, **fields}, photo)
        except ApiError as error:
            if error.retry_after_s is not None:
                self._pace.hold(error.retry_after_s)
            if not follow or not self._has_moved(chat, error):
                raise
            return self._call(method, fields, photo, live, follow=False)
        self._pace.said(live)
        return result

    def _has_moved(self, chat: int | str, error: ApiError) -> bool:
        """Whether ``chat`` is not where this channel writes to any more. Only of the one that the
        settings name it is believed."""
        if error.moved_to is None or str(chat) != self._named:
            return False
        return self._learn(error.moved_to)

    def _try_topic(self, printer_id: str) -> str:
        """Why nothing arrives in that printer's topic, "" = it does."""
        topic = self._config.topics[printer_id]
        try:
            self._put(Piece(f"A test: news of {printer_id} arrive here."), None, topic, silent=True)
        except ApiError as error:
            return self._in_words(error, topic, printer_id).text
        except ChannelError as error:
            return error.text
        return ""

    def _in_words(
        self, error: ApiError, topic: int | None = None, printer_id: str = ""
    ) -> ChannelError:
        thread_id = topic or self._config.thread_id
        if error.topic_gone and thread_id:
            return topic_refused(thread_id, printer_id, error)
        return in_words(error, str(self._chat))


def chat_of(chat_id: str) -> int | str:
    """A number where it is one: in JSON the Bot API insists on the difference."""
    text = sayable(chat_id)
    return int(text) if text.removeprefix("-").isdecimal() else text


def _caption(piece: Piece) -> dict[str, Any]:
    marks = {"caption_entities": piece.entities} if piece.entities else {}
    return {"caption": piece.text, **marks}


def _text(piece: Piece) -> dict[str, Any]:
    marks = {"entities": piece.entities} if piece.entities else {}
    return {"text": piece.text, **marks, "link_preview_options": NO_PREVIEW}
