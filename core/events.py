"""The bus: latest wins. One slot per key and subscriber, so a slow reader costs nothing.

A reader that must not miss an intermediate value reads revisions from the owner of the data
(jobs, files); the bus only says *that* something changed and hands over the newest value.
"""

from __future__ import annotations

import threading
from typing import Any

Key = tuple[str, str]
"""(topic, id): ("printer", "x1c-1"), ("job", "j-12"), ("file", "…"), ("notice", "…")."""


class Mailbox:
    """One subscriber's slots. ``take`` waits and empties; ``put`` never waits."""

    def __init__(self, topics: frozenset[str] | None = None) -> None:
        self._topics = topics
        self._slots: dict[Key, Any] = {}
        self._ready = threading.Condition(threading.Lock())
        self._closed = False

    def put(self, key: Key, value: Any) -> None:
        """Replace the slot of ``key``; a no-op for a topic this mailbox does not want."""
        if self._topics is not None and key[0] not in self._topics:
            return
        with self._ready:
            if self._closed:
                return
            first = not self._slots
            self._slots[key] = value
            if first:
                self._ready.notify()

    def take(self, timeout: float | None = None) -> dict[Key, Any]:
        """All slots, in order of first arrival; {} after ``timeout`` seconds or when closed."""
        with self._ready:
            if not self._slots and not self._closed:
                self._ready.wait(timeout)
            slots, self._slots = self._slots, {}
            return slots

    def close(self) -> None:
        """Wake the reader for good."""
        with self._ready:
            self._closed = True
            self._slots.clear()
            self._ready.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed


class Bus:
    """Hands every published value to every mailbox. Publishing never blocks on a reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mailboxes: tuple[Mailbox, ...] = ()

    def subscribe(self, *topics: str) -> Mailbox:
        """A new mailbox for these topics (none given: all)."""
        box = Mailbox(frozenset(topics) if topics else None)
        with self._lock:
            self._mailboxes = (*self._mailboxes, box)
        return box

    def unsubscribe(self, box: Mailbox) -> None:
        box.close()
        with self._lock:
            self._mailboxes = tuple(b for b in self._mailboxes if b is not box)

    def publish(self, key: Key, value: Any) -> None:
        for box in self._mailboxes:
            box.put(key, value)
