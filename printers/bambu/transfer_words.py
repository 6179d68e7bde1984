"""What went wrong with a file transfer, in words an operator can act on (bambu-lan A11)."""

from __future__ import annotations

import ftplib
import ssl
from enum import Enum

from core.errors import FarmError, NotFound, PrinterOffline, PrinterRejected, UploadFailed
from printers.bambu.ftps import NoProtection, Stalled
from printers.bambu.models import Model


class Purpose(Enum):
    UPLOAD = "the upload"
    DOWNLOAD = "the download"
    LOOK = "the file list"
    DELETE = "deleting"


def _reply_words(code: str, purpose: Purpose, name: str, model: Model) -> tuple[str, str] | None:
    storage = model.storage
    if code in ("530", "430", "331"):
        return (
            "auth",
            f"{name} refuses the access code for file transfers. Read the code on the printer's "
            "screen and correct it in the settings.",
        )
    if code == "552":
        return "storage_full", f"The {storage} of {name} is full. Delete files from it first."
    if code == "553":
        return (
            "storage_missing",
            f"{name} cannot write to its {storage}: none is inserted, or it is write-protected.",
        )
    if code == "550" and purpose is Purpose.UPLOAD:
        return "refused", f"{name} will not store this file. Check its {storage}."
    return None


def _network_words(error: Exception, purpose: Purpose, name: str, model: Model) -> tuple[str, str]:
    if isinstance(error, ConnectionRefusedError):
        return (
            "file_server_off",
            f"{name} takes no files: its file server is off. Check that a {model.storage} is "
            "inserted and, where the printer has the setting, that sent files are stored on it.",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "identity",
            f"Another certificate than the known one answers for the files of {name}. "
            "Nothing was sent.",
        )
    if isinstance(error, NoProtection):
        return (
            "no_tls_data",
            f"{name} broke off the encrypted data connection. Restart the printer; if it stays, "
            'set its option "ftps_protect" to "clear".',
        )
    if isinstance(error, (Stalled, TimeoutError)):
        return (
            "stalled",
            f"{name} stopped taking data; {purpose.value} was given up. Check its Wi-Fi and its "
            f"{model.storage}.",
        )
    return (
        "broken",
        f"The connection to {name} broke during {purpose.value}. Check its network and its "
        f"{model.storage}, then try again.",
    )


def farm_error(error: Exception, purpose: Purpose, name: str, model: Model) -> FarmError:
    """The FarmError for one of ftplib's or the system's errors."""
    if isinstance(error, ftplib.Error):
        code, detail = str(error)[:3], str(error)[:120]
        if code == "550" and purpose is not Purpose.UPLOAD:
            return NotFound(f"{name} has no such file.", code="file_not_found")
        kind, text = _reply_words(code, purpose, name, model) or (
            "refused",
            f"{name} broke off {purpose.value}: {detail!r}.",
        )
        rejected: type[FarmError] = PrinterRejected
    else:
        kind, text = _network_words(error, purpose, name, model)
        rejected = PrinterOffline
    if purpose is Purpose.UPLOAD:
        return UploadFailed(text, details={"reason": kind})
    return rejected(text, details={"reason": kind})
