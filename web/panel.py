"""One printer as the panel sees it, kept up to date part by part.

A report that only moved a temperature costs the comparison of a few object identities and one
small dict: the adapters hand over equal parts as the same objects (printers/status.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cameras.book import CameraInfo
from core.config import PrinterConfig
from printers import safety
from printers.display import display_state
from printers.registry import Snapshot
from printers.status import OFFLINE_AFTER_S, STALE_AFTER_S, PrinterStatus
from web import panel_parts as parts
from web.merge import diff

Json = dict[str, Any]
CAMERA_EVERY_S = 5.0
"""How often an adapter is asked which camera there is: webcams are plugged in and set up."""
SEEN_EVERY_S = 10.0
"""While a printer is online its ``conn.seen`` is refreshed this often, not with every report."""

_STATUS_PARTS: tuple[tuple[tuple[str, ...], Callable[[PrinterStatus], Json]], ...] = (
    (("heaters",), parts.temps),
    (("fans",), parts.fans),
    (("light", "speed"), parts.light_and_speed),
    (("ams", "external", "active_tray", "next_tray"), parts.filament),
    (("faults", "state"), parts.faults),
    (
        ("stage", "message", "state", "pause_kind", "pause_reason", "lock", "notices"),
        parts.words,
    ),
    (("homed", "door_open", "wifi_dbm", "storage"), parts.body),
    (("machine", "nozzles"), parts.machine),
)
_LIVE_ONLY: Json = {
    "temps": {}, "fans": {}, "light": None, "speed": None, "tray": "", "stage": "",
}  # fmt: skip
"""What is removed, not frozen, while there is no session to the printer."""


class PanelView:
    """The Printer JSON of one printer; used by one thread. ``doc`` is never edited in place."""

    def __init__(
        self,
        config: PrinterConfig | None = None,
        cameras: Callable[[], Sequence[CameraInfo]] | None = None,
        env: Callable[[], Json | None] = lambda: None,
        watch: Callable[[], Json | None] = lambda: None,
    ) -> None:
        """``cameras``: those of this printer (CameraBook.of); None: what its capabilities say.
        ``watch``: the defect watch, None where it is switched off."""
        self._config = config
        self._cameras, self._env, self._watch = cameras, env, watch
        self._camera_due = 0.0
        self._snapshot: Snapshot | None = None
        self._age: tuple[bool, bool] = (False, False)
        self._live: Json = {}  # the status parts as reported, before anything is withheld
        self._gates: object = None
        self.doc: Json = {}

    @property
    def revision(self) -> int:
        return self._snapshot.revision if self._snapshot else 0

    def has_aged(self, now: float) -> bool:
        """Whether time alone (stale, offline), a rig or the defect watch has changed what must be
        shown."""
        if self._snapshot is None:
            return False
        beside = (self.doc.get("env"), self.doc.get("watch"))
        return _age(self._snapshot, now) != self._age or (self._env(), self._watch()) != beside

    def aged(self, now: float) -> Json:
        """The patch for what time alone has changed."""
        return self.update(self._snapshot, now) if self._snapshot is not None else {}

    def update(self, snapshot: Snapshot, now: float) -> Json:
        """Take in a snapshot at monotonic ``now``; returns the merge patch, {} = nothing shows."""
        before, age = self._snapshot, _age(snapshot, now)
        online = _online(snapshot, age)
        new = self._changed_status(snapshot.status, before.status if before else None)
        if before is not None and online != _online(before, self._age):
            new = dict(self._live)
        if not online:
            new.update(_LIVE_ONLY)
        if before is None or before.conditions is not snapshot.conditions:
            new.update(parts.conditions(snapshot.conditions))
        new.update(self._job(snapshot, before, online))
        if self._cameras is not None and now >= self._camera_due:
            self._camera_due = now + CAMERA_EVERY_S
            new.update(parts.cameras(self._cameras()))
        new["env"], new["watch"] = self._env(), self._watch()
        new["state"], new["sub"] = display_state(snapshot, now)
        gates = safety.gates(snapshot, now)
        if gates is not self._gates:
            self._gates = gates
            new.update(parts.gates(gates))
        new["conn"] = self._conn(snapshot, age, online)
        self._snapshot, self._age = snapshot, age
        return self._publish(new, snapshot.revision)

    def _changed_status(self, status: PrinterStatus, old: PrinterStatus | None) -> Json:
        if old is status:
            return {}
        new: Json = {}
        if old is None or old.machine is not status.machine or old.name != status.name:
            new.update(_identity(status, self._config))
            if self._cameras is None:
                new["cam"] = _camera_by_word(status, self._config)
            else:
                self._camera_due = 0.0
        for names, build in _STATUS_PARTS:
            if old is None or any(getattr(old, n) is not getattr(status, n) for n in names):
                new.update(build(status))
        self._live.update(new)
        return new

    def _job(self, snapshot: Snapshot, before: Snapshot | None, online: bool) -> Json:
        status, known = snapshot.status, snapshot.conditions
        if (
            before is not None
            and before.status.job is status.job
            and before.status.state is status.state
            and before.conditions.job is known.job
            and before.conditions.last_name == known.last_name
            and online == bool(self.doc["conn"]["online"])
        ):
            return {}
        new = parts.job(status, known)
        if not online and new["job"] is not None:
            new["job"]["left_s"] = None
        return new

    def _conn(self, snapshot: Snapshot, age: tuple[bool, bool], online: bool) -> Json:
        status = snapshot.status
        seen = None if status.observed_at is None else int(status.observed_at)
        text = status.link.text
        if age[1]:
            text = f"{status.name} has sent nothing for more than {OFFLINE_AFTER_S:.0f} s."
        new: Json = {
            "online": online,
            "seen": seen,
            "stale": age[0],
            "text": text,
            "since": status.link.since,
        }
        old = self.doc.get("conn")
        if old is None or seen is None or old["seen"] is None:
            return new
        kept = {**new, "seen": old["seen"]}
        return kept if kept == old and abs(seen - old["seen"]) < SEEN_EVERY_S else new

    def _publish(self, new: Json, revision: int) -> Json:
        old = self.doc
        patch: Json = {}
        for key, value in new.items():
            before = old.get(key)
            if before is not value and before != value:
                patch[key] = diff(before, value)
        if patch or not old:
            patch["rev"] = revision
            self.doc = {**old, **new, "rev": revision}
        return patch


def _age(snapshot: Snapshot, now: float) -> tuple[bool, bool]:
    """(stale, silent for so long that it counts as offline)"""
    status = snapshot.status
    if not status.state.is_connected:
        return (False, False)
    silent = float("inf") if status.observed_mono is None else now - status.observed_mono
    return (silent > STALE_AFTER_S, silent > OFFLINE_AFTER_S)


def _online(snapshot: Snapshot, age: tuple[bool, bool]) -> bool:
    return snapshot.status.state.is_connected and not age[1]


def _identity(status: PrinterStatus, config: PrinterConfig | None) -> Json:
    return {
        "id": status.printer_id,
        "name": status.name,
        "kind": status.kind,
        "model": (config.model if config else "") or status.machine.name,
        "group": config.group if config else "",
        "tags": list(config.tags) if config else [],
        "simulated": bool(config and config.simulate),
    }


def _camera_by_word(status: PrinterStatus, config: PrinterConfig | None) -> Json:
    caps = status.machine.capabilities
    mode = "jpeg" if caps & {"camera_jpeg", "camera_rtsp"} else "none"
    return {"mode": mode if config is None or config.camera_enabled else "none", "text": ""}
