"""The three delays, which the farm may change while the rig runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from rig.reading import read_delays
from rig.settings import Settings

logger = logging.getLogger(__name__)


class Delays:
    """Thread-safe. ``changed`` is called for each change, so that sleeping loops wake."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._values = {
            "status_delay": settings.status_delay,
            "temphum_delay": settings.temphum_delay,
            "image_delay": settings.image_delay,
        }
        self.changed: list[Callable[[], None]] = []

    def get(self, name: str) -> float:
        return self._values[name]

    def all(self) -> dict[str, float]:
        with self._lock:
            return dict(self._values)

    def take(self, message: Mapping[str, object]) -> None:
        """The farm's wish; what is out of range or missing stays as it is."""
        new = read_delays(dict(message))
        with self._lock:
            if all(self._values[name] == value for name, value in new.items()):
                return
            self._values.update(new)
        logger.info("Delays by the farm: %s", new)
        for call in self.changed:
            call()
