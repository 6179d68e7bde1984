"""Every other service by an Apprise URL (alerts 1.2): ntfy, e-mail, Discord, Pushover, Gotify …

Apprise tells nothing but yes or no, and its reasons as log lines. They are read here, cleaned of
what the URL holds. It retries blindly, so it may not: that is the worker's business.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from alerts.channels import sample, scrub
from alerts.model import ChannelError, Kind, Level, Message, Refused, Sent
from core.clock import Clock
from core.secret import Secret

if TYPE_CHECKING:
    import apprise

logger = logging.getLogger(__name__)

_PRIORITIES: Mapping[str, Mapping[str, int | str]] = {
    "ntfy": {"silent": "low", "normal": "default", "now": "high"},
    "pushover": {"silent": -1, "normal": 0, "now": 1},
    "gotify": {"silent": 1, "normal": 5, "now": 8},
}
"""How services are told to be quiet or loud, unless the URL gives a priority of its own."""
_SILENT_FLAG = 1 << 12
"""Discord: SUPPRESS_NOTIFICATIONS."""
_NTFY_BYTES, _NTFY_QUERY = 3900, 3000
"""Of a text, and of one that goes into the address beside a picture. ntfy makes a file of more."""
_CUT = "\n… The rest is on the farm's page."
_ROOM = 0.9
"""Share of a service's limit that is used: it escapes signs, which makes the text longer."""
_MENTION = re.compile(r"(?<![\w.])@(?=[\w*])")
"""Chats read it in plain texts, too; an address of somebody's mail is none."""
_MARKUP = re.compile(r"[\\`*_~|<>\[\]]")
_ALWAYS_MARKUP = frozenset({"Discord", "Mattermost"})
"""They read Markdown whatever Apprise calls the text, which it then does not escape."""
_CODE = re.compile(r"error=(\d{3})\d*\b|\b(?:HTTP|code|status)\D{0,3}(\d{3})\b", re.IGNORECASE)
_TRY_AGAIN = frozenset({408, 425, 429})
_NO_PICTURES = frozenset({400, 413, 415, 422})
"""Answers that may mean the picture and not the message."""
_REASON = 300


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one call came to. ``some``: a part of it went out before the rest failed."""

    ok: bool
    some: bool = False
    reason: str = ""
    code: int = 0  # of HTTP, 0 = none told


class AppriseChannel:
    """One Apprise URL. The library is loaded with the first message."""

    kind = "apprise"
    edits = False

    def __init__(self, name: str, url: Secret, timeout_s: float, clock: Clock) -> None:
        self.name = name
        self._url = url
        self._timeout_s = timeout_s
        self._clock = clock
        self._service: apprise.NotifyBase | None = None
        self._has_priority = "priority=" in url.reveal() or "flags=" in url.reveal()
        scrub.hide(*scrub.pieces(url.reveal()) - scrub.pieces(f"any://{_host(url)}"))

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        del memo
        service = self._loaded()
        self._set_tone(service, message)
        with_photo = photo is not None and photo.is_file() and service.attachment_support
        answer = self._notify(service, message, photo if with_photo else None)
        if not answer.ok and not answer.some and with_photo and answer.code in _NO_PICTURES:
            # ntfy servers without attachments refuse the whole message (alerts 2)
            without = self._notify(service, message, None)
            if without.ok:
                return Sent(f"Sent without its picture: {answer.reason}")
        return self._judged(answer)

    def test(self) -> str:
        with sample.picture_file() as photo:
            sent = self.send(sample.message(self.name, self._clock), photo, {})
        return sent.text or f"{self.describe()} has taken it"

    def describe(self) -> str:
        """Loads no library: the scheme names the service. Host and path may be tokens."""
        parts = urlsplit(self._url.reveal())
        host = _host(self._url)
        return f"{parts.scheme} at {host}" if host else f"{parts.scheme} (by Apprise)"

    def close(self) -> None:
        self._service = None  # every message has a connection of its own

    def _loaded(self) -> apprise.NotifyBase:
        """Raises Refused for a URL that Apprise cannot use."""
        if self._service is not None:
            return self._service
        if urlsplit(self._url.reveal()).scheme.lower() == "tgram":
            raise Refused('Telegram has a channel of its own here: "type": "telegram"')
        service = _instantiate(self._url)
        if service is None:
            raise Refused(
                f'Channel "{self.name}": Apprise cannot use its url. Look the service up in '
                "Apprise's documentation, and copy the keys again."
            )
        service.retry = 0
        service.request_rate_per_sec = 0  # it would sleep 5.5 s between two; the worker has a pace
        if "cto=" not in self._url.reveal():
            service.socket_connect_timeout = self._timeout_s
        if "rto=" not in self._url.reveal():
            service.socket_read_timeout = self._timeout_s
        self._service = service
        return service

    def _set_tone(self, service: apprise.NotifyBase, message: Message) -> None:
        """Without sound where the service can, and louder than usual where a person must come."""
        if self._has_priority:
            return
        tuned: Any = service  # which attributes there are depends on the service
        tone = "silent" if message.silent else "now" if message.level is Level.NOW else "normal"
        wanted = _PRIORITIES.get(str(service.service_name).lower())
        if wanted is not None:
            tuned.priority = wanted[tone]
        elif service.service_name == "Discord":
            tuned.flags = _SILENT_FLAG if message.silent else None

    def _notify(self, service: apprise.NotifyBase, message: Message, photo: Path | None) -> _Answer:
        import apprise
        from apprise.attachment.memory import AttachMemory

        said = tamed(message, str(service.service_name))
        title, body = fitted(said, service.title_maxlen, service.body_maxlen)
        if service.service_name == "ntfy":
            body = _for_ntfy(body, with_photo=photo is not None)
        attach = None
        if photo is not None:  # read once: the file may be gone when a slow service asks for it
            memory: Any = AttachMemory  # it has no types
            attach = memory(photo.read_bytes(), name="photo.jpg", mimetype="image/jpeg")
        out = apprise.Apprise(asset=service.asset)
        out.add(service)
        result = out.notify(
            body=body,
            title=title,
            notify_type=_color(message),
            body_format=apprise.NotifyFormat.TEXT,
            attach=attach,
            log_level=logging.INFO,
        )
        return _answer(bool(result), [(e.level, e.message) for e in result.logs()])

    def _judged(self, answer: _Answer) -> Sent:
        if answer.ok:
            return Sent()
        if answer.some:  # again would tell those twice who have it
            return Sent(f"Only a part of it went out: {answer.reason}")
        if 400 <= answer.code < 500 and answer.code not in _TRY_AGAIN:
            raise Refused(answer.reason)
        raise ChannelError(answer.reason)


def tamed(message: Message, service_name: str) -> Message:
    """A file called "@everyone" calls nobody, and "a_b_c*" is not shown as something else."""

    def tame(text: str) -> str:
        text = _MENTION.sub("@\u200b", text)
        return _MARKUP.sub(r"\\\g<0>", text) if service_name in _ALWAYS_MARKUP else text

    return replace(message, title=tame(message.title), text=tame(message.text))


def fitted(message: Message, title_room: int, body_room: int) -> tuple[str, str]:
    """Title and text within a service's limits (characters; no room for a title: it becomes the
    text's first line). Cut, not split: of two halves one may fail, and then both would be sent
    again."""
    title = message.title if title_room <= 0 else message.title[:title_room]
    room = int(body_room * _ROOM) - (len(title) + 2 if title_room <= 0 else 0)
    text = message.text or message.title
    if len(text) > room:
        text = text[: max(0, room - len(_CUT))].rstrip() + _CUT
    return title, text


def _for_ntfy(text: str, *, with_photo: bool) -> str:
    """Its limits count bytes, as Apprise writes them: "é" is six of them in JSON."""
    room = _NTFY_QUERY if with_photo else _NTFY_BYTES
    whole = text
    while len(quote(text) if with_photo else json.dumps(text)) > room:
        text = text[: int(len(text) * 0.9)]
    return text if text == whole else text[: -len(_CUT)].rstrip() + _CUT


def _instantiate(url: Secret) -> apprise.NotifyBase | None:
    import apprise

    log = logging.getLogger("apprise")
    log.propagate = False  # its reasons are read from the result, and logged cleaned
    if log.getEffectiveLevel() > logging.INFO:
        log.setLevel(logging.INFO)  # "Sent …" lines tell which part went out
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    asset = apprise.AppriseAsset(
        app_id="Print farm",
        app_desc="Alerts of the print farm",
        app_url="",
        image_url_mask="",  # no pictures of Apprise's from the Internet
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        service_timeout=0.0,  # no thread of its own: a hanging one would outlive the server
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    found = apprise.Apprise.instantiate(url.reveal(), asset=asset, suppress_exceptions=True)
    return found if isinstance(found, apprise.NotifyBase) else None


def _answer(ok: bool, lines: list[tuple[str, str]]) -> _Answer:
    bad = [text for level, text in lines if level not in ("INFO", "DEBUG", "TRACE")]
    some = not ok and any(level == "INFO" and text.startswith("Sent ") for level, text in lines)
    codes = [int(a or b) for text in bad for a, b in _CODE.findall(text)]
    said = "; ".join(dict.fromkeys(" ".join(text.split()) for text in bad))
    reason = scrub.clean(said)[:_REASON].rstrip(" .") or "The service took no message"
    return _Answer(ok, some, reason, codes[-1] if codes else 0)


def _color(message: Message) -> str:
    if message.level is Level.NOW:
        return "failure"
    kinds = {event.kind for event in message.events}
    return "success" if kinds == {Kind.FINISHED} else "info"


def _host(url: Secret) -> str:
    """Host and port where the URL has one that is no token: an address or a name with a dot."""
    try:
        parts = urlsplit(url.reveal())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if "." not in host and host != "localhost":
        return ""
    return f"{host}:{port}" if port else host
