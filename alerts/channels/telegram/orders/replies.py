"""The bot's answers: sent in their order, again after a failure, and dropped when they are old."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alerts.channels.telegram.answers import ApiError
from alerts.channels.telegram.client import BotApi
from alerts.channels.telegram.orders.allowed import Allowed
from alerts.channels.telegram.orders.heard import Place
from alerts.channels.telegram.text import CAPTION_LIMIT, NO_PREVIEW, TEXT_LIMIT, one_piece
from alerts.model import ChannelError
from core.clock import Clock

logger = logging.getLogger(__name__)

WORTH_S = 300.0
"""An answer older than this helps nobody."""
AGAIN_S = 2.0
MOST = 60
TOAST = 200
"""Characters under a pressed button."""
_DROPPED = "an answer to Telegram was dropped: %s"


@dataclass(frozen=True, slots=True)
class _Reply:
    method: str
    fields: Mapping[str, Any]
    photo: bytes | None
    since: float  # monotonic s
    after: Callable[[], object] | None = None  # once it is sent, or given up
    instead: Mapping[str, Any] | None = None  # a new message, where there is none to edit any more


class Replies:
    """Belongs to the bot's thread."""

    def __init__(self, api: BotApi, clock: Clock, allowed: Allowed) -> None:
        """``allowed`` knows where its chats are by now."""
        self._api = api
        self._clock = clock
        self._allowed = allowed
        self._waiting: deque[_Reply] = deque()
        self._not_before = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def say(
        self,
        place: Place,
        text: str,
        keyboard: Mapping[str, Any] | None = None,
        after: Callable[[], object] | None = None,
    ) -> None:
        said = one_piece("", text, TEXT_LIMIT).text
        fields = {**_message(place, said), "reply_markup": keyboard}
        self._put(_Reply("sendMessage", fields, None, self._clock.monotonic(), after))

    def show(self, place: Place, jpeg: bytes, caption: str) -> None:
        said = one_piece("", caption, CAPTION_LIMIT).text
        fields = {**_to(place), "caption": said}
        self._put(_Reply("sendPhoto", fields, jpeg, self._clock.monotonic()))

    def edit(
        self,
        place: Place,
        message_id: int,
        text: str,
        after: Callable[[], object] | None = None,
    ) -> None:
        """Its buttons go, too. Where somebody has deleted it, it is said anew."""
        new = _message(place, one_piece("", text, TEXT_LIMIT).text)
        fields = {**new, "message_id": message_id, "message_thread_id": None}
        now = self._clock.monotonic()
        self._put(_Reply("editMessageText", fields, None, now, after, new))

    def take_buttons(self, place: Place, message_id: int) -> None:
        fields = {"chat_id": place.chat_id, "message_id": message_id}
        self._put(_Reply("editMessageReplyMarkup", fields, None, self._clock.monotonic()))

    def toast(self, query_id: str, text: str, *, alert: bool = False) -> None:
        """Every press needs one: the button shows a clock until then."""
        fields = {"callback_query_id": query_id, "text": text[:TOAST], "show_alert": alert}
        self._put(_Reply("answerCallbackQuery", fields, None, self._clock.monotonic()))

    def flush(self) -> None:
        """Send what may go; returns at the first that fails. One that breaks the farm's own code
        is gone: it would hold up all others."""
        while self._waiting and self._clock.monotonic() >= self._not_before:
            reply = self._waiting.popleft()
            if self._clock.monotonic() - reply.since > WORTH_S:
                logger.warning(_DROPPED, "it could not be sent in time")
            elif (wait_s := self._try(reply)) is not None:
                self._waiting.appendleft(reply)
                self._not_before = self._clock.monotonic() + wait_s
                return
            if reply.after is not None:
                reply.after()

    def _try(self, reply: _Reply, *, moved: bool = False) -> float | None:
        """Seconds until it is tried again, None = it is done or hopeless. ``moved``: the chat was
        followed just now; that is done once."""
        here = self._where_it_is_now(reply)
        if here is None:
            return None
        try:
            self._api.call(here.method, here.fields, here.photo)
        except ApiError as error:
            if not moved and self._has_moved(here, error):
                return self._try(reply, moved=True)
            if error.retry_after_s is not None:
                return error.retry_after_s
            if error.code >= 500:
                return AGAIN_S
            if error.message_gone and reply.instead is not None:
                return self._try(_Reply("sendMessage", reply.instead, None, reply.since))
            if not error.not_modified:
                logger.info("Telegram did not take an answer: %s", error.text)
        except ChannelError as error:
            logger.info("an answer could not be sent: %s", error.text)
            return AGAIN_S
        return None

    def _where_it_is_now(self, reply: _Reply) -> _Reply | None:
        """To a group that has become a supergroup: there it has no messages yet that could be
        edited, and the number may be another message's. None: nothing is left to do."""
        chat = reply.fields.get("chat_id")
        now = self._allowed.now_of(chat) if isinstance(chat, int) else chat
        if now == chat:
            return reply
        if "message_id" not in reply.fields:
            return replace(reply, fields={**reply.fields, "chat_id": now})
        if reply.instead is None:
            return None
        new = {**reply.instead, "chat_id": now}
        return replace(reply, method="sendMessage", fields=new, instead=None)

    def _has_moved(self, reply: _Reply, error: ApiError) -> bool:
        chat, new = reply.fields.get("chat_id"), error.moved_to
        return new is not None and isinstance(chat, int) and self._allowed.learn(chat, new)

    def _put(self, reply: _Reply) -> None:
        """Of too many the oldest is given up."""
        self._waiting.append(reply)
        if len(self._waiting) > MOST:
            oldest = self._waiting.popleft()
            logger.warning(_DROPPED, "there are too many")
            if oldest.after is not None:
                oldest.after()


def _message(place: Place, text: str) -> dict[str, Any]:
    return {**_to(place), "text": text, "link_preview_options": NO_PREVIEW}


def _to(place: Place) -> dict[str, Any]:
    return {"chat_id": place.chat_id, "message_thread_id": place.thread_id}
