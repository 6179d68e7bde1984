"""The seconds that a feed's connection lives by."""

from __future__ import annotations

from dataclasses import dataclass

from core.alert_config import FeedConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Farms send a frame every ten seconds at least (web/printer_feed.py)."""

    tick: float = 0.5  # how often silence is looked for
    first: float = 15.0  # from the handshake to the first frame that is a printer's
    ping: float = 6.0  # without a byte: ask
    dead: float = 14.0  # without a byte: hang up; shown as old from 15 s on
    settled: float = 20.0  # a session that lasted so long was a good one: the waits begin anew
    pictures: float = 60.0  # without a picture where some came: connect anew
    retry: tuple[float, float] = (1.0, 60.0)  # the shortest and the longest wait


def timing_of(config: FeedConfig) -> Timing:
    return Timing(
        pictures=config.image_timeout_s,
        retry=(config.reconnect_min_s, max(config.reconnect_min_s, config.reconnect_max_s)),
    )
