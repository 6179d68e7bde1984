"""A file on its way to a print server: streamed from disk, counted, and cancellable."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from requests_toolbelt import MultipartEncoder

from core.errors import StorageError, UploadCancelled
from printers.base import Progress

_CHUNK = 64 * 1024


class _Counted:
    """The file as the HTTP library reads it. Every piece is a chance to be cancelled."""

    def __init__(self, file: IO[bytes], total: int, progress: Progress, cancel: threading.Event):
        self._file = file
        self._progress = progress
        self._cancel = cancel
        self.len_total = total
        self.sent = 0

    @property
    def len(self) -> int:
        """What is left: the multipart encoder asks for it."""
        return self.len_total - self.sent

    def read(self, size: int = -1) -> bytes:
        if self._cancel.is_set():
            raise UploadCancelled("The transfer was cancelled.")
        piece = self._file.read(_CHUNK if size < 0 else min(size, _CHUNK))
        if piece:
            self.sent += len(piece)
            self._progress(self.sent, self.len_total)
        return piece


class UploadBody:
    """Use as a context manager; opens the file. Raises StorageError when it cannot be read."""

    def __init__(
        self,
        source: Path,
        progress: Progress,
        cancel: threading.Event,
        *,
        field: str = "",
        remote_name: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        self._source = source
        self._progress = progress
        self._field = field
        self._remote_name = remote_name
        self._fields = dict(fields or {})
        self._file: IO[bytes] | None = None
        self.cancel = cancel
        self.size = 0
        self.data: Any = None
        self.content_type = "application/octet-stream"

    @classmethod
    def multipart(
        cls,
        source: Path,
        field: str,
        remote_name: str,
        fields: Mapping[str, str],
        progress: Progress,
        cancel: threading.Event,
    ) -> UploadBody:
        """A form with one file in ``field``; ``fields`` come before it."""
        return cls(source, progress, cancel, field=field, remote_name=remote_name, fields=fields)

    @classmethod
    def raw(cls, source: Path, progress: Progress, cancel: threading.Event) -> UploadBody:
        """The file's bytes as the body, with their Content-Length."""
        return cls(source, progress, cancel)

    def __enter__(self) -> UploadBody:
        try:
            self._file = self._source.open("rb")
            self.size = self._source.stat().st_size
        except OSError as error:
            raise StorageError(f"The farm cannot read {self._source.name}: {error}.") from error
        counted = _Counted(self._file, self.size, self._progress, self.cancel)
        if self._field:
            part = (self._remote_name, counted, "application/octet-stream")
            encoder = MultipartEncoder({**self._fields, self._field: part})
            self.data, self.content_type = encoder, encoder.content_type
        else:
            self.data = _Body(counted)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()


class _Body:
    """As requests wants a stream of known length: ``__len__`` and ``read``."""

    def __init__(self, counted: _Counted) -> None:
        self._counted = counted

    def __len__(self) -> int:
        return self._counted.len_total

    def __bool__(self) -> bool:
        return True  # an empty file is a body too

    def read(self, size: int = -1) -> bytes:
        return self._counted.read(size)
