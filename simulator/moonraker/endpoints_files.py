"""/server/files/* as far as answers are JSON; uploads and downloads are in uploads.py."""

from __future__ import annotations

from typing import Any

from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.errors import ServerError
from simulator.moonraker.server import Moonraker


def listing(server: Moonraker, call: Call) -> Any:
    """GET /server/files/list?root=."""
    return server.files.listing(call.text("root", "gcodes"))


def metadata(server: Moonraker, call: Call) -> Any:
    """GET /server/files/metadata?filename=."""
    return server.files.metadata(call.text("filename"))


def thumbnails(server: Moonraker, call: Call) -> Any:
    """GET /server/files/thumbnails?filename=."""
    return server.files.thumbnails(call.text("filename"))


def directory(server: Moonraker, call: Call) -> Any:
    """GET /server/files/directory?path=gcodes/sub&extended=true."""
    return server.files.directory(call.text("path", "gcodes"), extended=call.flag("extended"))


def make_directory(server: Moonraker, call: Call) -> Any:
    """POST /server/files/directory?path=gcodes/sub."""
    return server.files.make_directory(call.text("path"))


def delete_directory(server: Moonraker, call: Call) -> Any:
    """DELETE /server/files/directory?path=gcodes/sub&force=true."""
    return server.files.delete_directory(call.text("path"), force=call.flag("force"))


def move(server: Moonraker, call: Call) -> Any:
    """POST /server/files/move?source=&dest=."""
    return server.files.move(call.text("source"), call.text("dest"), copy=False)


def copy(server: Moonraker, call: Call) -> Any:
    """POST /server/files/copy?source=&dest=."""
    return server.files.move(call.text("source"), call.text("dest"), copy=True)


def delete(server: Moonraker, call: Call) -> Any:
    """server.files.delete_file with path "gcodes/part.gcode"."""
    root, _, path = call.text("path").strip("/").partition("/")
    if root != "gcodes":
        raise ServerError(f"Invalid file path: {call.text('path')}")
    return server.files.delete(path)


_DIRECTORY = "/server/files/directory"
ENDPOINTS = (
    Endpoint("GET", "/server/files/list", "server.files.list", listing),
    Endpoint("GET", "/server/files/metadata", "server.files.metadata", metadata),
    Endpoint("POST", "/server/files/metascan", "server.files.metascan", metadata),
    Endpoint("GET", "/server/files/thumbnails", "server.files.thumbnails", thumbnails),
    Endpoint("GET", _DIRECTORY, "server.files.get_directory", directory),
    Endpoint("POST", _DIRECTORY, "server.files.post_directory", make_directory),
    Endpoint("DELETE", _DIRECTORY, "server.files.delete_directory", delete_directory),
    Endpoint("POST", "/server/files/move", "server.files.move", move),
    Endpoint("POST", "/server/files/copy", "server.files.copy", copy),
    Endpoint("", "", "server.files.delete_file", delete),
)
