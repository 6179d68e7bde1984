"""Spools, AMS units of every kind and filament changes (bambu-lan A4.4)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.models import Model

EXTERNAL = 254  # the single or right external spool
EXTERNAL_LEFT = 253  # our own number; the wire calls it ams_id 254 on dual nozzles
NONE = 255
UNLOAD_S = 14.0
LOAD_S = 18.0
_MM2 = math.pi * 0.875**2
_NOZZLE = {"PLA": (190, 230), "PETG": (220, 270), "ABS": (240, 280), "ASA": (240, 280)}


@dataclass(slots=True, kw_only=True)
class Spool:
    """One spool. ``color`` RRGGBBAA; ``grams`` left of ``weight``; rfid ones know their rest."""

    type: str = "PLA"
    color: str = "FFFFFFFF"
    idx: str = "GFA00"
    brand: str = "PLA Basic"
    weight: float = 1000.0
    grams: float = 1000.0
    rfid: bool = True
    uuid: str = "0" * 32
    density: float = 1.24
    nozzle_min: int = 190
    nozzle_max: int = 230

    @property
    def remain(self) -> int:
        """Percent left, -1 unknown (no RFID)."""
        return round(100 * max(0.0, self.grams) / self.weight) if self.rfid else -1

    def pull(self, millimetres: float) -> bool:
        """Use up filament; False when the spool ran empty."""
        self.grams -= millimetres * _MM2 * self.density / 1000
        return self.grams > 0


def spool(type: str, color: str, remain: float = 100, rfid: bool = True) -> Spool:
    """A spool of a type and "RRGGBB" with ``remain`` percent on it."""
    base = type.split("-")[0]
    low, high = _NOZZLE.get(base, (200, 240))
    return Spool(
        type=type,
        color=(color.lstrip("#").upper() + "FF")[:8],
        idx={"PLA": "GFA00", "PETG": "GFG00", "ABS": "GFB00", "ASA": "GFB01"}.get(type, "GFL99"),
        brand=f"{type} Basic",
        grams=10.0 * remain,
        rfid=rfid,
        uuid=(f"{abs(hash_text(type + color)):032X}")[:32] if rfid else "0" * 32,
        nozzle_min=low,
        nozzle_max=high,
    )


def hash_text(text: str) -> int:
    """A stable number of a text (hash() changes from run to run)."""
    return sum((i + 1) * ord(c) * 2654435761 for i, c in enumerate(text))


@dataclass(slots=True, kw_only=True)
class AmsUnit:
    """One AMS. ``id`` 0–3, or 128+ for AMS HT with its single slot."""

    id: int
    kind: str
    slots: list[Spool | None]
    humidity: int = 22
    temp: float = 24.5
    extruder: int = 0
    dry_left: float = 0.0  # minutes
    dry_temp: int = 0
    dry_hours: int = 0
    dry_filament: str = ""

    @property
    def dryer(self) -> bool:
        """Whether the unit can dry."""
        return self.kind in ("AMS 2 Pro", "AMS HT")

    def flat(self, slot: int) -> int:
        """The tray index used in tray_now and ams_mapping."""
        return self.id if self.id >= 128 else self.id * 4 + slot


@dataclass(slots=True)
class Change:
    """A running filament change. ``target`` 255 = unload only."""

    target: int
    unload_left: float
    load_left: float


@dataclass(slots=True)
class Ams:
    """All units and the external spools, keyed EXTERNAL and EXTERNAL_LEFT."""

    units: list[AmsUnit] = field(default_factory=list)
    external: dict[int, Spool | None] = field(default_factory=dict)
    now: int = NONE
    tar: int = NONE
    pre: int = NONE
    extruder: int = 0
    change: Change | None = None
    reading: tuple[int, int, float] | None = None  # unit, slot, seconds left
    options: dict[str, bool] = field(
        default_factory=lambda: {
            "startup_read_option": True,
            "tray_read_option": True,
            "calibrate_remain_flag": True,
        }
    )

    def unit(self, id: int) -> AmsUnit | None:
        """The unit of this id."""
        return next((u for u in self.units if u.id == id), None)

    def trays(self) -> Iterator[tuple[int, AmsUnit, int, Spool | None]]:
        """(flat index, unit, slot, spool) of every AMS slot."""
        for unit in self.units:
            for slot, item in enumerate(unit.slots):
                yield unit.flat(slot), unit, slot, item

    def find(self, flat: int) -> Spool | None:
        """The spool of a flat tray index, external ones included."""
        if flat in self.external:
            return self.external[flat]
        return next((s for f, _, _, s in self.trays() if f == flat), None)

    def feeds(self, flat: int) -> int:
        """The extruder a tray feeds (0 right, 1 left)."""
        if flat == EXTERNAL_LEFT:
            return 1
        return next((u.extruder for f, u, _, _ in self.trays() if f == flat), 0)

    @property
    def loaded(self) -> Spool | None:
        """What is in the extruder."""
        return None if self.now == NONE else self.find(self.now)

    def begin_change(self, target: int) -> None:
        """Unload what is loaded, then load ``target`` (255 = stay unloaded)."""
        if target == self.now and target != NONE:
            self.tar = target
            return
        self.pre, self.tar = self.now, target
        unload = UNLOAD_S if self.now != NONE else 0.0
        self.change = Change(target, unload, LOAD_S if target != NONE else 0.0)

    def step(self, dt: float) -> None:
        """Advance changes, RFID reading and drying by ``dt`` simulated seconds."""
        if self.change is not None:
            self._step_change(self.change, dt)
        if self.reading is not None:
            unit, slot, left = self.reading
            self.reading = (unit, slot, left - dt) if left > dt else None
        for unit_ in self.units:
            self._step_drying(unit_, dt)

    def _step_change(self, change: Change, dt: float) -> None:
        used = min(dt, change.unload_left)
        change.unload_left -= used
        if change.unload_left <= 0 and self.now != NONE and self.now != change.target:
            self.now = NONE
        if change.unload_left <= 0:
            change.load_left -= dt - used
            if change.load_left <= 0:
                self.now = self.tar = change.target
                if change.target != NONE:
                    self.extruder = self.feeds(change.target)
                self.change = None

    @staticmethod
    def _step_drying(unit: AmsUnit, dt: float) -> None:
        if unit.dry_left > 0:
            unit.dry_left = max(0.0, unit.dry_left - dt / 60)
            unit.temp = min(float(unit.dry_temp), unit.temp + 0.02 * dt)
            unit.humidity = max(5, unit.humidity - (1 if dt > 60 else 0))
        elif unit.temp > 25:
            unit.temp = max(25.0, unit.temp - 0.005 * dt)

    @property
    def status(self) -> int:
        """ams_status: main state << 8 | sub state."""
        if self.change is not None:
            return 0x0102 if self.change.unload_left > 0 else 0x0104
        if self.reading is not None:
            return 0x0201
        return 768 if self.now not in (NONE, EXTERNAL, EXTERNAL_LEFT) else 0


_COLORS = (
    ("PLA", "F4F4F2", 84),
    ("PLA", "202226", 61),
    ("PLA", "C4633F", 37),
    ("PETG", "2E7DD7", 92),
    ("PLA", "3BA55C", 48),
    ("PLA", "E8B93C", 73),
    ("PETG", "7A8088", 15),
    ("ABS", "D6336C", 66),
)


def ams_for(model: Model, seed: int) -> Ams:
    """The units a model comes with, filled in a way that differs with ``seed``."""

    def fill(count: int, shift: int) -> list[Spool | None]:
        picks: list[Spool | None] = []
        for i in range(count):
            type_, color, remain = _COLORS[(i + shift) % len(_COLORS)]
            picks.append(spool(type_, color, max(12, (remain + 11 * seed) % 100)))
        return picks

    first = AmsUnit(id=0, kind=model.ams_kind, slots=fill(4, seed), humidity=18 + seed % 9)
    if model.ams_kind == "AMS lite":
        first.temp, first.humidity = 0.0, 0
    if seed % 3 == 1:
        first.slots[3] = None
    ams = Ams([first], {EXTERNAL: spool("PLA", "8B95A1", 100, rfid=False)})
    if model.nozzles == 2:
        ams.units.append(
            AmsUnit(id=128, kind="AMS HT", slots=fill(1, seed + 3), humidity=12, extruder=1)
        )
        ams.external[EXTERNAL_LEFT] = spool("PLA", "F4F4F2", 100, rfid=False)
    return ams
