"""Times of day: quiet hours and the digest, in the server's local time."""

from __future__ import annotations

import time

from core.alert_config import QuietConfig


def is_quiet(quiet: QuietConfig | None, at: float) -> bool:
    """Whether epoch ``at`` lies in the quiet hours; their end does not."""
    if quiet is None:
        return False
    local = time.localtime(at)
    minute = local.tm_hour * 60 + local.tm_min
    if quiet.start < quiet.end:
        return quiet.start <= minute < quiet.end
    return minute >= quiet.start or minute < quiet.end


def next_time(minute_of_day: int, after: float) -> float:
    """Epoch of the next such time of day later than ``after``, across changes to summer time."""
    local = time.localtime(after)
    hour, minute = divmod(minute_of_day, 60)
    for ahead in range(3):
        day = (local.tm_year, local.tm_mon, local.tm_mday + ahead)
        found = time.mktime((*day, hour, minute, 0, 0, 0, -1))  # normalises the 32nd of a month
        if found > after:
            return found
    raise AssertionError("within three days every time of day comes once")


def clock_text(at: float, now: float) -> str:
    """ "03:12"; with the day for what is not of the last 20 hours."""
    is_recent = 0 <= now - at < 20 * 3600
    return time.strftime("%H:%M" if is_recent else "%d %b %H:%M", time.localtime(at))
