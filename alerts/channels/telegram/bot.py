"""Takes orders from chats: /status, /photo, /pause, /stop. Off unless ``two_way`` is set.

One thread per bot asks Telegram for updates (long poll). What it may do is in orders/: allowed
chats only, a confirmation by the same person, the same gate as every button of the panel, nothing
that is old, and nothing twice, also when the server is killed in between.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alerts.channels.telegram.answers import ApiError, in_words
from alerts.channels.telegram.client import BotApi
from alerts.channels.telegram.moves import Moves, bot_key
from alerts.channels.telegram.orders.allowed import Allowed
from alerts.channels.telegram.orders.book import Book
from alerts.channels.telegram.orders.desk import Desk
from alerts.channels.telegram.orders.heard import WANTED
from alerts.channels.telegram.orders.pictures import Look
from alerts.channels.telegram.orders.replies import Replies
from alerts.model import ChannelError
from core.alert_config import ChannelConfig
from core.clock import Clock
from printers.fleet import Fleet

logger = logging.getLogger(__name__)

POLL_S = 20
"""So long Telegram may keep a request without news (long poll), seconds."""
BUSY_S = 1
"""The same while an answer is awaited from a printer or a camera."""
FIRST_WAIT_S, LAST_WAIT_S = 1.0, 60.0
STOP_S = 2.0
_BATCH = 50
_CONFLICT = (
    "Another program reads this bot's messages, or a webhook is set for it. Give the farm a bot of "
    "its own."
)


class OrderBot:
    """One bot; ``start`` and ``stop`` once each."""

    def __init__(
        self, channels: Sequence[ChannelConfig], fleet: Fleet, look: Look, clock: Clock,
        folder: Path, *, moves: Moves | None = None, poll_s: int = POLL_S,
    ) -> None:  # fmt: skip
        """``channels``: all with this bot's token. ``folder`` keeps which updates were taken.
        ``moves``: which groups have another id by now; one of its own unless given."""
        config = channels[0]
        self.name = config.name
        self._poll_s = poll_s
        self._api = BotApi(config.token, config.api, config.timeout_s)
        bot = bot_key(config)
        self._book = Book(folder / f"{bot}.json", clock)
        allowed = Allowed(moves or Moves(None, channels, clock), bot, allowed_in(channels))
        self._replies = Replies(self._api, clock, allowed)
        self._desk = Desk(fleet, look, clock, self._book, self._replies, allowed)
        self._stop = threading.Event()
        self._asking = threading.Event()
        """Set while the thread waits for Telegram, or has ended: it then acts on nothing."""
        self._wait_s = 0.0
        self.problem = ""
        """Why it hears nothing now, "" = it does."""
        name = f"telegram:{self.name}:orders"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No update is acted upon after this; a question to Telegram under way may outlast it."""
        self._stop.set()
        if self._thread.is_alive():
            self._asking.wait(STOP_S)

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        self._own_up()
        while not self._stop.wait(self._wait_s):
            try:
                self._turn()
                if not self._stop.is_set():
                    self._heard_again()
            except ChannelError as error:
                self._deaf(error)
            except Exception as error:
                logger.exception("Telegram %s: taking orders failed", self.name)
                self._deaf(ChannelError(f"A fault in the farm ({type(error).__name__})."))
        self._api.close()
        self._asking.set()

    def _own_up(self) -> None:
        try:
            self._desk.own_up()
        except Exception:
            logger.exception("Telegram %s: what the stop left undone is not told", self.name)

    def _turn(self) -> None:
        self._desk.look_after()
        self._replies.flush()
        if not self._desk.username:
            self._desk.username = self._own_name()
        for update in self._updates():
            if self._stop.is_set():
                return
            self._hear(update)
        self._book.skipped()
        self._desk.look_after()  # of what was just begun, so that a picture at hand goes at once
        self._replies.flush()

    def _hear(self, update: Any) -> None:
        """One that the farm cannot bear is dropped: it would come back for ever."""
        try:
            if not self._book.damaged:
                self._desk.hear(update)
                return
        except Exception:
            logger.exception("Telegram %s: an update was dropped", self.name)
        self._desk.drop(update)

    def _updates(self) -> list[Any]:
        wait_s = 0 if self._book.damaged else BUSY_S if self._desk.busy else self._poll_s
        fields = {
            "offset": self._book.offset, "timeout": wait_s, "limit": _BATCH,
            "allowed_updates": WANTED,
        }  # fmt: skip
        self._asking.set()
        try:
            found = self._api.call("getUpdates", fields, wait_s=wait_s)
        finally:
            self._asking.clear()
        if not isinstance(found, list):
            raise ChannelError("Telegram's answer could not be understood.")
        return found

    def _own_name(self) -> str:
        """Commands in groups carry it: /status@farm_bot."""
        me = self._api.call("getMe", {})
        name = me.get("username") if isinstance(me, dict) else None
        if not isinstance(name, str) or not name:
            raise ChannelError("Telegram does not tell the bot's name.")
        return name

    def _heard_again(self) -> None:
        if self.problem:
            logger.info("Telegram %s: takes orders again", self.name)
        self.problem, self._wait_s = "", 0.0

    def _deaf(self, error: ChannelError) -> None:
        """Said once per outage and reason."""
        if self._stop.is_set():
            return
        text = error.text
        if isinstance(error, ApiError):
            text = _CONFLICT if error.code == 409 else in_words(error, "of the orders").text
        if text != self.problem:
            logger.warning("Telegram %s: takes no orders: %s", self.name, text)
        self.problem = text
        doubled = min(LAST_WAIT_S, max(FIRST_WAIT_S, 2 * self._wait_s))
        self._wait_s = error.retry_after_s if error.retry_after_s is not None else doubled


class OrderBots:
    """All bots that take orders: one for each token, whatever number of channels has it."""

    def __init__(self, bots: Sequence[OrderBot]) -> None:
        self.bots = tuple(bots)

    def start(self) -> None:
        for bot in self.bots:
            bot.start()

    def stop(self) -> None:
        enders = [threading.Thread(target=bot.stop, name=f"stop:{bot.name}") for bot in self.bots]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()


def build_order_bots(
    channels: Sequence[ChannelConfig], fleet: Fleet, look: Look, clock: Clock, folder: Path,
    *, moves: Moves | None = None, poll_s: int = POLL_S,
) -> OrderBots:  # fmt: skip
    """``folder``: data_dir/alerts/telegram. Only channels with ``two_way`` and without problems."""
    by_bot: dict[str, list[ChannelConfig]] = {}
    for config in channels:
        if config.type == "telegram" and config.two_way and not config.problems:
            by_bot.setdefault(bot_key(config), []).append(config)
    return OrderBots(
        [
            OrderBot(same, fleet, look, clock, folder, moves=moves, poll_s=poll_s)
            for same in by_bot.values()
        ]
    )


def allowed_in(channels: Sequence[ChannelConfig]) -> frozenset[str]:
    """Whose orders count: the chats named for it, else the one the alerts go to."""
    named = (config.allowed_chats or (config.chat_id,) for config in channels)
    return frozenset(chat.strip().lower() for chats in named for chat in chats if chat.strip())
