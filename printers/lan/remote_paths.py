"""Where a file lies on a print server, and how its address is written."""

from __future__ import annotations

from urllib.parse import quote

from core.errors import Unusable

FARM_FOLDER = "farm"
"""What the farm sends lies in this folder of its own."""


def stored_path(remote_name: str) -> str:
    """Path below the server's own folder. A name without "/" is the farm's own file.

    Raises Unusable for a path that climbs out: addresses are shortened on their way, so it would
    reach another part of the server.
    """
    if {".", ".."} & set(remote_name.split("/")):
        raise Unusable(f"{remote_name!r} cannot be the name of a file on a printer.")
    return remote_name.strip("/") if "/" in remote_name else f"{FARM_FOLDER}/{remote_name}"


def quoted(path: str) -> str:
    """Every piece quoted: names may hold #, %, ? and letters of any script
    (octoprint-moonraker 4.Moonraker.11)."""
    return "/".join(quote(piece, safe="") for piece in path.split("/"))
