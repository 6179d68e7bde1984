"""What the Bot API's answers mean (alerts 1.4, 1.5), in words for the operator. Pure.

Telegram words its errors in English sentences and gives no finer code than the HTTP status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.channels import scrub
from alerts.model import ChannelError, Refused

LONGEST_WAIT_S = 86_400.0
"""A longer ``retry_after`` is taken for a mistake; up to 2,228 s have been seen (alerts 1.5)."""


class ApiError(ChannelError):
    """Telegram has answered no. ``said`` is its own sentence, which holds no token."""

    def __init__(
        self,
        code: int,
        said: str,
        *,
        retry_after_s: float | None = None,
        moved_to: int | None = None,
    ) -> None:
        super().__init__(f"Telegram says: {said} ({code})", retry_after_s=retry_after_s)
        self.code = code
        self.said = said
        self.moved_to = moved_to  # the chat's new id: the group has become a supergroup

    def about(self, *phrases: str) -> bool:
        """Whether it is a 400 with one of the phrases."""
        return self.code == 400 and any(phrase in self.said.lower() for phrase in phrases)

    @property
    def not_modified(self) -> bool:
        """The message is already what it was to become."""
        return self.about("message is not modified")

    @property
    def message_gone(self) -> bool:
        """There is nothing to edit: somebody has deleted it, or the chat has moved."""
        return self.about(
            "message to edit not found",
            "message can't be edited",
            "message_id_invalid",
            "no media in the message",  # servers before Bot API 8 give a text no picture
            "no caption in the message",
            "no text in the message",
        )

    @property
    def topic_gone(self) -> bool:
        return self.about("thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")

    @property
    def photo_unfit(self) -> bool:
        """The picture, not the message, is refused."""
        return self.about("photo_", "image_process_failed", "wrong file", "failed to get http")


def complaint(code: int, answer: Any, retry_header: str = "") -> ApiError:
    """Of an answer that is not ``{"ok": true}``: whatever it is, it becomes an error with words."""
    document: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    said = document.get("description")
    told = document.get("error_code")
    parameters = document.get("parameters")
    more: Mapping[str, Any] = parameters if isinstance(parameters, dict) else {}
    moved = more.get("migrate_to_chat_id")
    return ApiError(
        told if type(told) is int else code,
        scrub.clean(said)[:300] if isinstance(said, str) and said else "no reason given",
        retry_after_s=_seconds(more.get("retry_after"), retry_header),
        moved_to=moved if type(moved) is int else None,
    )


def _seconds(asked: Any, header: str) -> float | None:
    if type(asked) in (int, float) and 0 <= asked <= LONGEST_WAIT_S:
        return float(asked)
    if header.isascii() and header.isdigit() and len(header) < 6:
        return float(header)
    return None


def in_words(error: ApiError, chat: str) -> ChannelError:
    """The same for the operator. What is wrong with the bot or the chat can be put right, and the
    message then still goes; only what is wrong with the message itself is Refused."""
    if error.code == 429:
        wait = f" for {error.retry_after_s:.0f} s" if error.retry_after_s is not None else ""
        text = f"Telegram asks for fewer messages{wait}."
        return ChannelError(text, retry_after_s=error.retry_after_s)
    if error.code in (401, 404):
        return ChannelError(
            "Telegram does not know this bot: the token is wrong or was revoked. "
            "@BotFather shows the right one."
        )
    if error.code == 403:
        return ChannelError(
            f"The bot may not write to the chat {chat}: it was blocked or removed there, or nobody "
            f"has written to it yet. Telegram says: {error.said}."
        )
    if error.about("chat not found", "peer_id_invalid", "chat_id is empty"):
        return ChannelError(
            f"Telegram does not know the chat {chat}, or the bot is not in it. Add the bot there, "
            "or write to it first; docs/telegram.md tells how to find the id."
        )
    if error.about("not enough rights", "have no rights", "chat_write_forbidden"):
        return ChannelError(
            f"The bot has no right to write in the chat {chat}. Give it that right."
        )
    if 400 <= error.code < 500:
        return Refused(error.text)
    if 300 <= error.code < 400:
        return ChannelError("The Bot API points to another address, which is not followed.")
    if error.code < 300:
        return ChannelError("Telegram's answer could not be understood.", maybe=True)
    return ChannelError(f"Telegram has trouble of its own (HTTP {error.code}).")


def topic_refused(thread_id: int, whose: str, error: ApiError) -> Refused:
    """``whose``: the printer with a topic of its own, "" = the channel's one."""
    where = f'"topics" for {whose}' if whose else '"thread_id"'
    what = "is closed" if error.about("topic_closed") else "does not exist (any more)"
    return Refused(
        f"The topic {thread_id} {what} in this chat. Correct {where} in the channel's settings, or "
        "open the topic again."
    )
