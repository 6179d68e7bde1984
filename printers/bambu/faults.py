"""Rendering of ``print_error`` and ``hms`` (bambu-lan A5): code, severity, module and words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from printers.bambu.fault_texts import HMS, PRINT_ERRORS
from printers.bambu.values import as_int, dicts
from printers.status import Fault, Severity

CANCELLED = frozenset({0x0300_400C, 0x0500_400E})
"""A person or a program stopped the print. No fault (A5.1)."""

PAUSED_BY_USER = frozenset({0x0300_8001, 0x0300_8013})
"""What an ordinary pause leaves behind."""

RUNOUT = frozenset({"8011", "8004"})
SIGNATURE_REFUSED = "HMS_0500_0500_0001_0007"
"""Developer Mode is off (A10). Reported as a lock, not as a fault."""

SIGNATURE_ERRORS = frozenset(range(0x0502_4007, 0x0502_400D))

_WIKI = "https://wiki.bambulab.com/en/x1/troubleshooting/hmscode/"
_MODULES = {
    0x03: "motion controller",
    0x05: "mainboard",
    0x07: "AMS",
    0x08: "toolhead",
    0x0C: "camera",
    0x10: "firmware",
    0x12: "AMS",
    0x18: "AMS",
}
_AMS_MODULES = (0x07, 0x12, 0x18)
_EXTERNAL = 0xFF
_SEVERITIES = {1: Severity.FATAL, 2: Severity.SERIOUS, 3: Severity.COMMON, 4: Severity.INFO}
_ORDER = {Severity.FATAL: 0, Severity.SERIOUS: 1, Severity.COMMON: 2, Severity.INFO: 3}

_PLAIN_WORDS = {
    Severity.FATAL: "reports the fatal fault",
    Severity.SERIOUS: "reports the serious fault",
    Severity.COMMON: "reports the fault",
    Severity.INFO: "shows the message",
}


def unit_label(unit: int) -> str:
    """The name of a changer by its id: A-D, or HT1-HT8 for ids from 128."""
    if unit >= 128:
        return f"HT{unit - 127}"
    return "ABCD"[unit] if 0 <= unit < 4 else "A" if unit == 16 else str(unit)


def slot_label(unit: int, slot: int) -> str:
    """The name of a slot: "A3"; an AMS HT has but one, so "HT1"."""
    return unit_label(unit) if unit >= 128 else f"{unit_label(unit)}{slot + 1}"


def fault_unit(module: int, number: int) -> int | None:
    """The changer a fault speaks of; None when it is not about one."""
    if module not in _AMS_MODULES or number == _EXTERNAL:
        return None
    return 128 + (number & 0x7F) if module == 0x18 else number


def hms_slot(attr: int) -> str:
    """The slot an HMS entry names in its part field (0x20…0x23: run out), "" when none."""
    unit = fault_unit(attr >> 24 & 0xFF, attr >> 16 & 0xFF)
    part = attr >> 8 & 0xFF
    return "" if unit is None or part >> 4 != 2 or part & 15 > 3 else slot_label(unit, part & 15)


def render_code(print_error: int) -> str:
    """50348044 -> "0300-400C"."""
    code = f"{print_error & 0xFFFFFFFF:08X}"
    return f"{code[:4]}-{code[4:]}"


@lru_cache(maxsize=512)
def print_fault(print_error: int) -> Fault:
    """The fault for a non-zero ``print_error``. Low half: 4xxx fatal, 8xxx warning, Cxxx prompt."""
    value = print_error & 0xFFFFFFFF
    code = render_code(value)
    severity = {4: Severity.FATAL, 8: Severity.SERIOUS}.get(value >> 12 & 15, Severity.COMMON)
    module = _MODULES.get(value >> 24, "")
    text = PRINT_ERRORS.get(code) or _ams_text(value >> 24, code, PRINT_ERRORS, value >> 16 & 0xFF)
    return Fault(
        code=code, text=text or _plain(code, severity, module), severity=severity, module=module
    )


@lru_cache(maxsize=1024)
def hms_fault(attr: int, code: int) -> Fault:
    """The fault for one HMS entry; severity is the code's high half (A5)."""
    groups = f"{attr >> 16 & 0xFFFF:04X}_{attr & 0xFFFF:04X}_{code >> 16:04X}_{code & 0xFFFF:04X}"
    severity = _SEVERITIES.get(code >> 16, Severity.COMMON)
    module = _MODULES.get(attr >> 24 & 0xFF, "")
    text = HMS.get(groups) or _ams_text(
        attr >> 24 & 0xFF, groups, HMS, attr >> 16 & 0xFF, attr >> 8 & 0xFF
    )
    return Fault(
        code=f"HMS_{groups}",
        text=text or _plain(f"HMS_{groups}", severity, module),
        severity=severity,
        module=module,
        help=_WIKI + groups,
    )


def hms_faults(entries: object) -> tuple[Fault, ...]:
    """All entries of the ``hms`` list that can be read, worst first, each once."""
    found: dict[str, Fault] = {}
    for attr, code in hms_entries(entries):
        fault = hms_fault(attr, code)
        found[fault.code] = fault
    return worst_first(tuple(found.values()))


def hms_entries(entries: object) -> list[tuple[int, int]]:
    """(attr, code) of every readable entry; both must be numbers other than 0."""
    pairs = [_pair(entry) for entry in dicts(entries)]
    return [pair for pair in pairs if pair is not None]


def _pair(entry: Mapping[str, Any]) -> tuple[int, int] | None:
    attr, code = as_int(entry.get("attr")), as_int(entry.get("code"))
    if not attr or not code:
        return None
    return attr & 0xFFFFFFFF, code & 0xFFFFFFFF


def _ams_text(module: int, code: str, table: dict[str, str], number: int, part: int = 0) -> str:
    """The text of an AMS code: first under its own unit, then for any unit and slot."""
    if module not in _AMS_MODULES:
        return ""
    if number == _EXTERNAL and (text := table.get(f"07{code[2:]}")):
        return text
    text = table.get(f"07*{code[4:]}", "")
    if not text and part & 15 < 4:
        text = table.get(f"07*{code[4:6]}#{code[7:]}", "")
    unit = fault_unit(module, number)
    if unit is None:
        return text.format(unit="the external spool", slot="the external spool")
    return text.format(unit=_unit_name(unit), slot=slot_label(unit, part & 15))


def _unit_name(unit: int) -> str:
    return f"AMS {unit_label(unit)}"


def _plain(code: str, severity: Severity, module: str) -> str:
    where = f" of the {module}" if module else ""
    what = _PLAIN_WORDS[severity]
    return f"The printer {what} {code}{where}. Look at its screen."


def worst_first(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """The same faults by severity, otherwise in their order."""
    return tuple(sorted(faults, key=lambda fault: _ORDER[fault.severity]))
