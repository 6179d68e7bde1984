"""How the server beside an MK3 refuses: a title, a sentence and mostly an address, as text."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One refusal. ``slug`` "" leaves the address out."""

    status: int
    title: str
    text: str
    slug: str = ""

    def response(self, request: web.Request) -> web.Response:
        """As the server words it."""
        body = f"{self.title}\n{self.text}\n"
        if self.slug:
            body += f"\n\nSee: {request.scheme}://{request.host}/error/{self.slug}"
        return web.Response(status=self.status, body=body.encode(), headers={"Content-Type": TEXT})


class Refusal(Exception):
    """Raised by handlers: ``answer`` is what the client gets."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.title)
        self.answer = answer


def page(status: int, request: web.Request | None = None) -> web.Response:
    """A web page with the status, as its framework gives for 401, 405, 500 and bad numbers."""
    reason = {400: "Bad Request", 401: "Unauthorized", 404: "Page Not Found"}.get(status)
    reason = reason or {405: "Method Not Allowed"}.get(status, "Internal Server Error")
    said = f"<p>{request.method} {request.path}</p>" if request is not None else ""
    body = (
        f"<!DOCTYPE html>\n<html><head><title>{status} - {reason}</title></head>"
        f"<body><h1>{status} - {reason}</h1>{said}</body></html>"
    )
    return web.Response(status=status, body=body.encode(), headers={"Content-Type": HTML})


def empty(status: int, kind: str = HTML) -> web.Response:
    """201 and 204."""
    return web.Response(status=status, headers={"Content-Type": kind})


NOT_FOUND = Answer(404, "Not Found", "Resource you want not found.", "not-found")
FILE_NOT_FOUND = Answer(404, "File Not Found", "File you want was not found.", "not-found")
NO_LOCATION = Answer(
    404, "Location Not Found", "Location not found, use local.", "location-not-found"
)
CHARACTERS = Answer(
    400,
    "Forbidden Characters",
    "Forbidden characters in file or folder name.",
    "forbidden-characters",
)
NO_LENGTH = Answer(
    411,
    "Length Required",
    "Missing Content-Length header or no content in request.",
    "length-required",
)
READ_ONLY = Answer(409, "SD Card Read Only", "SD Card storage is read only.", "entity-too-large")
EXISTS = Answer(409, "File Already Exists", "File already exists.", "file-already-exists")
NOT_IN_STATE = Answer(
    409, "Not in state to print", "Printer is not in state to print.", "not-state-to-print"
)
IN_PRINT = Answer(
    409,
    "File is currently printed",
    "You try to do an operation with the file, which is currently printed.",
    "file-currently-printed",
)
NOT_EMPTY = Answer(
    409,
    "Directory is not empty",
    "Directory can't be deleted, because it's not empty.",
    "directory-not-empty",
)
UPLOAD_FAILED = Answer(400, "File Upload Failed", "File upload has failed", "file-upload-failed")
NO_SPACE = Answer(507, "Insufficient Storage", "Not enough space left.", "no-space-left")
OTHER_JOB = Answer(
    404, "Not Current Job", "Given job id does not belong to current job", "not-found"
)
NOT_PRINTING = Answer(
    409,
    "Printer Is Not Printing",
    "Operation you want can only be done when printer is printing.",
)
NOT_PAUSED = Answer(
    409, "Printer Is Not Paused", "Operation you want can only be done when printer is paused."
)
IS_PRINTING = Answer(409, "Printer is currently printing", "Printer is currently printing.")
CANNOT_MOVE = Answer(400, "Can't move axis", "Can't move axis in current state", "cant-move-axis")
TOO_HIGH = Answer(400, "Value too high", "Desired value is too high", "value-too-high")
TOO_LOW = Answer(400, "Value too low", "Desired value is too low", "value-too-low")
TOO_HOT = Answer(
    400, "Temperature too high", "Desired temperature is too high", "temperature-too-high"
)
TOO_COLD = Answer(
    400, "Temperature too low", "Desired temperature is too low", "temperature-too-low"
)
BROKEN = Answer(
    500,
    "Internal Server Error",
    "We're sorry, but there is a error in service. Please try again later.",
    "internal-server-error",
)
STARTING = Answer(503, "Service Unavailable", "The service is starting.", "")
REFUSED = Answer(409, "Conflict", "The printer refused.", "")
