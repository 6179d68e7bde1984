"""The virtual printer: a synchronous machine without sockets or threads."""

from __future__ import annotations

from typing import Any

from simulator.knobs import Knobs
from simulator.models import Model, model_named
from simulator.specs import PrinterSpec
from simulator.storage import Storage


class VirtualPrinter:
    """One printer. The wire calls, all in one thread:

    - ``tick(real_seconds)`` often (4 times a second),
    - ``next_report()`` every ``report_interval()`` seconds, and publishes what it returns,
    - ``due_messages()`` after every tick, and publishes each (late answers, knob ack_delay_s),
    - ``handle(request)`` for every JSON object on the request topic, and publishes the answers.

    Returned dicts share cached parts: encode them, never change them.
    """

    spec: PrinterSpec
    model: Model
    storage: Storage
    knobs: Knobs

    def __init__(self, spec: PrinterSpec, *, time_scale: float = 1.0) -> None:
        self.spec = spec
        self.model = model_named(spec.model)
        self.storage = Storage(self.model.storage_dirs)
        self.knobs = Knobs()
        self.time_scale = time_scale

    @property
    def access_code(self) -> str:
        """The code the servers demand now (knob access_code, else the spec's)."""
        return self.knobs.access_code or self.spec.access_code

    def tick(self, real_seconds: float) -> None:
        """Advance physics and job by ``real_seconds`` × time scale."""
        raise NotImplementedError

    def next_report(self, *, full: bool = False) -> dict[str, Any] | None:
        """What a push would send now; None when there is nothing to say."""
        raise NotImplementedError

    def report_interval(self) -> float:
        """Real seconds until the next push is due."""
        raise NotImplementedError

    def handle(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Carry out one request; the messages to publish on /report, in order."""
        raise NotImplementedError

    def due_messages(self) -> list[dict[str, Any]]:
        """Answers that were held back and are due now."""
        raise NotImplementedError

    def camera_frame(self) -> bytes:
        """A JPEG of 1280×720 pixels of the chamber as it is now."""
        raise NotImplementedError
