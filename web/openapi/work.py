"""Operations on files, jobs, the dispatcher, the history and slicing."""

from __future__ import annotations

from slicer.gates.filament_wishes import MATCHES
from web.jobs_api import OUTCOMES
from web.openapi.printers import START_FIELDS
from web.openapi.shapes import REASON, WORDS
from web.openapi.words import (
    ANYTHING,
    BINARY,
    FILE,
    JPEG,
    MOMENT,
    PNG,
    TEXT,
    Area,
    Operations,
    by_name,
    flag,
    gives,
    listed,
    number,
    ok,
    one_of,
    or_null,
    ref,
    takes,
    text,
    whole,
    word,
)

_FILES, _JOBS, _QUEUE = Area("files"), Area("jobs"), Area("dispatch")
_HISTORY, _SLICING = Area("history"), Area("slicing")
_REV = whole(0, 2**53)
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_WISH = takes({
    "index": whole(0, 64), "match": word(*MATCHES), "type": text(40),
    "color": {"type": "string", "pattern": "^([0-9A-Fa-f]{6})?$"},
})  # fmt: skip
_TARGET = one_of(
    takes(printer_id=_NAME), takes(printer_ids=listed(_NAME, 1, 500)), takes(model=_NAME),
    takes(tag=_NAME), takes(any={"const": True}),
)  # fmt: skip
_WISHES = {
    **START_FIELDS, "copies": whole(1, 1000), "priority": whole(-10, 10),
    "not_before": number(0, 1e11), "deadline": number(0, 1e11),
    "filament": one_of(_WISH, listed(_WISH, most=64)), "notes": text(1000),
}  # fmt: skip
_PAUSED = gives(paused=gives(on=flag(), by=WORDS, at=or_null(number())))
_PASS = gives(
    at=or_null(number()), took_ms=number(), sent=listed(gives(job_id=WORDS, printer_id=WORDS)),
    refused=listed(gives(job_id=WORDS, printer_id=WORDS, code=WORDS, text=WORDS)),
    why=or_null(REASON),
)  # fmt: skip
_TIMES = {"from": MOMENT, "to": MOMENT, "printer_id": text()}
_FILTERS = {**_TIMES, "result": word("finished", "failed", "cancelled", "not_started"), "q": text()}
_USUAL = takes(set=text(100), machine=text(), process=text(), filament=text())
_ANY_FILE = takes(file=FILE)
_JOB = ok(ref("Job"))

OPERATIONS: Operations = (
    _FILES.get("/api/files", "The library", ok(gives(files=listed(ref("File"))))),
    _FILES.post(
        "/api/files", "A file into the library", ok(ref("File"), "Inspected and kept."), None,
        status=201, form=_ANY_FILE, must=True,
    ),
    _FILES.get("/api/files/{file_id}", "One file", ok(ref("File"))),
    _FILES.delete("/api/files/{file_id}", "Take it out of the library"),
    _FILES.get("/api/files/{file_id}/download", "As it came", ok(media=BINARY)),
    _FILES.get(
        "/api/files/{file_id}/fit", "Where a plate may be printed, and why not elsewhere",
        ok(gives(plate=whole(1), printers=listed(ANYTHING))), plate=whole(1, 64),
    ),
    _FILES.get("/api/files/{file_id}/plates/{plate}/thumbnail", "Its picture", ok(media=PNG),
               small=word("0", "1")),
    _FILES.get("/api/files/{file_id}/plates/{plate}/gcode", "Its moves", ok(media=TEXT)),
    _JOBS.get("/api/jobs", "The queue", ok(gives(rev=whole(0), jobs=listed(ref("Job"))))),
    _JOBS.make(
        "post", "/api/jobs", "A library file into the queue (or, as a form, a file)",
        {201: ok(ref("Job")), 202: ok(ref("Done"), "A form's file is queued.")},
        body=takes({**_WISHES, "held": flag()}, file_id=text(64), target=_TARGET), must=True,
        form=_ANY_FILE,
        query={"plate": whole(1, 64), "printer_id": text(None), "auto_assign": word("0", "1")},
    ),
    _JOBS.get("/api/jobs/{job_id}", "One job, with every reason why it waits", _JOB),
    _JOBS.make("patch", "/api/jobs/{job_id}", "Change what is waiting", {200: _JOB},
               body=takes({**_WISHES, "target": _TARGET}, rev=_REV), must=True),
    _JOBS.make("delete", "/api/jobs/{job_id}", "Cancel what has not been started", {200: _JOB},
               query={"rev": whole(0)}),
    *(
        _JOBS.post(f"/api/jobs/{{job_id}}/{name}", summary, _JOB, takes({"rev": _REV}))
        for name, summary in (
            ("hold", "Keep it back"), ("release", "Let it go"), ("retry", "Print it again"),
        )
    ),
    _JOBS.post("/api/jobs/{job_id}/duplicate", "The same once more", _JOB, status=201),
    _JOBS.post(
        "/api/jobs/{job_id}/resolve", "Say how an uncertain start or end was", _JOB,
        takes(outcome=word(*OUTCOMES), rev=_REV), must=True,
    ),
    _JOBS.post(
        "/api/jobs/order", "Put it before another, or at the end", _JOB,
        takes({"before": or_null(text(40)), "rev": _REV}, id=text(40)), must=True,
    ),
    _JOBS.post("/api/jobs/acknowledge", "The trouble of the store was read", ok(ref("Done"))),
    _QUEUE.get(
        "/api/dispatch/status", "What the queue does and why not",
        ok(gives(auto=flag(), why=or_null(REASON), enabled=flag(), paused=ANYTHING, last=_PASS,
                 printers=listed(gives(printer_id=WORDS, ok=flag(), code=WORDS, text=WORDS)),
                 jobs=listed(gives(id=WORDS, rev=whole(), why=listed(ANYTHING))))),
    ),
    _QUEUE.get("/api/dispatch/hints", "The act that would free the most work",
               ok(gives(advice=ANYTHING, next=by_name(gives(id=WORDS, name=WORDS))))),
    _QUEUE.get(
        "/api/dispatch/forecast", "When each job starts and ends, and where",
        ok(gives(at=number(), all_done_at=or_null(number()), lanes=listed(ANYTHING),
                 jobs=by_name(ANYTHING), late=listed(WORDS), never=listed(ANYTHING))),
    ),
    _QUEUE.post("/api/dispatch/once", "One pass now", ok(_PASS)),
    _QUEUE.post("/api/dispatch/pause", "Send nothing until told otherwise", ok(_PAUSED)),
    _QUEUE.post("/api/dispatch/resume", "Send again", ok(_PAUSED)),
    _HISTORY.get(
        "/api/history", "Ended prints, newest first",
        ok(gives(records=listed(ref("Record")), next=or_null(WORDS), problems=listed(WORDS))),
        **_FILTERS, limit=whole(1, 500),
        before={"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}\.[0-9]{1,15}$"},
    ),
    _HISTORY.get("/api/history.csv", "All of them for a spreadsheet", ok(media="text/csv"),
                 **_FILTERS),
    _HISTORY.get("/api/history.json", "All of them for a program", ok(ANYTHING), **_FILTERS),
    _HISTORY.get("/api/history/{job_id}/{attempt}/photo", "The print's end", ok(media=JPEG)),
    _HISTORY.get(
        "/api/stats", "Sums per printer and month",
        ok(gives(total=ref("Tally"), printers=listed(ref("Tally")), months=listed(ref("Tally")),
                 reasons=listed(ANYTHING), materials=listed(ANYTHING))), **_TIMES,
    ),
    _SLICING.get(
        "/api/slicing", "What slices, what waits and runs",
        ok(gives(enabled=flag(), why=WORDS, engines=listed(ANYTHING),
                 tasks=listed(ref("Slicing")))),
    ),
    _SLICING.post(
        "/api/slicing", "Slice a model", ok(ref("Slicing"), "It waits in the line."),
        takes(
            {"plate": whole(1, 64), "printer_id": text(64), "engine": text(20),
             "bed_type": text(60),
             "queue": takes({"target": _TARGET, "copies": whole(1, 1000)})},
            file_id=text(64), set=text(100), machine=text(), process=text(),
            filaments=listed(_NAME, 1),
        ), status=202, must=True,
    ),
    _SLICING.get("/api/slicing/{task_id}", "One slicing", ok(ref("Slicing"))),
    _SLICING.delete("/api/slicing/{task_id}", "Break it off, or take it off the list"),
    _SLICING.get(
        "/api/slicing/profiles", "Sets of presets, and each printer's usual ones",
        ok(gives(sets=listed(ref("ProfileSet")), defaults=by_name(ref("Usual")))),
    ),
    _SLICING.post("/api/slicing/profiles", "Presets of your own", ok(ref("ProfileSet")), None,
                  status=201, form=_ANY_FILE, must=True),
    _SLICING.get(
        "/api/slicing/profiles/{set_id}", "What is in a set",
        ok(gives({"processes": listed(WORDS), "filaments": listed(ANYTHING)},
                 machines=listed(ANYTHING))), machine=text(), printer_id=text(None),
    ),
    _SLICING.delete("/api/slicing/profiles/{set_id}", "Take a set away"),
    _SLICING.make("put", "/api/slicing/defaults/{printer_id}", "A printer's usual presets",
                  {200: ok(ref("Usual"))}, body=_USUAL, must=True),
    _SLICING.delete("/api/slicing/defaults/{printer_id}", "None is usual any more"),
)  # fmt: skip
