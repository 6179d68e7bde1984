"""Reports spoiled on the wire, as firmware has been seen to do (bambu-lan A3, B4)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from simulator.bambu.report_json import ReportForm, encode, encode_report
from simulator.knobs import Knobs

LATIN1_NAME = "Gehäuse für Wärmefühler"
"""The name that makes a latin-1 report invalid UTF-8."""


def is_report(message: Mapping[str, Any]) -> bool:
    """Is this a push_status, not the answer to a command?"""
    body = message.get("print")
    return isinstance(body, dict) and body.get("command") == "push_status"


def report_payloads(
    report: Mapping[str, Any], knobs: Knobs, form: ReportForm, now_ns: int
) -> list[bytes]:
    """The payloads to publish for one report, in order, after all faults of the wire."""
    payloads = [_garbage(knobs.garbage_bytes)] if knobs.garbage_bytes > 0 else []
    if knobs.null_reports:
        return [*payloads, b"null"]
    if knobs.latin1_payload:
        named = {**report, "print": {**report["print"], "subtask_name": LATIN1_NAME}}
        payload = encode(named, compact=form.compact).decode("utf-8").encode("latin-1", "replace")
    else:
        payload = encode_report(report, form, now_ns)
    if knobs.truncate_json:
        payload = payload[: len(payload) // 2]
    if knobs.trailing_nul:
        payload += b"\0"
    return [*payloads, payload]


def _garbage(count: int) -> bytes:
    return random.Random(count).randbytes(count)  # the same noise in every run
