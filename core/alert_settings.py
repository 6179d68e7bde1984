"""The section ``alerts`` of config.json, checked.

A mistake in one channel or rule only makes that one unusable; what the rest sends goes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from string import Formatter
from typing import Any, get_args
from urllib.parse import urlsplit

from core.alert_config import AlertsConfig, ChannelConfig, ChannelKind, QuietConfig, RuleConfig
from core.checks import (
    Check,
    Problems,
    clean_entries,
    entries,
    flag,
    mapping,
    number,
    one_of,
    secret,
    suggest,
    text,
    texts,
)
from core.secret import Secret

TYPES: tuple[str, ...] = get_args(ChannelKind)
LEVELS = ("now", "soon", "info")
KINDS = (
    "started", "file_changed", "state_changed", "progress", "photo", "paused", "resumed",
    "filament_out", "finished", "failed", "cancelled", "bed_waiting", "due_soon", "fault",
    "offline_printing", "offline", "online", "needs_person", "queue_blocked", "spool_short",
    "disk_low", "camera_dead", "defect", "watch_blind", "channel_dead", "channel_moved",
)  # fmt: skip
"""What a rule may name: alerts.model.Kind without "test", which no rule sends."""
TEMPLATE_NAMES = (
    "printer", "printer_id", "group", "kind", "level", "text", "time", "left", "job_id", "file",
    "percent", "left_s", "layer", "layers", "reason", "code", "nozzle", "bed", "seconds", "grams",
    "result", "state",
)  # fmt: skip
MIN_SECRET = 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
_CHAT = re.compile(r"-?\d{1,20}|@[A-Za-z0-9_]{4,64}")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_CONTACT = re.compile(r"mailto:[^@\s]+@[^@\s]+|https://\S+")


def or_off(low: float, high: float, *, whole: bool = False) -> Check:
    """A number, or 0 = off."""
    check = number(low, high, whole=whole)

    def checked(value: Any) -> Any:
        if value == 0 and not isinstance(value, bool):
            return 0 if whole else 0.0
        try:
            return check(value)
        except ValueError as error:
            raise ValueError(f"{error}, or 0 = off") from None

    return checked


def _chat(value: Any) -> str:
    """Telegram's ids are numbers, and longer than people like to quote."""
    found = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    if not _CHAT.fullmatch(found):
        raise ValueError('must be a number like "-1001234567890", or "@channel"')
    return found


def _chats(value: Any) -> tuple[str, ...]:
    return tuple(_chat(item) for item in entries(value))


def _token(value: Any) -> Secret:
    found = secret(value)
    if not _TOKEN.fullmatch(found.reveal()):
        raise ValueError('must be as BotFather gave it, like "123456:ABC-DEF"')
    return found


def _topics(value: Any) -> dict[str, int]:
    topic = number(1, 2**53, whole=True)
    return {name: topic(item) for name, item in mapping(value).items()}


def _hmac_key(value: Any) -> Secret:
    found = secret(value)
    if len(found.reveal()) < MIN_SECRET:
        raise ValueError(f"must have at least {MIN_SECRET} characters")
    return found


def web_address(value: Any) -> str:
    """http:// or https://, with a host."""
    found = text(value).rstrip("/")
    try:
        parts = urlsplit(found)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be an address that begins with http:// or https://")
    return found


def _secret_address(value: Any) -> Secret:
    return Secret(web_address(value))


def _service(value: Any) -> Secret:
    """An Apprise URL. It is never repeated: it carries tokens."""
    found = secret(value)
    scheme, separator, rest = found.reveal().partition("://")
    if not separator or not rest or not re.fullmatch(r"[A-Za-z0-9]+", scheme):
        raise ValueError('must be an Apprise URL, like "ntfy://my-topic"')
    if scheme.lower() == "tgram":
        raise ValueError('Telegram has a channel of its own here: "type": "telegram"')
    return found


def _contact(value: Any) -> str:
    found = text(value)
    if not _CONTACT.fullmatch(found):
        raise ValueError('must be like "mailto:you@example.org" or "https://example.org"')
    return found


def minutes(value: Any) -> int:
    """ "22:30" -> minutes after midnight."""
    match = _TIME.fullmatch(text(value))
    if not match:
        raise ValueError('must be a time of day like "22:30"')
    return int(match[1]) * 60 + int(match[2])


def _quiet(value: Any) -> QuietConfig | None:
    if value is None:
        return None
    problems: Problems = []
    checks: dict[str, Check] = {"start": minutes, "end": minutes, "silence_now": flag}
    clean = clean_entries("quiet", value, checks, problems)
    if problems:
        raise ValueError(" ".join(problems).rstrip("."))
    if clean.get("start") is None or clean.get("end") is None or clean["start"] == clean["end"]:
        raise ValueError('must be like {"start": "22:00", "end": "07:00"}')
    return QuietConfig(**clean)


def _digest(value: Any) -> int | None:
    return None if value is None else minutes(value)


def _events(value: Any) -> tuple[str, ...]:
    found = texts(value)
    for name in found:
        if name not in KINDS and name not in LEVELS:
            near = suggest(name, (*KINDS, *LEVELS))
            raise ValueError(f'there is no event or level "{name}".{near}'.rstrip("."))
    return found


def _template(value: Any) -> str:
    """Plain names in braces only: a setting must reach into nothing."""
    found = text(value)
    for _, name, spec, conversion in Formatter().parse(found):
        if name is None:
            continue
        if name not in TEMPLATE_NAMES:
            raise ValueError(f'knows no "{{{name}}}".{suggest(name, TEMPLATE_NAMES)}'.rstrip("."))
        if spec or conversion:
            raise ValueError(f'takes a plain "{{{name}}}", without ":" or "!"')
    return found


def _reminders(value: Any) -> tuple[float, ...]:
    one = number(1, 10_080)
    found = tuple(one(item) for item in entries(value))
    if len(found) > 10 or list(found) != sorted(set(found)):
        raise ValueError("must be at most 10 rising numbers of minutes")
    return found


_ALERTS: dict[str, Check] = {
    "enabled": flag,
    "progress_step": or_off(1, 50, whole=True),
    "photo_interval_s": or_off(10, 86_400),
    "due_min": or_off(1, 240),
    "image_timeout_s": number(1, 120),
    "offline_after_s": number(15, 3600),
    "bed_reminders_min": _reminders,
    "spool_margin_g": number(0, 100_000),
    "disk_mb": number(0, 10_000_000, whole=True),
    "keep_days": number(1, 3650, whole=True),
    "channels": entries,
    "rules": entries,
}
_EVERY: dict[str, Check] = {
    "name": text,
    "type": text,
    "per_minute": number(1, 600, whole=True),
    "timeout_s": number(1, 120),
}
_CHANNEL: Mapping[str, dict[str, Check]] = {
    "telegram": {
        "token": _token, "chat_id": _chat, "thread_id": number(1, 2**53, whole=True),
        "topics": _topics, "api": web_address, "live": flag, "two_way": flag,
        "allowed_chats": _chats,
    },
    "apprise": {"url": _service},
    "webhook": {"url": _secret_address, "secret": _hmac_key},
    "web_push": {"contact": _contact, "push_hosts": texts},
}  # fmt: skip
_WANTED: Mapping[str, tuple[str, ...]] = {
    "telegram": ("token", "chat_id"), "apprise": ("url",), "webhook": ("url",),
    "web_push": ("contact",),
}  # fmt: skip
_RULE: dict[str, Check] = {
    "name": text,
    "events": _events,
    "printers": texts,
    "groups": texts,
    "channels": texts,
    "level": one_of(*LEVELS),
    "quiet": _quiet,
    "digest": _digest,
    "group_s": number(0, 30),
    "per_hour": or_off(1, 3600, whole=True),
    "template": _template,
    "photo": flag,
}


def read_alerts(
    raw: Any,
    printers: Collection[str],
    groups: Collection[str],
    problems: Problems,
    notes: list[str],
) -> AlertsConfig:
    """``printers``, ``groups``: those that exist. What is unusable is said in ``notes`` as well."""
    clean = clean_entries("alerts", raw, _ALERTS, problems)
    taken: set[str] = set()
    channels = tuple(
        _channel(item, f"alerts.channels[{index}]", printers, taken)
        for index, item in enumerate(clean.pop("channels", []))
    )
    known = {"printers": printers, "groups": groups, "channels": taken}
    rules = _apart(_rule(item, index, known) for index, item in enumerate(clean.pop("rules", [])))
    unusable = [problem for entry in channels for problem in entry.problems]
    unusable += [problem for entry in rules for problem in entry.problems]
    notes.extend(f"Not used: {problem}" for problem in unusable)
    return AlertsConfig(**clean, channels=channels, rules=rules)


def _channel(raw: Any, path: str, printers: Collection[str], taken: set[str]) -> ChannelConfig:
    problems: Problems = []
    kind = raw.get("type", "") if isinstance(raw, dict) else ""
    clean: dict[str, Any] = {}
    if not isinstance(kind, str) or kind not in TYPES:
        near = suggest(str(kind), TYPES)
        problems.append(f"{path}.type: must be one of {', '.join(TYPES)}.{near}")
        kind = TYPES[0]
    else:
        clean = clean_entries(path, raw, _EVERY | _CHANNEL[kind], problems)
        for key in _WANTED[kind]:
            if not clean.get(key) and not any(p.startswith(f"{path}.{key}:") for p in problems):
                problems.append(f"{path}.{key}: is missing.")
    wanted = clean.get("name") or (raw.get("name") if isinstance(raw, dict) else "") or kind
    clean.update(name=_own_name(str(wanted), path, taken, problems), type=kind)
    _known(clean.get("topics", ()), printers, f"{path}.topics", "printer", problems)
    return ChannelConfig(**clean, problems=tuple(problems))


def _own_name(wanted: str, path: str, taken: set[str], problems: Problems) -> str:
    if not _NAME.fullmatch(wanted):
        problems.append(f"{path}.name: must be 1 to 64 letters, digits, '.', '_' or '-'.")
        wanted = f"channel-{len(taken) + 1}"
    if wanted in taken:
        problems.append(f'{path}.name: "{wanted}" is used twice.')
        wanted = f"{wanted}-{len(taken) + 1}"
    taken.add(wanted)
    return wanted


def _rule(raw: Any, index: int, known: Mapping[str, Collection[str]]) -> RuleConfig:
    path = f"alerts.rules[{index}]"
    problems: Problems = []
    clean = clean_entries(path, raw, _RULE, problems)
    for key, names in known.items():
        _known(clean.get(key, ()), names, f"{path}.{key}", key.removesuffix("s"), problems)
    clean["name"] = clean.get("name") or f"rule-{index + 1}"
    return RuleConfig(**clean, problems=tuple(problems))


def _apart(rules: Iterable[RuleConfig]) -> tuple[RuleConfig, ...]:
    """What waits and what was sent is counted by a rule's name: no two may share one."""
    found: dict[str, RuleConfig] = {}
    for index, rule in enumerate(rules, 1):
        name = rule.name
        while name in found:
            name = f"{name}-{index}"
        found[name] = replace(rule, name=name)
    return tuple(found.values())


def _known(
    named: Collection[str], names: Collection[str], path: str, what: str, problems: Problems
) -> None:
    for name in named:
        if name not in names:
            problems.append(f'{path}: there is no {what} "{name}".{suggest(name, names)}')
