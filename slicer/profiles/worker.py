"""Child process of slicer.profiles.reading: answers one question about preset files on stdout.

``python -m slicer.profiles.worker QUESTION.json SECONDS MEMORY_MB``; it changes nothing.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import FarmError, Unusable
from slicer import children
from slicer.profiles import picking
from slicer.profiles.picking import Wanted
from slicer.profiles.presets import Bundle, Family, PresetReader, Vendor
from slicer.profiles.readers import readers

Readers = Mapping[Family, PresetReader]
MAX_ANSWER_BYTES = 16_000_000
_ZIP = b"PK\x03\x04"


def answer(question: Mapping[str, Any]) -> Any:
    """Raises FarmError."""
    by_family = readers(question["definitions"], [Path(p) for p in question["programs"]])
    if question["do"] == "vendors":
        return vendors(by_family, question["installed"])
    if question["do"] == "machines":
        return [machines(by_family, item) for item in question["vendors"]]
    if question["do"] == "read":
        return read(by_family, Path(question["path"]), question["name"])
    bundle = load(by_family, question["vendor"])
    if question["do"] == "catalogue":
        return picking.catalogue(bundle, question["machine"])
    wanted = question["wanted"]
    return picking.pick(bundle, Wanted(**{**wanted, "filaments": tuple(wanted["filaments"])}))


def vendors(by_family: Readers, installed: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """What each slicer brings along, by its engine's name."""
    return [
        {
            "engine": item["engine"],
            "family": vendor.family,
            "name": vendor.name,
            "path": str(vendor.path),
        }
        for item in installed
        for vendor in by_family[Family(item["family"])].vendors(Path(item["program"]))
    ]


def load(by_family: Readers, given: Mapping[str, str]) -> Bundle:
    family = Family(given["family"])
    vendor = Vendor(family=family, name=given["name"], path=Path(given["path"]))
    return by_family[family].load(vendor)


def machines(by_family: Readers, given: Mapping[str, str]) -> tuple[picking.MachineEntry, ...]:
    """None for a vendor that cannot be read: whoever looks into it is told why."""
    try:
        return picking.catalogue(load(by_family, given)).machines
    except FarmError:
        return ()


def read(by_family: Readers, path: Path, name: str) -> Bundle:
    """A user's export, by whoever understands it; the likeliest reader's reason if nobody does."""
    first, *others = likely(path, name)
    try:
        return by_family[first].read(path, name)
    except Unusable:
        for family in others:
            with contextlib.suppress(Unusable):
                return by_family[family].read(path, name)
        raise


def likely(path: Path, name: str) -> tuple[Family, ...]:
    """By content; the name only decides whom to ask first about a zip."""
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(_ZIP):
        if name.casefold().endswith(".curaprofile"):
            return Family.CURA, Family.ORCA
        return Family.ORCA, Family.CURA
    if head.startswith((b"{", b"[{")):
        return (Family.ORCA,)
    return (Family.PRUSA,)


def main() -> int:
    note, seconds, memory_mb = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    children.limit(seconds, memory_mb)
    told: dict[str, Any]
    try:
        told = {"found": answer(jsonio.loads(note.read_bytes()))}
    except FarmError as error:
        told = {
            "refused": {
                "code": error.error_code,
                "text": error.message,
                "details": error.details,
            }
        }
    sys.stdout.buffer.write(within_bounds(jsonio.dumps(told)))
    return 0


def within_bounds(raw: bytes) -> bytes:
    """Presets that inherit from each other can be far larger written out than in their file."""
    if len(raw) <= MAX_ANSWER_BYTES:
        return raw
    text = "Written out, these profiles are larger than the farm keeps. Export fewer at once."
    refused = {"code": "profiles_too_large", "text": text, "details": {}}
    return jsonio.dumps({"refused": refused})


if __name__ == "__main__":
    sys.exit(main())
