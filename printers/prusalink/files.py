"""Files on a PrusaLink printer: put, proven, listed, fetched, deleted.

Measured on the Pi (0.8.1): PUT answers 201 before the file is in its index (0.1–0.3 s; the old
size is shown until then after an overwrite), a broken-off upload leaves nothing visible, and a
file whose size leaves a remainder of one byte after blocks of 65,365 is refused with 400 by PUT
(the last block is lost); the older multipart upload takes it. From the public sources of the
firmware: one transfer at a time (409), 507 when the stick is missing or full, folders are made.
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
    Unusable,
    UploadCancelled,
    UploadFailed,
)
from printers.base import Progress
from printers.commands import RemoteFile
from printers.lan.http_client import Answered
from printers.lan.upload_body import UploadBody
from printers.prusalink import paths
from printers.prusalink import refusals as words
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.flavour import Server
from printers.prusalink.paths import Place
from printers.prusalink.rhythm import Rhythm
from printers.prusalink.values import as_int, as_text

logger = logging.getLogger(__name__)

_TIMEOUT_S = 8.0
_BLOCK = 65_365
_CONTENT_TYPES = {".gcode": "text/x.gcode", ".bgcode": "application/octet-stream"}


class FileStore:
    """Thread-safe; one upload at a time."""

    def __init__(
        self,
        name: str,
        client: PrusaLinkClient,
        server: Callable[[], Server],
        uploading: threading.Event,
        rhythm: Rhythm,
        clock: Clock,
    ) -> None:
        self._name = name
        self._client = client
        self._server = server
        self._uploading = uploading
        self._rhythm = rhythm
        self._clock = clock
        self._one = threading.Lock()
        self._never = threading.Event()

    # -- putting -------------------------------------------------------------------------------

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        """See Printer.upload."""
        place = paths.locate(remote_name, self._server())
        with self._one:
            self._uploading.set()
            try:
                size = self._put(source, place, progress, cancel)
                return self._prove(place, size, cancel)
            except UploadCancelled:
                self._sweep(place)
                raise
            except (PrinterOffline, UploadFailed, StorageError, Unusable):
                raise
            except FarmError as error:
                self._sweep(place)
                text = f"The transfer to {self._name} broke off: {error.message}"
                raise UploadFailed(text, code=error.error_code) from error
            finally:
                self._uploading.clear()

    def _put(self, source: Path, place: Place, progress: Progress, cancel: threading.Event) -> int:
        """Returns the bytes sent."""
        self._wait_for_turn(cancel)
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
        headers = {"Overwrite": "?1", "Print-After-Upload": "?0"}
        with UploadBody.raw(source, progress, cancel) as body:
            body.content_type = kind
            self._client.http.upload("PUT", place.address, body, headers=headers)

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
                raise UploadCancelled("The transfer was cancelled.")
            if self._clock.monotonic() >= end:
                return  # the upload itself tells whether that one still holds it

    def _busy_with(self) -> str:
        """The transfer PrusaLink is in the middle of; "" when none, or when it does not say."""
        try:
            reply = self._client.transfer(_TIMEOUT_S)
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
            found[0] = self._size(place)
            return found[0] == size

        if self._until(arrived, cancel):
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
            self._client.delete(place, _TIMEOUT_S)
        except FarmError as error:
            logger.info("%s: nothing swept after a transfer: %s", self._name, error.message)

    # -- asking --------------------------------------------------------------------------------

    def size(self, remote_name: str) -> int | None:
        """See Printer.remote_size."""
        return self._size(paths.locate(remote_name, self._server()))

    def _size(self, place: Place) -> int | None:
        try:
            reply = self._client.file(place, _TIMEOUT_S)
        except Answered as error:
            raise words.refused(self._name, error) from error
        if reply is None or reply.get("type") == "FOLDER":
            return None
        return as_int(reply.get("size"))

    def list_files(self, folder: str) -> tuple[RemoteFile, ...]:
        """See Printer.list_files; the top folder also names the other storages."""
        server = self._server()
        place = paths.locate(folder if "/" in folder else f"/{folder}", server)
        try:
            reply = self._client.file(place, _TIMEOUT_S)
        except Answered as error:
            raise words.file_refused(self._name, folder, error) from error
        if reply is None:
            raise words.missing(self._name, folder)
        inside = paths.listing(reply, place)
        return inside if place.pieces or not place.main else inside + paths.other_storages(server)

    def download(self, path: str, target: Path, progress: Progress | None) -> None:
        """See Printer.download."""
        place = paths.locate(path, self._server())
        try:
            reply = self._client.file(place, _TIMEOUT_S)
            address = paths.download_address(reply or {})
            if reply is None:
                raise words.missing(self._name, path)
            if not address:
                text = f"PrusaLink of {self._name} does not give {path} out."
                raise Unusable(text, code="not_downloadable")
            self._client.http.download(address, target, progress)
        except Answered as error:
            raise words.file_refused(self._name, path, error) from error

    # -- deleting ------------------------------------------------------------------------------

    def delete(self, path: str) -> None:
        """Returns when the printer's index has forgotten it too, or after a while."""
        place = paths.locate(path, self._server())
        try:
            self._client.delete(place, _TIMEOUT_S)
        except Answered as error:
            raise words.file_refused(self._name, path, error) from error
        if not self._until(lambda: self._size(place) is None, self._never):
            logger.info("%s: still lists %s after its deletion", self._name, place.path)

    def _until(self, is_so: Callable[[], bool], cancel: threading.Event) -> bool:
        """Look again and again, for ``rhythm.indexed`` seconds. Raises UploadCancelled."""
        end = self._clock.monotonic() + self._rhythm.indexed
        while not is_so():
            if self._clock.monotonic() >= end:
                return False
            if cancel.wait(self._rhythm.look):
                raise UploadCancelled("The transfer was cancelled.")
        return True
