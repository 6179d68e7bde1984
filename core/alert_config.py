"""Settings of alerts, defect watch, MQTT out and metrics. Read by core/alert_settings.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.secret import Secret

ChannelKind = Literal["telegram", "apprise", "webhook", "web_push"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One way out, by its name. Which fields count depends on ``type``."""

    name: str
    type: ChannelKind
    # telegram
    token: Secret = field(default_factory=lambda: Secret(""))
    chat_id: str = ""  # "-1001234567890" or "@channel"
    thread_id: int | None = None  # topic of a group
    topics: Mapping[str, int] = field(default_factory=dict)  # printer id -> topic
    api: str = "https://api.telegram.org"  # a Bot API server of one's own
    live: bool = True  # one message per print that is edited; false: a new one each time
    two_way: bool = False  # takes orders: /status, /photo, /pause, /stop
    allowed_chats: tuple[str, ...] = ()  # whose orders; empty: chat_id's only
    # apprise
    url: Secret = field(default_factory=lambda: Secret(""))  # carries tokens; webhook: its address
    # webhook
    secret: Secret = field(default_factory=lambda: Secret(""))  # HMAC-SHA256 over the body
    # web_push
    contact: str = ""  # mailto: or https:, for the push services
    push_hosts: tuple[str, ...] = ()  # push services besides those of the known browsers
    # all
    per_minute: int = 20  # messages, 1–600
    timeout_s: float = 20.0  # 1–120, one attempt
    problems: tuple[str, ...] = ()  # not empty: it is shown and not used


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietConfig:
    """Between these times only level "now" goes out at once; the rest waits for the end."""

    start: int  # minutes after midnight, server's local time, 0–1439
    end: int  # likewise; before ``start``: the next day
    silence_now: bool = False  # "now" too goes without sound


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """Which events go where, and how."""

    name: str = ""
    events: tuple[str, ...] = ()  # kinds or levels ("now", "soon", "info"); empty: by default
    printers: tuple[str, ...] = ()  # ids; both empty: all, and what concerns the farm
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()  # empty: all
    level: str = ""  # "now", "soon", "info" instead of the event's own
    quiet: QuietConfig | None = None
    digest: int | None = None  # minutes after midnight: one summary a day of soon and info
    group_s: float = 25.0  # 0–30: several of a kind within this become one message; never "now"
    per_hour: int = 0  # 1–3600 messages to each channel, the surplus is summed up; 0 = no limit
    template: str = ""  # "{printer}: {text} ({percent} %)"
    photo: bool = True
    problems: tuple[str, ...] = ()  # not empty: it is shown and not used


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsConfig:
    enabled: bool = True  # false: nothing leaves the farm; the page goes on
    progress_step: int = 5  # percent, 1–50; 0 = off
    photo_interval_s: float = 3600.0  # 10–86400; 0 = off; begins anew with each print
    due_min: float = 10.0  # minutes before the end, 1–240; 0 = off
    image_timeout_s: float = 20.0  # 1–120: so long a message waits for its picture
    offline_after_s: float = 120.0  # 15–3600: gone so long before it is told
    bed_reminders_min: tuple[float, ...] = (30.0, 120.0)  # again so long after the first
    spool_margin_g: float = 0.0  # warn when less is left than the job needs and this
    disk_mb: int = 2048  # warn below this much free space
    keep_days: int = 90  # of what was told, 1–3650
    channels: tuple[ChannelConfig, ...] = ()
    rules: tuple[RuleConfig, ...] = ()  # none given: one for all channels, levels now and soon


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectConfig:
    """``ai`` in config.json: a model looks at the pictures. Off unless a provider is named."""

    provider: Literal["", "openai", "obico"] = ""
    base_url: str = "https://openrouter.ai/api/v1"  # openai: its API; obico: http://host:3333
    api_key: Secret = field(default_factory=lambda: Secret(""))  # obico: its ML_API_TOKEN
    model: str = "google/gemini-2.5-flash"
    interval_s: float = 3600.0  # 10–86400; obico: every 10 s, as its formulas want it
    first_layers: int = 3  # while below this layer it looks every ``first_interval_s``; 0 = off
    first_interval_s: float = 120.0  # 10–3600
    threshold: float = 0.7  # 0.05–1, of the model's confidence
    confirm_n: int = 2  # of the last ``confirm_m`` pictures must show it, 1–20
    confirm_m: int = 3  # 1–20; after a first suspicion it looks every ``recheck_s``
    recheck_s: float = 60.0  # 5–3600
    pause: bool = False
    grace_s: float = 600.0  # 0–7200 after a person resumed: no pause
    timeout_s: float = 25.0  # 2–120, one question
    per_day: int = 500  # questions of the farm, 1–100000; obico: not counted against
    usd_per_day: float = 1.0  # where the provider tells its price; 0 = no limit
    public_url: str = ""  # obico fetches the picture from here: the farm's own address
    printers: tuple[str, ...] = ()  # empty: all with a camera

    @property
    def enabled(self) -> bool:
        return bool(self.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttConfig:
    """``mqtt`` in config.json: status to a broker, for Home Assistant and others."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 1883
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    tls: bool = False
    ca: str = ""  # file with the authority's certificate; "" = the system's
    prefix: str = "farm"  # letters, digits, _ - and /
    discovery: bool = True
    discovery_prefix: str = "homeassistant"
    commands: bool = False  # pause, resume, stop and mark clear, through the same gate
    pictures: bool = True
    picture_s: float = 60.0  # 5–3600 at most one picture so often while printing
    every_s: float = 2.0  # 0.5–60 at most one state so often and printer


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """``feed`` in config.json: how printers of other farms are followed."""

    image_timeout_s: float = 60.0  # 5–3600 without a picture where some came: connect anew
    reconnect_min_s: float = 1.0  # 0.1–600, the first wait after a lost connection
    reconnect_max_s: float = 60.0  # 0.1–3600, the longest


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsConfig:
    enabled: bool = True
    token: Secret = field(default_factory=lambda: Secret(""))  # "Authorization: Bearer …" besides
