"""Whose orders count: the chats that the settings name, also under the id that such a group has got
since. Only the group itself, or Telegram about it, widens that (moves.py)."""

from __future__ import annotations

from alerts.channels.telegram.moves import Moves
from alerts.channels.telegram.orders.heard import Place


class Allowed:
    """Of one bot."""

    def __init__(self, moves: Moves, bot: str, chats: frozenset[str]) -> None:
        """``chats``: ids and "@names" in lower case."""
        self._moves = moves
        self._bot = bot
        self._chats = chats

    def has(self, place: Place) -> bool:
        known = {str(place.chat_id), f"@{place.username.lower()}"}
        return bool(known & self._moves.today(self._bot, self._chats))

    def now_of(self, chat_id: int) -> int:
        """Where that chat is today."""
        return int(self._moves.now_of(self._bot, str(chat_id)))

    def learn(self, chat_id: int, new: int) -> bool:
        """``chat_id`` itself says that it has become ``new``; False for one that is not named."""
        return self._moves.learn(self._bot, str(chat_id), new)
