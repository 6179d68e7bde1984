"""The push stream: full frames or differences, muting, and the rhythm (B2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.bambu.reports.common import heat_part, job_part, machine_part
from simulator.bambu.reports.legacy import legacy_part
from simulator.bambu.reports.newer import newer_part

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_SETTLING_S = 0.5  # while something short-lived is shown, e.g. the flash of a stop
_PUSHALL_S = 1.0


class Pushes:
    """What was sent last, and what is to be sent next."""

    def __init__(self, machine: BambuMachine) -> None:
        self._m = machine
        self._last: dict[str, Any] = {}
        self._sequence = 2000
        self._count = 0
        self._last_pushall = -_PUSHALL_S
        self._stopped = False

    def rebase(self) -> None:
        """Differences count from now on (construction, power-cycle)."""
        self._last = self.build()

    def build(self) -> dict[str, Any]:
        """All keys with their values of this moment, without msg and sequence_id."""
        machine = self._m
        hide_sd = machine.knobs.sd_flicker and self._count % 2 == 1
        report = {
            **machine_part(machine, hide_sd=hide_sd),
            **heat_part(machine),
            **job_part(machine),
            **(newer_part(machine) if machine.model.np else legacy_part(machine)),
        }
        if machine.knobs.wrong_types:
            report |= {"nozzle_temper": "n/a", "mc_percent": None, "ams": [], "gcode_state": 7}
        return report

    def full(self) -> dict[str, Any]:
        """A whole frame; the next difference counts from it."""
        self._last = self.build()
        return self._frame(self._last, 0 if self._m.model.msg_key else None)

    def next(self) -> dict[str, Any] | None:
        """The next push; None when muted or when nothing changed."""
        knobs = self._m.knobs
        self._count += 1
        if knobs.mute_pushes or knobs.mute_all or self._stopped:
            return None
        if not self._m.model.diffs:
            return self.full()
        now = self.build()
        changed = difference(self._last, now)
        self._last = now
        return self._frame(changed, 1) if changed else None

    def _frame(self, keys: dict[str, Any], msg: int | None) -> dict[str, Any]:
        self._sequence += 1
        body = {"command": "push_status", **keys, "sequence_id": str(self._sequence)}
        if msg is not None:
            body["msg"] = msg
        frame: dict[str, Any] = {"print": body}
        if self._m.knobs.wrong_typed_key:
            frame["t_utc"] = 123
        return frame

    def request(self, command: str) -> list[dict[str, Any]]:
        """pushing.*: pushall answers with a full frame (at most one a second)."""
        if command == "start":
            self._m.knobs.mute_pushes = False
            self._stopped = False
        elif command == "stop":
            self._stopped = True
        elif command == "pushall" and self._m.uptime - self._last_pushall >= _PUSHALL_S:
            self._last_pushall = self._m.uptime
            return [self.full()]
        return []

    def interval(self) -> float:
        """Real seconds between pushes in the state of this moment."""
        machine = self._m
        if machine.knobs.push_interval_s > 0:
            return machine.knobs.push_interval_s
        if machine.run is not None and machine.run.stopping:
            return _SETTLING_S
        return 1.0 if self._lively() else machine.model.idle_interval_s

    def _lively(self) -> bool:
        machine = self._m
        heat = machine.heat
        heaters = (*heat.nozzles, heat.bed, heat.chamber)
        return (
            machine.run is not None
            or machine.job.busy
            or machine.health.print_error != 0
            or machine.ams.change is not None
            or machine.ams.reading is not None
            or machine.axes.homing_left > 0
            or any(h.target > 0 for h in heaters)
            or machine.uptime - machine.touched < 20.0
        )


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The keys of ``new`` that differ; dicts go deeper, lists count as one value."""
    changed: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key)
        if value is before or (value == before and type(value) is type(before)):
            continue
        if isinstance(value, dict) and isinstance(before, dict) and before.keys() <= value.keys():
            changed[key] = difference(before, value)
        else:
            changed[key] = value
    return changed
