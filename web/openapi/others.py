"""Operations that other programs know: slicers as OctoPrint's, older scripts by their names."""

from __future__ import annotations

from web.openapi.shapes import WORDS
from web.openapi.words import (
    ANYTHING,
    FILE,
    NOTHING,
    Answer,
    Area,
    Operations,
    Schema,
    flag,
    gives,
    number,
    ok,
    ref,
    some_of,
    takes,
    text,
    whole,
)

_SEND, _OLDER = Area("slicers"), Area("earlier dashboard")
_MM = number(-10_000, 10_000)
_ONE = {"printer_id": text(None)}
_OK = ok(ref("Done"))
_FANS = some_of({name: whole(0, 100) for name in ("part", "aux", "chamber")})
_JOG: Schema = {
    **takes({"dx": _MM, "dy": _MM, "dz": _MM, "feed": whole(1, 30_000)}),
    "anyOf": [{"required": [name]} for name in ("dx", "dy", "dz")],
}


def _sending(prefix: str) -> Operations:
    local = f"{prefix}/api/files/local"
    return (
        _SEND.get(f"{prefix}/api/version", "As OctoPrint", ok(gives(api=WORDS, text=WORDS))),
        _SEND.post(
            local, "A file; with print=true into the queue",
            ok(gives(files=gives(local=ref("OctoPrintFile")), done=flag(), farm=ANYTHING)),
            None, status=201, must=True,
            form=takes({"print": WORDS, "select": WORDS, "plateindex": WORDS}, file=FILE),
        ),
        _SEND.get(f"{local}/{{name}}", "A file that was sent", ok(ref("OctoPrintFile"))),
        _SEND.make(
            "post", f"{local}/{{name}}", "Print it", {204: Answer(text="Queued, if asked to.")},
            body=takes({"print": flag()}, command={"const": "select"}), must=True,
        ),
        _SEND.get(f"{prefix}/api/printer", "Always ready", ok(gives(state=ANYTHING))),
        _SEND.get(f"{prefix}/api/job", "Nothing", ok(gives(job=ANYTHING, state=WORDS))),
        _SEND.get(f"{prefix}/api/settings", "What slicers look for", ok({"type": "object"})),
        _SEND.get(f"{prefix}/api/printerprofiles", "None", ok(gives(profiles=ANYTHING))),
        _SEND.post(f"{prefix}/api/login", "Whose key it is", ok(gives(name=WORDS)), None),
    )  # fmt: skip


def _older(path: str, summary: str, body: Schema = NOTHING) -> Operations:
    """For ``?printer_id=``; the only printer of the farm when there is one."""
    must = body is not NOTHING
    return (_OLDER.post(path, summary, _OK, body, must=must, query=_ONE),)


def _plain() -> Operations:
    paths = ("pause", "resume", "stop", "jog/home", "light/on", "light/off", "light/chamber/on",
             "light/chamber/off")  # fmt: skip
    return tuple(one for path in paths for one in _older(f"/api/{path}", f"As {path}"))


def _broadcasts() -> Operations:
    paths = ("pause", "resume", "stop", "light/on", "light/off", "fans")
    return tuple(
        _OLDER.post(
            f"/api/broadcast/{path}", f"{path} on all printers", ok(ref("Results")),
            _FANS if path == "fans" else NOTHING, must=path == "fans",
        )
        for path in paths
    )  # fmt: skip


OPERATIONS: Operations = (
    *_sending(""),
    *_sending("/send/{printer_id}"),
    _SEND.make("get", "/send/{printer_id}", "The printer's page, for a slicer's Device tab",
               {302: Answer(text="There.")}),
    *_plain(),
    *_older("/api/jog", "Move", _JOG),
    *_older("/api/temps", "Heat", some_of({"bed": whole(0, 500), "nozzle": whole(0, 500)})),
    *_older("/api/fans", "Turn", _FANS),
    *_older("/api/ams/select", "Choose a tray by the printer's numbers",
            takes(ams_id=whole(0, 255), tray_id=whole(0, 255))),
    *_broadcasts(),
    _OLDER.get("/api/ams", "Trays", ok(gives(ok={"const": True}, ams=ANYTHING)), **_ONE),
    _OLDER.get("/api/diag", "Of one printer, or of the farm", ok(ref("Done")), **_ONE),
    _OLDER.make(
        "post", "/api/upload", "A file; with start=1 it is started",
        {200: ok(gives(ok={"const": True}, file_id=WORDS)),
         202: ok(gives(ok={"const": True}, job_id=WORDS))},
        form=takes(file=FILE), must=True,
        query={**_ONE, "start": text(None), "plate": whole(1, 64)},
    ),
)  # fmt: skip
