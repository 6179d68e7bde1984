"""All channels' workers, and the test button."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from alerts.channels import scrub
from alerts.delivery.outbox import Outbox
from alerts.delivery.worker import Terms, Worker, WorkerStatus
from alerts.model import Channel, ChannelError, Event
from core.alert_config import AlertsConfig, ChannelConfig
from core.clock import Clock
from core.errors import Blocked, FarmError, NotFound

logger = logging.getLogger(__name__)

Make = Callable[[ChannelConfig], Channel]
_LONGEST = 6
"""Time-outs that one message may take: text, picture, and the answers to both."""


class ChannelFailed(FarmError):
    """The test of a channel did not come through; the message says why."""

    code = "channel_failed"
    status = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatus:
    """For the panel; nothing secret."""

    name: str
    type: str
    where: str  # "Telegram chat -100123"
    state: str  # "ok", "failing", "dead", "unusable" (a mistake in its settings), "off"
    text: str  # why it is not ok
    pending: int
    last_sent: float | None  # epoch s
    next_s: float  # until it tries again after a failure


class Deliveries:
    """Thread-safe. A channel with mistakes in its settings is shown and not used."""

    def __init__(
        self,
        config: AlertsConfig,
        make: Make,
        outbox: Outbox,
        photos: Path,
        clock: Clock,
        tell: Callable[[Event], object],
    ) -> None:
        """``make``: alerts.channels.make with its supplies; ``tell``: the desk's ``take``."""
        self._config = config
        self._make = make
        self._channels = {channel.name: channel for channel in config.channels}
        self._workers = {
            channel.name: Worker(
                channel.name,
                lambda channel=channel: make(channel),  # type: ignore[misc]
                _terms(channel),
                outbox,
                photos,
                clock,
                tell,
            )
            for channel in config.channels
            if config.enabled and not channel.problems
        }

    def start(self) -> None:
        for worker in self._workers.values():
            worker.start()

    def stop(self) -> None:
        """Within 3 s, however many channels hang."""
        for worker in self._workers.values():
            worker.begin_stop()
        for worker in self._workers.values():
            worker.stop()

    def status(self) -> tuple[ChannelStatus, ...]:
        return tuple(self._status_of(channel) for channel in self._channels.values())

    def test(self, name: str) -> str:
        """Send a real message with a picture now; what the service said. Raises NotFound, Blocked
        (a mistake in its settings) and ChannelFailed.

        Through a channel object of its own, so that it waits for nothing that hangs.
        """
        config = self._channels.get(name)
        if config is None:
            raise NotFound(f'There is no channel "{name}".')
        if config.problems:
            raise Blocked(f'The channel "{name}" cannot be used: {" ".join(config.problems)}')
        said = self._tested(config)
        if name in self._workers:
            self._workers[name].nudge()
        return scrub.clean(said)

    def _tested(self, config: ChannelConfig) -> str:
        try:
            with closing(self._make(config)) as channel:
                return channel.test()
        except ChannelError as error:
            why = error.text
        except Exception as error:  # noqa: BLE001 - a library's; its text may hold tokens
            trace = scrub.clean("".join(traceback.format_exception(error)))
            logger.error("alerts: the test of channel %s broke:\n%s", config.name, trace)
            why = f"A fault in the farm ({type(error).__name__}); see the server's log"
        raise ChannelFailed(f'The test of "{config.name}" failed: {scrub.clean(why)}')

    def _status_of(self, channel: ChannelConfig) -> ChannelStatus:
        worker = self._workers.get(channel.name)
        if worker is not None:
            now = worker.status()
        else:
            state = "unusable" if channel.problems else "off"
            why = " ".join(channel.problems) or "Alerts are switched off in the settings"
            now = WorkerStatus(state=state, text=why, pending=0, last_sent=None, next_s=0.0)
        return ChannelStatus(
            name=channel.name,
            type=channel.type,
            where=self._where(channel),
            state=now.state,
            text=now.text,
            pending=now.pending,
            last_sent=now.last_sent,
            next_s=now.next_s,
        )

    def _where(self, channel: ChannelConfig) -> str:
        if channel.problems:
            return ""
        with closing(self._make(channel)) as made:
            return made.describe()


def _terms(channel: ChannelConfig) -> Terms:
    return Terms(
        per_minute=channel.per_minute,
        limit_s=max(60.0, _LONGEST * channel.timeout_s),
        edits=channel.type == "telegram" and channel.live,
    )
