"""Files to, from and on one Moonraker, over HTTP; its own listing proves what arrived.

Moonraker receives into a temporary file, compares the checksum and only then puts the file in its
place, so a broken upload leaves nothing behind. Its HTTP errors hide the true words
(octoprint-moonraker 4.Moonraker.3).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import FarmError, NotFound, StorageError, UploadFailed
from printers.base import Progress
from printers.commands import RemoteFile
from printers.lan.http_answers import Answered, Malformed, NoAnswer
from printers.lan.http_client import HttpClient
from printers.lan.remote_paths import quoted, stored_path
from printers.lan.upload_body import UploadBody
from printers.lan.upload_turn import UploadTurn
from printers.moonraker.metadata import read_metadata, whole_byte
from printers.moonraker.values import dicts, mapping, name, number

logger = logging.getLogger(__name__)

ROOT = "gcodes"
_STALL_S = 120.0
"""Moonraker reads a large file's thumbnails and times before it answers."""
_HASH_CHUNK = 1 << 20
_THUMBNAIL_MAX = 4_000_000


class FileStore:
    """Every method may be called from any thread and blocks it."""

    def __init__(self, printer: str, web: HttpClient) -> None:
        self._name = printer
        self._web = web
        self._turn = UploadTurn(printer)

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        """See Printer.upload."""
        where = stored_path(remote_name)
        with self._turn.taken(cancel):
            size, landed = self._send(source, where, progress, cancel)
            if cancel.is_set():
                self._discard(where)
                raise self._turn.cancelled()
            self._prove(where, size, landed)
            return size

    def _send(
        self, source: Path, where: str, progress: Progress, cancel: threading.Event
    ) -> tuple[int, str]:
        """(bytes, path Moonraker names; "" when its answer was lost). Never starts a print."""
        folder, _, file_name = where.rpartition("/")
        fields = {"root": ROOT, "path": folder, "checksum": self._checksum(source, cancel)}
        body = UploadBody.multipart(source, "file", file_name, fields, progress, cancel)
        with body:
            try:
                reply = self._web.upload("POST", "/server/files/upload", body, stall_s=_STALL_S)
                return body.size, name(mapping(reply.object().get("item")).get("path"))
            except NoAnswer:
                return body.size, ""
            except (Answered, Malformed) as error:
                if isinstance(error, Malformed) or error.http_status >= 500:
                    self._discard(where)  # a full disk keeps what did fit
                raise UploadFailed(self._upload_refusal(error, where)) from error

    def _checksum(self, source: Path, cancel: threading.Event) -> str:
        """SHA-256 in hex, which Moonraker compares before it puts the file in its place."""
        digest = hashlib.sha256()
        try:
            with source.open("rb") as file:
                while piece := file.read(_HASH_CHUNK):
                    if cancel.is_set():
                        raise self._turn.cancelled()
                    digest.update(piece)
        except OSError as error:
            raise StorageError(f"The farm cannot read {source.name}: {error}.") from error
        return digest.hexdigest()

    def _upload_refusal(self, error: FarmError, where: str) -> str:
        status = error.http_status if isinstance(error, Answered) else 0
        if status == 403:
            return f"{where} is being printed on {self._name}, so it cannot be replaced."
        if status == 422:
            return f"The upload to {self._name} arrived damaged (its checksum differs)."
        if status == 500:  # measured for a full disk; the true words are lost on the way
            return f"{error.message} Check the space on the disk of the printer's computer."
        return error.message

    def _prove(self, where: str, size: int, landed: str) -> None:
        if landed not in ("", where):
            self._discard(landed)
            raise UploadFailed(
                f"Moonraker of {self._name} stored {where} as {landed}. Nothing was started; "
                "rename the file."
            )
        found = self._size(where)
        if found == size:
            return
        if found is not None:
            self._discard(where)
        if not landed:
            raise UploadFailed(f"The connection to {self._name} broke during the upload.")
        there = "nothing" if found is None else f"{found} bytes"
        raise UploadFailed(
            f"Moonraker of {self._name} shows {there} of {where} instead of {size} bytes. Nothing "
            "was started. Check the space on the printer's computer."
        )

    def size(self, remote_name: str) -> int | None:
        return self._size(stored_path(remote_name))

    def _size(self, where: str) -> int | None:
        folder, _, file_name = where.rpartition("/")
        listing = self._directory(folder)
        if listing is None:
            return None
        for entry in dicts(listing.get("files")):
            if entry.get("filename") == file_name:
                return whole_byte(entry.get("size"))
        return None

    def delete(self, remote_name: str) -> None:
        where = stored_path(remote_name)
        try:
            self._web.request("DELETE", _file_url(where))
        except Answered as error:
            if error.http_status == 403:
                text = f"{where} is being printed on {self._name}, so it cannot be deleted."
                raise FileInUse(text, error.http_status, error.text) from error
            if error.http_status in (400, 404) and self._size(where) is None:
                raise self._missing(where) from error
            raise

    def list_files(self, folder: str) -> tuple[RemoteFile, ...]:
        """Folders and G-code; hidden ones (thumbnails) are left out."""
        where = stored_path(f"/{folder}").strip("/")
        listing = self._directory(where)
        if listing is None:
            raise self._missing(f"/{where}")
        prefix = f"/{where}/" if where else "/"
        folders = [
            _entry(prefix, raw, "dirname", folder=True) for raw in dicts(listing.get("dirs"))
        ]
        files = [
            _entry(prefix, raw, "filename", folder=False) for raw in dicts(listing.get("files"))
        ]
        return tuple(entry for entry in (*folders, *files) if entry is not None)

    def download(self, remote_name: str, target: Path, progress: Progress | None) -> None:
        where = stored_path(remote_name)
        try:
            self._web.download(_file_url(where), target, progress)
        except Answered as error:
            if error.http_status in (400, 404):
                raise self._missing(where) from error
            raise

    def thumbnail(self, remote_name: str) -> bytes | None:
        """The largest picture the slicer put into the file (PNG); None when there is none."""
        where = stored_path(remote_name)
        try:
            reply = self._web.request("GET", "/server/files/metadata", params={"filename": where})
            raw = mapping(reply.object().get("result"))
            pictures = read_metadata(raw, where).thumbnails
            if not pictures:
                return None
            beside = where.rpartition("/")[0]
            path = stored_path("/" + "/".join(filter(None, (beside, max(pictures)[1]))))
            return self._web.request("GET", _file_url(path), max_bytes=_THUMBNAIL_MAX).body
        except Answered as error:
            if error.http_status == 404:
                return None
            raise

    def _directory(self, folder: str) -> Mapping[str, Any] | None:
        """One folder as Moonraker lists it; None when there is none."""
        path = f"{ROOT}/{folder}" if folder else ROOT
        try:
            reply = self._web.request("GET", "/server/files/directory", params={"path": path})
        except Answered as error:
            if error.http_status in (400, 404):
                return None
            raise
        return mapping(reply.object().get("result"))

    def _missing(self, where: str) -> NotFound:
        return NotFound(f"{self._name} has no file {where}.", code="file_not_found")

    def _discard(self, where: str) -> None:
        """Delete what must not be printed, where that is possible."""
        try:
            self._web.request("DELETE", _file_url(where))
        except FarmError as error:
            logger.info("%s: %s not deleted (%s)", self._name, where, error.message)


class FileInUse(Answered):
    """Klipper has the file open."""

    def __init__(self, message: str, status: int, text: str) -> None:
        super().__init__(message, status, text)
        self.error_code = "file_in_use"


def _file_url(where: str) -> str:
    return f"/server/files/{ROOT}/{quoted(where)}"


def _entry(prefix: str, raw: Mapping[str, Any], key: str, *, folder: bool) -> RemoteFile | None:
    own = name(raw.get(key))
    if not own or own.startswith("."):
        return None
    return RemoteFile(
        path=prefix + own,
        name=own,
        size_bytes=None if folder else whole_byte(raw.get("size")),
        modified=_date(raw.get("modified")),
        folder=folder,
    )


def _date(value: object) -> str:
    """Epoch s -> "2026-11-21 15:46" UTC."""
    seconds = number(value)
    if seconds is None or not 0 < seconds < 1e11:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
