"""Uploads and new folders: POST /api/files/local of a virtual OctoPrint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from simulator.http_uploads import Form, StorageFull, receive_form, store
from simulator.octoprint.core import USER
from simulator.octoprint.names import BadName, WrongType, stored_path, upload_path
from simulator.octoprint.replies import Refusal, json_reply, said

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost

_FULL = "[Errno 28] No space left on device"
_NO_FILE = "No file to upload and no folder to create"


class UploadRoutes:
    """Handlers; added to a router by ``add``."""

    def __init__(self, host: OctoPrintHost) -> None:
        self._host = host
        self._app = host.app
        self._files = host.app.files

    def add(self, router: web.UrlDispatcher) -> None:
        """All paths of this file."""
        router.add_post("/api/files/local", self.upload)

    async def upload(self, request: web.Request) -> web.Response:
        """POST /api/files/local: a file or a folder."""
        try:
            form, full = await receive_form(self._host, request), False
        except web.HTTPBadRequest as error:
            raise Refusal(400, _NO_FILE) from error
        except StorageFull as error:
            form, full = error.form or Form(), True
        if "file" in form.files:
            return self._file(form, full=full)
        if "foldername" in form.fields:
            return self._folder(form)
        raise Refusal(400, _NO_FILE)

    def _folder(self, form: Form) -> web.Response:
        parent, wish = form.fields.get("path", ""), form.fields["foldername"]
        path = stored(f"{parent}/{wish}") if wish.strip(" .") else ""
        if not path:
            raise Refusal(400, "folder name is empty")
        if self._files.make_folder(path, wish.rpartition("/")[2]):
            self._app.file_event("FolderAdded", path)
            self._app.core.emit("UpdatedFiles", {"type": "printables"})
        folder = self._files.brief(path, folder=True)
        reply = {"done": True, "folder": folder}
        return json_reply(reply, 201, {"Location": folder["refs"]["resource"]})

    def _file(self, form: Form, *, full: bool) -> web.Response:
        wish, content = form.files["file"]
        path = self._checked(form, wish)
        try:
            if full:
                self._host.storage.write(path, b"")  # measured: what is cut off stays
                raise StorageFull
            store(self._host, path, content)
        except StorageFull as error:
            raise Refusal(500, _FULL) from error
        if not self._host.storage.exists(path):  # knob upload_lost
            return self._uploaded(path, select=False, start=False)
        self._files.learn(path, wish.rpartition("/")[2], USER, self._host.knobs.file_delay_s)
        return self._take(path, form)

    def _checked(self, form: Form, wish: str) -> str:
        if not self._host.carries_out("upload"):
            raise Refusal(409, "File already exists and noOverwrite was set")
        try:
            json.loads(form.fields.get("userdata") or "null")
        except ValueError as error:
            raise Refusal(400, "userdata contains invalid JSON") from error
        try:
            path = upload_path(form.fields.get("path", ""), wish)
        except BadName as error:
            raise Refusal(400, "Can not upload file, invalid file name") from error
        except WrongType as error:
            raise Refusal(415, "Could not upload file, invalid type") from error
        if self._app.printing.uses(path):
            raise Refusal(409, "Trying to overwrite file that is currently being printed")
        if said(form.fields.get("noOverwrite")) and self._host.storage.exists(path):
            raise Refusal(409, "File already exists and noOverwrite was set")
        if self._host.storage.is_dir(path):
            raise Refusal(409, "File or folder does already exist")
        return path

    def _take(self, path: str, form: Form) -> web.Response:
        """A stored upload: events, selection, start."""
        app = self._app
        app.file_event("FileAdded", path, "add")
        app.core.emit("UpdatedFiles", {"type": "printables"})
        app.uploaded(path)
        wishes = {name: said(form.fields.get(name)) for name in ("select", "print")}
        select = wishes["select"] and app.idle
        start = wishes["print"] and app.idle
        if select or start:
            app.printing.select(path)
        if start and self._host.carries_out("start"):
            app.printing.start()
        names = {"name": path.rpartition("/")[2], "path": path, "target": "local"}
        effects = {"effective_select": select, "effective_print": start}
        app.core.emit("Upload", {**names, **wishes, **effects})
        return self._uploaded(path, select=select, start=start)

    def _uploaded(self, path: str, *, select: bool, start: bool) -> web.Response:
        brief = self._files.brief(path)
        reply = {
            "done": True,
            "effectivePrint": start,
            "effectiveSelect": select,
            "files": {"local": brief},
        }
        return json_reply(reply, 201, {"Location": brief["refs"]["resource"]})


def stored(wish: str) -> str:
    """A path as it is stored. Raises Refusal 400."""
    try:
        return stored_path(wish)
    except BadName as error:
        raise Refusal(400, "folder name is empty") from error
