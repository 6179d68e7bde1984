"""All rigs: who is there, what they report, what they are told. The socket is web/'s."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from cameras.frames import CameraFailed
from cameras.rigs import report as reports
from cameras.rigs.memory import RigMemory, clean
from cameras.rigs.state import RigState, Visit, environment, for_pages, in_words
from core.camera_config import RigConfig
from core.clock import Clock
from core.errors import Blocked, NotFound
from core.events import Bus
from printers.registry import TOPIC, Registry

logger = logging.getLogger(__name__)

Json = dict[str, Any]
ACTIONS = ("start", "stop", "discard", "pause", "resume", "shot")


class Pictures(Protocol):
    """What is used of CameraHub."""

    def push(self, camera_id: str, jpeg: bytes, taken_at: float | None = None) -> object: ...

    def is_wanted(self, camera_id: str) -> bool: ...


class RigDesk:
    """Thread-safe. Its thread follows the printers that rigs look at."""

    def __init__(
        self,
        rigs: Sequence[RigConfig],
        *,
        pictures: Pictures,
        cameras_of: Callable[[str], tuple[str, ...]],
        registry: Registry,
        bus: Bus,
        clock: Clock,
        folder: Path,
    ) -> None:
        """``cameras_of``: CameraBook.of_rig. ``folder``: where the memory of each rig lies."""
        self._pictures, self._cameras_of = pictures, cameras_of
        self._registry, self._bus, self._clock = registry, bus, clock
        self._lock = threading.Lock()
        self._rigs = {rig.id: RigState(rig, RigMemory(folder / f"{rig.id}.json")) for rig in rigs}
        self._of_printer = {rig.printer: rig.id for rig in reversed(rigs) if rig.printer}
        self._box = bus.subscribe(TOPIC)
        self._thread = threading.Thread(target=self._run, name="rigs:watch", daemon=True)

    def start(self) -> None:
        if self._of_printer:
            self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._bus.unsubscribe(self._box)
        if self._thread.is_alive():
            self._thread.join(timeout)

    # --- the rig's connection ----------------------------------------------------------------

    def arrived(self, rig_id: str, wake: Callable[[], None]) -> Visit:
        """A rig has shown its token. An older connection of it ends. Raises NotFound."""
        rig, visit = self._known(rig_id), Visit(wake)
        with self._lock:
            older, rig.visit = rig.visit, visit
            self._note_seen(rig)
            rig.arrived_at = rig.seen_at
        if older is not None:
            older.leave()
        logger.info("Rig %s is there", rig_id)
        visit.say({"t": "welcome", "v": 1, "now": round(self._clock.time(), 3)})
        if rig.memory.delays:
            visit.say({"t": "settings", **rig.memory.delays})
        snapshot = self._registry.get(rig.config.printer)
        for message in rig.watch.now(snapshot.status) if snapshot else ():
            visit.say(message)
        return visit

    def left(self, rig_id: str, visit: Visit) -> None:
        rig = self._known(rig_id)
        with self._lock:
            if rig.visit is visit:
                rig.visit = None
                logger.info("Rig %s is gone", rig_id)

    def heard(self, rig_id: str, visit: Visit, message: Json) -> None:
        """One message of a rig; what cannot be understood is ignored. Raises StorageError: then
        nothing is confirmed, and the rig sends it again."""
        rig, kind = self._known(rig_id), message.get("t")
        now, mono = self._clock.time(), self._clock.monotonic()
        with self._lock:
            self._note_seen(rig)
            if kind == "hello":
                rig.report = reports.hello(rig.report, message, now)
            elif kind == "status":
                rig.report = reports.status(rig.report, message, now, mono)
        if kind in ("event", "reading"):
            self._item(rig, visit, message, kind)

    def _item(self, rig: RigState, visit: Visit, message: Json, kind: str) -> None:
        item_id = reports.text(message, "id", 64)
        if not item_id:
            return
        with self._lock:
            if rig.memory.is_new(item_id):
                self._take(rig, kind, item_id, message)
        visit.say({"t": "ack", "ids": [item_id]})

    def _take(self, rig: RigState, kind: str, item_id: str, message: Json) -> None:
        now, mono = self._clock.time(), self._clock.monotonic()
        if kind == "reading":
            said = (reports.number(message, "at") or 0.0) + rig.report.skew_s
            before, at = rig.report, min(now, said)
            rig.report = reports.with_climate(before, message, at, now, mono)
            pair = reports.measured(message)
            if pair is not None and reports.is_possible(at, now):
                rig.memory.readings.append((round(at, 1), *pair))
            return
        at = reports.moment(message, rig.report.skew_s, now)
        facts = {name: value for name, value in message.items() if name not in ("t", "id", "at")}
        rig.memory.add_event({**clean(facts), "id": item_id, "at": round(at, 3)})

    def picture(self, rig_id: str, visit: Visit, head: Json, jpeg: bytes) -> None:
        """A preview picture and what was said about it."""
        rig = self._known(rig_id)
        age = max(0.0, reports.number(head, "age") or 0.0)
        trouble = ""
        for camera_id in self._cameras_of(rig_id):
            try:
                self._pictures.push(camera_id, jpeg, self._clock.time() - age)
            except CameraFailed as error:
                trouble = error.message
        rig.trouble = trouble
        with self._lock:
            self._note_seen(rig)
        visit.say({"t": "frame_ok", "seq": reports.whole(head, "seq")})

    def wants_pictures(self, rig_id: str) -> bool:
        """Whether somebody looks at one of its cameras."""
        return any(self._pictures.is_wanted(camera) for camera in self._cameras_of(rig_id))

    def _note_seen(self, rig: RigState) -> None:
        rig.seen_mono, rig.seen_at = self._clock.monotonic(), self._clock.time()

    # --- people ------------------------------------------------------------------------------

    def order(self, rig_id: str, action: str) -> str:
        """Tell a rig what to do; returns the id under which its "done" event will come.

        Raises NotFound, Blocked while it is away.
        """
        visit = self._present(rig_id)
        order_id = secrets.token_hex(8)
        visit.say({"t": "do", "id": order_id, "action": action})
        return order_id

    def set_delays(self, rig_id: str, delays: dict[str, float]) -> None:
        """Kept, and sent at once or when the rig comes. Raises NotFound, StorageError."""
        rig = self._known(rig_id)
        with self._lock:
            rig.memory.delays.update(delays)
            rig.memory.save()
            visit, wanted = rig.visit, dict(rig.memory.delays)
        if visit is not None:
            visit.say({"t": "settings", **wanted})

    def all(self) -> list[Json]:
        """Every rig for GET /api/rigs."""
        with self._lock:
            mono, rigs = self._clock.monotonic(), self._rigs.values()
            return [in_words(rig, self._cameras_of(rig.config.id), mono) for rig in rigs]

    def for_pages(self) -> dict[str, Json]:
        """Every rig by its id, for the panel's live line."""
        with self._lock:
            mono, rigs = self._clock.monotonic(), self._rigs.items()
            return {name: for_pages(rig, self._cameras_of(name), mono) for name, rig in rigs}

    def readings(self, rig_id: str) -> list[tuple[float, float, float]]:
        """(epoch s, °C, percent), oldest first, since the farm was started. Raises NotFound."""
        rig = self._known(rig_id)
        with self._lock:
            return sorted(rig.memory.readings)

    def env(self, printer_id: str) -> Json | None:
        """For a printer's card; None without a rig. A reading too old to be live is left out."""
        rig = self._rigs.get(self._of_printer.get(printer_id, ""))
        if rig is None:
            return None
        with self._lock:
            return environment(rig, self._clock.monotonic())

    def _known(self, rig_id: str) -> RigState:
        rig = self._rigs.get(rig_id)
        if rig is None:
            raise NotFound(f"There is no rig with the id {rig_id!r}.", code="rig_not_found")
        return rig

    def _present(self, rig_id: str) -> Visit:
        rig = self._known(rig_id)
        visit = rig.visit
        if visit is None:
            raise Blocked(f"{rig.config.name} is not connected to the farm.", code="rig_offline")
        return visit

    # --- the printers ------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._box.closed:
            for (_, printer_id), snapshot in self._box.take(60.0).items():
                try:
                    self._printer(printer_id, snapshot)
                except Exception:
                    # The barrier of this thread: one odd report must not end all triggers.
                    logger.exception("%s: its report confused the rigs' desk", printer_id)

    def _printer(self, printer_id: str, snapshot: Any) -> None:
        for rig in self._rigs.values():
            if rig.config.printer == printer_id:
                for message in rig.watch.see(snapshot.status):
                    if (visit := rig.visit) is not None:
                        visit.say(message)
