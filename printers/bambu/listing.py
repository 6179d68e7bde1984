"""Unix-style LIST lines of a printer's file server (bambu-lan A11), with or without a year."""

from __future__ import annotations

import re

from printers.commands import RemoteFile

_LINE = re.compile(
    r"^(?P<type>[-dl])[rwxsStT-]{9}[.+@]?\s+"
    r"\d+\s+\S+\s+\S+\s+"
    r"(?P<size>\d+)\s+"
    r"(?P<date>[A-Za-z]{3}\s+\d{1,2}\s+(?:\d{1,2}:\d{2}(?:\s+\d{4})?|\d{4})"
    r"|\d{4}-\d{2}-\d{2}(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?)"
    r"\s(?P<name>.+)$"
)


def parse_line(line: str, folder: str) -> RemoteFile | None:
    """One line; None for totals, "." and "..", and what is not understood."""
    found = _LINE.match(line.rstrip("\r\n"))
    if found is None:
        return None
    name = found["name"].strip().split(" -> ")[0]
    name = name.rsplit("/", 1)[-1]  # some servers list whole paths
    if name in ("", ".", ".."):
        return None
    is_folder = found["type"] == "d"
    return RemoteFile(
        path=f"{folder.rstrip('/')}/{name}",
        name=name,
        size_bytes=None if is_folder else int(found["size"]),
        modified=" ".join(found["date"].split()),
        folder=is_folder,
    )


def parse(text: str, folder: str) -> tuple[RemoteFile, ...]:
    """All files of a listing, folders first, then by name."""
    found = [item for line in text.splitlines() if (item := parse_line(line, folder))]
    return tuple(sorted(found, key=lambda item: (not item.folder, item.name.lower())))
