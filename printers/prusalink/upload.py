"""A file on its way to a PrusaLink printer, and the proof that it arrived.

Measured on the Pi (0.8.1): one transfer at a time (a second one gets 500), a broken-off one leaves
a hidden ".NAME.part" that no call deletes, and a file whose size leaves a remainder of one byte
after blocks of 65,365 is refused with 400 by PUT (the last block is lost); the older multipart
upload takes it. From the public sources of the firmware: one transfer at a time (409), 507 when
the stick is missing or full, folders are made.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from core.clock import Clock
from core.errors import (
    FarmError,
    PrinterOffline,
    StorageError,
    UploadCancelled,
    UploadFailed,
)
from printers.base import Progress
from printers.lan.http_answers import Answered
from printers.lan.upload_body import UploadBody
from printers.lan.upload_turn import UploadTurn
from printers.prusalink import paths
from printers.prusalink import refusals as words
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.flavour import Server
from printers.prusalink.index import NEVER, TIMEOUT_S, FileIndex
from printers.prusalink.paths import Place
from printers.prusalink.rhythm import Rhythm
from printers.prusalink.values import as_text

logger = logging.getLogger(__name__)

_BLOCK = 65_365
_STUB = b"; nothing\n"
_CONTENT_TYPES = {".gcode": "text/x.gcode", ".bgcode": "application/octet-stream"}
_ORDERS = {"Overwrite": "?1", "Print-After-Upload": "?0"}


class Uploader:
    """Thread-safe; one upload at a time."""

    def __init__(
        self,
        name: str,
        client: PrusaLinkClient,
        server: Callable[[], Server],
        index: FileIndex,
        uploading: threading.Event,
        rhythm: Rhythm,
        clock: Clock,
    ) -> None:
        self._name = name
        self._client = client
        self._server = server
        self._index = index
        self._uploading = uploading
        self._rhythm = rhythm
        self._clock = clock
        self._turn = UploadTurn(name)

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        """See Printer.upload."""
        place = paths.locate(remote_name, self._server())
        with self._turn.taken(cancel):
            self._uploading.set()
            try:
                self._wait_for_turn(cancel)
                return self._send_and_prove(source, place, progress, cancel)
            finally:
                self._uploading.clear()

    def _send_and_prove(
        self, source: Path, place: Place, progress: Progress, cancel: threading.Event
    ) -> int:
        try:
            size = self._put(source, place, progress, cancel)
            return self._prove(place, size, cancel)
        except UploadCancelled:
            self._sweep(place)
            raise
        except (PrinterOffline, UploadFailed, StorageError):
            raise
        except FarmError as error:
            self._sweep(place)
            text = f"The transfer to {self._name} broke off: {error.message}"
            raise UploadFailed(text, code=error.error_code) from error

    def _put(self, source: Path, place: Place, progress: Progress, cancel: threading.Event) -> int:
        """Returns the bytes sent."""
        try:
            size = source.stat().st_size
        except OSError as error:
            raise StorageError(f"The farm cannot read {source.name}: {error}.") from error
        if size == 0:
            raise UploadFailed(f"{source.name} is empty.", code="file_empty")
        try:
            if self._server().is_pi and size % _BLOCK == 1:
                self._put_as_form(source, place, progress, cancel)
            else:
                self._put_raw(source, place, progress, cancel)
        except Answered as error:
            raise words.upload_refused(self._name, error, self._busy_with()) from error
        return size

    def _put_raw(
        self, source: Path, place: Place, progress: Progress, cancel: threading.Event
    ) -> None:
        kind = _CONTENT_TYPES.get(Path(place.name).suffix.lower(), "text/x.gcode")
        with UploadBody.raw(source, progress, cancel) as body:
            body.content_type = kind
            self._client.http.upload("PUT", place.address, body, headers=_ORDERS)

    def _put_as_form(
        self, source: Path, place: Place, progress: Progress, cancel: threading.Event
    ) -> None:
        folder = "/" + "/".join(place.pieces[:-1])
        fields = {"path": folder, "select": "false", "print": "false"}
        address = f"/api/files/{quote(place.storage, safe='')}"
        with UploadBody.multipart(source, "file", place.name, fields, progress, cancel) as body:
            self._client.http.upload("POST", address, body)

    def _wait_for_turn(self, cancel: threading.Event) -> None:
        """Another transfer is let finish for a while; PrusaLink takes one at a time."""
        end = self._clock.monotonic() + self._rhythm.transfer
        while self._busy_with():
            if cancel.wait(self._rhythm.active):
                raise self._turn.cancelled()
            if self._clock.monotonic() >= end:
                return  # the upload itself tells whether that one still holds it

    def _busy_with(self) -> str:
        """The transfer PrusaLink is in the middle of; "" when none, or when it does not say."""
        try:
            reply = self._client.transfer(TIMEOUT_S)
        except PrinterOffline:
            raise
        except FarmError as error:
            logger.info("%s: does not tell of transfers: %s", self._name, error.message)
            return ""
        if not reply or as_text(reply.get("type")) == "NO_TRANSFER":
            return ""
        return as_text(reply.get("display_name")) or "a file"

    def _prove(self, place: Place, size: int, cancel: threading.Event) -> int:
        """The size the printer itself reports, once that is the sent one or patience ends."""
        found: list[int | None] = [None]

        def arrived() -> bool:
            found[0] = self._index.size(place)
            return found[0] == size

        if self._index.until(arrived, cancel):
            return size
        if found[0] is None:
            raise UploadFailed(
                f"{self._name} took the file but does not show it. Check its storage.",
                code="not_found_there",
            )
        return found[0]

    def _sweep(self, place: Place) -> None:
        """What is left of a transfer that failed. Nothing is lost if it cannot be deleted now."""
        try:
            if self._server().is_pi:
                self._replace_part(place)
            self._client.delete(place, TIMEOUT_S)
        except FarmError as error:
            logger.info("%s: nothing swept after a transfer: %s", self._name, error.message)

    def _replace_part(self, place: Place) -> None:
        """The Pi keeps a broken-off upload as a hidden file that no call deletes (measured);
        only a whole upload of the same name replaces it, and that one can be deleted."""
        self._wait_for_turn(NEVER)  # it may still be reading what had been sent
        headers = {**_ORDERS, "Content-Type": _CONTENT_TYPES[".gcode"]}
        self._client.http.request(
            "PUT", place.address, data=_STUB, headers=headers, timeout=TIMEOUT_S, once=True
        )
        self._index.until(lambda: self._index.size(place) == len(_STUB))
