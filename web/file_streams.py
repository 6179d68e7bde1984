"""A file's content on its way to a browser: a piece at a time, however slowly it is read."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Generator, Iterator

from flask import Response, request, send_file

from slicer.library import FileLibrary
from web.errors import Unavailable

_GZIP_LEVEL = 3  # a quarter of the size at 100 MB/s
_GZIP = 16 + zlib.MAX_WBITS
_KEEP_S = 86_400
"""A file never changes under its id."""
MOST_STREAMS = 16
"""Plates on their way as text: unpacking and packing takes a megabyte each, and the processor."""
_streams = threading.BoundedSemaphore(MOST_STREAMS)


def gcode(library: FileLibrary, file_id: str, plate: int) -> Response:
    """The plate's G-code as text. Raises FarmError for what is wrong at its very start.

    Damage further on breaks the transfer off, so that nobody takes a part for the whole.
    """
    chunks = library.gcode(file_id, plate)
    packed = request.accept_encodings.quality("gzip") > 0
    etag = f'"{file_id}-{plate}-gcode{"-gzip" if packed else ""}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    elif request.method == "HEAD":
        response = Response(mimetype="text/plain")
    else:
        response = _streamed(chunks, packed=packed)
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = f"private, max-age={_KEEP_S}"
    return response


def download(library: FileLibrary, file_id: str) -> Response:
    """The file as it came in, under the name people know it by; parts of it too (Range)."""
    stored = library.get(file_id)
    response = send_file(
        library.path(file_id),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=stored.name,
        etag=stored.sha256,
        max_age=_KEEP_S,
    )
    response.cache_control.public = False
    response.cache_control.private = True
    if request.method == "HEAD" or response.status_code == 304:
        response.close()  # nobody will read it
    return response


def _streamed(chunks: Generator[bytes, None, None], *, packed: bool) -> Response:
    if not _streams.acquire(blocking=False):
        raise Unavailable("Many files are being read already. Try again soon.", code="busy")
    with contextlib.ExitStack() as held:
        held.callback(_streams.release)
        held.callback(chunks.close)
        first = next(chunks, b"")
        response = Response(_gzipped(first, chunks) if packed else _joined(first, chunks))
        response.call_on_close(held.pop_all().close)  # once, however often it is called
    response.mimetype = "text/plain"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _joined(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks


def _gzipped(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP)
    for chunk in _joined(first, chunks):
        if piece := packer.compress(chunk):
            yield piece
    yield packer.flush()
