"""The page itself, with the farm already in it, and its static files."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, send_from_directory

from core.errors import NotFound
from web.services import services
from web.status_body import status_body

blueprint = Blueprint("pages", __name__)
EXTENSION = "farm.page"

_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_BOOT = re.compile(rb'(<script type="application/json" id="boot">)(.*?)(</script>)', re.DOTALL)
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


def pin_types() -> None:
    """The same media types on every machine: Windows takes them from its registry otherwise."""
    for extension, kind in _TYPES.items():
        mimetypes.add_type(kind, extension)


def script_hashes(static: Path) -> tuple[str, ...]:
    """CSP hashes of the import maps in index.html (other inline scripts are not allowed)."""
    try:
        page = (static / "index.html").read_bytes()
    except FileNotFoundError:
        return ()
    digests = [hashlib.sha256(found).digest() for found in _IMPORT_MAP.findall(page)]
    return tuple(f"sha256-{base64.b64encode(digest).decode()}" for digest in digests)


class IndexPage:
    """index.html around the boot data; read again only when the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: tuple[int, bytes, bytes] = (-1, b"", b"")

    def render(self, boot: bytes) -> bytes:
        """``boot`` is JSON; "<" is escaped so that no name in it can end the script element."""
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._kept[0]:
                self._kept = (changed, *self._split(self._path.read_bytes()))
        except FileNotFoundError as error:
            raise NotFound("The page is not installed; the API works without it.") from error
        _, before, after = self._kept
        return before + boot.replace(b"<", b"\\u003c") + after

    @staticmethod
    def _split(page: bytes) -> tuple[bytes, bytes]:
        found = _BOOT.search(page)
        if found is None:
            return page, b""
        return page[: found.end(1)], page[found.start(3) :]


def index_page() -> IndexPage:
    """The page of the app that handles this request."""
    return cast(IndexPage, current_app.extensions[EXTENSION])


@blueprint.get("/")
def page() -> Response:
    s = services()
    boot = status_body().snapshot(s.hub.state, s.clock.time())
    response = Response(index_page().render(boot), mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/static/<path:name>")
def asset(name: str) -> Response:
    response = send_from_directory(services().static_dir, name, etag=True, max_age=0)
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/sw.js")
def service_worker() -> Response:
    """At the root, because a worker may only serve what lies beneath it."""
    return asset("sw.js")


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    return send_from_directory(services().static_dir, "favicon.svg", max_age=86_400)
