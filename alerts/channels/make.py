"""From a channel's settings to the channel. A farm without a kind of channel loads none of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.channels.push.subscriptions import Subscriptions
from alerts.model import Channel
from core.alert_config import ChannelConfig, ChannelKind
from core.clock import Clock

if TYPE_CHECKING:
    from alerts.channels.telegram.moves import Moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What channels need besides their settings."""

    clock: Clock
    subscriptions: Subscriptions
    moves: Moves | None = None  # None: a chat that has moved is followed for as long as it runs


def _telegram(config: ChannelConfig, supplies: Supplies) -> Channel:
    from alerts.channels.telegram.channel import TelegramChannel

    return TelegramChannel(config, supplies.clock, moves=supplies.moves)


def _apprise(config: ChannelConfig, supplies: Supplies) -> Channel:
    from alerts.channels.apprise import AppriseChannel

    return AppriseChannel(config.name, config.url, config.timeout_s, supplies.clock)


def _webhook(config: ChannelConfig, supplies: Supplies) -> Channel:
    from alerts.channels.webhook import WebhookChannel

    return WebhookChannel(config.name, config.url, config.secret, config.timeout_s, supplies.clock)


def _web_push(config: ChannelConfig, supplies: Supplies) -> Channel:
    from alerts.channels.push.channel import PushChannel

    return PushChannel(config.name, config.contact, config.timeout_s, supplies.subscriptions)


MAKERS: Mapping[ChannelKind, Callable[[ChannelConfig, Supplies], Channel]] = {
    "telegram": _telegram,
    "apprise": _apprise,
    "webhook": _webhook,
    "web_push": _web_push,
}


def make(config: ChannelConfig, supplies: Supplies) -> Channel:
    return MAKERS[config.type](config, supplies)
