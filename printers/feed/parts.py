"""Pieces of the Printer JSON of another farm -> the parts of a status. Pure.

The shapes are those of web/panel_parts.py; every value is checked, every list ends somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from printers.feed.values import dicts, flag, mapping, number, sequence, text, whole
from printers.lan.report import is_temperature
from printers.status import (
    AmsUnit,
    Fan,
    Fault,
    Heater,
    JobProgress,
    Machine,
    Notice,
    Nozzle,
    Severity,
    Speed,
    Tray,
)

Doc = Mapping[str, Any]
_MOST = 32  # heaters, fans, faults, units, trays: more than any printer has
_NAME = 60
_COLOUR = re.compile(r"[0-9a-fA-F]{6}([0-9a-fA-F]{2})?")
_TIERS = {tier.value: tier for tier in Severity}
_LONGEST_S = 10_000_000


def heaters(doc: Doc) -> tuple[Heater, ...]:
    """``temps``: name -> [current, target, maximum]. None can be set from here."""
    found: dict[str, Heater] = {}
    for told, values in list(mapping(doc.get("temps")).items())[:_MOST]:
        name = text(told, _NAME)
        row = [*sequence(values)[:2], None, None]
        current = number(row[0], -1e6, 1e6)
        if not name or name in found or current is None or not is_temperature(current):
            continue  # two of one name would spoil the figures of all printers (/metrics)
        target = number(row[1], 0, 1500)
        found[name] = Heater(name=name, current=current, target=target, maximum=None)
    return tuple(found.values())


def fans(doc: Doc) -> tuple[Fan, ...]:
    known = [
        (text(name, _NAME), whole(percent, 0, 100))
        for name, percent in list(mapping(doc.get("fans")).items())[:_MOST]
    ]
    by_name = {n: p for n, p in known if n and p is not None}
    return tuple(Fan(name=n, percent=p, settable=False) for n, p in by_name.items())


def speed(doc: Doc) -> Speed | None:
    told = mapping(doc.get("speed"))
    level, percent = whole(told.get("level"), 1, 4), whole(told.get("percent"), 1, 1000)
    return Speed(level=level, percent=percent) if told else None


def _tray(told: Doc) -> Tray | None:
    slot, index = text(told.get("slot"), 12), whole(told.get("index"), 0, 255)
    if not slot or index is None:
        return None
    colour = text(told.get("color"), 9).removeprefix("#")
    return Tray(
        slot=slot,
        index=index,
        empty=flag(told.get("empty")) or False,
        type=text(told.get("type"), _NAME),
        color=colour[:6].upper() if _COLOUR.fullmatch(colour) else "",
        name=text(told.get("name"), _NAME),
        remain=whole(told.get("remain"), 0, 100),
        grams=whole(told.get("grams"), 0, 100_000),
    )


def trays(value: object) -> tuple[Tray, ...]:
    return tuple(t for told in dicts(value, _MOST) if (t := _tray(told)) is not None)


def ams(doc: Doc) -> tuple[AmsUnit, ...]:
    found = []
    for told in dicts(doc.get("ams"), _MOST):
        unit = whole(told.get("id"), 0, 255)
        if unit is None:
            continue
        found.append(
            AmsUnit(
                id=unit,
                label=text(told.get("label"), 12),
                kind=text(told.get("kind"), _NAME),
                humidity=whole(told.get("hum"), 0, 100),
                humidity_level=whole(told.get("hum_level"), 1, 5),
                temperature=number(told.get("temp"), -50, 200),
                drying_min=whole(told.get("drying_min"), 0, 100_000) or 0,
                nozzle=text(told.get("nozzle"), 12),
                trays=trays(told.get("trays")),
            )
        )
    return tuple(found)


def faults(doc: Doc) -> tuple[Fault, ...]:
    """What stands on its screen; ``fault`` alone where an older farm sends no list."""
    told = dicts(doc.get("faults"), _MOST) or dicts([doc.get("fault")], 1)
    return tuple(
        Fault(
            code=text(one.get("code"), _NAME),
            text=text(one.get("text")) or text(one.get("code"), _NAME),
            severity=_TIERS.get(text(one.get("tier"), 12), Severity.COMMON),
            module=text(one.get("module"), _NAME),
            help=text(one.get("help")),
        )
        for one in told
        if text(one.get("text")) or text(one.get("code"), _NAME)
    )


def notices(doc: Doc) -> tuple[Notice, ...]:
    return tuple(
        Notice(code=text(one.get("code"), _NAME) or "notice", text=text(one.get("text")))
        for one in dicts(doc.get("notices"), 8)
        if text(one.get("text"))
    )


def job(doc: Doc) -> JobProgress | None:
    """The open one. Its ids and its file are the other farm's business."""
    told = mapping(doc.get("job"))
    name = text(told.get("name"))
    if not told:
        return None
    left = whole(told.get("left_s"), 0, _LONGEST_S)
    percent = whole(told.get("pct"), 0, 100)
    return JobProgress(
        name=name,
        file=name,
        plate=whole(told.get("plate"), 1, 1000),
        percent=percent,
        remaining_min=None if left is None else round(left / 60),
        layer=whole(told.get("layer"), 0, 1_000_000),
        layers=whole(told.get("layers"), 0, 1_000_000),
    )


def machine(doc: Doc) -> Machine:
    """Without capabilities and kinds of files: nothing can be sent there from here."""
    told = [number(side, 1, 10_000) for side in sequence(doc.get("volume"))[:3]]
    x, y, z = told if len(told) == 3 else (None, None, None)
    volume = (x, y, z) if x is not None and y is not None and z is not None else None
    return Machine(
        name=text(doc.get("model"), _NAME),
        firmware=text(doc.get("firmware"), _NAME),
        volume_mm=volume,
    )


def nozzles(doc: Doc) -> tuple[Nozzle, ...]:
    return tuple(
        Nozzle(
            name=text(one.get("name"), _NAME),
            diameter_mm=number(one.get("mm"), 0.05, 5),
            type=text(one.get("type"), _NAME),
        )
        for one in dicts(doc.get("nozzles"), 8)
    )
