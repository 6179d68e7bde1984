"""What Telegram's Bot API takes: fields, types and limits of the methods the farm uses, written
from its public description apart from the product. Strict: what the real one would overlook (an
unknown field) is told too.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

from PIL import Image

COMMON = {
    "chat_id",
    "message_thread_id",
    "disable_notification",
    "reply_markup",
    "reply_parameters",
}
TEXT = {"text", "parse_mode", "entities", "link_preview_options"}
CAPTION = {"caption", "parse_mode", "caption_entities"}
FIELDS: dict[str, set[str]] = {
    "getMe": set(),
    "sendMessage": COMMON | TEXT,
    "sendPhoto": COMMON | CAPTION | {"photo"},
    "editMessageText": {"chat_id", "message_id", "reply_markup"} | TEXT,
    "editMessageCaption": {"chat_id", "message_id", "reply_markup"} | CAPTION,
    "editMessageReplyMarkup": {"chat_id", "message_id", "reply_markup"},
    "editMessageMedia": {"chat_id", "message_id", "media", "reply_markup"},
    "getUpdates": {"offset", "limit", "timeout", "allowed_updates"},
    "answerCallbackQuery": {"callback_query_id", "text", "show_alert", "cache_time"},
}
TEXT_LIMIT, CAPTION_LIMIT, ANSWER_LIMIT = 4096, 1024, 200
PHOTO_BYTES, PHOTO_SIDES, PHOTO_RATIO = 10_000_000, 10_000, 20
INTEGERS = {"message_thread_id", "message_id", "offset", "limit", "timeout", "cache_time"}
FLAGS = {"disable_notification", "show_alert"}
LISTS = {"entities", "caption_entities", "allowed_updates"}
OBJECTS = {"reply_markup", "media", "link_preview_options", "reply_parameters"}
_TAG = re.compile(r"</?(b|i|u|s|code|pre|a)( [^>]*)?>")


class Wrong(Exception):
    """The 400 that Telegram would answer. ``fault``: a program that does this is to blame."""

    def __init__(
        self, description: str, *, fault: bool = True, code: int = 400, **parameters: int
    ) -> None:
        super().__init__(description)
        self.description = description
        self.fault = fault
        self.code = code
        self.parameters = parameters


def bad(description: str, *, fault: bool = True) -> Wrong:
    return Wrong(f"Bad Request: {description}", fault=fault)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def typed(method: str, fields: dict[str, Any], form: bool) -> dict[str, Any]:
    """The fields with the types they must have. In a form everything is text, in JSON nothing may
    be text that is not (alerts 1.4: message_thread_id). Raises Wrong."""
    allowed = FIELDS.get(method)
    if allowed is None:
        raise Wrong("Not Found: method not found", code=404)
    if strange := set(fields) - allowed:
        raise bad(f"unknown fields {sorted(strange)} in {method}")
    return {name: _typed(name, value, form) for name, value in fields.items()}


def _typed(name: str, value: Any, form: bool) -> Any:
    if form:
        value = _out_of_form(name, value)
    kinds: tuple[type, ...] = (str,)
    if name in INTEGERS:
        kinds = (int,)
    elif name in FLAGS:
        kinds = (bool,)
    elif name in LISTS:
        kinds = (list,)
    elif name in OBJECTS:
        kinds = (dict,)
    elif name == "chat_id":
        kinds = (int, str)
    if type(value) not in kinds:
        raise bad(f"field {name} is a {type(value).__name__}")
    return value


def _out_of_form(name: str, value: str) -> Any:
    if name == "chat_id":
        return int(value) if re.fullmatch(r"-?\d+", value) else value
    if name in INTEGERS | FLAGS | LISTS | OBJECTS:
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {name}") from None
    return value


def check_text(text: str | None, limit: int, what: str) -> None:
    if what == "text" and not (text or "").strip():
        raise bad("message text is empty")
    if units(text or "") > limit:
        raise bad(f"message {'caption ' if what == 'caption' else ''}is too long")
    if text is not None and text != text.strip():
        raise bad("blanks around the text: they are cut off, and entities shift")


def check_marks(text: str, fields: dict[str, Any], name: str) -> None:
    """parse_mode and entities."""
    mode = fields.get("parse_mode")
    if mode not in (None, "HTML"):
        raise bad(f"unsupported parse_mode {mode!r}: names of files would break it")
    if mode == "HTML" and "<" in _TAG.sub("", text):
        raise bad("can't parse entities: unsupported start tag")
    for entity in fields.get(name) or ():
        inside = entity["offset"] >= 0 and entity["offset"] + entity["length"] <= units(text)
        if entity["type"] not in ("bold", "italic", "code") or not entity["length"] or not inside:
            raise bad(f"entity beyond the text: {entity}")


def check_photo(content: bytes) -> None:
    """A real JPEG within the limits: decoded as a whole."""
    if len(content) > PHOTO_BYTES:
        raise Wrong("Request Entity Too Large", code=413)
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
            picture.load()
            width, height = picture.size
    except (OSError, SyntaxError, ValueError):
        raise bad("IMAGE_PROCESS_FAILED") from None
    if width + height > PHOTO_SIDES or max(width, height) > PHOTO_RATIO * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")


def check_keyboard(markup: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(label, data) of an inline keyboard's buttons."""
    if markup is None:
        return []
    if set(markup) != {"inline_keyboard"}:
        raise bad("only inline keyboards are used here")
    buttons = [button for row in markup["inline_keyboard"] for button in row]
    for button in buttons:
        if set(button) != {"text", "callback_data"} or not button["text"]:
            raise bad(f"odd button {button}")
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
    return [(button["text"], button["callback_data"]) for button in buttons]
