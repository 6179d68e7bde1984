"""Why there is no session to a printer now, in sentences that say what to do about it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from core.errors import FarmError
from printers.lan.certificates import IdentityChanged
from printers.status import PrinterState


@dataclass(frozen=True, slots=True)
class Outage:
    """As the operator is told."""

    state: PrinterState
    kind: str  # "refused", "timeout", "auth", …: an outage of the same kind is logged once
    text: str
    notice: str = ""  # code of a Notice to show with it


def connecting(name: str) -> str:
    return f"Connecting to {name}."


def stopped(name: str) -> str:
    return f"The farm has ended its connection to {name}."


def internal(name: str) -> Outage:
    text = f"The farm could not connect to {name} because of an error of its own; see the log."
    return Outage(PrinterState.OFFLINE, "internal", text)


def asked(name: str) -> Outage:
    """A person, or the farm's own stop, broke the session off."""
    return Outage(PrinterState.CONNECTING, "asked", connecting(name))


def silent(name: str) -> Outage:
    text = f"{name} has not reported for a while, although the connection is open."
    return Outage(PrinterState.OFFLINE, "silent", text)


def identity_changed(name: str, change: IdentityChanged) -> Outage:
    text = (
        f"{name} shows another certificate than before. That is normal after it was set up anew; "
        "otherwise something else answers at its address. Nothing was sent to it. Known SHA-256: "
        f"{change.pinned.sha256}. Shown now: {change.presented.sha256}."
    )
    return Outage(PrinterState.IDENTITY, "identity", text)


def wrong_key(name: str, server: str, hint: str) -> Outage:
    """``hint``: where the right key is found."""
    text = f"{server} of {name} refuses the farm's key. {hint}"
    return Outage(PrinterState.AUTH, "auth", text)


def outage_of(error: Exception, name: str) -> Outage:
    """For a connection that could not be opened, or was lost while it was being opened.

    The sentences go to browsers, so they name no address; the supervisor's log does.
    """
    if isinstance(error, IdentityChanged):
        return identity_changed(name, error)
    if isinstance(error, FarmError):
        return Outage(PrinterState.OFFLINE, error.error_code, error.message)
    kind, text = _words(error, name)
    return Outage(PrinterState.OFFLINE, kind, text)


def _words(error: Exception, name: str) -> tuple[str, str]:
    if isinstance(error, ConnectionRefusedError):
        return "refused", (
            f"{name} refuses the connection. Check its address, and that its print server is "
            "running."
        )
    if isinstance(error, TimeoutError):
        return "timeout", (
            f"{name} does not answer. It may be switched off, or its address changed."
        )
    if isinstance(error, socket.gaierror):
        return "unresolved", f"The address of {name} is not known to this network."
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate", (
            f"The certificate of {name} is not trusted: "
            f"{error.verify_message or 'it cannot be verified'}. "
            'Name its authority in the setting "tls", or leave that empty to remember this one.'
        )
    if isinstance(error, ssl.SSLError):
        return "tls", f"{name} does not speak TLS; check http or https in its url."
    if isinstance(error, ConnectionError):
        return "closed", f"{name} closed the connection at once."
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return "unreachable", f"{name} cannot be reached ({reason})."
