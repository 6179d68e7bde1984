"""The history as a file to keep: a piece at a time, however long it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from flask import Response, request

from core import jsonio
from web.history_json import record_json

if TYPE_CHECKING:
    from job_queue.history.attempts import Record, Used

_BATCH = 200
_BOM = "\ufeff"  # without it Excel takes UTF-8 for the machine's code page
_FORMULA = frozenset("=+-@\t\r\n|\uff1d\uff0b\uff0d\uff20")
"""A spreadsheet takes a cell that begins so for a formula and runs it (CWE-1236)."""


def safe_cell(value: object) -> str:
    """Text that no spreadsheet computes: an apostrophe before what might be a formula.

    Numbers stay numbers.
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    begin = text.lstrip(" \u00a0\u200b\ufeff")
    return f"'{text}" if begin and begin[0] in _FORMULA else text


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rounded(value: float | None, digits: int) -> float | int | None:
    return None if value is None else round(value, digits or None)


def _filaments(used: Iterable[Used]) -> str:
    told = (
        " ".join(filter(None, (one.type, one.color, "" if one.grams is None else f"{one.grams} g")))
        for one in used
    )
    return "; ".join(filter(None, told))


_COLUMNS: dict[str, Callable[[Record], object]] = {
    "ended": lambda r: _time(r.ended_at),
    "result": lambda r: r.result,
    "file": lambda r: r.file_name,
    "plate": lambda r: r.plate,
    "printer": lambda r: r.printer,
    "printer_id": lambda r: r.printer_id,
    "model": lambda r: r.model,
    "queued": lambda r: _time(r.queued_at),
    "started": lambda r: _time(r.started_at),
    "took_s": lambda r: _rounded(r.took_s, 0),
    "estimate_s": lambda r: r.estimate_s,
    "used_g": lambda r: _rounded(r.used_grams, 2),
    "plate_g": lambda r: _rounded(r.grams, 2),
    "filaments": lambda r: _filaments(r.filaments),
    "code": lambda r: r.code,
    "reason": lambda r: r.reason,
    "created_by": lambda r: r.created_by,
    "bed_cleared": lambda r: _time(r.cleared_at),
    "cleared_by": lambda r: r.cleared_by,
    "copies": lambda r: r.copies,
    "made": lambda r: r.made,
    "job": lambda r: r.job_id,
    "attempt": lambda r: r.attempt,
}


def csv_response(records: Iterator[Record], name: str) -> Response:
    """RFC 4180, UTF-8, times in UTC."""
    return _attached(_csv(records), "text/csv; charset=utf-8; header=present", name)


def _csv(records: Iterator[Record]) -> Iterator[str]:
    rows = ([safe_cell(of(record)) for of in _COLUMNS.values()] for record in records)
    yield _BOM + _lines([list(_COLUMNS), *islice(rows, _BATCH)])
    while batch := list(islice(rows, _BATCH)):
        yield _lines(batch)


def _lines(rows: Iterable[list[str]]) -> str:
    page = io.StringIO(newline="")
    csv.writer(page, lineterminator="\r\n").writerows(rows)
    return page.getvalue()


def json_response(records: Iterator[Record], name: str) -> Response:
    """{"records": […]}"""
    return _attached(_json(records), "application/json", name)


def _json(records: Iterator[Record]) -> Iterator[str]:
    docs = (jsonio.dumps(record_json(record)).decode() for record in records)
    yield '{"records":[' + ",\n".join(islice(docs, _BATCH))
    while batch := list(islice(docs, _BATCH)):
        yield ",\n" + ",\n".join(batch)
    yield "]}\n"


def _attached(pieces: Iterator[str], kind: str, name: str) -> Response:
    """The first piece is made before the answer begins, so that its error is one."""
    first = next(pieces)
    body: Any = [] if request.method == "HEAD" else chain([first], pieces)
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
