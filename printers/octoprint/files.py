"""Files to, from and on one OctoPrint; its own listing has the last word on what arrived."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import FarmError, NotFound, UploadCancelled, UploadFailed
from printers.base import Progress
from printers.commands import RemoteFile
from printers.lan.http_answers import Answered, Malformed, NoAnswer, Reply
from printers.lan.remote_paths import stored_path
from printers.lan.upload_body import UploadBody
from printers.lan.upload_turn import UploadTurn
from printers.octoprint.client import Client
from printers.octoprint.commands import download_url
from printers.octoprint.fields import mapping, number, path, sequence, text

_STALL_S = 60.0
"""A small board hashes a large upload before it answers."""


class FileStore:
    """Every method may be called from any thread and blocks it."""

    def __init__(self, name: str, client: Client) -> None:
        self._name = name
        self._client = client
        self._turn = UploadTurn(name)

    def upload(
        self, source: Path, remote_name: str, progress: Progress, cancel: threading.Event
    ) -> int:
        """See Printer.upload. The server throws an unfinished upload away by itself."""
        where = stored_path(remote_name)
        with self._turn.taken(cancel):
            size, landed = self._send(source, where, progress, cancel)
            if landed not in (None, where):
                self._discard(str(landed))
                raise UploadFailed(
                    f"OctoPrint of {self._name} stored {where} as {landed}. Nothing was started; "
                    "rename the file."
                )
            if cancel.is_set():
                self._discard(where)
                raise self._turn.cancelled()
            self._prove(where, size, lost=landed is None)
            return size

    def _send(
        self, source: Path, where: str, progress: Progress, cancel: threading.Event
    ) -> tuple[int, str | None]:
        """(bytes, path the server named). No path: the answer was lost."""
        folder, _, file_name = where.rpartition("/")
        body = UploadBody.multipart(source, "file", file_name, {"path": folder}, progress, cancel)
        with body:
            try:
                reply = self._client.http.upload("POST", "/api/files/local", body, stall_s=_STALL_S)
                return body.size, _landed(reply)
            except NoAnswer:
                return body.size, None
            except UploadCancelled as error:
                raise self._turn.cancelled() from error
            except (Answered, Malformed) as error:
                raise UploadFailed(_refusal(error, where)) from error

    def _prove(self, where: str, size: int, *, lost: bool) -> None:
        try:
            found = _size(self._client.file(where))
        except (Answered, Malformed, NoAnswer) as error:
            raise UploadFailed(
                f"{self._name} does not say whether {where} arrived: {error.message}"
            ) from error
        if found == size:
            return
        if found is not None:
            self._discard(where)
        if lost:
            raise UploadFailed(f"The connection to {self._name} broke during the upload.")
        there = "nothing" if found is None else f"{found} bytes"
        raise UploadFailed(
            f"OctoPrint of {self._name} shows {there} of {where} instead of {size} bytes. A "
            "plugin that changes uploads does that, or a full disk. Nothing was started."
        )

    def size(self, remote_name: str) -> int | None:
        return _size(self._client.file(stored_path(remote_name)))

    def delete(self, remote_name: str) -> None:
        where = stored_path(remote_name)
        try:
            self._client.delete(where)
        except Answered as error:
            if error.http_status == 404:
                raise self._missing(where) from error
            raise

    def list_files(self, folder: str) -> tuple[RemoteFile, ...]:
        where = stored_path(f"/{folder}")
        if not where:
            entries = self._client.files().get("files")
        else:
            entry = self._client.file(where)
            if entry is None:
                raise self._missing(where)
            entries = entry.get("children")
        found = (_remote(mapping(item)) for item in sequence(entries))
        return tuple(item for item in found if item is not None)

    def download(self, remote_name: str, target: Path, progress: Progress | None) -> None:
        where = stored_path(remote_name)
        try:
            self._client.http.download(download_url(where), target, progress)
        except Answered as error:
            if error.http_status == 404:
                raise self._missing(where) from error
            raise

    def _missing(self, where: str) -> NotFound:
        return NotFound(f"{self._name} has no file {where}.", code="file_not_found")

    def _discard(self, where: str) -> None:
        try:
            self._client.delete(where)
        except FarmError:
            return  # it stays; the job's own clean-up list tries again


def _landed(reply: Reply) -> str:
    """The path the server gave the file. Raises Malformed."""
    stored = mapping(mapping(mapping(reply.object().get("files")).get("local")))
    return path(stored.get("path"))


def _refusal(error: FarmError, where: str) -> str:
    if error.error_code == "conflict":
        return f"{error.message.rstrip('.')} ({where})."
    if isinstance(error, Answered) and error.http_status == 500:  # measured for a full disk
        return f"{error.message} Check the space on the disk of OctoPrint's computer."
    return error.message


def _size(entry: Mapping[str, Any] | None) -> int | None:
    if entry is None or entry.get("type") == "folder":
        return None
    size = number(entry.get("size"))
    return None if size is None else int(size)


def _remote(entry: Mapping[str, Any]) -> RemoteFile | None:
    where = path(entry.get("path"))
    if not where:
        return None
    date = number(entry.get("date"))
    return RemoteFile(
        path=f"/{where}",
        name=text(entry.get("display")) or text(entry.get("name")) or where,
        size_bytes=_size(entry),
        modified=_day(date),
        folder=entry.get("type") == "folder",
    )


def _day(epoch: float | None) -> str:
    if epoch is None or not 0 < epoch < 1e11:
        return ""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M")
