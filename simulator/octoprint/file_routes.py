"""/api/files and /downloads of a virtual OctoPrint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulator.octoprint.replies import Refusal, command_of, json_reply, nothing, said
from simulator.octoprint.upload_routes import stored

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost

_COMMANDS = {
    "select": (),
    "unselect": (),
    "copy": ("destination",),
    "move": ("destination",),
}
_BUSY = "Printer is already printing, cannot {}"
_GONE = "<html><title>404: Not Found</title><body>404: Not Found</body></html>"


class FileRoutes:
    """Handlers; added to a router by ``add``."""

    def __init__(self, host: OctoPrintHost) -> None:
        self._host = host
        self._app = host.app
        self._files = host.app.files

    def add(self, router: web.UrlDispatcher) -> None:
        """All paths of this file."""
        router.add_get("/api/files", self.all)
        router.add_get("/api/files/local", self.all)
        router.add_get("/api/files/sdcard", self.card)
        router.add_get("/api/files/local/{path:.+}", self.show)
        router.add_post("/api/files/local/{path:.+}", self.command)
        router.add_delete("/api/files/local/{path:.+}", self.delete)
        router.add_get("/downloads/files/local/{path:.+}", self.download)

    # --- reading ------------------------------------------------------------------------------

    async def all(self, request: web.Request) -> web.Response:
        """GET /api/files and /api/files/local."""
        storage = self._host.storage
        rows = self._files.rows(recursive=said(request.query.get("recursive")))
        free = 0 if self._host.knobs.disk_full else storage.capacity - storage.used
        return json_reply({"files": rows, "free": free, "total": storage.capacity})

    async def card(self, _request: web.Request) -> web.Response:
        """GET /api/files/sdcard: the machine's card is empty."""
        return json_reply({"files": []})

    async def show(self, request: web.Request) -> web.Response:
        """GET /api/files/local/PATH."""
        path = request.match_info["path"]
        if path.endswith("/"):
            raise Refusal(500)  # measured
        if self._files.exists(path):
            return json_reply(self._files.row(path))
        if not self._files.is_folder(path):
            raise Refusal(404)
        row = self._files.folder_row(path, recursive=False)
        recursive = said(request.query.get("recursive"))
        return json_reply(row | {"children": self._files.rows(path, recursive=recursive)})

    async def download(self, request: web.Request) -> web.Response:
        """GET /downloads/files/local/PATH."""
        path = request.match_info["path"]
        if not self._files.exists(path):
            return web.Response(status=404, text=_GONE, content_type="text/html")
        return web.Response(body=self._host.storage.read(path), content_type="text/plain")

    # --- commands -----------------------------------------------------------------------------

    async def command(self, request: web.Request) -> web.Response:
        """POST /api/files/local/PATH."""
        path = request.match_info["path"]
        if not self._files.exists(path) and not self._files.is_folder(path):
            raise Refusal(404)
        command, data = await command_of(request, _COMMANDS)
        if command in ("select", "unselect"):
            return self._select(path, data) if command == "select" else self._unselect()
        return self._copy(path, str(data["destination"]), move=command == "move")

    def _select(self, path: str, data: dict[str, Any]) -> web.Response:
        app = self._app
        if not self._files.exists(path):
            raise Refusal(404)
        if not app.core.state.operational or app.core.state.active:
            raise Refusal(409, _BUSY.format("select a new file"))
        if self._host.carries_out("select"):
            app.printing.select(path)
            if said(data.get("print")) and self._host.carries_out("start"):
                app.printing.start()
        return nothing()

    def _unselect(self) -> web.Response:
        app = self._app
        if not app.core.state.operational or app.core.state.active:
            raise Refusal(409, _BUSY.format("unselect current file"), html=True)
        if not app.printing.path:
            text = "Cannot unselect current file when there is no file selected"
            raise Refusal(409, text, html=True)
        app.printing.unselect()
        return nothing()

    def _copy(self, path: str, wish: str, *, move: bool) -> web.Response:
        app, target = self._app, stored(wish)
        if move and app.printing.uses(path):
            raise Refusal(409, "Trying to move a file or folder that is currently in use")
        if self._files.exists(target) or self._files.is_folder(target):
            raise Refusal(409, "File or folder does already exist")
        if not self._files.exists(path):
            raise Refusal(404)  # folders are neither copied nor moved here
        self._files.copy(path, target)
        if move:
            self._files.delete(path)
            self._moved(path, target)
        app.file_event("FileAdded", target, "add")
        app.core.emit("UpdatedFiles", {"type": "printables"})
        reply = self._files.brief(target) | {"name": path.rpartition("/")[2]}  # measured
        return json_reply(reply, 201, {"Location": reply["refs"]["resource"]})

    def _moved(self, path: str, target: str) -> None:
        app = self._app
        if app.printing.path == path:
            app.printing.unselect()
        payload = {"storage": "local"}
        for side, where in (("source", path), ("destination", target)):
            payload |= {f"{side}_path": where, f"{side}_name": where.rpartition("/")[2]}
            payload |= {f"{side}_type": ["machinecode", "gcode"]}  # type: ignore[dict-item]
        app.core.emit("FileMoved", payload)
        app.file_event("FileRemoved", path, "move")

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE /api/files/local/PATH: folders with all they hold."""
        path, app = request.match_info["path"], self._app
        folder = self._files.is_folder(path)
        if not folder and not self._files.exists(path):
            raise Refusal(404)
        if app.printing.uses(path):
            what = "folder that contains a file" if folder else "file"
            raise Refusal(409, f"Trying to delete a {what} that is currently in use")
        if not self._host.carries_out("delete"):
            return nothing()
        if app.printing.path == path or app.printing.path.startswith(f"{path}/"):
            app.printing.unselect()
        self._files.delete(path)
        app.file_event(
            "FolderRemoved" if folder else "FileRemoved", path, "" if folder else "remove"
        )
        app.core.emit("UpdatedFiles", {"type": "printables"})
        return nothing()
