"""Which channels an event goes to, and by which rule: the first one that names it, per channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from alerts.ends import urgency
from alerts.model import TRAITS, Event, Kind, Level
from core.alert_config import AlertsConfig, ChannelConfig, RuleConfig

DEFAULT = RuleConfig(name="default", events=(Level.NOW, Level.SOON))
"""Without a usable rule: what needs somebody goes to all channels."""
ENDS_TOLD = frozenset(
    {Kind.FAULT, Kind.DISK_LOW, Kind.CAMERA_DEAD, Kind.WATCH_BLIND, Kind.CHANNEL_DEAD}
)
"""Of the others a person made the end himself, or another kind tells it (resumed, online)."""


def channels_of(config: AlertsConfig) -> dict[str, ChannelConfig]:
    """Those that can be used, by name."""
    if not config.enabled:
        return {}
    return {channel.name: channel for channel in config.channels if not channel.problems}


def rules_of(config: AlertsConfig) -> tuple[RuleConfig, ...]:
    """Those that can be used; where all have mistakes the default one stands in."""
    return tuple(rule for rule in config.rules if not rule.problems) or (DEFAULT,)


def targets(
    event: Event, config: AlertsConfig, told: Collection[str] | None = None
) -> Mapping[str, RuleConfig]:
    """channel -> rule. ``told``: of an end, the channels that were told of its beginning."""
    if event.kind is Kind.TEST or (event.ends and event.kind not in ENDS_TOLD):
        return {}
    found: dict[str, RuleConfig] = {}
    channels = channels_of(config)
    if event.ends:
        of_beginning = [channel for channel in channels if channel in (told or ())]
        return {channel: rule_for(event, channel, config) for channel in of_beginning}
    for rule in rules_of(config):
        if _names(rule, event):
            for channel in rule.channels or channels:
                if channel in channels and not _is_about(event, channel):
                    found.setdefault(channel, rule)
    return found


def rule_for(event: Event, channel: str, config: AlertsConfig) -> RuleConfig:
    """By which rule that channel is told: also for ends, which no rule need name, and for what was
    taken under other rules than today's."""
    serving = [rule for rule in rules_of(config) if channel in (rule.channels or (channel,))]
    of_printer = [rule for rule in serving if _concerns(rule, event)]
    named = [rule for rule in of_printer if _selects(rule, event)]
    return next(iter((*named, *of_printer, *serving)), DEFAULT)


def level_of(event: Event, rule: RuleConfig) -> Level:
    return Level(rule.level) if rule.level and not event.ends else urgency(event)


def _names(rule: RuleConfig, event: Event) -> bool:
    return _concerns(rule, event) and _selects(rule, event)


def _selects(rule: RuleConfig, event: Event) -> bool:
    """A level stands for its kinds that are sent by default; the others must be named."""
    if event.kind in rule.events:
        return True
    by_default = TRAITS[event.kind].default
    return by_default and (not rule.events or event.urgency in rule.events)


def _concerns(rule: RuleConfig, event: Event) -> bool:
    if not rule.printers and not rule.groups:
        return True
    if not event.printer_id:
        return False
    return event.printer_id in rule.printers or (bool(event.group) and event.group in rule.groups)


def _is_about(event: Event, channel: str) -> bool:
    """That a channel is dead is not told on it; its name is the first word of the key."""
    if event.kind is not Kind.CHANNEL_DEAD:
        return False
    return event.key.partition(" ")[0] == channel
