"""The sections ``ai``, ``mqtt``, ``metrics`` and ``feed`` of config.json, checked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from core.alert_config import DefectConfig, FeedConfig, MetricsConfig, MqttConfig
from core.alert_settings import web_address
from core.checks import (
    PORT,
    Check,
    Problems,
    clean_entries,
    flag,
    number,
    one_of,
    secret,
    suggest,
    text,
    texts,
)

MIN_TOKEN = 16
_TOPIC = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


def _topic(value: Any) -> str:
    found = text(value)
    if not _TOPIC.fullmatch(found) or len(found) > 100:
        raise ValueError('must be letters, digits, "_" and "-", with "/" between them')
    return found


def _host(value: Any) -> str:
    found = text(value)
    if not found or "/" in found or " " in found:
        raise ValueError('must be a name or an address, like "192.168.1.5"')
    return found


AI: dict[str, Check] = {
    "provider": one_of("", "openai", "obico"),
    "base_url": web_address,
    "api_key": secret,
    "model": text,
    "interval_s": number(10, 86_400),
    "first_layers": number(0, 100, whole=True),
    "first_interval_s": number(10, 3600),
    "threshold": number(0.05, 1),
    "confirm_n": number(1, 20, whole=True),
    "confirm_m": number(1, 20, whole=True),
    "recheck_s": number(5, 3600),
    "pause": flag,
    "grace_s": number(0, 7200),
    "timeout_s": number(2, 120),
    "per_day": number(1, 100_000, whole=True),
    "usd_per_day": number(0, 10_000),
    "public_url": web_address,
    "printers": texts,
}
_MQTT: dict[str, Check] = {
    "enabled": flag,
    "host": _host,
    "port": PORT,
    "user": text,
    "password": secret,
    "tls": flag,
    "ca": text,
    "prefix": _topic,
    "discovery": flag,
    "discovery_prefix": _topic,
    "commands": flag,
    "pictures": flag,
    "picture_s": number(5, 3600),
    "every_s": number(0.5, 60),
}
_METRICS: dict[str, Check] = {"enabled": flag, "token": secret}
FEED: dict[str, Check] = {
    "image_timeout_s": number(5, 3600),
    "reconnect_min_s": number(0.1, 600),
    "reconnect_max_s": number(0.1, 3600),
}


def read_ai(raw: Any, printers: Collection[str], problems: Problems) -> DefectConfig:
    """``printers``: the ids that exist."""
    clean = clean_entries("ai", raw, AI, problems)
    for printer in clean.get("printers", ()):
        if printer not in printers:
            near = suggest(printer, printers)
            problems.append(f'ai.printers: there is no printer "{printer}".{near}')
    config = DefectConfig(**clean)
    if config.confirm_n > config.confirm_m:
        problems.append("ai.confirm_n: must not be more than confirm_m.")
    if config.provider == "openai" and not config.model:
        problems.append("ai.model: is missing.")
    if config.provider == "obico" and not clean.get("base_url"):
        problems.append('ai.base_url: is missing: where obico runs, like "http://host:3333".')
    return config


def read_mqtt(raw: Any, problems: Problems) -> MqttConfig:
    config = MqttConfig(**clean_entries("mqtt", raw, _MQTT, problems))
    if config.password and not config.user:
        problems.append("mqtt.user: is missing, a password alone is of no use.")
    if config.prefix == config.discovery_prefix:  # its status would be taken for Home Assistant's
        problems.append("mqtt.prefix: must not be the same as discovery_prefix.")
    if config.ca and not config.tls:
        problems.append('mqtt.ca: has no effect without "tls": true.')
    return config


def read_metrics(raw: Any, problems: Problems) -> MetricsConfig:
    config = MetricsConfig(**clean_entries("metrics", raw, _METRICS, problems))
    if config.token and len(config.token.reveal()) < MIN_TOKEN:
        problems.append(f"metrics.token: must have at least {MIN_TOKEN} characters.")
    return config


def read_feed(raw: Any, problems: Problems) -> FeedConfig:
    config = FeedConfig(**clean_entries("feed", raw, FEED, problems))
    if config.reconnect_min_s > config.reconnect_max_s:
        problems.append("feed.reconnect_min_s: must not be more than reconnect_max_s.")
    return config
