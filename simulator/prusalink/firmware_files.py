"""Files and starts of PrusaLink in the firmware (public specification and sources)."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from simulator.http_uploads import StorageFull, receive, receive_form, store
from simulator.prusalink.firmware_replies import USB, FirmwareReplies, is_printable
from simulator.prusalink.gcode_meta import thumbnail
from simulator.prusalink.short_names import ShortNames
from simulator.prusalink.transfers import Transfer, Transfers
from simulator.storage import StorageError, normalise

if TYPE_CHECKING:
    from simulator.prusalink.host import PrusaLinkHost

_FULL, _BUSY = "USB drive full", "File is busy"


def status_text(status: int, extra: str = "") -> web.Response:
    """ "409: Conflict", an empty line, and sometimes a reason."""
    if status == HTTPStatus.NO_CONTENT:
        return web.Response(status=204, headers={"Content-Type": "text/plain"})
    phrase = "Infernal Server Error" if status == 500 else HTTPStatus(status).phrase
    body = f"{status}: {phrase}\n\n{extra}\n"
    return web.Response(status=status, body=body.encode(), headers={"Content-Type": "text/plain"})


class FirmwareFileHandlers:
    """Handlers of everything below /api/v1/files, of downloads and of thumbnails."""

    def __init__(self, host: PrusaLinkHost) -> None:
        self._host = host
        self._m = host.machine
        self._names = ShortNames(host.machine.storage)
        self._reply = FirmwareReplies(host.machine, self._names)
        self._transfers = Transfers()

    def file_routes(self, router: web.UrlDispatcher) -> None:
        """Add the paths of files."""
        for files in ("/api/v1/files/{storage}", "/api/v1/files/{storage}/{path:.*}"):
            router.add_get(files, self._file)
            router.add_put(files, self._put)
            router.add_post(files, self._start)
            router.add_delete(files, self._delete)
        router.add_post("/api/files/{storage}", self._form)
        router.add_get("/usb/{path:.+}", self._raw)
        router.add_get("/thumb/{size:[sl]}/usb/{path:.+}", self._thumbnail)
        router.add_get("/api/v1/transfer", self._transfer)

    def _do(self, command: str, possible: bool, action: Callable[[], object]) -> web.Response:
        """With the knobs fail_commands and ignore_commands."""
        if not possible or self._host.knobs.fails(command):
            return status_text(409)
        if not self._host.knobs.ignores(command):
            action()
        return status_text(204)

    def _path(self, request: web.Request) -> str | None:
        """The path on the stick in long names; None: 403, only /usb can be reached."""
        if request.match_info["storage"] != USB[1:]:
            return None
        return normalise(self._names.long_path(request.match_info.get("path", "")))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if path is None:
            return status_text(403)
        try:
            found = self._reply.folder(path) if self._is_folder(path) else self._reply.file(path)
        except StorageError:
            return status_text(404)
        if request.method != "HEAD":
            return self._host.reply(found, headers=self._flags(path))
        return web.Response(headers={"Content-Type": "application/json", **self._flags(path)})

    def _is_folder(self, path: str) -> bool:
        return path == "/" or self._host.storage.is_dir(path)

    def _in_print(self, path: str) -> bool:
        run = self._m.plain_run
        return run is not None and run.path == path

    def _flags(self, path: str) -> dict[str, str]:
        printing = str(self._in_print(path)).lower()
        return {"Read-Only": "false", "Currently-Printing": printing}

    async def _put(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if path is None:
            return status_text(403)
        if request.headers.get("Create-Folder") == "?1":
            return self._make_folder(path)
        if request.content_length is None:
            return status_text(411)
        if self._transfers.present is not None:
            return status_text(409, "Another transfer in progress")
        if self._host.knobs.usb_missing:
            return status_text(507, "Missing USB drive")
        overwrite = request.headers.get("Overwrite") == "?1"
        return self._refused(path, overwrite=overwrite) or await self._take(request, path)

    def _refused(self, path: str, *, overwrite: bool) -> web.Response | None:
        """What is wrong with the name, which the first block of data brings to light."""
        if not is_printable(path):
            return status_text(415, "Not a GCODE")
        if overwrite and self._in_print(path):
            return status_text(409, _BUSY)
        if not overwrite and self._host.storage.exists(path):
            return status_text(409, "File already exists")
        return None

    async def _take(self, request: web.Request, path: str) -> web.Response:
        to_print = request.headers.get("Print-After-Upload") == "?1"
        transfer = Transfer(
            name=path.rsplit("/", 1)[-1],
            folder=USB + path.rsplit("/", 1)[0],
            size=request.content_length or 0,
            to_print=to_print,
        )
        with self._transfers.under_way(transfer):
            try:
                content = await receive(self._host, request, transfer.seen)
                store(self._host, path, content)
            except StorageFull:
                return status_text(507, _FULL)
        if to_print:
            if not self._m.can_start:
                return status_text(409, "Can't print right now")
            self._m.start_file(path)
        return self._host.reply(self._reply.uploaded(path), 201)

    def _make_folder(self, path: str) -> web.Response:
        if self._is_folder(path):
            return status_text(409, "Already exists")
        try:
            self._host.storage.mkdir(path)
        except StorageError:
            return status_text(500, "Error creating directory")
        return status_text(201)

    async def _form(self, request: web.Request) -> web.StreamResponse:
        """The older multipart upload, always to the top folder."""
        if self._transfers.present is not None:
            return status_text(409, "Another transfer in progress")
        transfer = Transfer(name="", folder=USB, size=request.content_length or 0, to_print=False)
        with self._transfers.under_way(transfer):
            try:
                form = await receive_form(self._host, request, transfer.seen)
            except StorageFull:
                return status_text(507, _FULL)
        if "file" not in form.files:
            return status_text(400, "Missing file")
        name, content = form.files["file"]
        path = normalise(name)
        refused = self._refused(path, overwrite=False)
        if refused is not None:
            return refused
        store(self._host, path, content)
        if form.fields.get("print") == "true":
            if not self._m.can_start:
                return status_text(409, "Can't print right now")
            self._m.start_file(path)
        return self._host.reply(self._reply.uploaded(path), 201)

    async def _start(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if path is None:
            return status_text(403)
        if not self._host.storage.exists(path) or self._host.knobs.usb_missing:
            return status_text(404)
        delay = self._host.knobs.start_delay_s
        return self._do(
            "start",
            self._m.can_start,
            (lambda: self._m.after(delay, lambda: self._late_start(path)))
            if delay > 0
            else (lambda: self._m.start_file(path)),
        )

    def _late_start(self, path: str) -> None:
        if self._m.can_start and self._host.storage.exists(path):
            self._m.start_file(path)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if path is None:
            return status_text(403)
        if self._in_print(path):
            return status_text(409, _BUSY)
        try:
            if self._is_folder(path):
                self._host.storage.rmdir(path)
            else:
                self._host.storage.delete(path)
        except StorageError:
            return status_text(404)
        return status_text(204)

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        content = self._content(request)
        if content is None:
            return status_text(404)
        return web.Response(body=content, content_type="application/octet-stream")

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        content = self._content(request)
        picture = None
        if content is not None:
            picture = thumbnail(content, small=request.match_info["size"] == "s")
        if picture is None:
            return status_text(404)
        return web.Response(body=picture, content_type="image/png")

    def _content(self, request: web.Request) -> bytes | None:
        path = self._names.long_path(request.match_info["path"])
        storage = self._host.storage
        return storage.read(path) if storage.exists(path) else None

    async def _transfer(self, _request: web.Request) -> web.StreamResponse:
        present = self._transfers.present
        if present is None:
            return status_text(204)
        return self._host.reply(self._reply.transfer(present))
