"""The 8.3 names that a stick has beside its long ones."""

from __future__ import annotations

import re

from simulator.storage import Storage, StorageError, normalise

_FITS = re.compile(r"^[A-Z0-9_\-]{1,8}(\.[A-Z0-9_\-]{1,3})?$")
_KEPT = re.compile(r"[^A-Z0-9_\-]")


def short_name(name: str, taken: set[str]) -> str:
    """ "SPICE_~1.GCO" of "Spice_Harvester_12m.gcode"; names that fit 8.3 only lose their case."""
    if _FITS.match(name.upper()) and name.upper() not in taken:
        return name.upper()
    base, dot, ending = name.rpartition(".")
    if not dot:
        base, ending = name, ""
    base, ending = _KEPT.sub("", base.upper()), _KEPT.sub("", ending.upper())[:3]
    number = 1
    while True:
        tail = f"~{number}"
        short = base[: 8 - len(tail)] + tail + (f".{ending}" if ending else "")
        if short not in taken:
            return short
        number += 1


class ShortNames:
    """Of one storage. A name stays what it is as long as its file is there."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: dict[str, dict[str, str]] = {}  # folder -> long -> short

    def of_folder(self, folder: str) -> dict[str, str]:
        """Long name -> short name of everything in a folder."""
        present = {entry.name for entry in self._storage.list(folder)}
        names = self._known.setdefault(normalise(folder), {})
        for gone in set(names) - present:
            del names[gone]
        for name in sorted(present - set(names)):
            names[name] = short_name(name, set(names.values()))
        return names

    def short_path(self, path: str) -> str:
        """The same path in short names; pieces that are not there stay as they are."""
        folder, pieces = "/", []
        for piece in normalise(path).strip("/").split("/"):
            try:
                pieces.append(self.of_folder(folder).get(piece, piece))
            except StorageError:
                pieces.append(piece)
            folder = f"{folder.rstrip('/')}/{piece}"
        return "/" + "/".join(pieces)

    def long_path(self, path: str) -> str:
        """The path on the storage of one that may be in short names."""
        found = ""
        for piece in normalise(path).strip("/").split("/"):
            found += f"/{self._long(found or '/', piece)}"
        return found

    def _long(self, folder: str, piece: str) -> str:
        try:
            names = self.of_folder(folder)
        except StorageError:
            return piece
        for long, short in names.items():
            if piece == long or piece.upper() in (long.upper(), short):
                return long
        return piece
