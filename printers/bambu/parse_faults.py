"""The faults that stand on the printer, and whether they make its end a failure (A5, A5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.bambu.faults import (
    CANCELLED,
    PAUSED_BY_USER,
    SIGNATURE_ERRORS,
    SIGNATURE_REFUSED,
    hms_faults,
    print_fault,
    render_code,
    worst_first,
)
from printers.bambu.values import as_int, as_text
from printers.status import Fault, Severity

FAULT_KEYS = ("hms", "print_error", "mc_print_error_code", "gcode_state")

_NO_FAULT = CANCELLED | PAUSED_BY_USER | SIGNATURE_ERRORS
"""Told elsewhere: by the state, and a refused signature by the lock."""

_CANCELLED_LOW = frozenset(code & 0xFFFF for code in CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything the report says is wrong."""

    faults: tuple[Fault, ...] = ()  # worst first; no stops, pauses or the Developer-Mode entry
    print_error: int = 0  # unsigned, as reported
    ends_in_fault: bool = False  # a FAILED job with this needs a person
    cancelled: bool = False  # the error of a stop stands right now

    @property
    def blocks(self) -> bool:
        """Some fault keeps jobs away."""
        return any(fault.severity.blocks for fault in self.faults)


def parse_faults(data: Mapping[str, Any]) -> Standing:
    """Read ``print_error``, ``hms`` and ``mc_print_error_code`` together."""
    error = (as_int(data.get("print_error")) or 0) & 0xFFFFFFFF
    listed = tuple(f for f in hms_faults(data.get("hms")) if f.code != SIGNATURE_REFUSED)
    late = _late_error(data)
    faults = listed
    is_error = bool(error) and error not in _NO_FAULT
    if is_error:
        faults = worst_first((print_fault(error), *listed))
    elif late and not listed:
        faults = (late,)
    blocking = any(fault.severity.blocks for fault in listed)
    return Standing(
        faults=faults,
        print_error=error,
        ends_in_fault=is_error or blocking or late is not None,
        cancelled=error in CANCELLED,
    )


def failure_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """For people who look for the cause: how the last job ended, in the printer's own codes, and
    what the farm makes of them. ``kind``: "soft" (stopped or ended early, nothing stands: it
    counts as ended), "hard" (a person has to look first), "" = no job has failed."""
    standing = parse_faults(data)
    failed = as_text(data.get("gcode_state")).strip().upper() == "FAILED"
    return {
        "kind": ("hard" if standing.ends_in_fault else "soft") if failed else "",
        "fail_reason": _told(data, "fail_reason"),
        "print_error": render_code(standing.print_error) if standing.print_error else "",
        "mc_print_error_code": _told(data, "mc_print_error_code"),
        "hms": [fault.code for fault in hms_faults(data.get("hms"))],
        "cancelled": standing.cancelled,
    }


def _told(data: Mapping[str, Any], key: str) -> str | None:
    """As the printer wrote it; None: this model does not tell."""
    return str(data[key])[:40] if key in data else None


def _late_error(data: Mapping[str, Any]) -> Fault | None:
    """The error a failed job left in ``mc_print_error_code`` when nothing else names it.

    Only the low half of the code is there, so there are no words for it.
    """
    if as_text(data.get("gcode_state")).strip().upper() != "FAILED":
        return None
    low = (as_int(data.get("mc_print_error_code")) or 0) & 0xFFFF
    if not low or low in _CANCELLED_LOW:
        return None
    text = f"The print ended with error {low:04X}. Look at the printer's screen."
    return Fault(code=f"{low:04X}", text=text, severity=Severity.SERIOUS)
