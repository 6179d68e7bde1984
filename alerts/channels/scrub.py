"""Keeps what channels are configured with out of every text: errors, outcomes, libraries' logs.

requests' exceptions and urllib3's log lines carry whole addresses, and in them tokens (alerts 1.4);
Apprise's log lines name topics and hosts. So no channel shows a library's text as it is, and the
libraries' own log lines are cleaned before any handler sees them, at every level.
"""

from __future__ import annotations

import logging
import re
import threading
import traceback
from urllib.parse import quote, quote_plus, unquote

from core import jsonio

HIDDEN = "***"
LIBRARIES = (
    "apprise",
    "requests",
    "requests_oauthlib.oauth1_auth",
    "requests_oauthlib.oauth1_session",
    "requests_oauthlib.oauth2_session",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "urllib3.util.ssl_",
    "charset_normalizer",
    "markdown",
    "pywebpush",
)
"""Loggers by their full names: a filter does not reach a logger's children."""
_SHORTEST = 3
"""Characters; a shorter piece is no secret, and hiding every "a" would make texts unreadable."""
_STANDS_ALONE = 6
"""Shorter ones are hidden only as whole words."""
_SIGNS = re.compile(r"[/?&=@:;,+#\s]+")
_LIKE_A_KEY = re.compile(r".{8,}|.*\d.*|.*[a-z].*[A-Z].*|.*[A-Z].*[a-z].*")
_BOT = re.compile(r"bot\d+:[\w-]+")
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_lock = threading.Lock()
_hidden: set[str] = set()
_pattern: re.Pattern[str] | None = None


def hide(*values: str) -> None:
    """From now on ``clean`` replaces each of them, in every way that it may be written."""
    global _pattern
    with _lock:
        forms = {form for value in values for form in _forms(value) if len(form) >= _SHORTEST}
        if forms <= _hidden:
            return
        _hidden.update(forms)
        longest_first = sorted(_hidden, key=len, reverse=True)
        _pattern = re.compile("|".join(map(_as_pattern, longest_first)))
    _watch_libraries()


def pieces(address: str) -> frozenset[str]:
    """What of an address may be a secret: its password, and each part that looks like a key; as
    written and unquoted. Plain words of a path are none."""
    _, _, rest = address.partition("://")
    userinfo, at, _ = rest.partition("/")[0].rpartition("@")
    password = userinfo.partition(":")[2] if at else ""
    raw = {piece for piece in _SIGNS.split(rest) if _LIKE_A_KEY.fullmatch(piece)}
    found = {password, *raw} - {""}
    return frozenset([*found, *map(unquote, found)])


def clean(text: str) -> str:
    """``text`` without what was hidden, keys of bots, passwords in addresses, and what is no text:
    half a character out of a service's answer can be kept by no file, so that what became of its
    message would stay unknown for ever."""
    text = text.encode("utf-8", "replace").decode()
    text = _USERINFO.sub(f"{HIDDEN}@", _BOT.sub(f"bot{HIDDEN}", text))
    return text if _pattern is None else _pattern.sub(HIDDEN, text)


def _forms(value: str) -> set[str]:
    in_json = jsonio.dumps(value).decode()[1:-1]
    return {value, quote(value), quote(value, safe=""), quote_plus(value), in_json}


def _as_pattern(value: str) -> str:
    if len(value) >= _STANDS_ALONE:
        return re.escape(value)
    return rf"(?<!\w){re.escape(value)}(?!\w)"


class _Cleaner(logging.Filter):
    """Lets every record pass, with its text cleaned, that of its exception too."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = clean(record.getMessage()), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = clean("".join(traceback.format_exception(*record.exc_info)))
            record.exc_info = None
        return True


_CLEANER = _Cleaner()


def _watch_libraries() -> None:
    for name in LIBRARIES:
        logging.getLogger(name).addFilter(_CLEANER)  # adding it again changes nothing
