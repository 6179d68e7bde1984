"""Every topic by its name, in one place.

``<prefix>/status`` and ``<prefix>/printer/<id>/…`` are for everybody; what lies under Home
Assistant's own prefix follows its rules (alerts 4): ids of letters, digits, ``_`` and ``-`` only.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

ORDERS = ("pause", "resume", "stop", "mark_clear")
"""What may be asked for over MQTT, as the last part of the topic."""

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def clean(name: str) -> str:
    """As Home Assistant takes it; two different names never become one."""
    fit = _UNFIT.sub("_", name)
    return fit if fit == name else f"{fit}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def slug(name: str) -> str:
    """As an entity's id may be: lower case, digits and single ``_``. Home Assistant itself tells
    two of the same apart."""
    return _NO_SLUG.sub("_", name.lower()).strip("_") or "printer"


@dataclass(frozen=True, slots=True)
class Topics:
    """Made once from the settings. ``printer_id`` is an id of the configuration, which has no
    character that means something in a topic."""

    prefix: str
    discovery_prefix: str

    @property
    def status(self) -> str:
        """ "online", or "offline" by the broker itself when the farm is gone (its last will)."""
        return f"{self.prefix}/status"

    @property
    def farm(self) -> str:
        return f"{self.prefix}/farm/state"

    @property
    def birth(self) -> str:
        """Where Home Assistant says "online" when it has started."""
        return f"{self.discovery_prefix}/status"

    @property
    def orders(self) -> str:
        """A filter for all of them."""
        return f"{self.prefix}/printer/+/order/+"

    def state(self, printer_id: str) -> str:
        return f"{self.prefix}/printer/{printer_id}/state"

    def availability(self, printer_id: str) -> str:
        return f"{self.prefix}/printer/{printer_id}/availability"

    def image(self, printer_id: str) -> str:
        return f"{self.prefix}/printer/{printer_id}/image"

    def event(self, printer_id: str) -> str:
        """Of one printer; of the farm itself for ""."""
        part = f"printer/{printer_id}" if printer_id else "farm"
        return f"{self.prefix}/{part}/event"

    def order(self, printer_id: str, name: str) -> str:
        return f"{self.prefix}/printer/{printer_id}/order/{name}"

    def answer(self, printer_id: str) -> str:
        """What became of an order."""
        return f"{self.prefix}/printer/{printer_id}/answer"

    def read_order(self, topic: str) -> tuple[str, str] | None:
        """(printer id, order); None for any other topic."""
        head, tail = f"{self.prefix}/printer/", topic.rsplit("/", 3)[1:]
        if not topic.startswith(head) or len(tail) != 3 or tail[1] != "order":
            return None
        return (tail[0], tail[2]) if self.order(tail[0], tail[2]) == topic else None

    def node(self, printer_id: str = "") -> str:
        """The device's id for Home Assistant; the farm's own for ""."""
        farm = clean(self.prefix.replace("/", "_"))
        return f"{farm}_{clean(printer_id)}" if printer_id else f"{farm}__farm"

    def config(self, printer_id: str = "") -> str:
        """The discovery topic of one device."""
        return f"{self.discovery_prefix}/device/{self.node(printer_id)}/config"
