"""The chats of the pretended Telegram: what stands in them, and what may be written into them."""

from __future__ import annotations

import itertools
import math
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.alerts.servers import telegram_rules as rules
from tests.alerts.servers.telegram_rules import Wrong, bad


@dataclass
class Shown:
    """A message as it stands in the chat."""

    chat_id: int
    id: int
    thread_id: int | None
    text: str = ""
    photo: bytes = b""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    silent: bool = False
    edits: int = 0


@dataclass
class Chat:
    id: int
    topics: set[int] = field(default_factory=set)
    type: str = "supergroup"
    username: str = ""
    moved_to: int | None = None
    closed: bool = False  # the bot was blocked
    turned_away: int = 0  # what was sent here after the group had become a supergroup
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Each chat numbers its messages by itself, a supergroup from 1 on."""


class Chats:
    """Used under the server's lock."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self.messages: dict[tuple[int, int], Shown] = {}
        self.chats: dict[int, Chat] = {}
        self._quiet_until: dict[int, float] = {}
        self._times: dict[int, deque[float]] = defaultdict(deque)

    def do(self, method: str, fields: dict[str, Any], photo: bytes) -> Any:
        """Send or edit. Raises Wrong."""
        chat = self._chat(fields)
        self._count(chat)
        if method.startswith("send"):
            return self._send(method, chat, fields, photo)
        return self._edit(method, chat, fields, photo)

    def silence(self, chat_id: int, seconds: float) -> None:
        """Whoever writes there before this is over is impatient."""
        self._quiet_until[chat_id] = time.monotonic() + seconds - 0.05

    def _chat(self, fields: Mapping[str, Any]) -> Chat:
        wanted = fields.get("chat_id")
        by_name = (c for c in self.chats.values() if c.username and f"@{c.username}" == wanted)
        chat = self.chats.get(wanted) if isinstance(wanted, int) else next(by_name, None)
        if chat is None:
            raise bad("chat not found", fault=False)
        if chat.closed:
            raise Wrong("Forbidden: bot was blocked by the user", fault=False, code=403)
        if chat.moved_to is not None:
            chat.turned_away += 1
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Wrong(text, fault=False, migrate_to_chat_id=chat.moved_to)
        return chat

    def _count(self, chat: Chat) -> None:
        """The limit of groups; who asks again before its time is impatient."""
        now, times = time.monotonic(), self._times[chat.id]
        if now < self._quiet_until.get(chat.id, 0.0):
            raise _too_many(self._quiet_until[chat.id] - now, "asked again before retry_after")
        while times and times[0] < now - 60:
            times.popleft()
        if self.per_minute is not None and len(times) >= self.per_minute:
            wait = math.ceil(times[0] + 60 - now)
            self.silence(chat.id, wait)
            raise _too_many(wait, "")
        times.append(now)

    def _send(self, method: str, chat: Chat, fields: dict[str, Any], photo: bytes) -> Any:
        thread_id = fields.get("message_thread_id")
        if thread_id is not None and thread_id not in chat.topics:
            raise bad("message thread not found", fault=False)
        shown = Shown(chat.id, next(chat.ids), thread_id)
        shown.silent = bool(fields.get("disable_notification"))
        if method == "sendMessage":
            if photo:
                raise bad("a file in sendMessage")
            shown.text = _said(fields, "text")
        else:
            if not photo:
                raise bad("there is no photo in the request")
            rules.check_photo(photo)
            shown.text, shown.photo = _said(fields, "caption"), photo
        shown.buttons = rules.check_keyboard(fields.get("reply_markup"))
        self.messages[chat.id, shown.id] = shown
        return message_json(shown, chat)

    def _edit(self, method: str, chat: Chat, fields: dict[str, Any], photo: bytes) -> Any:
        shown = self.messages.get((chat.id, fields.get("message_id", 0)))
        if shown is None:
            raise bad("message to edit not found", fault=False)
        buttons = rules.check_keyboard(fields.get("reply_markup"))
        after = (self._edited_text(method, shown, fields, photo), photo or shown.photo, buttons)
        if after == (shown.text, shown.photo, shown.buttons):
            text = "message is not modified: specified new message content and reply markup are "
            raise bad(text + "exactly the same as a current content", fault=False)
        shown.text, shown.photo, shown.buttons = after
        shown.edits += 1
        return message_json(shown, chat)

    def _edited_text(self, method: str, shown: Shown, fields: dict[str, Any], photo: bytes) -> str:
        if method == "editMessageReplyMarkup":
            return shown.text
        if method == "editMessageText":
            if shown.photo:
                raise bad("there is no text in the message to edit", fault=False)
            return _said(fields, "text")
        if method == "editMessageCaption":
            if not shown.photo:
                raise bad("there is no caption in the message to edit", fault=False)
            return _said(fields, "caption")
        media = fields.get("media") or {}
        if strange := set(media) - {"type", "media", *rules.CAPTION}:
            raise bad(f"unknown fields {sorted(strange)} in media")
        if media.get("type") != "photo" or media.get("media") != "attach://f0" or not photo:
            raise bad("wrong file identifier/HTTP URL specified")
        rules.check_photo(photo)
        return _said(media, "caption")


def _too_many(seconds: float, fault: str) -> Wrong:
    wait = max(1, math.ceil(seconds))
    text = f"Too Many Requests: retry after {wait} {fault}".strip()
    return Wrong(text, fault=bool(fault), code=429, retry_after=wait)


def _said(fields: dict[str, Any], name: str) -> str:
    text = fields.get(name)
    limit = rules.TEXT_LIMIT if name == "text" else rules.CAPTION_LIMIT
    rules.check_text(text, limit, name)
    marks = "entities" if name == "text" else "caption_entities"
    rules.check_marks(text or "", fields, marks)
    return text or ""


def chat_json(chat: Chat) -> dict[str, Any]:
    named = {"username": chat.username} if chat.username else {}
    return {"id": chat.id, "type": chat.type, **named}


def message_json(shown: Shown, chat: Chat) -> dict[str, Any]:
    return {"message_id": shown.id, "date": int(time.time()), "chat": chat_json(chat)}
