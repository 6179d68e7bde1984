"""/server/files/upload, downloads and deletions by path."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from aiohttp import web

from simulator.http_knobs import HttpKnobs
from simulator.http_uploads import Form, receive_form
from simulator.moonraker.endpoints_printer import start_print
from simulator.moonraker.errors import ServerError
from simulator.moonraker.file_listing import GCODE, analysed
from simulator.moonraker.gcode_program import program_of

if TYPE_CHECKING:
    from simulator.moonraker.host import MoonrakerHost

_DOWNLOAD = "/server/files/gcodes/"
_PNG = "image/png"


class _Intake:
    """Takes an upload in whole although the disk is full: the real server notices when it moves
    the file to its place, and leaves there what did fit."""

    def __init__(self, knobs: HttpKnobs) -> None:
        self.knobs = replace(knobs, disk_full=False)


class FileRoutes:
    """What is not JSON in, JSON out."""

    def __init__(self, host: MoonrakerHost) -> None:
        self._host = host

    def add(self, router: web.UrlDispatcher) -> None:
        """Their paths."""
        router.add_post("/server/files/upload", self.upload)
        router.add_get(_DOWNLOAD + "{path:.+}", self.download)
        router.add_delete(_DOWNLOAD + "{path:.+}", self.delete)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """201 when everything is there; print_started says whether it prints."""
        try:
            path, answer = await self._take(request)
        except ServerError as refused:
            return self._host.refused(refused)
        where = f"{self._host.url}{_DOWNLOAD}{quote(path)}"
        return self._host.answer(answer, 201, {"Location": where})

    async def _take(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        form = await receive_form(cast("MoonrakerHost", _Intake(self._host.knobs)), request)
        path, content = _target(form)
        server = self._host.server
        server.files.check_upload(path)
        _check_sum(form, content)
        if path.lower().endswith(GCODE):
            await asyncio.to_thread(_prepare, content, server.printer.config.volume)
        self._keep(path, content)
        item = self._item(path, content)
        answer: dict[str, Any] = {"action": "create_file", "item": item}
        if path.lower().endswith(GCODE):
            wanted = form.fields.get("print", "").lower() == "true"
            started = wanted and await self._start(request, path)
            answer.update(print_started=started, print_queued=False)
        return path, answer

    def _keep(self, path: str, content: bytes) -> None:
        knobs, server = self._host.knobs, self._host.server
        if knobs.upload_lost:
            return
        if knobs.file_delay_s > 0:
            server.printer.after(knobs.file_delay_s, lambda: server.files.keep(path, content))
        else:
            room = len(content) // 2 if knobs.disk_full else None
            server.files.keep(path, content, room=room)

    def _item(self, path: str, content: bytes) -> dict[str, Any]:
        if self._host.server.files.exists(path):
            return self._host.server.files.item(path)
        return {
            "modified": 0.0,
            "size": len(content),
            "permissions": "rw",
            "path": path,
            "root": "gcodes",
        }

    async def _start(self, request: web.Request, path: str) -> bool:
        """False while printing, halted, or as long as the server still believes so."""
        server = self._host.server
        if server.klippy_state != "ready" or server.history.is_running:
            return False
        try:
            await start_print(server, path, self._host.user_of(request))
        except ServerError:
            return False
        return True

    async def download(self, request: web.Request) -> web.StreamResponse:
        """The file itself, thumbnails included."""
        try:
            path = request.match_info["path"]
            content = self._host.server.files.read(path)
        except ServerError as refused:
            return self._host.refused(refused)
        name = path.rpartition("/")[2]
        kind = _PNG if name.endswith(".png") else "text/plain"
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        headers = {"Content-Type": kind, "Content-Disposition": disposition}
        return web.Response(body=content, headers=headers)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """403 for the file that is printed; texts only inside the traceback."""
        try:
            deleted = self._host.server.files.delete(request.match_info["path"])
        except ServerError as refused:
            return self._host.refused(ServerError(refused.message, refused.status, plain=True))
        return self._host.answer({"result": deleted})


def _target(form: Form) -> tuple[str, bytes]:
    if "file" not in form.files:
        raise ServerError("No file name specifed in upload form", 500, plain=True)
    if form.fields.get("root", "gcodes") != "gcodes":
        raise ServerError(f"Root {form.fields['root']} not registered", plain=True)
    name, content = form.files["file"]
    folder = form.fields.get("path", "").strip("/")
    if "/" in name and ".." not in name.split("/"):
        raise ServerError("Unable to save file", 500, plain=True)
    return (f"{folder}/{name}" if folder else name.lstrip("/")), content


def _check_sum(form: Form, content: bytes) -> None:
    wanted = form.fields.get("checksum", "").lower()
    found = hashlib.sha256(content).hexdigest()
    if wanted and wanted != found:
        text = f"File checksum mismatch: expected {wanted}, calculated {found}"
        raise ServerError(text, 422, plain=True)


def _prepare(content: bytes, volume: tuple[float, float, float]) -> None:
    """What takes long with big files, in a thread; the results are remembered."""
    analysed(content)
    program_of(content, volume)
