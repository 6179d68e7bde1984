"""Groups that have become supergroups: Telegram then gives them another id, for ever.

The settings go on naming the old one until a person has changed them. Until then the farm writes to
the new one and takes orders from there. It believes the old group alone: Telegram's answer to
something sent there, or Telegram's own message in that very group. What any other chat says of
itself counts for nothing, and only ids that the settings name are looked up.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alerts.model import Event, Kind
from core import jsonio
from core.alert_config import ChannelConfig
from core.clock import Clock
from core.errors import StorageError
from core.files import write_durably
from core.fs import DISK, keep_aside

logger = logging.getLogger(__name__)

FILE = "moved.json"
RETRY_S = 15.0
"""After a write that the disk refused."""
Tell = Callable[[Event], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Of one group, as one bot knows it."""

    bot: str
    old: str  # as the settings name it
    new: int
    at: float  # epoch s it was learned


class Moves:
    """Thread-safe; one for all channels and bots. The lock is never held while telling."""

    def __init__(
        self, path: Path | None, channels: Sequence[ChannelConfig], clock: Clock,
        tell: Tell = lambda _: None,
    ) -> None:  # fmt: skip
        """``path``: None = it is forgotten with the process. ``tell``: the desk's ``take``, which
        knows what it was told before."""
        self._path, self._clock, self._tell = path, clock, tell
        self._named = _named_in(channels)
        self._lock = threading.Lock()
        self._unsaved = False
        self._retry_at = 0.0  # monotonic s
        self._moves = {(move.bot, move.old): move for move in self._load()}

    def start(self) -> None:
        """Tell what stands; a stop may have come between keeping it and telling it."""
        for move in self._moves.copy().values():
            if (move.bot, move.old) in self._named:
                self._tell(self._event(move))

    def now_of(self, bot: str, chat: str) -> str:
        """The id of that chat today; ``chat`` itself unless it is named and has moved."""
        with self._lock:
            if self._unsaved and self._clock.monotonic() >= self._retry_at:
                self._save()
            move = self._moves.get((bot, chat)) if (bot, chat) in self._named else None
        return str(move.new) if move is not None else chat

    def today(self, bot: str, chats: Iterable[str]) -> frozenset[str]:
        """All these chats by their ids of today, and by those that were given."""
        return frozenset(known for chat in chats for known in (chat, self.now_of(bot, chat)))

    def learn(self, bot: str, chat: str, new: int) -> bool:
        """The group ``chat`` itself says, or Telegram of it, that it has become ``new``. Whether it
        has: False for a chat that the settings do not name, and for what is no group."""
        if (bot, chat) not in self._named or not chat.startswith("-") or new >= 0:
            return False
        if str(new) == chat:
            return False
        with self._lock:
            before = self._moves.get((bot, chat))
            if before is not None and before.new == new:
                return True
            move = Move(bot=bot, old=chat, new=new, at=self._clock.time())
            self._moves[bot, chat] = move
            self._save()
        event = self._event(move)
        logger.warning("alerts: %s", event.text)
        self._tell(event)
        return True

    def _event(self, move: Move) -> Event:
        where = ", ".join(self._named[move.bot, move.old])
        text = (
            f"The Telegram group {move.old} has become a supergroup and has another id now: "
            f"{move.new}. The farm follows it. Write {move.new} in place of {move.old} into the "
            f"settings ({where})."
        )
        return Event(
            kind=Kind.CHANNEL_MOVED, at=move.at, text=text, key=f"{move.old} {move.new}",
            facts={"reason": f"{move.old} is {move.new} now"},
        )  # fmt: skip

    # --- the file ------------------------------------------------------------------------------

    def _save(self) -> None:
        """Under the lock. A disk that refuses is asked again later; until then it is remembered."""
        if self._path is None:
            return
        moved = [asdict(move) for move in self._moves.values()]
        try:
            write_durably(self._path, jsonio.dumps({"version": 1, "moved": moved}))
        except StorageError as error:
            if not self._unsaved:
                logger.warning("alerts: %s", error.message)
            self._unsaved, self._retry_at = True, self._clock.monotonic() + RETRY_S
        else:
            self._unsaved = False

    def _load(self) -> list[Move]:
        if self._path is None:
            return []
        try:
            document = jsonio.loads(self._path.read_bytes())
            if document["version"] != 1:
                raise ValueError("another version")
            return [_move(entry) for entry in document["moved"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._set_aside(self._path, error)
            return []

    def _set_aside(self, path: Path, error: Exception) -> None:
        try:
            kept = keep_aside(DISK, path, "damaged").name
        except OSError:
            kept = "nothing"
        logger.warning(
            "alerts: %s cannot be read (%s); kept as %s. Groups that have become supergroups are "
            "learned anew.", path.name, type(error).__name__, kept,
        )  # fmt: skip


def bot_key(config: ChannelConfig) -> str:
    """Tells bots apart; nothing of the token can be read from it."""
    told = f"{config.api.rstrip('/')}|{config.token.reveal()}"
    return f"bot-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _named_in(channels: Iterable[ChannelConfig]) -> dict[tuple[str, str], list[str]]:
    """(bot, chat) -> where the settings name it."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for config in channels:
        if config.type != "telegram" or config.problems:
            continue
        bot = bot_key(config)
        found[bot, config.chat_id.strip()].append(f'chat_id of the channel "{config.name}"')
        for chat in config.allowed_chats if config.two_way else ():
            found[bot, chat.strip()].append(f'allowed_chats of the channel "{config.name}"')
    return dict(found)


def _move(entry: Any) -> Move:
    """Raises TypeError, KeyError, ValueError."""
    old, new = entry["old"], entry["new"]
    if not isinstance(old, str) or type(new) is not int or new >= 0:
        raise ValueError("no move of a group")
    return Move(bot=str(entry["bot"]), old=old, new=new, at=float(entry["at"]))
