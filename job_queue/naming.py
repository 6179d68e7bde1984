"""One function derives the name a file has on a printer (reliability-and-security 1.1, row 1)."""

from __future__ import annotations

import re
import unicodedata

_SUFFIX = ".gcode.3mf"
_MAX_REMOTE = 60
_MAX_STEM = 40
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


def remote_name(file_name: str, token: int) -> str:
    """``<ascii stem>-<token>.gcode.3mf``, at most 60 characters, unique by its token."""
    stem = re.sub(r"(\.gcode)?\.(3mf|gcode|bgcode)$", "", file_name, flags=re.IGNORECASE)
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii")
    tail = f"-{token}{_SUFFIX}"
    room = min(_MAX_STEM, _MAX_REMOTE - len(tail))
    clean = _OTHER.sub("_", ascii_stem)[:room].strip("_-")
    return f"{clean or 'job'}{tail}"


def shown_name(remote: str) -> str:
    """What the printer's screen shows: the remote name without its ending."""
    return remote.removesuffix(_SUFFIX)
