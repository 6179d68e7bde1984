"""Merged report in, Parsed out: pure, tolerant, and cheap when little changed.

A printer repeats 8 kB every second and changes four values. So the report is cut into sections,
each declaring the keys it reads; only sections whose keys changed run again, and a section that
arrives at an equal result keeps the old object, so that "nothing changed" is an identity test for
everyone downstream.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from printers.bambu import parse_faults, parse_heat, parse_job, parse_machine, trays
from printers.bambu.capabilities import capabilities
from printers.bambu.models import Model
from printers.bambu.parse_activity import ACTIVITY_KEYS, parse_activity
from printers.bambu.parse_faults import Standing
from printers.bambu.parsed import (
    FAIL_SETTLE_S,
    STORAGE_SETTLE_S,
    Activity,
    Parsed,
    Versions,
    settled_state,
)
from printers.bambu.values import as_dict, as_hex
from printers.bambu.versions import read_versions
from printers.status import AmsUnit, Fan, Heater, JobProgress, Lock, Notice, Nozzle, Speed, Tray

__all__ = [
    "FAIL_SETTLE_S", "STORAGE_SETTLE_S", "Parsed", "Parser", "Versions", "capabilities", "parse",
    "read_versions", "settled_state",
]  # fmt: skip

Data = Mapping[str, Any]
T = TypeVar("T")


class _Parts:
    """The latest result of every section."""

    __slots__ = (
        "active", "activity", "ams", "door", "external", "fans", "faults", "firmware",
        "functions", "heaters", "homed", "job", "kinds", "light", "lock", "model", "notices",
        "nozzles", "speed", "storage", "wifi",
    )  # fmt: skip

    def __init__(self, model: Model, kinds: Mapping[int, str]) -> None:
        self.model = model
        self.kinds = kinds
        self.active: str = ""
        self.activity = Activity()
        self.ams: tuple[AmsUnit, ...] = ()
        self.door: bool | None = None
        self.external: tuple[Tray, ...] = ()
        self.fans: tuple[Fan, ...] = ()
        self.faults = Standing()
        self.firmware: str = ""
        self.functions: int | None = None
        self.heaters: tuple[Heater, ...] = ()
        self.homed: str = ""
        self.job: JobProgress | None = None
        self.light: bool | None = None
        self.lock: Lock | None = None
        self.notices: tuple[Notice, ...] = ()
        self.nozzles: tuple[Nozzle, ...] = ()
        self.speed: Speed | None = None
        self.storage: str = ""
        self.wifi: int | None = None


@dataclass(frozen=True, slots=True)
class _Section:
    name: str  # attribute of _Parts
    keys: tuple[str, ...]  # of the report; "device.bed" reads only that part of "device"
    needs: tuple[str, ...]  # sections before it whose result it reads
    run: Callable[[Data, _Parts], object]


_SECTIONS = (
    _Section("heaters", parse_heat.HEATER_KEYS, (),
             lambda d, p: parse_heat.parse_heaters(d, p.model)),
    _Section("fans", parse_heat.FAN_KEYS, (), lambda d, p: parse_heat.parse_fans(d, p.model)),
    _Section("light", parse_heat.LIGHT_KEYS, (), lambda d, _: parse_heat.parse_light(d)),
    _Section("speed", parse_heat.SPEED_KEYS, (), lambda d, _: parse_heat.parse_speed(d)),
    _Section("ams", trays.AMS_KEYS, (),
             lambda d, p: trays.parse_ams(d.get("ams"), p.model, p.kinds)),
    _Section("external", ("vt_tray", "vir_slot"), (), lambda d, p: trays.parse_external(
        d.get("vt_tray"), d.get("vir_slot"), p.model)),
    _Section("active", trays.ACTIVE_KEYS, (), lambda d, p: trays.parse_active(d, p.model)),
    _Section("faults", parse_faults.FAULT_KEYS, (), lambda d, _: parse_faults.parse_faults(d)),
    _Section("lock", parse_machine.LOCK_KEYS, (), lambda d, _: parse_machine.parse_lock(d)),
    _Section("activity", ACTIVITY_KEYS, ("faults", "active"),
             lambda d, p: parse_activity(d, p.faults, p.active)),
    _Section("job", parse_job.JOB_KEYS, ("activity",),
             lambda d, p: parse_job.parse_job(d, internal=p.activity.internal)),
    _Section("homed", ("home_flag",), (), lambda d, _: parse_machine.parse_homed(d)),
    _Section("door", ("home_flag", "stat"), (), lambda d, p: parse_machine.parse_door(d, p.model)),
    _Section("wifi", ("wifi_signal",), (), lambda d, _: parse_machine.parse_wifi(d)),
    _Section("storage", parse_machine.STORAGE_KEYS, (),
             lambda d, _: parse_machine.parse_storage(d)),
    _Section("nozzles", parse_machine.NOZZLE_KEYS, (),
             lambda d, p: parse_machine.parse_nozzles(d, p.model)),
    _Section("notices", parse_machine.NOTICE_KEYS, ("storage",),
             lambda d, p: parse_machine.parse_notices(d, p.model, p.storage)),
    _Section("functions", ("fun",), (), lambda d, _: as_hex(d.get("fun"))),
    _Section("firmware", ("upgrade_state",), (), lambda d, _: parse_machine.parse_firmware(d)),
)  # fmt: skip


_Masks = dict[str, int]


def _key_masks() -> tuple[_Masks, dict[str, _Masks]]:
    """Bit i stands for section i: which sections a key starts, and which a part of a key does."""
    by_key: _Masks = {}
    by_part: dict[str, _Masks] = {}
    for place, section in enumerate(_SECTIONS):
        for key in section.keys:
            outer, _, inner = key.partition(".")
            masks = by_part.setdefault(outer, {}) if inner else by_key
            masks[inner or outer] = masks.get(inner or outer, 0) | 1 << place
    return by_key, by_part


def _plan() -> tuple[tuple[int, _Section, int], ...]:
    """(own bit, section, bits of the sections that read its result), in order."""
    return tuple(
        (
            1 << place,
            section,
            sum(1 << i for i, other in enumerate(_SECTIONS) if section.name in other.needs),
        )
        for place, section in enumerate(_SECTIONS)
    )


_BY_KEY, _BY_PART = _key_masks()
_PLAN = _plan()
_EVERYTHING = (1 << len(_SECTIONS)) - 1
_NOTHING: Data = {}


class Parser:
    """Parses one printer's merged report again and again. Used by one thread."""

    __slots__ = ("_parsed", "_parts", "_seen")

    def __init__(self, model: Model, ams_kinds: Mapping[int, str] | None = None) -> None:
        """``ams_kinds``: what get_version said of the changers (Versions.ams_kinds)."""
        self._parts = _Parts(model, ams_kinds or {})
        self._parsed: Parsed | None = None
        self._seen: dict[str, Data] = {}  # the large keys as last parsed, to compare their parts

    def parse(self, data: Data, changed: Collection[str] | None = None) -> Parsed:
        """Parse what ``changed`` touches (None = everything). Never raises.

        Returns the same object as last time when nothing that matters changed.
        """
        if changed is None or self._parsed is None:
            self._seen = {key: as_dict(data.get(key)) for key in _BY_PART}
            todo = _EVERYTHING
        else:
            todo = 0
            for key in changed:
                todo |= self._parts_mask(key, data) if key in _BY_PART else _BY_KEY.get(key, 0)
        if self._run(data, todo) or self._parsed is None:
            self._parsed = _assemble(self._parts)
        return self._parsed

    def _parts_mask(self, key: str, data: Data) -> int:
        old, new = self._seen.get(key, _NOTHING), as_dict(data.get(key))
        self._seen[key] = new
        mask = 0
        for part, sections in _BY_PART[key].items():
            try:
                if old.get(part) != new.get(part):
                    mask |= sections
            except RecursionError:  # nested deeper than any printer does: too deep to compare
                mask |= sections
        return mask

    def _run(self, data: Data, todo: int) -> bool:
        """Run the sections of ``todo`` and those that read their results; any news?"""
        if not todo:
            return False
        parts, news = self._parts, False
        for place, section, users in _PLAN:
            if not todo & place:
                continue
            old = getattr(parts, section.name)
            new = section.run(data, parts)
            if new == old:
                continue
            setattr(parts, section.name, _reuse(new, old))
            todo |= users
            news = True
        return news


def parse(data: Data, model: Model, ams_kinds: Mapping[int, str] | None = None) -> Parsed:
    """The whole report from scratch; equals what a Parser arrives at step by step."""
    return Parser(model, ams_kinds).parse(data)


def _reuse(new: T, old: T) -> T:
    """``new`` with every element that equals its predecessor replaced by it."""
    if isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
        return cast(T, tuple([o if o == n else n for n, o in zip(new, old, strict=True)]))
    return new


def _assemble(parts: _Parts) -> Parsed:
    activity, standing = parts.activity, parts.faults
    return Parsed(
        state=activity.state,
        raw_state=activity.raw_state,
        stage=activity.stage,
        pause_reason=activity.pause_reason,
        pause_kind=activity.pause_kind,
        failed=activity.failed,
        cancelled=activity.cancelled,
        internal=activity.internal,
        lock=parts.lock,
        job=parts.job,
        heaters=parts.heaters,
        fans=parts.fans,
        light=parts.light,
        speed=parts.speed,
        ams=parts.ams,
        external=parts.external,
        active_tray=parts.active,
        faults=standing.faults,
        homed=parts.homed,
        nozzles=parts.nozzles,
        door_open=parts.door,
        wifi_dbm=parts.wifi,
        storage=parts.storage,
        notices=parts.notices,
        print_error=standing.print_error,
        functions=parts.functions,
        firmware=parts.firmware,
    )
