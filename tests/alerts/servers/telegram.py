"""A Bot API server on loopback: strict, scripted, with chats, topics, users and their buttons.

``calls`` are all requests in their order, ``violations`` what no careful program would have sent.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.alerts.servers import telegram_rules as rules
from tests.alerts.servers.telegram_chats import Chat, Chats, Shown, chat_json
from tests.alerts.servers.telegram_http import Http, Reply, refusal
from tests.alerts.servers.telegram_rules import Wrong, bad

TOKEN = "123456789:AAEcanary-token-of-a-bot_4711"
BOT = "farm_test_bot"
BOT_ID = 123456789
_SPEAKING = (
    "sendMessage",
    "sendPhoto",
    "editMessageText",
    "editMessageCaption",
    "editMessageMedia",
)


@dataclass(frozen=True)
class Call:
    """One request and how it ended."""

    method: str
    fields: Mapping[str, Any]
    photo: bytes = b""
    code: int = 200  # 0: the connection was cut
    at: float = 0.0  # monotonic s

    @property
    def text(self) -> str:
        """What a person reads."""
        media = self.fields.get("media") or {}
        return str(
            self.fields.get("text") or self.fields.get("caption") or media.get("caption", "")
        )


@dataclass(frozen=True)
class Script:
    """What the next call of a method meets instead of an answer."""

    code: int = 0
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    drop: str = ""  # "before" or "after" the server has taken it
    delay_s: float = 0.0
    raw: bytes = b""  # the whole body


class TelegramServer:
    """``url`` is the "api" of a channel's settings."""

    def __init__(self, token: str = TOKEN, *, per_minute: int | None = None) -> None:
        """``per_minute``: messages and edits in one chat before it answers 429, as in groups."""
        self.token = token
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self._room = Chats(per_minute)
        self.messages = self._room.messages
        self.chats = self._room.chats
        self.answers: dict[str, str] = {}  # of callback queries
        self.acknowledged = 0  # all updates below
        self._pressed: set[str] = set()
        self._scripts: dict[str, deque[Script]] = defaultdict(deque)
        self._updates: list[dict[str, Any]] = []
        self._update_ids = itertools.count(1000)
        self._query_ids = itertools.count(1)
        self._poller = 0
        self._lock = threading.Condition()
        self._closed = False
        self._http = Http(token, self.handle, self.refuse)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    # --- for tests ------------------------------------------------------------------------------

    def chat(self, chat_id: int, *topics: int, **more: Any) -> Chat:
        self.chats[chat_id] = Chat(chat_id, set(topics), **more)
        return self.chats[chat_id]

    def upgrade(self, old: int, new: int, *, told: bool = True) -> Chat:
        """A group becomes a supergroup: nothing can be written into it any more, and its messages
        stay behind. ``told``: both chats say so, each with a message of Telegram's own."""
        chat, was = self.chat(new), self.chats[old]
        chat.type, was.type, was.moved_to = "supergroup", "group", new
        if told:
            self.service(old, migrate_to_chat_id=new)
            self.service(new, migrate_from_chat_id=old)
        return chat

    def service(self, chat_id: int, **told: Any) -> int:
        """A message of Telegram's own, which has no text; the update's id."""
        return self._written(chat_id, {"id": 7, "is_bot": False, "first_name": "User7"}, told)

    def next(self, method: str, *scripts: Script) -> None:
        """What the next calls of ``method`` meet, one each."""
        with self._lock:
            self._scripts[method].extend(scripts)

    def of(self, *methods: str) -> list[Call]:
        """The calls that were answered well."""
        with self._lock:
            return [c for c in self.calls if c.method in methods and c.code == 200]

    def spoken(self) -> list[Call]:
        """Everything that was written or edited."""
        return self.of(*_SPEAKING)

    def shown(self, chat_id: int | None = None) -> list[Shown]:
        """The messages of the bot, the newest last."""
        with self._lock:
            found = list(self.messages.values())
        return [m for m in found if chat_id in (None, m.chat_id)]

    def say(self, chat_id: int, text: str, user: int = 7, **more: Any) -> int:
        """A person writes. ``more`` goes into the message: date, message_thread_id …; returns the
        update's id."""
        sender = {"id": user, "is_bot": False, "first_name": f"User{user}"}
        return self._written(chat_id, sender, {"text": text, **more})

    def _written(self, chat_id: int, sender: Mapping[str, Any], more: Mapping[str, Any]) -> int:
        chat = self.chats[chat_id]
        message = {
            "message_id": next(chat.ids),
            "date": int(time.time()),
            "chat": chat_json(chat),
            "from": sender,
            **more,
        }
        return self.update({"message": message})

    def press(self, shown: Shown, label: str, user: int = 7, *, data: str = "") -> str:
        """A person presses a button; the query's id. ``data``: another than the button's."""
        query_id = f"q{next(self._query_ids)}"
        found = data or next(value for text, value in shown.buttons if label in text)
        self._pressed.add(query_id)
        self.update(
            {
                "callback_query": {
                    "id": query_id,
                    "from": {"id": user, "is_bot": False, "first_name": f"User{user}"},
                    "chat_instance": "1",
                    "data": found,
                    "message": {
                        "message_id": shown.id,
                        "date": int(time.time()),
                        "chat": chat_json(self.chats[shown.chat_id]),
                        "text": shown.text,
                    },
                }
            }
        )
        return query_id

    def update(self, content: Mapping[str, Any]) -> int:
        """Any update; its id."""
        with self._lock:
            update_id = int(content.get("update_id") or next(self._update_ids))
            self._updates.append({"update_id": update_id, **content})
            self._lock.notify_all()
        return update_id

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    # --- one request ----------------------------------------------------------------------------

    def handle(self, method: str, fields: dict[str, Any], photo: bytes, form: bool) -> Reply:
        script = self._scripted(method)
        if script.delay_s:
            with self._lock:
                self._lock.wait_for(lambda: self._closed, script.delay_s)
        if script.raw or script.drop == "before" or script.code:
            return self._as_scripted(script, method, fields, photo)
        try:
            known = rules.typed(method, fields, form)
            with self._lock:
                result = self._done(method, known, photo)
            reply = Reply(200, {"ok": True, "result": result})
        except Wrong as wrong:
            if wrong.fault:
                self.violations.append(f"{method}: {wrong.description}")
            reply = refusal(wrong)
            known = fields
        if script.drop == "after":
            reply = Reply(0, None)
        self._note(method, known, photo, reply.code)
        return reply

    def refuse(self, text: str) -> None:
        self.violations.append(text)

    def _scripted(self, method: str) -> Script:
        with self._lock:
            waiting = self._scripts[method]
            return waiting.popleft() if waiting else Script()

    def _as_scripted(
        self, script: Script, method: str, fields: dict[str, Any], photo: bytes
    ) -> Reply:
        if script.drop:
            reply = Reply(0, None)
        elif script.raw:
            reply = Reply(script.code or 200, None, script.raw)
        else:
            document = {
                "ok": False, "error_code": script.code, "description": script.description,
                "parameters": dict(script.parameters),
            }  # fmt: skip
            reply = Reply(script.code, document)
            self._silence(fields, script.parameters.get("retry_after"))
        self._note(method, fields, photo, reply.code)
        return reply

    def _note(self, method: str, fields: Mapping[str, Any], photo: bytes, code: int) -> None:
        with self._lock:
            self.calls.append(Call(method, dict(fields), photo, code, time.monotonic()))
            self._lock.notify_all()

    def _silence(self, fields: Mapping[str, Any], seconds: Any) -> None:
        if isinstance(seconds, int):
            self._room.silence(int(fields.get("chat_id", 0)), seconds)

    # --- what the methods do --------------------------------------------------------------------

    def _done(self, method: str, fields: dict[str, Any], photo: bytes) -> Any:
        if method == "getMe":
            return {"id": BOT_ID, "is_bot": True, "first_name": "Farm", "username": BOT}
        if method == "getUpdates":
            return self._poll(fields)
        if method == "answerCallbackQuery":
            return self._answer(fields)
        return self._room.do(method, fields, photo)

    def _answer(self, fields: Mapping[str, Any]) -> bool:
        query_id = fields.get("callback_query_id", "")
        if query_id not in self._pressed:
            text = "query is too old and response timeout expired or query ID is invalid"
            raise bad(text)
        if rules.units(fields.get("text", "")) > rules.ANSWER_LIMIT:
            raise bad("MESSAGE_TOO_LONG")
        self._pressed.discard(query_id)
        self.answers[query_id] = str(fields.get("text", ""))
        return True

    def _poll(self, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """getUpdates: everything below the offset is acknowledged and forgotten; of two who ask at
        the same time the older one is sent away."""
        offset = int(fields.get("offset", 0))
        newest = max((u["update_id"] for u in self._updates), default=0)
        self._forget(newest + 1 + offset if offset < 0 else offset)
        self._poller += 1
        mine = self._poller
        self._lock.notify_all()
        self._lock.wait_for(
            lambda: self._updates or self._closed or self._poller != mine,
            int(fields.get("timeout", 0)),
        )
        if self._poller != mine:
            text = "Conflict: terminated by other getUpdates request"
            raise Wrong(text, fault=False, code=409)
        return self._updates[: int(fields.get("limit", 100))]

    def _forget(self, below: int) -> None:
        self._updates = [u for u in self._updates if u["update_id"] >= below]
        self.acknowledged = max(self.acknowledged, below)
