"""The environment variables of the small bridge: they win over the file, as all of them do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from core.alert_config import AlertsConfig, ChannelConfig, DefectConfig, FeedConfig, RuleConfig
from core.alert_settings import read_alerts
from core.bridge_settings import read_ai, read_feed
from core.checks import Problems
from core.config import FarmConfig
from core.errors import ConfigError
from core.secret import Secret

TELEGRAM = "telegram"
"""The name of the channel that TELEGRAM_* make, or change where the file has one of that name."""
_Convert = Callable[[str], Any]


def _number(raw: str) -> Any:
    """As JSON would give it; what is no number is refused by the setting's own check."""
    try:
        value = float(raw)
    except ValueError:
        return raw
    return int(value) if value.is_integer() else value


_ALERTS: Mapping[str, tuple[str, _Convert]] = {
    "PROGRESS_STEP": ("progress_step", _number),
    "PHOTO_INTERVAL_SECONDS": ("photo_interval_s", _number),
}
_FEED: Mapping[str, tuple[str, _Convert]] = {
    "IMAGE_TIMEOUT_SECONDS": ("image_timeout_s", _number),
    "RECONNECT_MIN_SECONDS": ("reconnect_min_s", _number),
    "RECONNECT_MAX_SECONDS": ("reconnect_max_s", _number),
}
_AI: Mapping[str, tuple[str, _Convert]] = {
    "OPENROUTER_API_KEY": ("api_key", str),
    "OPENROUTER_BASE_URL": ("base_url", str),
    "AI_MODEL": ("model", str),
    "AI_CHECK_INTERVAL_SECONDS": ("interval_s", _number),
    "AI_CONFIDENCE_THRESHOLD": ("threshold", _number),
}
_TELEGRAM: Mapping[str, tuple[str, _Convert]] = {
    "TELEGRAM_BOT_TOKEN": ("token", str),
    "TELEGRAM_CHAT_ID": ("chat_id", str),
    "TELEGRAM_THREAD_ID": ("thread_id", _number),
    "TELEGRAM_API_URL": ("api", str),
}
NAMES = (*_ALERTS, *_FEED, *_AI, *_TELEGRAM)


def with_environment(config: FarmConfig, environ: Mapping[str, str]) -> FarmConfig:
    """Raises ConfigError naming every variable that cannot be used."""
    problems: Problems = []
    alerts = _alerts(config.alerts, _given(_ALERTS, environ), problems)
    feed = _feed(config.feed, _given(_FEED, environ), problems)
    ai = _ai(config.ai, _given(_AI, environ), problems)
    alerts, notes = _with_telegram(alerts, _given(_TELEGRAM, environ))
    if problems:
        listed = "\n  ".join(_by_variable(problem) for problem in problems)
        raise ConfigError(f"The environment has mistakes:\n  {listed}")
    return replace(config, alerts=alerts, feed=feed, ai=ai, notes=(*config.notes, *notes))


def _given(names: Mapping[str, tuple[str, _Convert]], environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: convert(environ[name].strip())
        for name, (key, convert) in names.items()
        if environ.get(name, "").strip()
    }


def _by_variable(problem: str) -> str:
    """ "alerts.progress_step: must be …" -> "PROGRESS_STEP: must be …"."""
    path, _, said = problem.partition(": ")
    key = path.rpartition(".")[2]
    for name, (setting, _) in {**_ALERTS, **_FEED, **_AI, **_TELEGRAM}.items():
        if setting == key:
            return f"{name}: {said}"
    return problem


def _alerts(config: AlertsConfig, given: dict[str, Any], problems: Problems) -> AlertsConfig:
    read = read_alerts(given, (), (), problems, [])
    return replace(config, **{key: getattr(read, key) for key in given})


def _feed(config: FeedConfig, given: dict[str, Any], problems: Problems) -> FeedConfig:
    return read_feed(asdict(config) | given, problems)


def _ai(config: DefectConfig, given: dict[str, Any], problems: Problems) -> DefectConfig:
    """The key alone switches the watch on, unless the file chose another provider."""
    read = read_ai(given, (), problems)
    if config.provider == "obico":  # these variables speak of the other provider
        return replace(config, interval_s=read.interval_s) if "interval_s" in given else config
    merged = replace(config, **{key: getattr(read, key) for key in given})
    return replace(merged, provider="openai") if "api_key" in given else merged


def _with_telegram(
    config: AlertsConfig, given: dict[str, Any]
) -> tuple[AlertsConfig, tuple[str, ...]]:
    """The channel, and where there are no rules one that sends it all kinds sent by default."""
    if not given:
        return config, ()
    others = [channel for channel in config.channels if channel.name != TELEGRAM]
    own = [channel for channel in config.channels if channel.name == TELEGRAM]
    notes: list[str] = []
    entry = {"name": TELEGRAM, "type": "telegram", **given}
    if own and own[0].type == "telegram":
        entry = _as_entry(own[0]) | entry
    elif own:
        taken = f"of the type {own[0].type} in the file: TELEGRAM_… make the one of that name."
        notes.append(f"Not used: the channel {TELEGRAM} {taken} Give it another name.")
    [channel] = read_alerts({"channels": [entry]}, entry.get("topics", ()), (), [], []).channels
    problems = tuple(
        _by_variable(problem.replace("alerts.channels[0]", "telegram"))
        for problem in channel.problems
    )
    rules = config.rules or _rules_for(others)
    changed = replace(config, channels=(*others, replace(channel, problems=problems)), rules=rules)
    notes += [f"Not used: the channel telegram. {problem}" for problem in problems]
    return changed, tuple(notes)


def _as_entry(channel: ChannelConfig) -> dict[str, Any]:
    """What the file said of it that the variables do not say."""
    entry: dict[str, Any] = {
        "api": channel.api, "live": channel.live, "two_way": channel.two_way,
        "topics": dict(channel.topics), "allowed_chats": list(channel.allowed_chats),
        "per_minute": channel.per_minute, "timeout_s": channel.timeout_s,
    }  # fmt: skip
    for key, value in (("token", channel.token), ("chat_id", channel.chat_id)):
        if value:
            entry[key] = value.reveal() if isinstance(value, Secret) else value
    if channel.thread_id is not None:
        entry["thread_id"] = channel.thread_id
    return entry


def _rules_for(others: list[ChannelConfig]) -> tuple[RuleConfig, ...]:
    telegram = RuleConfig(name=TELEGRAM, channels=(TELEGRAM,))
    if not others:
        return (telegram,)
    names = tuple(channel.name for channel in others)
    return (RuleConfig(name="default", events=("now", "soon"), channels=names), telegram)
