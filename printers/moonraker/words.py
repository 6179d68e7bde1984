"""Sentences for the operator, and Klipper's own words made fit to be one of them."""

from __future__ import annotations

from printers.moonraker.values import TEXT_LIMIT, text

_ADVICE = (
    "once the underlying issue is corrected",
    "command to reset the firmware",
    "config, and restart the host",
    "printer is shutdown",
    "error configuring printer",
    "klipper state:",
    "printer is not ready",
    "please retry in a few moments",
)
"""Lines Klipper puts under every stop; what to do is on the panel's own buttons."""


def klipper_text(message: object) -> str:
    """Klipper's explanation without its standing advice, one line, at most 300 characters."""
    if not isinstance(message, str):
        return ""
    kept: list[str] = []
    for line in message[: 8 * TEXT_LIMIT].splitlines():
        clean = line.strip().removeprefix("!!").strip()
        lowered = clean.casefold()
        if lowered.startswith(_ADVICE[0]):
            break
        if clean and not any(lowered.startswith(known) for known in _ADVICE):
            kept.append(clean)
    return text(_sentences(kept))


def _sentences(lines: list[str]) -> str:
    """Klipper puts each on a line of its own, without full stops."""
    parts = [
        f"{line}." if line[-1].isalnum() and after[:1].isupper() else line
        for line, after in zip(lines, [*lines[1:], ""], strict=False)
    ]
    return " ".join(parts)


def disconnected(name: str) -> str:
    return (
        f"Moonraker of {name} is running, but Klipper is not connected to it. Start Klipper's "
        "service on the printer's computer, or switch the printer on."
    )


def not_answering(name: str) -> str:
    return f"Moonraker of {name} is running, but Klipper has not answered for a while."


def starting(name: str, message: str) -> str:
    said = "" if message.casefold().startswith("printer is ready") else message.rstrip(".")
    return f"Klipper of {name} is starting{': ' + said if said else ''}."


def restarting(name: str) -> str:
    return f"Klipper of {name} is restarting, as it was asked to."


def stopped(name: str, reason: str) -> str:
    why = reason.rstrip(".") or "it gives no reason"
    return f"Klipper of {name} has stopped: {why}. Find the cause, then use Firmware restart."


def misconfigured(name: str, reason: str) -> str:
    why = reason.rstrip(".") or "it gives no reason"
    return f"Klipper of {name} could not start: {why}."


def lost(name: str) -> str:
    return f"The connection to Moonraker of {name} broke. The farm keeps trying to reach it."


def no_moonraker(name: str, status: int) -> str:
    return (
        f"{name} answers, but not as Moonraker does (HTTP {status} to the WebSocket). "
        "Check the address in its url."
    )


def not_sent(name: str) -> str:
    return f"{name} is not connected. Nothing was sent."


def refused(name: str, reason: str) -> str:
    why = klipper_text(reason).rstrip(".") or "it gives no reason"
    return f"{name} refused: {why}."


def unanswered(name: str, seconds: float) -> str:
    return (
        f"{name} did not answer within {seconds:.0f} s. Whether it acted is not known; watch its "
        "state."
    )


def broken(name: str) -> str:
    return f"The connection to {name} broke before it answered. Whether it acted is not known."


def gone(name: str) -> str:
    return f"Klipper of {name} went away before it answered. Whether it acted is not known."


def queued(what: str) -> str:
    return f"Klipper has it in its queue: {what} follows when it has done what comes before."


def late_refusal(name: str, what: str, reason: str) -> str:
    return f"{name} refused later ({what}): {klipper_text(reason).rstrip('.')}."


KEY_HINT = (
    "Fluidd and Mainsail show the API key in their settings under Authentication; or name the "
    "farm's address in trusted_clients of moonraker.conf."
)
