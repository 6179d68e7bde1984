"""Brings the printers' own videos to the farm: one at a time per printer, in the background.

Order: fetch (counted and hashed on the way) → read again from the disk → hand to the store of
timelapses → read again there → only then remove on the printer, where that was asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Protocol

from cameras.timelapse.store import TimelapseStore
from core.clock import Clock
from core.config import PrinterConfig
from core.errors import Blocked, FarmError, NotFound, StorageError
from core.files import require_space
from printers.base import OwnVideo, Progress, Receipt

logger = logging.getLogger(__name__)

_BLOCK = 1024 * 1024


class Door(Protocol):
    """Fleet, as far as it is needed here."""

    def own_videos(self, printer_id: str) -> tuple[OwnVideo, ...]: ...
    def fetch_own_video(
        self, printer_id: str, name: str, target: Path, progress: Progress, cancel: threading.Event
    ) -> Receipt: ...
    def remove_own_video(self, printer_id: str, name: str, size_bytes: int) -> None: ...


Keep = Callable[[Path, str, str, float], tuple[str, Path]]
"""(file, printer_id, name, epoch s) -> (timelapse id, where the file is now): it takes the file
over. Raises StorageError."""


def keep_in(store: TimelapseStore, printers: Iterable[PrinterConfig]) -> Keep:
    """Into the gallery, under the printer's name."""
    names = {printer.id: printer.name for printer in printers}

    def keep(path: Path, printer_id: str, name: str, taken_at: float) -> tuple[str, Path]:
        kept = store.adopt(
            path,
            printer_id=printer_id,
            name=name,
            taken_at=taken_at,
            printer=names.get(printer_id, printer_id),
        )
        return kept.id, store.video(kept.id)

    return keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """The latest fetch from one printer."""

    name: str
    remove: bool
    total_bytes: int
    state: str = "fetching"  # then "done" or "failed"
    bytes: int = 0
    timelapse_id: str = ""
    removed: bool = False
    error: str = ""  # also of a done one: it was fetched, but not removed on the printer


@dataclass(frozen=True, slots=True)
class _Running:
    thread: threading.Thread
    cancel: threading.Event


class PrinterVideos:
    """Thread-safe."""

    def __init__(self, door: Door, keep: Keep, folder: Path, clock: Clock) -> None:
        """``folder``: of the timelapses; videos arrive in a folder of their own within it."""
        self._door = door
        self._keep = keep
        self._folder = folder / ".fetching"
        self._clock = clock
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[OwnVideo, ...]] = {}
        self._fetches: dict[str, Fetch] = {}
        self._running: dict[str, _Running] = {}
        self._stopped = False

    def listed(self, printer_id: str) -> tuple[OwnVideo, ...]:
        """What is on the printer, newest first; as it was before while one is being fetched.

        Raises what Fleet.own_videos raises.
        """
        with self._lock:
            if printer_id in self._running:
                return self._listed.get(printer_id, ())
        found = self._door.own_videos(printer_id)
        with self._lock:
            self._listed[printer_id] = found
        return found

    def fetch_of(self, printer_id: str) -> Fetch | None:
        """The fetch under way, else the last one since the farm was started."""
        return self._fetches.get(printer_id)

    def fetch(self, printer_id: str, name: str, *, remove: bool) -> Fetch:
        """Begin. Raises Blocked while another one runs there, NotFound, DiskFull, and what
        ``listed`` raises."""
        self._refuse_second(printer_id)
        video = next((one for one in self.listed(printer_id) if one.name == name), None)
        if video is None:
            raise NotFound("There is no video of that name on the printer.", code="video_not_found")
        self._make_folder()
        require_space(self._folder, video.size_bytes)
        fetch = Fetch(name=name, remove=remove, total_bytes=video.size_bytes)
        cancel = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(printer_id, video, cancel), name=f"timelapse:fetch:{printer_id}"
        )
        with self._lock:
            self._refuse_second_locked(printer_id)
            self._fetches[printer_id] = fetch
            self._running[printer_id] = _Running(thread, cancel)
        thread.start()
        return fetch

    def stop(self, timeout: float = 5.0) -> None:
        """Break off what runs; begin nothing any more."""
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for one in running:
            one.cancel.set()
        for one in running:
            one.thread.join(timeout)

    def _refuse_second(self, printer_id: str) -> None:
        with self._lock:
            self._refuse_second_locked(printer_id)

    def _refuse_second_locked(self, printer_id: str) -> None:
        if self._stopped:
            raise Blocked("The farm is being stopped.", code="stopping")
        if printer_id in self._running:
            raise Blocked(
                f"{self._fetches[printer_id].name} is being fetched from this printer. "
                "One at a time.",
                code="fetch_running",
            )

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The folder of timelapses cannot be written ({error.strerror})."
            ) from error

    # --- the thread of one fetch ------------------------------------------------------------

    def _run(self, printer_id: str, video: OwnVideo, cancel: threading.Event) -> None:
        # never the printer's name for it; a leftover of a crash is overwritten
        target = self._folder / (printer_id + PurePath(video.name).suffix.lower())
        try:
            self._bring(printer_id, video, target, cancel)
        except FarmError as error:
            logger.warning("%s: %s was not fetched: %s", printer_id, video.name, error.message)
            self._note(printer_id, state="failed", error=error.message)
        except Exception:  # the barrier: a fetch must not end without a word
            logger.exception("%s: %s was not fetched", printer_id, video.name)
            self._note(
                printer_id, state="failed",
                error="The farm server made a mistake; its log has the details.",
            )  # fmt: skip
        finally:
            with contextlib.suppress(OSError):  # the next fetch overwrites it
                target.unlink(missing_ok=True)
            with self._lock:
                del self._running[printer_id]

    def _bring(
        self, printer_id: str, video: OwnVideo, target: Path, cancel: threading.Event
    ) -> None:
        def progress(moved: int, size: int) -> None:
            self._note(printer_id, bytes=moved, total_bytes=size)

        receipt = self._door.fetch_own_video(printer_id, video.name, target, progress, cancel)
        _prove(target, receipt, video.name)
        taken_at = self._clock.time() if video.taken_at is None else video.taken_at
        timelapse_id, kept = self._keep(target, printer_id, video.name, taken_at)
        removed, why = self._remove(printer_id, video, kept, receipt)
        self._note(
            printer_id, state="done", bytes=receipt.size_bytes, total_bytes=receipt.size_bytes,
            timelapse_id=timelapse_id, removed=removed, error=why,
        )  # fmt: skip
        logger.info("%s: %s was fetched, %d bytes", printer_id, video.name, receipt.size_bytes)

    def _remove(
        self, printer_id: str, video: OwnVideo, kept: Path, receipt: Receipt
    ) -> tuple[bool, str]:
        """(removed, why not): the fetch is a success all the same."""
        if not self._fetches[printer_id].remove:
            return False, ""
        try:
            _prove(kept, receipt, video.name)
            self._door.remove_own_video(printer_id, video.name, receipt.size_bytes)
        except FarmError as error:
            return False, f"It was fetched, but not removed on the printer: {error.message}"
        return True, ""

    def _note(self, printer_id: str, **changes: object) -> None:
        with self._lock:
            self._fetches[printer_id] = replace(self._fetches[printer_id], **changes)  # type: ignore[arg-type]


def _prove(path: Path, receipt: Receipt, name: str) -> None:
    """Read the file again from the disk. Raises StorageError when it is not what arrived."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise StorageError(f"{name} cannot be read again ({error.strerror}).") from error
    if size != receipt.size_bytes or digest.hexdigest() != receipt.sha256:
        raise StorageError(f"{name} is not on the farm's disk as it came from the printer.")
