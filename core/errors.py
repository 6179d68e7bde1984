"""Errors meant for the operator: what happened, to which printer, what to do.

Every error that may leave a room is a FarmError. The web renders one as
``{"error": {"code", "message", "details"}}`` with ``status``; nobody else needs to know HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class FarmError(Exception):
    """Base of all errors with a sentence for a person."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or type(self).code
        self.details: dict[str, Any] = dict(details or {})


class ConfigError(FarmError):
    """The configuration cannot be used; ``details["problems"]`` lists every mistake."""

    code = "config_error"


class BadRequest(FarmError):
    """The request is malformed: a missing, unknown or wrongly typed field."""

    code = "bad_request"
    status = 400


class NotFound(FarmError):
    """No printer, file or job of that name."""

    code = "not_found"
    status = 404


class Blocked(FarmError):
    """Refused by the state of a printer or a job; ``error_code`` says which rule."""

    code = "blocked"
    status = 409


class TooLarge(FarmError):
    """More bytes than the farm takes."""

    code = "too_large"
    status = 413


class Unusable(FarmError):
    """Well-formed, but a file or value that must not reach a printer."""

    code = "unusable"
    status = 422


class PrinterRejected(FarmError):
    """The printer answered and said no."""

    code = "printer_rejected"
    status = 502


class PrinterOffline(FarmError):
    """There is no live session to the printer."""

    code = "printer_offline"
    status = 503


class PrinterTimeout(FarmError):
    """The printer did not answer in time; whether it acted is not known."""

    code = "printer_timeout"
    status = 504


class UploadFailed(FarmError):
    """A file could not be put on the printer's storage, or not whole."""

    code = "upload_failed"
    status = 502


class UploadCancelled(FarmError):
    """A person cancelled the transfer; the partial file was removed where the printer allowed."""

    code = "upload_cancelled"
    status = 409


class DiskFull(FarmError):
    """The farm's own disk has no room left above its reserve."""

    code = "disk_full"
    status = 507


class StorageError(FarmError):
    """The farm's own files cannot be read or written."""

    code = "storage_error"
    status = 500
