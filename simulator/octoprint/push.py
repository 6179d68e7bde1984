"""What a virtual OctoPrint sends on its web sockets (octoprint-moonraker 1, "push")."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any

from simulator.octoprint.application import Application
from simulator.octoprint.documents import connected
from simulator.stamp import stamp_of
from simulator.web_sockets import WsSession

PUSH_S = 0.5  # the shortest time between two "current" of a session, times its throttle
HEARTBEAT_S = 25.0  # of the framed form; the raw form sends none (measured)
_COMPACT = (",", ":")


class Subscriber:
    """One web socket. ``framed`` is the SockJS form of it: o, a[…], h."""

    def __init__(self, socket: WsSession, app: Application, *, framed: bool) -> None:
        self.socket = socket
        self.framed = framed
        self.authorized = False
        self.state: Any = True
        self.events: Any = True
        self.throttle = 1
        self.revision = -1
        self.samples = app.core.temperatures.count
        self.lines = app.core.lines_written
        self.sent_at = 0.0
        self.beat_at = time.monotonic()

    def put(self, message: dict[str, Any]) -> None:
        """Send one message."""
        self.put_text(encoded(message, framed=self.framed))

    def put_text(self, text: str) -> None:
        """Send what ``encoded`` made."""
        self.socket.put(text)

    @property
    def due_at(self) -> float:
        """When the next "current" may leave."""
        return self.sent_at + PUSH_S * self.throttle

    def wants_event(self, name: str) -> bool:
        """Whether this event is subscribed to."""
        if isinstance(self.events, list):
            return name in self.events
        return bool(self.events)

    def wants_lines(self, what: str) -> Any:
        """True, False or a regular expression for ``logs`` or ``messages``."""
        return self.state.get(what, False) if isinstance(self.state, dict) else bool(self.state)


def encoded(message: dict[str, Any], *, framed: bool) -> str:
    """One message as text; the framed form is compact (measured)."""
    if framed:
        return f"a[{json.dumps(message, separators=_COMPACT)}]"
    return json.dumps(message)


class Push:
    """All web sockets of one server. Nothing is sent before a socket has signed in but the first
    message, and nothing while nothing changes: an offline OctoPrint is silent (measured)."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.subscribers: set[Subscriber] = set()
        app.core.listeners.append(self._event)

    def add(self, socket: WsSession, *, framed: bool) -> Subscriber:
        """A socket has opened."""
        subscriber = Subscriber(socket, self._app, framed=framed)
        self.subscribers.add(subscriber)
        if framed:
            subscriber.put_text("o")
        subscriber.put({"connected": connected(self._app.machine.spec.id)})
        return subscriber

    def drop(self, subscriber: Subscriber) -> None:
        """A socket has closed."""
        self.subscribers.discard(subscriber)

    # --- what clients say ---------------------------------------------------------------------

    def heard(self, subscriber: Subscriber, text: str) -> None:
        """One text of a client; what makes no sense is ignored (measured)."""
        for message in _messages(text, framed=subscriber.framed):
            if isinstance(message.get("auth"), str):
                self._auth(subscriber, message["auth"])
            elif isinstance(message.get("subscribe"), dict):
                self._subscribe(subscriber, message["subscribe"])
            elif isinstance(message.get("throttle"), int) and message["throttle"] > 0:
                subscriber.throttle = message["throttle"]

    def _auth(self, subscriber: Subscriber, text: str) -> None:
        if ":" not in text:
            return
        if not self._app.session_known(text):
            subscriber.put({"reauthRequired": {"reason": "stale"}})
            return
        subscriber.authorized = True
        self._welcome(subscriber)
        subscriber.put({"timelapse": None})
        who = {"username": text.partition(":")[0], "remoteAddress": "127.0.0.1"}
        self._event("ClientAuthed", who)

    def _subscribe(self, subscriber: Subscriber, wishes: dict[str, Any]) -> None:
        subscriber.state = wishes.get("state", False)
        subscriber.events = wishes.get("events", False)
        if subscriber.authorized and subscriber.state:
            self._welcome(subscriber)

    def _welcome(self, subscriber: Subscriber) -> None:
        if not subscriber.state:
            return
        temperatures = self._app.core.temperatures
        data = {**self._common(), "temps": temperatures.since(0)}
        data["logs"] = list(self._app.core.lines) if subscriber.wants_lines("logs") else []
        subscriber.put({"history": {**data, "messages": []}})
        subscriber.samples = temperatures.count
        subscriber.lines = self._app.core.lines_written

    # --- what clients hear --------------------------------------------------------------------

    def _event(self, event: str, payload: Any) -> None:
        texts: dict[bool, str] = {}
        for subscriber in self.subscribers:
            if subscriber.authorized and subscriber.wants_event(event):
                message = {"event": {"type": event, "payload": payload}}
                form = subscriber.framed
                text = texts.get(form) or texts.setdefault(form, encoded(message, framed=form))
                subscriber.put_text(text)

    def send_due(self) -> float:
        """Send what is due; the seconds until something may be due again."""
        now, wait = time.monotonic(), math.inf
        texts: dict[Any, str] = {}
        for subscriber in self.subscribers:
            if subscriber.framed and now - subscriber.beat_at >= HEARTBEAT_S:
                subscriber.beat_at = now
                subscriber.put_text("h")
            if not subscriber.authorized or not subscriber.state:
                continue
            if subscriber.revision == self._app.core.revision:
                continue
            due_at = self._due_at(subscriber)
            if due_at > now:
                wait = min(wait, due_at - now)
                continue
            subscriber.sent_at = now
            self._send_current(subscriber, texts)
            wait = min(wait, self._due_at(subscriber) - now)
        return wait

    def _due_at(self, subscriber: Subscriber) -> float:
        pace = self._app.machine.pace
        return pace.next_after(subscriber.sent_at) if pace.hertz else subscriber.due_at

    def _send_current(self, subscriber: Subscriber, texts: dict[Any, str]) -> None:
        core = self._app.core
        logs = subscriber.wants_lines("logs")
        key = (subscriber.framed, subscriber.samples, subscriber.lines, logs)
        text = texts.get(key)
        if text is None:
            lines = self._lines(subscriber.lines, logs)
            text = texts[key] = encoded(self._current(subscriber.samples, lines), framed=key[0])
        subscriber.put_text(text)
        subscriber.revision = core.revision
        subscriber.samples, subscriber.lines = core.temperatures.count, core.lines_written

    def _lines(self, seen: int, wanted: Any) -> list[str]:
        core = self._app.core
        fresh = min(core.lines_written - seen, len(core.lines))
        if not wanted or not fresh:
            return []
        lines = list(core.lines)[-fresh:]
        if isinstance(wanted, str):
            return [line for line in lines if re.search(wanted, line)]
        return lines

    def _common(self) -> dict[str, Any]:
        app, core = self._app, self._app.core
        return {
            "state": app.state_json(),
            "job": app.job_json(),
            "currentZ": core.current_z,
            "progress": self._progress(),
            "offsets": core.offsets,
            "resends": {"count": 0, "transmitted": core.transmitted, "ratio": 0},
            "serverTime": time.time(),
            "markings": list(core.markings),
        }

    def _progress(self) -> dict[str, Any]:
        app = self._app
        progress = app.printing.progress()
        if not app.machine.pace.stamp or not app.core.state.printing:
            return progress
        milliseconds, hundredths = stamp_of(time.time_ns())
        return {**progress, "completion": hundredths + 0.5, "printTimeLeft": milliseconds * 60}

    def _current(self, samples: int, lines: list[str]) -> dict[str, Any]:
        return {
            "current": {
                **self._common(),
                "temps": self._app.core.temperatures.since(samples),
                "busyFiles": self._app.busy_files(),
                "logs": lines,
                "messages": [],
            }
        }


def _messages(text: str, *, framed: bool) -> list[dict[str, Any]]:
    """The JSON objects of one text. Framed clients send a list of texts, or one text."""
    try:
        data = json.loads(text)
        if framed:
            data = [json.loads(one) for one in (data if isinstance(data, list) else [data])]
    except (ValueError, TypeError, RecursionError):
        return []
    return [one for one in (data if framed else [data]) if isinstance(one, dict)]
