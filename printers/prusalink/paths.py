"""Paths of files, as the farm names them and as PrusaLink's addresses want them.

A name without "/" is the farm's own file and lies in the folder "farm" of the main storage. A
path with "/" is one that list_files gave: below the main storage, or, when it begins with the
name of another storage, below that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from core.errors import Unusable
from printers.commands import RemoteFile
from printers.lan.remote_paths import FARM_FOLDER
from printers.prusalink.flavour import Server
from printers.prusalink.values import as_int, as_list, as_name, as_object


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder on the printer."""

    storage: str
    pieces: tuple[str, ...]
    main: bool = True  # on the main storage

    @property
    def address(self) -> str:
        """For requests: every piece quoted, also "/" inside none of them."""
        return "/".join(
            ("/api/v1/files", *(quote(p, safe="") for p in (self.storage, *self.pieces)))
        )

    @property
    def path(self) -> str:
        """As list_files shows it."""
        inside = self.pieces if self.main else (self.storage, *self.pieces)
        return "/" + "/".join(inside)

    @property
    def name(self) -> str:
        return self.pieces[-1] if self.pieces else self.storage

    def child(self, name: str) -> Place:
        return Place(self.storage, (*self.pieces, name), self.main)


def locate(path: str, server: Server) -> Place:
    """Raises Unusable for a path that climbs out or cannot be a file name."""
    main = server.main.name
    if "/" not in path:
        return Place(main, (FARM_FOLDER, _piece(path)))
    pieces = tuple(_piece(piece) for piece in path.split("/") if piece)
    others = {storage.name for storage in server.storages} - {main}
    if pieces and pieces[0] in others:
        return Place(pieces[0], pieces[1:], main=False)
    return Place(main, pieces)


def _piece(text: str) -> str:
    if text in ("", ".", "..") or not text.isprintable() or "\\" in text:
        raise Unusable(f"{text!r} cannot be the name of a file on a printer.")
    return text


def listing(reply: Mapping[str, Any], folder: Place) -> tuple[RemoteFile, ...]:
    """The children of a folder. The firmware names no sizes here, and 8.3 names beside ours."""
    found = []
    for child in map(as_object, as_list(reply.get("children"))):
        name = as_name(child.get("display_name")) or as_name(child.get("name"))
        if not name or "/" in name:
            continue
        is_folder = child.get("type") == "FOLDER"
        found.append(
            RemoteFile(
                path=folder.child(name).path,
                name=name,
                size_bytes=None if is_folder else as_int(child.get("size")),
                modified=_when(child.get("m_timestamp")),
                folder=is_folder,
            )
        )
    return tuple(found)


def other_storages(server: Server) -> tuple[RemoteFile, ...]:
    """Shown as folders of the top folder."""
    main = server.main.name
    return tuple(
        RemoteFile(path=f"/{storage.name}", name=storage.name, size_bytes=None, folder=True)
        for storage in server.storages
        if storage.name != main and storage.available
    )


def download_address(reply: Mapping[str, Any]) -> str:
    """Where the bytes of a file are ("" = nowhere): refs.download, which comes unquoted."""
    target = as_name(as_object(reply.get("refs")).get("download"))
    return quote(target, safe="/~") if target.startswith("/") else ""


def _when(value: object) -> str:
    seconds = as_int(value)
    if seconds is None or not 0 < seconds < 2**33:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
