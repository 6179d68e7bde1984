"""How a print server takes files in, with the faults of an upload."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

from simulator.http_faults import cut
from simulator.storage import StorageError

if TYPE_CHECKING:
    from simulator.http_host import HttpHost

_PIECE = 65_536
_SLOW_PIECES_PER_S = 20
_FULL = 552
_Read = Callable[[int], Awaitable[bytes]]


@dataclass(slots=True)
class Form:
    """A multipart form: texts by field, and files as (name, content) by field."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


class StorageFull(Exception):
    """No space left (knob disk_full, or the storage's capacity).

    ``form`` is what was sent, with empty files, when it was a form.
    """

    def __init__(self, form: Form | None = None) -> None:
        super().__init__("no space left")
        self.form = form


async def receive(
    host: HttpHost, request: web.Request, seen: Callable[[int], None] | None = None
) -> bytes:
    """The whole body of a PUT; ``seen`` hears of the bytes so far. Raises StorageFull."""
    return await _received(host, request, request.content.read, seen)


async def receive_form(
    host: HttpHost, request: web.Request, seen: Callable[[int], None] | None = None
) -> Form:
    """A multipart form. Raises StorageFull, or HTTPBadRequest when it is none."""
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest
    form, full = Form(), False
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            if part.filename is None:
                form.fields[part.name] = await part.text()
            else:
                try:
                    content = await _received(host, request, part.read_chunk, seen)
                except StorageFull:
                    content, full = b"", True
                form.files[part.name] = (part.filename, content)
    except ValueError as error:
        raise web.HTTPBadRequest from error
    if full:
        raise StorageFull(form)
    return form


async def _received(
    host: HttpHost, request: web.Request, read: _Read, seen: Callable[[int], None] | None
) -> bytes:
    knobs = host.knobs
    content = bytearray()
    while piece := await read(_piece(knobs.upload_bytes_per_s)):
        content += piece
        if seen is not None:
            seen(len(content))
        if 0 < knobs.drop_upload_at <= len(content):
            await cut(request)
        if knobs.upload_bytes_per_s > 0:
            await asyncio.sleep(len(piece) / knobs.upload_bytes_per_s)
    if knobs.disk_full:
        raise StorageFull
    return bytes(content[: knobs.upload_truncate_at or None])


def _piece(bytes_per_s: int) -> int:
    return min(_PIECE, max(1, bytes_per_s // _SLOW_PIECES_PER_S)) if bytes_per_s else _PIECE


def store(host: HttpHost, path: str, content: bytes) -> None:
    """Keep an upload, folders on the way included; knob upload_lost forgets it.

    Raises StorageFull.
    """
    if host.knobs.upload_lost:
        return
    folder = ""
    for part in path.strip("/").split("/")[:-1]:
        folder += f"/{part}"
        if not host.storage.is_dir(folder):
            host.storage.mkdir(folder)
    try:
        host.storage.write(path, content)
    except StorageError as error:
        if error.code == _FULL:
            raise StorageFull from error
        raise
