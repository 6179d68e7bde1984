"""One file on its way ahead of its start, in a thread of its own."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from core.errors import FarmError, StorageError, Unusable, UploadFailed
from job_queue.records import Cleanup
from printers.fleet import Fleet

logger = logging.getLogger(__name__)

Ended = Callable[["StageRun", FarmError | None], None]
"""Called once, in the thread, with what went wrong."""


class StageRun:
    """Sends and proves, never starts. ``cancel`` may be set by anybody at any time."""

    def __init__(self, item: Cleanup, source: Path, fleet: Fleet, ended: Ended) -> None:
        self.item = item
        self.cancel = threading.Event()
        self._source = source
        self._fleet = fleet
        self._ended = ended
        self.thread = threading.Thread(
            target=self._run, name=f"stage:{item.printer_id}", daemon=True
        )

    def _run(self) -> None:
        error: FarmError | None = None
        try:
            self._send()
        except FarmError as found:
            error = found
        except Exception:
            logger.exception("%s: sending ahead failed", self.item.printer_id)
            error = StorageError("The farm failed inside; see the server's log.")
        try:
            self._ended(self, error)
        except FarmError as found:  # the record stays as it is; Stager.tend tries again
            logger.error("%s: %s", self.item.printer_id, found.message)
        except Exception:
            logger.exception("%s: its end could not be noted", self.item.printer_id)

    def _send(self) -> None:
        """Raises FarmError."""
        staged = self.item.staged
        if staged is None or not _has_hash(self._source, staged.sha256):
            raise Unusable("The file in the library is damaged.", code="file_damaged")
        size = self._fleet.upload(
            self.item.printer_id, self._source, self.item.remote_name, _untold, self.cancel
        )
        if size != staged.size_bytes:
            raise UploadFailed(f"{size} of {staged.size_bytes} bytes arrived.")


def _untold(_sent: int, _total: int) -> None:
    """Nobody waits for this transfer: its percent is not shown."""


def _has_hash(source: Path, sha256: str) -> bool:
    try:
        with source.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == sha256
    except OSError as error:
        raise Unusable("The file is missing from the library.", code="file_missing") from error
