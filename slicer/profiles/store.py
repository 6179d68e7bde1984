"""The profile sets to choose from: what the installed slicers bring, and what people brought."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.clock import Clock
from core.errors import Blocked, NotFound, StorageError, TooLarge
from core.files import require_space
from core.memory import give_back
from slicer import values
from slicer.engines.base import Installation
from slicer.intake import Readable
from slicer.profiles import kept, picking
from slicer.profiles.defaults import Default, Defaults
from slicer.profiles.kept import KeptSet
from slicer.profiles.machines import MachineIndex, Machines
from slicer.profiles.picking import Catalogue, Wanted
from slicer.profiles.presets import Bundle, Choice, Family, Vendor

logger = logging.getLogger(__name__)

UPLOAD_BYTES = 32_000_000
MAX_SETS = 200
_CHUNK_BYTES = 256 * 1024
_PART = ".part"
_AT_ONCE = 4  # sets looked through in one go; a person who asks meanwhile waits for them
_LEFTOVERS = (f".*{_PART}", ".*.question")


class Reading(Protocol):
    """reading.ChildReading."""

    def vendors(
        self, installed: Sequence[tuple[Family, Installation]]
    ) -> list[tuple[str, Vendor]]: ...

    def read(self, path: Path, name: str) -> Bundle: ...

    def catalogue(self, vendor: Vendor, machine: str) -> Catalogue: ...

    def machines(self, vendors: Sequence[Vendor]) -> list[Machines]: ...

    def choice(self, vendor: Vendor, wanted: Wanted) -> Choice: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSet:
    """One entry of the list a person chooses from."""

    id: str
    name: str
    family: Family
    source: str  # "installed" or "imported"
    presets: int | None = None  # of an installed set nobody has counted them
    warnings: tuple[str, ...] = ()
    machines: Machines | None = None  # None while nobody has looked


class ProfileStore:
    """Thread-safe. The folder belongs to one process (core.files.FolderLock)."""

    def __init__(
        self,
        folder: Path,
        reading: Reading,
        clock: Clock,
    ) -> None:
        """Reads what is kept. Raises StorageError when the folder cannot be used."""
        self._folder = folder
        self._reading = reading
        self._clock = clock
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()  # reading takes memory
        self._vendors: dict[str, Vendor] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for pattern in _LEFTOVERS:
                for leftover in folder.glob(pattern):
                    leftover.unlink(missing_ok=True)
            with _giving_back():
                self._kept = {item.id: item for item in kept.load_all(folder)}
            self._defaults = Defaults(folder / "defaults.json")
            self._machines = MachineIndex(folder / "machines.json")
        except OSError as error:
            raise _storage_error("be read", error) from error

    def take_installed(self, installed: Sequence[tuple[Family, Installation]]) -> None:
        """From now on the sets that these slicers bring are offered, in this order.

        Raises FarmError.
        """
        found: dict[str, Vendor] = {}
        with self._one_at_a_time:
            told = self._reading.vendors(installed)
        for engine, vendor in told:
            found.setdefault(f"{engine}-{_slug(vendor.name)}", vendor)
        self._machines.take(found)
        with self._lock:
            self._vendors = found

    def look_through(self, stop: threading.Event) -> None:
        """Find out which machines the offered sets have, where that is not known yet.

        Takes a while, and lets others in between. Raises FarmError.
        """
        with self._lock:
            vendors = dict(self._vendors)
        missing = [set_id for set_id in vendors if self._machines.get(set_id) is None]
        for at in range(0, len(missing), _AT_ONCE):
            if stop.is_set():
                return
            some = missing[at : at + _AT_ONCE]
            with self._one_at_a_time:
                found = self._reading.machines([vendors[set_id] for set_id in some])
            self._machines.put(dict(zip(some, found, strict=True)))
        if missing:
            self._machines.save()

    # -- what there is ---------------------------------------------------------------------------

    def sets(self) -> list[ProfileSet]:
        """What people brought first, newest first; then what the slicers bring, by name, in the
        slicers' order."""
        with self._lock:
            own, vendors = list(self._kept.values()), dict(self._vendors)
        brought = sorted(own, key=lambda item: (item.added_at, item.id), reverse=True)
        engines = list(dict.fromkeys(set_id.partition("-")[0] for set_id in vendors))
        return [
            *(_of_kept(item) for item in brought),
            *(
                ProfileSet(
                    id=set_id,
                    name=vendors[set_id].name,
                    family=vendors[set_id].family,
                    source="installed",
                    machines=self._machines.get(set_id),
                )
                for set_id in sorted(
                    vendors,
                    key=lambda one: (
                        engines.index(one.partition("-")[0]),
                        vendors[one].name.casefold(),
                    ),
                )
            ),
        ]

    def get(self, set_id: str) -> ProfileSet:
        """Raises NotFound."""
        found = next((item for item in self.sets() if item.id == set_id), None)
        if found is None:
            raise _no_set()
        return found

    def catalogue(self, set_id: str, machine: str = "") -> Catalogue:
        """The set's machines; with ``machine`` what may be used with it.

        Raises NotFound, Unusable, StorageError.
        """
        known = None if machine else self._machines.get(set_id)
        if known is not None:
            return Catalogue(machines=known)
        with self._one_at_a_time:
            vendor = self._vendor(set_id)
            if vendor is not None:
                return self._reading.catalogue(vendor, machine)
            with _giving_back():
                return picking.catalogue(kept.load(self._folder, set_id), machine)

    def resolve(self, set_id: str, wanted: Wanted) -> Choice:
        """The presets of these names. Raises NotFound, StorageError, or Unusable naming the one
        that is missing."""
        with self._one_at_a_time:
            vendor = self._vendor(set_id)
            if vendor is not None:
                return self._reading.choice(vendor, wanted)
            with _giving_back():
                return picking.pick(kept.load(self._folder, set_id), wanted)

    def _vendor(self, set_id: str) -> Vendor | None:
        """None for a kept set. Raises NotFound."""
        with self._lock:
            vendor = self._vendors.get(set_id)
            if vendor is None and set_id not in self._kept:
                raise _no_set()
        return vendor

    # -- what people bring -----------------------------------------------------------------------

    def add(self, stream: Readable, name: str) -> ProfileSet:
        """Take an export in. Raises TooLarge, DiskFull, StorageError, or Unusable with the
        reader's reason."""
        shown = _shown(name)
        self._require_room()
        with _giving_back():
            return self._add(stream, shown)

    def _add(self, stream: Readable, shown: str) -> ProfileSet:
        part = self._folder / f".{uuid.uuid4().hex}{_PART}"
        try:
            _receive(stream, part, shown)
            with self._one_at_a_time:
                bundle = self._reading.read(part, shown)
        except OSError as error:
            raise _storage_error("take the export", error) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        clean = Bundle(
            family=bundle.family,
            name=values.clean_text(bundle.name) or shown,
            presets=bundle.presets,
            warnings=tuple(values.clean_text(text, 500) for text in bundle.warnings),
        )
        item = kept.write(self._folder, uuid.uuid4().hex, clean, self._clock.time())
        with self._lock:
            self._kept[item.id] = item
        return _of_kept(item)

    def delete(self, set_id: str) -> None:
        """Raises NotFound, or Blocked for a set that belongs to a slicer."""
        with self._lock:
            if set_id in self._vendors:
                raise Blocked(
                    "This profile set belongs to an installed slicer and stays with it.",
                    code="set_installed",
                )
            if self._kept.pop(set_id, None) is None:
                raise _no_set()
        try:
            kept.path_of(self._folder, set_id).unlink(missing_ok=True)
        except OSError as error:
            raise _storage_error("delete the set", error) from error
        self._defaults.forget_set(set_id)

    def _require_room(self) -> None:
        with self._lock:
            count = len(self._kept)
        if count >= MAX_SETS:
            raise Blocked(
                f"The farm keeps up to {MAX_SETS} profile sets. Delete those nobody uses.",
                code="too_many_sets",
            )

    # -- a printer's usual profiles --------------------------------------------------------------

    def defaults(self) -> Mapping[str, Default]:
        """printer id -> its default, without those whose set is not there."""
        there = {item.id for item in self.sets()}
        return {key: one for key, one in self._defaults.all().items() if one.set in there}

    def set_default(self, printer_id: str, default: Default) -> None:
        """Raises NotFound or Unusable when the set has no such profiles, StorageError."""
        wanted = Wanted(
            machine=default.machine, process=default.process, filaments=(default.filament,)
        )
        self.resolve(default.set, wanted)
        self._defaults.put(printer_id, default)

    def clear_default(self, printer_id: str) -> None:
        self._defaults.remove(printer_id)


@contextlib.contextmanager
def _giving_back() -> Iterator[None]:
    """Presets written out may take more memory than all the rest of the farm, for a moment."""
    try:
        yield
    finally:
        give_back()


def _of_kept(item: KeptSet) -> ProfileSet:
    return ProfileSet(
        id=item.id,
        name=item.name,
        family=item.family,
        source="imported",
        presets=item.presets,
        warnings=item.warnings,
        machines=item.machines,
    )


def _receive(stream: Readable, part: Path, shown: str) -> None:
    """Stream to disk under the limit."""
    size = 0
    require_space(part.parent, UPLOAD_BYTES)
    with part.open("xb") as target:
        while chunk := stream.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > UPLOAD_BYTES:
                raise TooLarge(
                    f"{shown} is larger than {UPLOAD_BYTES // 1_000_000} MB, "
                    "more than any export of profiles.",
                    code="profiles_too_large",
                )
            target.write(chunk)


def _shown(name: str) -> str:
    return values.clean_text(re.split(r"[/\\]", name)[-1]) or "unnamed profiles"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "set"


def _no_set() -> NotFound:
    return NotFound(
        "There is no such profile set; it may have been deleted, or its slicer removed.",
        code="profile_set_not_found",
    )


def _storage_error(what: str, error: OSError) -> StorageError:
    return StorageError(
        f"The profiles could not {what} ({error.strerror or error}). "
        "Check the data folder's disk and permissions."
    )
