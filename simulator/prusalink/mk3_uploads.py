"""Files and starts of the server beside an MK3, as measured on the real one (0.8.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from simulator.http_uploads import StorageFull, receive, receive_form, store
from simulator.prusalink import mk3_errors as e
from simulator.prusalink.gcode_meta import thumbnail
from simulator.prusalink.mk3_files import FORBIDDEN, ROOT, Mk3Files, is_printable
from simulator.prusalink.mk3_legacy import Mk3Legacy
from simulator.prusalink.transfers import Transfer, Transfers
from simulator.storage import StorageError, normalise

if TYPE_CHECKING:
    from simulator.prusalink.host import PrusaLinkHost

_BLOCK = 65_365  # a last block of one byte is lost, and the upload fails
_NAME_MAX = 240


class Mk3FileHandlers:
    """Handlers of everything below /api/v1/files, and of its older forms."""

    def __init__(self, host: PrusaLinkHost) -> None:
        self._host = host
        self._m = host.machine
        self._files = Mk3Files(host.machine)
        self._reply = Mk3Legacy(host.machine, self._files)
        self._transfers = Transfers()

    def file_routes(self, router: web.UrlDispatcher) -> None:
        """Add the paths of files."""
        router.add_get("/api/v1/files/{storage}", self._file)
        files = "/api/v1/files/{storage}/{path:.*}"
        router.add_get(files, self._file)
        router.add_put(files, self._put)
        router.add_post(files, self._start)
        router.add_delete(files, self._delete)
        router.add_get("/api/files/local/" + ROOT + "/{path:.+}/raw", self._raw)
        router.add_get("/api/thumbnails/" + ROOT + "/{path:.+}.orig.png", self._thumbnail)
        router.add_post("/api/files/local", self._form)
        router.add_get("/api/v1/transfer", self._transfer)

    def _do(self, command: str, action: Callable[[], object]) -> None:
        """With the knobs fail_commands and ignore_commands."""
        if self._host.knobs.fails(command):
            raise e.Refusal(e.REFUSED)
        if not self._host.knobs.ignores(command):
            action()

    def _path(self, request: web.Request, *, write: bool = False) -> str:
        """The path on the storage. Raises Refusal for other storages."""
        storage = request.match_info["storage"]
        if storage == "sdcard" and write:
            raise e.Refusal(e.READ_ONLY)
        if storage not in ("local", "sdcard"):
            raise e.Refusal(e.NO_LOCATION)
        return normalise(request.match_info.get("path", ""))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if request.match_info["storage"] == "sdcard":
            return self._sd_card(path)
        found = self._files.folder(path) or self._files.file(path, meta=True)
        if found is None:
            raise e.Refusal(e.FILE_NOT_FOUND)
        if request.method != "HEAD":
            return self._host.reply(found)
        run = self._m.plain_run
        moment = datetime.fromtimestamp(found["m_timestamp"], UTC)
        return web.Response(
            headers={
                "Content-Type": e.HTML,
                "Read-Only": "False",
                "Currently-Printed": str(run is not None and run.path == path),
                "Last-Modified": moment.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            }
        )

    def _sd_card(self, path: str) -> web.StreamResponse:
        if path != "/":
            raise e.Refusal(e.FILE_NOT_FOUND)
        folder = {"type": "FOLDER", "name": "SD Card", "read_only": True, "size": 0}
        return self._host.reply({**folder, "children": [], "display_name": "SD Card"})

    async def _put(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request, write=True)
        if FORBIDDEN & set(request.match_info["path"]):
            raise e.Refusal(e.CHARACTERS)
        if request.headers.get("Create-Folder") == "?1":
            self._make_folder(path)
            return e.empty(201)
        if not request.content_length:
            raise e.Refusal(e.NO_LENGTH)
        exists = self._host.storage.exists(path)
        if exists and request.headers.get("Overwrite") != "?1":
            raise e.Refusal(e.EXISTS)
        to_print = request.headers.get("Print-After-Upload") == "?1"
        if to_print and not self._m.can_start:
            raise e.Refusal(e.NOT_IN_STATE)
        if self._transfers.present is not None or len(path) > _NAME_MAX:
            return e.page(500, request)
        await self._take(request, path, to_print)
        return e.empty(201)

    def _make_folder(self, path: str) -> None:
        if not self._host.storage.is_dir(path):
            self._host.storage.mkdir(path)

    async def _take(self, request: web.Request, path: str, to_print: bool) -> None:
        name = path.rsplit("/", 1)[-1]
        size = request.content_length or 0
        transfer = Transfer(name=name, folder="/local", size=size, to_print=to_print)
        with self._transfers.under_way(transfer):
            try:
                content = await receive(self._host, request, transfer.seen)
            except StorageFull:
                raise e.Refusal(e.NO_SPACE) from None
        if len(content) % _BLOCK == 1:
            raise e.Refusal(e.UPLOAD_FAILED)
        self._keep(path, content)
        if to_print:
            self._m.start_file(path)

    def _keep(self, path: str, content: bytes) -> None:
        before = self._files.shown(path)
        try:
            store(self._host, path, content)
        except StorageFull:
            raise e.Refusal(e.NO_SPACE) from None
        size, modified = before or (None, 0)
        self._files.stored(path, size, modified)

    async def _form(self, request: web.Request) -> web.StreamResponse:
        """The older multipart upload; it has no trouble with last blocks."""
        transfer = Transfer(
            name="", folder="/local", size=request.content_length or 0, to_print=False
        )
        if self._transfers.present is not None:
            return e.page(500, request)
        with self._transfers.under_way(transfer):
            try:
                form = await receive_form(self._host, request, transfer.seen)
            except StorageFull:
                raise e.Refusal(e.NO_SPACE) from None
        if "file" not in form.files:
            raise e.Refusal(e.UPLOAD_FAILED)
        name, content = form.files["file"]
        path = normalise(f"{form.fields.get('path', '')}/{name}")
        if FORBIDDEN & set(path):
            raise e.Refusal(e.CHARACTERS)
        self._keep(path, content)
        if form.fields.get("print") == "true" and self._m.can_start:
            self._m.start_file(path)
        return e.empty(201)

    async def _start(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if self._files.shown(path) is None or not is_printable(path):
            raise e.Refusal(e.FILE_NOT_FOUND)
        if not self._m.can_start:
            raise e.Refusal(e.NOT_IN_STATE)
        delay = self._host.knobs.start_delay_s
        if delay > 0:
            self._do("start", lambda: self._m.after(delay, lambda: self._late_start(path)))
        else:
            self._do("start", lambda: self._m.start_file(path))
        return e.empty(204)

    def _late_start(self, path: str) -> None:
        if self._m.can_start and self._host.storage.exists(path):
            self._m.start_file(path)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request, write=True)
        run = self._m.plain_run
        if run is not None and run.path == path:
            raise e.Refusal(e.IN_PRINT)
        storage = self._host.storage
        if storage.is_dir(path):
            self._delete_folder(path, force=request.headers.get("Force") == "?1")
            return e.empty(204)
        try:
            storage.delete(path)
        except StorageError:
            raise e.Refusal(e.FILE_NOT_FOUND) from None
        return e.empty(204)

    def _delete_folder(self, path: str, *, force: bool) -> None:
        entries = self._host.storage.list(path)
        if entries and not force:
            raise e.Refusal(e.NOT_EMPTY)
        for entry in entries:
            inside = f"{path.rstrip('/')}/{entry.name}"
            if entry.is_dir:
                self._delete_folder(inside, force=True)
            else:
                self._host.storage.delete(inside)
        self._host.storage.rmdir(path)

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        path = normalise(request.match_info["path"])
        if self._files.shown(path) is None:
            raise e.Refusal(e.FILE_NOT_FOUND)
        return web.Response(
            body=self._host.storage.read(path), content_type="application/octet-stream"
        )

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        path = normalise(request.match_info["path"])
        picture = None
        if self._files.shown(path) is not None:
            picture = thumbnail(self._host.storage.read(path))
        if picture is None:
            raise e.Refusal(e.NOT_FOUND)
        return web.Response(body=picture, content_type="image/png")

    async def _transfer(self, _request: web.Request) -> web.StreamResponse:
        present = self._transfers.present
        if present is None:
            return e.empty(204)
        return self._host.reply(self._reply.transfer(present))
