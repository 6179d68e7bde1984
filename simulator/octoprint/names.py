"""How OctoPrint stores the name of an upload (octoprint-moonraker 4.OctoPrint.7, measured)."""

from __future__ import annotations

import re
from urllib.parse import quote

_DROPPED = re.compile(r'[?*:<>|"&;$\t\0]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|clock\$|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_EXTENSIONS = (".gcode", ".gco", ".g")
_LONGEST = 255  # bytes


class BadName(ValueError):
    """No file can be called so: the server answers 400."""


class WrongType(ValueError):
    """Not a file this server prints: the server answers 415."""


def stored_name(wish: str) -> str:
    """One piece of a path as it is stored: "a b&c.gcode" -> "a bc.gcode"."""
    kept = _DROPPED.sub("", wish).strip(" .")
    return _RESERVED.sub(r"\1_", kept)


def stored_path(wish: str) -> str:
    """A whole path without leading slash; "" is the root. Raises BadName when it climbs out."""
    pieces: list[str] = []
    if "\\" in wish or _CONTROL.search(wish):
        raise BadName(wish)
    for piece in wish.split("/"):
        if piece == "..":
            if not pieces:
                raise BadName(wish)
            pieces.pop()
        elif piece not in ("", "."):
            pieces.append(stored_name(piece))
    return "/".join(piece for piece in pieces if piece)


def upload_path(folder: str, wish: str) -> str:
    """Where an upload called ``wish`` goes. Raises BadName or WrongType."""
    path = stored_path(f"{folder.strip('/')}/{wish}")
    name = path.rpartition("/")[2]
    if not printable(name) or len(name.encode()) > _LONGEST:
        raise WrongType(wish)
    return path


def printable(name: str) -> bool:
    """Whether the name has one of the extensions of G-code, and something before it."""
    return any(name.lower().endswith(ending) and len(name) > len(ending) for ending in _EXTENSIONS)


def resource_path(path: str) -> str:
    """A stored path as it stands in ``refs.resource`` and ``Location``."""
    return quote(path, safe="/!$&'()*+,;=:@~")


def download_path(path: str) -> str:
    """A stored path as it stands in ``refs.download``."""
    return quote(path, safe="/")
