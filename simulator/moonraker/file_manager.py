"""Moonraker's file manager: uploads, deletions and moves inside the root "gcodes"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.moonraker.errors import ServerError
from simulator.moonraker.file_listing import GCODE, FileListing, analysed, stem
from simulator.moonraker.virtual_card import ROOT
from simulator.storage import Storage, StorageError


class FileManager(FileListing):
    """``loaded`` names the file that is printed or paused; ``changed`` hears every
    notify_filelist_changed."""

    def __init__(
        self,
        storage: Storage,
        loaded: Callable[[], str | None],
        changed: Callable[[dict[str, Any]], None],
        space: Callable[[], bool],
    ) -> None:
        super().__init__(storage, space)
        self._loaded = loaded
        self._changed = changed

    def _guard(self, path: str) -> None:
        loaded = self._loaded()
        if loaded is not None and (loaded == path or loaded.startswith(f"{path}/")):
            raise ServerError("File currently in use", 403)

    def check_upload(self, path: str) -> None:
        """Whether this name may be written. Raises ServerError 400 or 403."""
        if ".." in path.split("/"):
            name = path.rpartition("..")[2].lstrip("/")
            raise ServerError(f"Cannot write to path: /home/pi/{name}", plain=True)
        loaded = self._loaded()
        if loaded == path:
            raise ServerError("File is loaded, upload not permitted", 403, plain=True)

    def make_folders(self, folder: str) -> None:
        """A folder and those above it."""
        done = ""
        for part in filter(None, folder.split("/")):
            done += f"/{part}"
            if not self._storage.is_dir(done):
                self._storage.mkdir(done)

    def keep(self, path: str, content: bytes, *, room: int | None = None) -> None:
        """Write an upload. With too little ``room`` the beginning stays, as on a real disk.

        Raises ServerError 500.
        """
        self.make_folders(path.rpartition("/")[0])
        replaced = self.exists(path)
        if room is not None and room < len(content):
            self._storage.write("/" + path, content[:room])
            raise ServerError("Unable to save file", 500, plain=True)
        try:
            self._storage.write("/" + path, content)
        except StorageError:
            raise ServerError("Unable to save file", 500, plain=True) from None
        self._metadata.pop(path, None)
        self._changed({"action": "create_file", "item": self.item(path)})
        if path.lower().endswith(GCODE):
            self._keep_pictures(path, content, replaced=replaced)

    def _keep_pictures(self, path: str, content: bytes, *, replaced: bool) -> None:
        folder = path.rpartition("/")[0]
        head = f"{folder}/.thumbs" if folder else ".thumbs"
        pictures = analysed(content).thumbnails
        if pictures and not self._storage.is_dir("/" + head):
            self._storage.mkdir("/" + head)
            self._changed({"action": "create_dir", "item": self.item(head)})
        for one in pictures:
            where = f"{head}/{stem(path)}-{one.suffix}.png"
            self._storage.write("/" + where, one.data)
            action = "modify_file" if replaced else "create_file"
            self._changed({"action": action, "item": self.item(where)})

    def delete(self, path: str) -> dict[str, Any]:
        """A file of gcodes. Raises ServerError 400 (not there) or 403 (in use)."""
        if not self.exists(path):
            raise ServerError(f"Invalid file path: gcodes/{path}")
        self._guard(path)
        item = self.item(path)
        self._storage.delete("/" + path)
        self._metadata.pop(path, None)
        self._forget_pictures(path)
        self._changed({"action": "delete_file", "item": item})
        return {"action": "delete_file", "item": _gone(path)}

    def _forget_pictures(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        head = f"/{folder}/.thumbs" if folder else "/.thumbs"
        if not path.lower().endswith(GCODE) or not self._storage.is_dir(head):
            return
        for entry in self._storage.list(head):
            if entry.name.startswith(f"{stem(path)}-"):
                self._storage.delete(f"{head}/{entry.name}")

    def make_directory(self, path: str) -> dict[str, Any]:
        """Raises ServerError 400 when it exists."""
        folder = self.inside(path)
        try:
            self._storage.mkdir("/" + folder)
        except StorageError:
            raise ServerError(f"[Errno 17] File exists: '{ROOT}/{folder}'") from None
        answer = {"action": "create_dir", "item": self.item(folder)}
        self._changed(answer)
        return answer

    def delete_directory(self, path: str, *, force: bool) -> dict[str, Any]:
        """Raises ServerError 400 (not there, not empty) or 403 (something of it is printed)."""
        folder = self.inside(path)
        if not folder or not self._storage.is_dir("/" + folder):
            raise ServerError(f"Directory does not exist ({path.strip('/')})")
        self._guard(folder)
        if self._storage.list("/" + folder) and not force:
            raise ServerError(f"[Errno 39] Directory not empty: '{ROOT}/{folder}'")
        self._remove_tree(folder)
        answer = {"action": "delete_dir", "item": _gone(folder)}
        self._changed(answer)
        return answer

    def _remove_tree(self, folder: str) -> None:
        for entry in self._storage.list("/" + folder):
            if entry.is_dir:
                self._remove_tree(f"{folder}/{entry.name}")
            else:
                self._storage.delete(f"/{folder}/{entry.name}")
                self._metadata.pop(f"{folder}/{entry.name}", None)
        self._storage.rmdir("/" + folder)

    def move(self, source: str, dest: str, *, copy: bool) -> dict[str, Any]:
        """move or copy of a file; raises ServerError 400 or 403."""
        old, new = self.inside(source), self.inside(dest)
        if not self.exists(old):
            raise ServerError(f"File {ROOT}/{old} does not exist")
        if not copy:
            self._guard(old)
        if old.lower().endswith(GCODE):
            self.metadata(old)
        content, modified = self._storage.read("/" + old), self._time(old)
        self.make_folders(new.rpartition("/")[0])
        self._storage.write("/" + new, content, modified)
        if old in self._metadata:  # the pictures keep their names
            self._metadata[new] = dict(self._metadata[old])
        if copy:
            answer = {"action": "create_file", "item": self.item(new)}
        else:
            self._storage.delete("/" + old)
            self._metadata.pop(old, None)
            answer = {
                "action": "move_file",
                "item": self.item(new),
                "source_item": {"path": old, "root": "gcodes"},
            }
        self._changed(answer)
        return answer


def _gone(path: str) -> dict[str, Any]:
    return {"modified": 0, "size": 0, "permissions": "", "path": path, "root": "gcodes"}
