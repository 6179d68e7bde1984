"""Why a Bambu printer is not connected, in sentences that say what to do about it."""

from __future__ import annotations

import socket
import ssl

from core.config import PrinterConfig
from printers.lan.certificates import Certificate, IdentityChanged
from printers.lan.outage import Outage
from printers.status import PrinterState


def waiting(name: str) -> str:
    return f"{name} is connected; waiting for its first full report."


def silent(name: str) -> str:
    return f"{name} has not reported for a while, although the connection is open."


def unreadable(name: str) -> str:
    return (
        f"{name} sends reports that cannot be read, so its state is not known. Switch it off and "
        "on; if this stays, update its firmware."
    )


def only_changes(name: str) -> str:
    return (
        f"{name} is connected but has sent no full report yet, so its state is not known. The "
        "farm keeps asking; switch the printer off and on if this stays."
    )


def wrong_serial(name: str, serial: str) -> str:
    return (
        f"{name} accepts the connection but reports nothing: the serial number {serial} in the "
        "settings is probably wrong. Capital letters matter."
    )


def unreachable(config: PrinterConfig, error: OSError) -> tuple[str, str]:
    return trouble(error, config.name)


def identity_changed(name: str, change: IdentityChanged) -> str:
    return (
        f"{name} shows another certificate than before. That is normal after a factory reset or "
        "a new mainboard; otherwise something else answers at its address. Nothing was sent to "
        f"it. Known SHA-256: {change.pinned.sha256}. Shown now: {change.presented.sha256}."
    )


def wrong_printer(config: PrinterConfig, presented: Certificate) -> str:
    if not presented.common_name:
        return (
            f"What answers at the address of {config.name} does not identify itself as a Bambu "
            "printer. Check the address. Nothing was sent to it."
        )
    return (
        f"Another printer answers at the address of {config.name}: its serial is "
        f"{presented.common_name}, not {config.serial}. Correct the address or the serial number. "
        "Nothing was sent to it."
    )


_ENDINGS: dict[str, tuple[PrinterState, str, str]] = {
    "auth": (
        PrinterState.AUTH,
        "{name} refuses the access code. It changes whenever LAN-only or Developer Mode is "
        "switched; read the new one on the printer's screen and enter it in the settings.",
        "",
    ),
    "slots": (
        PrinterState.OFFLINE,
        "{name} has no free place for another client. Close other slicers, apps and plug-ins "
        "that are connected to it.",
        "client_slots_full",
    ),
    "closed": (
        PrinterState.OFFLINE,
        "{name} closed the connection before the login. It has only a few places for clients; "
        "close other slicers and apps that are connected to it.",
        "client_slots_full",
    ),
    "kicked": (
        PrinterState.OFFLINE,
        "{name} keeps ending the connection. Another copy of this farm, or another program, may "
        "be using the printer's place for it.",
        "kicked",
    ),
    "no_connack": (
        PrinterState.OFFLINE,
        "{name} takes the connection but does not answer the login. Switch it off and on if "
        "this stays.",
        "",
    ),
    "silent": (PrinterState.OFFLINE, "{name} stopped reporting; connecting again.", ""),
    "lost": (PrinterState.OFFLINE, "The connection to {name} was lost; connecting again.", ""),
    "garbage": (
        PrinterState.OFFLINE,
        "{name} sent something far too long for a report; connecting again.",
        "",
    ),
    "asked": (PrinterState.CONNECTING, "Connecting to {name}.", ""),
}


def outage(name: str, kind: str) -> Outage:
    """The state and sentence for the end of a session."""
    fallback = (PrinterState.OFFLINE, "{name} refuses the session; trying again.", "")
    state, text, notice = _ENDINGS.get(kind, fallback)
    return Outage(state, kind, text.format(name=name), notice)


def trouble(error: OSError, name: str) -> tuple[str, str]:
    """(kind, sentence for the operator) for a connection that could not be opened."""
    if isinstance(error, ConnectionRefusedError):
        return (
            "refused",
            f"{name} refuses the connection. Check its address, and that the printer "
            "is in LAN mode.",
        )
    if isinstance(error, TimeoutError):
        return (
            "timeout",
            f"{name} does not answer. It may be switched off, or its address changed.",
        )
    if isinstance(error, socket.gaierror):
        return "unresolved", f"The address of {name} is not known to this network."
    if isinstance(error, (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return (
            "closed",
            f"{name} closed the connection at once. It has only a few places for "
            "clients; close other slicers and apps that are connected to it.",
        )
    if isinstance(error, ssl.SSLError):
        return "tls", f"{name} does not speak TLS as a Bambu printer does."
    return "unreachable", f"{name} cannot be reached ({error.strerror or error})."
