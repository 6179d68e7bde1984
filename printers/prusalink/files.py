"""Files on a PrusaLink printer: asked for, listed, fetched, deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from core.errors import Unusable
from printers.base import Progress
from printers.commands import RemoteFile
from printers.lan.http_answers import Answered
from printers.prusalink import paths
from printers.prusalink import refusals as words
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.flavour import Server
from printers.prusalink.index import TIMEOUT_S, FileIndex

logger = logging.getLogger(__name__)


class FileStore:
    """Thread-safe."""

    def __init__(
        self,
        name: str,
        client: PrusaLinkClient,
        server: Callable[[], Server],
        index: FileIndex,
    ) -> None:
        self._name = name
        self._client = client
        self._server = server
        self._index = index

    def size(self, remote_name: str) -> int | None:
        """See Printer.remote_size."""
        return self._index.size(paths.locate(remote_name, self._server()))

    def list_files(self, folder: str) -> tuple[RemoteFile, ...]:
        """See Printer.list_files; the top folder also names the other storages."""
        server = self._server()
        place = paths.locate(folder if "/" in folder else f"/{folder}", server)
        try:
            reply = self._client.file(place, TIMEOUT_S)
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
            reply = self._client.file(place, TIMEOUT_S)
            address = paths.download_address(reply or {})
            if reply is None:
                raise words.missing(self._name, path)
            if not address:
                text = f"PrusaLink of {self._name} does not give {path} out."
                raise Unusable(text, code="not_downloadable")
            self._client.http.download(address, target, progress)
        except Answered as error:
            raise words.file_refused(self._name, path, error) from error

    def delete(self, path: str) -> None:
        """Returns when the printer's index has forgotten it too, or after a while."""
        place = paths.locate(path, self._server())
        try:
            self._client.delete(place, TIMEOUT_S)
        except Answered as error:
            raise words.file_refused(self._name, path, error) from error
        if not self._index.until(lambda: self._index.size(place) is None):
            logger.info("%s: still lists %s after its deletion", self._name, place.path)
