"""One function derives the name a file has on a printer (reliability-and-security 1.1, row 1)."""

from __future__ import annotations

import re
import unicodedata

SUFFIXES = {"gcode.3mf": ".gcode.3mf", "gcode": ".gcode", "bgcode": ".bgcode"}
"""Print file kind -> the ending by which a printer knows it."""
_MAX_REMOTE = 60
_MAX_STEM = 40
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


def remote_name(file_name: str, token: int, kind: str = "gcode.3mf") -> str:
    """``<ascii stem>-<token>`` and the kind's ending, at most 60 characters, unique by its token.

    Raises KeyError for a kind that is none of SUFFIXES.
    """
    stem = re.sub(r"(\.gcode)?\.(3mf|gcode|bgcode|gco|g)$", "", file_name, flags=re.IGNORECASE)
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii")
    tail = f"-{token}{SUFFIXES[kind]}"
    room = min(_MAX_STEM, _MAX_REMOTE - len(tail))
    clean = _OTHER.sub("_", ascii_stem)[:room].strip("_-")
    return f"{clean or 'job'}{tail}"


def was_sent_as(remote: str, file_name: str) -> bool:
    """Whether a printer's file (its folder does not count) is one the farm made of this one."""
    base = remote.rsplit("/", 1)[-1]
    token = re.search(r"-(\d+)\.[a-z0-9.]+$", base)
    return token is not None and any(
        remote_name(file_name, int(token[1]), kind) == base for kind in SUFFIXES
    )


def shown_name(remote: str) -> str:
    """What the printer's screen shows: the remote name without its ending."""
    for suffix in SUFFIXES.values():
        if remote.endswith(suffix):
            return remote.removesuffix(suffix)
    return remote
