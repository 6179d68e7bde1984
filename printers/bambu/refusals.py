"""A printer's refusals in words an operator can act on (bambu-lan A3.1, A5, A10)."""

from __future__ import annotations

from printers.bambu.faults import SIGNATURE_ERRORS
from printers.bambu.pending import Answer

_SIGNATURE_REASON = "verify failed"

_WORDS = {
    0x05004004: "it is busy with another job",
    0x05004003: "it could not read the print file",
    0x0500C010: "it cannot write to its storage",
    0x07008012: "it could not use the filament mapping",
    0x07FF8012: "it could not use the filament mapping",
    0x07FF8011: "it has no filament on the external spool",
    -2: "its chamber is too hot for that",
    -4: "its AMS is too hot for that",
}


def is_locked(answer: Answer) -> bool:
    """Whether the refusal means that Developer Mode is off."""
    if answer.ok:
        return False
    unsigned = answer.code & 0xFFFFFFFF
    return unsigned in SIGNATURE_ERRORS or _SIGNATURE_REASON in answer.reason.lower()


def code_text(code: int) -> str:
    """As people search for it: 83902468 -> 0500-4004."""
    digits = f"{code & 0xFFFFFFFF:08X}"
    return f"{digits[:4]}-{digits[4:]}"


def sentence(name: str, answer: Answer) -> str:
    """Why the printer said no."""
    if is_locked(answer):
        return (
            f"{name} takes no orders over the network: its Developer Mode is off. Switch on LAN "
            "Only and Developer Mode on its screen, then enter the new access code."
        )
    words = _WORDS.get(answer.code & 0xFFFFFFFF) or _WORDS.get(answer.code)
    if words:
        number = f" ({code_text(answer.code)})" if answer.code > 0 else ""
        return f"{name} refused: {words}{number}."
    if answer.code > 0 or (answer.code and not answer.reason):
        number = code_text(answer.code) if answer.code > 0 else str(answer.code)
        detail = f": {answer.reason}" if answer.reason else ""
        return f"{name} refused with the code {number}{detail}. Look at the printer's screen."
    if answer.reason:
        return f"{name} refused: {answer.reason}."
    return f"{name} refused without saying why. Look at the printer's screen."
