"""What one printer is known to be doing: keeps the job, the orders under way and the status."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.config import PrinterConfig
from core.errors import PrinterTimeout
from printers import commands as c
from printers.base import AdapterContext
from printers.lan.outage import Outage
from printers.lan.report import StatusKeeper
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.flavour import Flavour, Server, has_camera, serial_of, storages_of
from printers.prusalink.homing import Homing
from printers.prusalink.parse import STATES, Known, parse, state_word
from printers.prusalink.parse_job import SeenJob, follow, job_id, needs_details, renewed, seen_job
from printers.prusalink.rhythm import Rhythm
from printers.status import PrinterState, PrinterStatus

_JOB_STATES = frozenset({"PRINTING", "PAUSED", "ATTENTION", "BUSY"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """An order for a job that PrusaLink took, until its effect is seen."""

    word: str
    job: int
    until: float  # monotonic


class Watcher:
    """Owner of the Poller. Reading and ``ordered`` are for any thread."""

    def __init__(
        self,
        config: PrinterConfig,
        context: AdapterContext,
        client: PrusaLinkClient,
        rhythm: Rhythm,
        good: Callable[[], None],
    ) -> None:
        self._name = config.name
        self._clock = context.clock
        self._client = client
        self._rhythm = rhythm
        self._good = good
        self.keeper = StatusKeeper(config, context, "prusalink")
        self.homing = Homing(rhythm.homed)
        self.server = Server(flavour=Flavour.FIRMWARE)  # the one that can do less, until known
        self.last: Mapping[str, Any] = {}
        self.uploading = threading.Event()
        self._seen: SeenJob | None = None
        self._asked: _Asked | None = None
        self._hurry_until = 0.0
        self._soon_until = 0.0
        self._looked_at = 0.0
        self._fresh = threading.Condition()
        self._answers_asked_at = float("-inf")

    # -- Owner, in the printer's thread --------------------------------------------------------

    def introduced(self, server: Server) -> None:
        self.server = server
        self._seen = renewed(self._seen)
        self.homing.forget()
        self._looked_at = self._clock.monotonic()

    def seen(self, status: Mapping[str, Any], asked_at: float) -> float:
        now = self._clock.monotonic()
        word = state_word(status)
        fetched = None
        if needs_details(status, self._seen):
            fetched = seen_job(self._client.job(self._rhythm.answer))
        elif word not in _JOB_STATES and now - self._looked_at >= self._rhythm.storage:
            self._look_around(now)
        self._seen = follow(status, word, self._seen, fetched)
        self.last = status
        state = STATES.get(word, PrinterState.UNKNOWN)
        known = Known(
            name=self._name,
            server=self.server,
            job=self._seen,
            asked=self._asked_of(status, word, now),
            homed=self.homing.axes(state, now),
            uploading=self.uploading.is_set(),
        )
        self.keeper.report(parse(status, known))
        with self._fresh:
            self._answers_asked_at = asked_at
            self._fresh.notify_all()
        return self._wait_after(word, now)

    def down(self, outage: Outage) -> None:
        self._asked = None
        self.homing.forget()
        self.keeper.down(outage)

    def opening(self) -> None:
        self.keeper.opening()

    def stopped(self) -> None:
        self.keeper.stopped()

    def session_is_good(self) -> None:
        self._good()

    def _look_around(self, now: float) -> None:
        """Sticks are pulled out and cameras plugged in while nothing prints, and a router may give
        this address to another printer."""
        self._looked_at = now
        storages = storages_of(self._client.storage(self._rhythm.answer))
        camera = self.server.camera
        if self.server.is_pi:
            camera = has_camera(self._client.cameras(self._rhythm.answer))
        serial = serial_of(self._client.info(self._rhythm.answer)) or self.server.serial
        self.server = replace(self.server, storages=storages, camera=camera, serial=serial)

    def _asked_of(self, status: Mapping[str, Any], word: str, now: float) -> str:
        asked = self._asked
        if asked is None:
            return ""
        done = {"pause": "PAUSED", "resume": "PRINTING"}.get(asked.word)
        if job_id(status) != asked.job or word == done or now > asked.until:
            self._asked = None
            return ""
        return asked.word

    def _wait_after(self, word: str, now: float) -> float:
        if now < self._soon_until:
            return self._rhythm.soon
        busy = word in _JOB_STATES or now < self._hurry_until
        return self._rhythm.active if busy else self._rhythm.idle

    # -- for any thread ------------------------------------------------------------------------

    @property
    def status(self) -> PrinterStatus:
        return self.keeper.status

    @property
    def word(self) -> str:
        """The printer's own state word in the last answer."""
        return state_word(self.last)

    @property
    def job_id(self) -> int | None:
        """The number of the job that runs, as last seen."""
        return job_id(self.last)

    def ordered(self, command: c.Command, job: int | None = None) -> None:
        """PrusaLink took an order: look soon, and often for a while."""
        now = self._clock.monotonic()
        if job is not None:
            self._asked = _Asked(command.name, job, now + self._rhythm.asked)
        self.homing.ordered(command, now)
        self._soon_until = now + self._rhythm.soon_for
        self._hurry_until = now + self._rhythm.after_command

    def hurry(self) -> None:
        """Look often for a while."""
        self._hurry_until = self._clock.monotonic() + self._rhythm.start_wait

    def wait_answer(self, timeout: float) -> PrinterStatus:
        """The status after an answer that was asked for later than now. Raises PrinterTimeout."""
        now = self._clock.monotonic()
        with self._fresh:
            if self._fresh.wait_for(lambda: self._answers_asked_at >= now, timeout):
                return self.status
        raise PrinterTimeout(f"{self._name} did not report within {timeout:.0f} s.")

    def wait_word(self, unwanted: frozenset[str], timeout: float) -> bool:
        """Wait until the printer's own word is none of these; False when it still is."""
        with self._fresh:
            return self._fresh.wait_for(lambda: self.word not in unwanted, timeout)
