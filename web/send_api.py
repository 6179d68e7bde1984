"""OctoPrint's upload, so that slicers send to the farm, or below /send/ID/ to one printer.

What PrusaSlicer, OrcaSlicer and Cura's OctoPrint plug-in ask for, and no more. Their sources say
how an answer reaches the person: PrusaSlicer and OrcaSlicer show the body behind "HTTP 422:",
Cura shows it only as exactly text/plain, and for 409 a sentence of its own (another one).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from core.errors import BadRequest, FarmError, NotFound, Unusable
from web import send_queue
from web.errors import farm_error, json_response
from web.fields import json_body
from web.files_api import receive
from web.printers_api import note
from web.send_keys import BLUEPRINT
from web.send_queue import Queued
from web.services import services

if TYPE_CHECKING:
    from slicer.library import StoredFile

blueprint = Blueprint(BLUEPRINT, __name__)
_API = "0.1"
_TRUE = frozenset({"true", "yes", "y", "1"})  # as OctoPrint reads form values
_READY = {
    "operational": True, "ready": True, "sdReady": False, "printing": False, "pausing": False,
    "paused": False, "cancelling": False, "error": False, "closedOrError": False,
}  # fmt: skip

View = Callable[..., Response]


def both(rule: str, method: str = "GET") -> Callable[[View], View]:
    """The route at the root, where ``g.send_printer`` is "", and for one printer."""

    def register(view: View) -> View:
        for prefix in ("", "/send/<printer_id>"):
            blueprint.add_url_rule(f"{prefix}/api/{rule}", view_func=view, methods=[method])
        return view

    return register


@blueprint.url_value_preprocessor
def keep_printer(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Runs before sign-in, so it only keeps what the address says."""
    g.send_printer = (values or {}).pop("printer_id", "")


@blueprint.before_request
def require_printer() -> None:
    """After sign-in. Raises NotFound."""
    if g.send_printer:
        services().fleet.snapshot(g.send_printer)


@blueprint.errorhandler(FarmError)
def refused(error: FarmError) -> Response:
    """The sentence alone, as text; {"error": sentence} for who asks for JSON."""
    response = farm_error(error)
    if response.status_code == 409:
        response.status_code = 422
    if request.accept_mimetypes.best == "application/json":
        response.set_data(json_response({"error": error.message}).get_data())
    else:
        response.set_data(error.message)
        response.headers["Content-Type"] = "text/plain"
    return response


@both("version")
def version() -> Response:
    """Slicers accept a host whose text begins with "OctoPrint"."""
    own = services().version
    return json_response(
        {"api": _API, "server": own, "text": f"OctoPrint (compatible: print farm {own})"}
    )


@both("files/local", "POST")
def upload() -> Response:
    """201 once the file is in the library and, with print=true, in the queue."""
    stored, new, fields = receive()
    queued = _queue(stored, new, fields) if _wants_print(fields) else None
    _note("command", f"{stored.name} {f'queued as {queued.job_id}' if queued else 'received'}")
    body = {
        "files": {"local": _file(stored)},
        "done": True,
        "effectiveSelect": False,
        "effectivePrint": queued is not None,
        "farm": {
            "file_id": stored.id,
            "job_id": queued.job_id if queued else None,
            "text": queued.text if queued else "In the library.",
        },
    }
    response = json_response(body, 201)
    response.headers["Location"] = _address(stored)
    return response


@both("files/local/<path:name>")
def file(name: str) -> Response:
    """Where the upload's Location points to."""
    return json_response(_file(_newest(name)))


@both("files/local/<path:name>", "POST")
def choose(name: str) -> Response:
    """{"command": "select", "print": true}: Cura's way to print a file it has sent before."""
    fields = json_body(optional=False)
    fields.choice("command", ("select",))
    wants_print = fields.flag("print", False)
    fields.done()
    stored = _newest(name)
    if wants_print:
        queued = send_queue.put(stored, _plate({}, stored), g.send_printer, _sender())
        _note("command", f"{stored.name} queued as {queued.job_id}")
    return Response(status=204)


# -- what Cura wants to have seen before it offers to print -------------------------------------


@both("printer")
def printer() -> Response:
    """Always ready: a print that is sent waits in the queue, whatever the printer does now."""
    return json_response({"state": {"text": "Operational", "flags": _READY}})


@both("job")
def job() -> Response:
    progress = {"completion": None, "filepos": None, "printTime": None, "printTimeLeft": None}
    nothing = {"file": {"name": None, "origin": None, "size": None, "date": None}}
    return json_response({"job": nothing, "progress": progress, "state": "Operational"})


@both("settings")
def settings() -> Response:
    return json_response({"feature": {"sdSupport": False}, "plugins": {}})


@both("printerprofiles")
def profiles() -> Response:
    return json_response({"profiles": {}})


@both("login", "POST")
def login() -> Response:
    """Whose key it is. Nobody is signed in by this: there is no cookie in the answer."""
    return json_response({"name": _sender()})


@blueprint.get("/send/<printer_id>")
def page() -> BaseResponse:
    """A slicer's "Device" tab opens the address it sends to: the printer's page."""
    return redirect(f"/#/p/{quote(g.send_printer, safe='')}")


# -- parts --------------------------------------------------------------------------------------


def _wants_print(fields: Mapping[str, str]) -> bool:
    return fields.get("print", "").strip().lower() in _TRUE


def _queue(stored: StoredFile, new: bool, fields: Mapping[str, str]) -> Queued:
    """What nobody can ever print is not kept: the slicer still has it."""
    try:
        return send_queue.put(stored, _plate(fields, stored), g.send_printer, _sender())
    except (Unusable, BadRequest, NotFound) as error:
        if new:
            services().library.delete(stored.id)
        _note("refused", f"{stored.name} refused: {error.message}", "warn")
        raise


def _sender() -> str:
    return str(g.get("send_key") or g.get("user") or "a slicer")


def _note(kind: str, text: str, level: str = "info") -> None:
    if g.send_printer:
        note(g.send_printer, kind, f"{text} (sent by {_sender()})", level)


def _plate(fields: Mapping[str, str], stored: StoredFile) -> int:
    """OrcaSlicer names the plate of a .3mf, counted from 1. Raises BadRequest."""
    given = fields.get("plateindex", "").strip()
    if not given:
        return stored.file.plates[0].index if stored.file.plates else 1
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 64:
        raise BadRequest("The field 'plateindex' must be a number from 1 to 64.")
    return int(given)


def _newest(name: str) -> StoredFile:
    for stored in services().library.list():
        if stored.name == name:
            return stored
    raise NotFound("There is no file of that name in the library.", code="file_not_found")


def _address(stored: StoredFile) -> str:
    prefix = f"/send/{quote(g.send_printer, safe='')}" if g.send_printer else ""
    return f"{prefix}/api/files/local/{quote(stored.name, safe='')}"


def _file(stored: StoredFile) -> dict[str, Any]:
    """A file as OctoPrint describes it. The library has no folders: the path is the name."""
    kind = "model" if stored.file.is_model else "machinecode"
    return {
        "name": stored.name,
        "display": stored.name,
        "path": stored.name,
        "type": kind,
        "typePath": [kind, stored.file.kind],
        "origin": "local",
        "size": stored.size_bytes,
        "date": int(stored.added_at),
        "refs": {"resource": _address(stored)},
    }
