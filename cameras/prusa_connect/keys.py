"""What a camera shows Prusa Connect: what can be a token and a fingerprint (cameras-and-rig 1)."""

from __future__ import annotations

import re

from core.secret import Secret

_TOKEN = re.compile(r"[!-~]{1,128}")
_FINGERPRINT = re.compile(r"[!-~]{16,80}")


def token_problem(token: Secret) -> str:
    """Why it can be no token; it is never shown, and never sent."""
    if not token:
        return "The token is missing; Prusa Connect shows it for a new camera"
    if not _TOKEN.fullmatch(token.reveal()):
        return "The token holds spaces or characters that no token has; copy it again"
    return ""


def fingerprint_problem(fingerprint: str) -> str:
    """16 to 80 visible ASCII characters; the longest that any of Prusa's own cameras sends."""
    if _FINGERPRINT.fullmatch(fingerprint):
        return ""
    return "The fingerprint must be 16 to 80 letters, digits and signs, without spaces"
