"""The pictures of events: taken when they happen, kept as long as something points to them.

A picture is of the moment or there is none. Nobody waits for one longer than the settings allow.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from alerts.ends import RESULTS
from alerts.model import Event, Level
from cameras.shrinking import scaled
from core.clock import Clock
from core.errors import FarmError, StorageError
from core.files import require_space, write_durably
from core.fs import TEMPORARY

logger = logging.getLogger(__name__)

Picture = Callable[[str, float, float], bytes | None]
"""(printer id, taken after this epoch s, seconds to wait) -> JPEG; None: there is none."""
Final = Callable[[Event], Path | None]
"""The photo of a print's end that the history keeps, if it is there already."""

THREADS = 4
MOST_WISHES = 256
LATE_S = 60.0
"""What happened longer ago shows another scene by now."""
BEFORE_S = 5.0
"""Of what is urgent a picture from just before will do: it waits for none but a moment."""
WIDTH = 1280
MOST_PHOTOS = 2000
FRESH_S = 3600.0
"""Files younger than this are never cleared away: somebody may be about to name them."""


class AlertPhotos:
    """Thread-safe; ``start`` before use."""

    def __init__(
        self,
        folder: Path,
        picture: Picture,
        clock: Clock,
        timeout_s: float,
        *,
        final: Final | None = None,
    ) -> None:
        self.folder = folder
        self._picture, self._final = picture, final or _none
        self._clock, self._timeout_s = clock, timeout_s
        self._taken: Callable[[Event, str], None] = _nobody
        self._wishes: queue.Queue[tuple[Event, float] | None] = queue.Queue(MOST_WISHES)
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"alerts:photo-{n + 1}", daemon=True)
            for n in range(THREADS)
        ]

    def start(self, taken: Callable[[Event, str], None]) -> None:
        """``taken``: hears of every wish's end with the file's name, "" = there is no picture."""
        self._taken = taken
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        self._stopping.set()
        for _ in self._threads:
            try:
                self._wishes.put_nowait(None)
            except queue.Full:
                logger.debug("the photographers are busy and will see that it is over")
        deadline = self._clock.monotonic() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - self._clock.monotonic()))

    # -- for the desk ------------------------------------------------------------------------------

    def wish(self, event: Event, level: Level) -> None:
        """A picture of what ``event`` tells of; returns at once."""
        if event.photo or not event.printer_id:
            return
        with self._lock:
            try:
                self._wishes.put_nowait((event, self._after(event, level)))
            except queue.Full:
                logger.warning("%s: no time for a picture of an alert", event.printer_id)
                return
            self._open.add(event.identity)

    def is_done(self, identity: str) -> bool:
        """Nothing is to be waited for: it has its picture, or gets none."""
        with self._lock:
            return identity not in self._open

    def path(self, file: str) -> Path | None:
        """The picture of that name; None when there is none. Takes names of ours only."""
        if not file or Path(file).name != file:
            return None
        path = self.folder / file
        return path if path.is_file() else None

    def clear(self, wanted: frozenset[str]) -> int:
        """Delete pictures that nothing points to any more, and the oldest of too many."""
        if not self.folder.is_dir():
            return 0
        now, gone = self._clock.time(), 0
        for half in self.folder.glob(f".*{TEMPORARY}"):  # a kill came while it was written
            if now - half.stat().st_mtime > FRESH_S:
                half.unlink(missing_ok=True)
        found = sorted(self.folder.glob("*.jpg"), key=lambda path: -path.stat().st_mtime)
        for number, path in enumerate(found):
            is_old = now - path.stat().st_mtime > FRESH_S
            if (path.name not in wanted and is_old) or number >= MOST_PHOTOS:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    # -- the photographers -------------------------------------------------------------------------

    def _after(self, event: Event, level: Level) -> float:
        return event.at - BEFORE_S if level is Level.NOW else event.at

    def _run(self) -> None:
        while not self._stopping.is_set():
            wish = self._wishes.get()
            if wish is None:
                return
            event, after = wish
            file = ""
            try:
                file = self._take(event, after)
            except FarmError as error:
                logger.info("%s: no picture of an alert: %s", event.printer_id, error.message)
            except Exception:
                # The barrier of this thread: one picture less, the alert goes without.
                logger.exception("%s: the picture of an alert failed", event.printer_id)
            self._end(event, file)

    def _end(self, event: Event, file: str) -> None:
        with self._lock:
            self._open.discard(event.identity)
        try:
            self._taken(event, file)
        except Exception:
            logger.exception("%s: the picture of an alert found no taker", event.printer_id)

    def _take(self, event: Event, after: float) -> str:
        """Its file name; "" = no picture. Raises FarmError."""
        jpeg = self._kept(event) or self._new(event, after)
        if jpeg is None:
            return ""
        content = scaled(jpeg, WIDTH)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder {self.folder} cannot be made: {error}.") from error
        require_space(self.folder, len(content))
        file = photo_name(event)
        write_durably(self.folder / file, content)
        return file

    def _kept(self, event: Event) -> bytes | None:
        path = self._final(event) if event.kind in RESULTS else None
        try:
            return path.read_bytes() if path else None
        except OSError as error:
            logger.info("%s: its last photo cannot be read: %s", event.printer_id, error)
            return None

    def _new(self, event: Event, after: float) -> bytes | None:
        waited = self._clock.time() - event.at
        if waited > LATE_S or self._stopping.is_set():
            return None
        left = self._timeout_s - max(0.0, waited)
        return self._picture(event.printer_id, after, left) if left > 0 else None


def _none(_event: Event) -> None:
    """Where no history keeps photos."""


def _nobody(_event: Event, _file: str) -> None:
    """Before the start."""


def photo_name(event: Event) -> str:
    """From its identity: the same after a restart."""
    return hashlib.blake2s(event.identity.encode(), digest_size=12).hexdigest() + ".jpg"
