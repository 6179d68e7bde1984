"""PrusaLink's refusals as sentences. Its errors are text: a title, a sentence, an address."""

from __future__ import annotations

import re

from core.errors import FarmError, NotFound, PrinterRejected, PrinterTimeout, UploadFailed
from printers import commands as c
from printers.lan.http_answers import Answered, Malformed

_SEE = re.compile(r"\s*See: \S+\s*$")
_STATUS = re.compile(r"^\d{3}: ")
_BUSY = frozenset({409, 500})  # the firmware's and the Pi's word for a second transfer
_VERBS = {"pause": "be paused", "resume": "be resumed", "stop": "be stopped"}


def said(error: Answered) -> str:
    """The server's own words without address and number; "HTTP 409" when it had none."""
    text = _STATUS.sub("", _SEE.sub("", error.text)).strip()
    return text.rstrip(".") or f"HTTP {error.http_status}"


def job_refused(name: str, command: c.Command, error: Answered) -> FarmError:
    if error.http_status == 404:
        return PrinterRejected(
            f"{name} has another job by now, or none. Nothing was changed.", code="no_job"
        )
    if error.http_status == 409:
        verb = _VERBS.get(command.name, command.name)
        return PrinterRejected(
            f"{name} cannot {verb} right now. PrusaLink says: {said(error)}.", code="conflict"
        )
    return refused(name, error)


def start_refused(name: str, error: Answered | Malformed) -> FarmError:
    """Only a refusal is certain; an error of a gateway or an unreadable answer is not."""
    if isinstance(error, Malformed) or error.http_status >= 500:
        what = error.message.rstrip(".")
        return PrinterTimeout(f"{what}. Whether {name} started the print is not known.")
    if error.http_status == 404:
        return PrinterRejected(
            f"The file is not on {name} any more. Nothing was started.", code="not_found_there"
        )
    if error.http_status == 409:
        return PrinterRejected(
            f"{name} did not take the start. PrusaLink says: {said(error)}. Bring the printer to "
            "its main screen and start again.",
            code="conflict",
        )
    return refused(name, error)


def upload_refused(name: str, error: Answered, busy_with: str) -> FarmError:
    """``busy_with``: the transfer that holds PrusaLink now, "" = none."""
    if error.http_status == 507:
        text = f"The storage of {name} is missing or full. PrusaLink says: {said(error)}."
        return UploadFailed(text, code="storage_full")
    if error.http_status in _BUSY and busy_with:
        return UploadFailed(
            f"{name} is receiving another file ({busy_with}). Try again when it has it.",
            code="transfer_busy",
        )
    if error.error_code == "auth":
        return UploadFailed(f"PrusaLink of {name} refuses the farm's key.", code="auth")
    return UploadFailed(f"{name} did not take the file. PrusaLink says: {said(error)}.")


def missing(name: str, path: str) -> NotFound:
    return NotFound(f"{path} is not on {name}.")


def file_refused(name: str, path: str, error: Answered) -> FarmError:
    if error.http_status == 404:
        return missing(name, path)
    return refused(name, error)


def refused(name: str, error: Answered) -> FarmError:
    return PrinterRejected(f"{name} refused. PrusaLink says: {said(error)}.", code=error.error_code)
