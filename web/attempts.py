"""Wrong passwords, keys and tokens are counted: guessing must be slow."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from core.clock import Clock

_PER_IP, _GLOBAL, _WINDOW_S, _TRACKED = 10, 60, 60.0, 10_000


class Attempts:
    """Wrong passwords in the last minute, per address and in all; bounded memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._all: deque[float] = deque(maxlen=_GLOBAL)
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def exceeded(self, address: str) -> bool:
        edge = self._clock.monotonic() - _WINDOW_S
        with self._lock:
            own = self._by_address.get(address, ())
            return (
                sum(at > edge for at in own) >= _PER_IP
                or sum(at > edge for at in self._all) >= _GLOBAL
            )

    def note(self, address: str) -> None:
        now = self._clock.monotonic()
        with self._lock:
            self._all.append(now)
            self._by_address.setdefault(address, deque(maxlen=_PER_IP)).append(now)
            self._by_address.move_to_end(address)
            while len(self._by_address) > _TRACKED:
                self._by_address.popitem(last=False)
