"""What the farm answers with: the components of the document. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping

from job_queue.history.attempts import RESULTS
from job_queue.job import JobState
from printers.display import STATES
from web.openapi.words import (
    ANYTHING,
    Schema,
    by_name,
    flag,
    gives,
    listed,
    number,
    one_of,
    or_null,
    ref,
    text,
    whole,
    word,
)

WORDS = text(None)
_ID = text(None)
_WHEN = number()
_MAYBE_WHEN = or_null(number())
_MAYBE_WORDS = or_null(WORDS)
REASON = gives(code=WORDS, text=WORDS)

_TARGET = one_of(
    gives(any=flag()), gives(printer_id=_ID), gives(printer_ids=listed(_ID)),
    gives(model=WORDS), gives(tag=WORDS),
)  # fmt: skip
_TRAY = gives(
    slot=WORDS, index=whole(), empty=flag(), type=WORDS, color=WORDS, name=WORDS,
    remain=or_null(whole(0, 100)), grams=or_null(number()),
)  # fmt: skip
_PRINTER = gives(
    {"tags": listed(WORDS), "cams": or_null(listed(ANYTHING)), "env": ANYTHING, "watch": ANYTHING},
    id=_ID, name=WORDS, kind=WORDS, model=WORDS, group=WORDS, simulated=flag(), rev=whole(0),
    state=word(*STATES), sub=WORDS,
    conn=gives(online=flag(), seen=_MAYBE_WHEN, stale=flag(), text=WORDS, since=_MAYBE_WHEN),
    temps=by_name(listed(or_null(number()))), fans=by_name(whole(0, 100)),
    light=or_null(flag()),
    speed=or_null(gives(level=or_null(whole()), percent=or_null(whole()))),
    ams=listed(gives(id=whole(), label=WORDS, kind=WORDS, trays=listed(_TRAY))),
    external=listed(_TRAY), tray=WORDS, next_tray=WORDS,
    fault=or_null(ref("Fault")), faults=listed(ref("Fault")),
    stage=WORDS, message=WORDS, pause=or_null(gives(kind=WORDS, text=WORDS)),
    lock=or_null(REASON), notices=listed(REASON),
    job=or_null(
        gives(
            name=WORDS, file_id=WORDS, job_id=WORDS, pct=or_null(whole(0, 100)),
            left_s=or_null(number()), layer=or_null(whole()), layers=or_null(whole()),
            thumb=_MAYBE_WORDS, local=flag(), phase=WORDS, text=WORDS,
        )
    ),
    bed=gives(clear=flag(), since=_MAYBE_WHEN, why=WORDS, name=WORDS, result=WORDS),
    maintenance=gives(on=flag(), note=WORDS, since=_MAYBE_WHEN),
    gates=by_name(gives({"code": WORDS, "why": WORDS}, ok=flag())),
    cam=gives(mode=WORDS, text=WORDS), caps=listed(WORDS), files=listed(WORDS),
)  # fmt: skip
_JOB = gives(
    {"attempts": listed(ANYTHING), "evidence": listed(ANYTHING), "filament": listed(ANYTHING)},
    id=_ID, rev=whole(0), state=word(*(state.value for state in JobState)), file_id=_ID,
    name=WORDS, kind=WORDS, plate=whole(1), plates=whole(0), copies=whole(1), made=whole(0),
    left=whole(0), series=_MAYBE_WORDS, target=_TARGET, printer_id=_MAYBE_WORDS,
    from_queue=flag(), priority=whole(-10, 10), rank=number(), waiting_since=_MAYBE_WHEN,
    not_before=_MAYBE_WHEN, deadline=_MAYBE_WHEN, attempt=whole(0), tries=whole(0),
    seconds=or_null(number()), created_at=_WHEN, created_by=WORDS, notes=WORDS,
    started_at=_MAYBE_WHEN, finished_at=_MAYBE_WHEN, upload_percent=or_null(number()),
    options=by_name(flag()), ams_mapping=or_null(listed(whole())), confirm=listed(WORDS),
    result=WORDS, error=or_null(REASON), waits=WORDS,
    why=listed(gives(printer_id=_MAYBE_WORDS, code=WORDS, text=WORDS)), thumb=_MAYBE_WORDS,
)  # fmt: skip
_PLATE = gives(
    index=whole(0), name=WORDS, seconds=or_null(number()), grams=or_null(number()),
    layers=or_null(whole()), height_mm=or_null(number()), model=WORDS, models=listed(WORDS),
    nozzle_mm=listed(number()), bed_type=WORDS, filaments=listed(ANYTHING),
    objects=listed(ANYTHING), thumbnail=_MAYBE_WORDS, warnings=listed(ANYTHING),
    bounds_state=word("reading", "done", "incomplete"), flavour=WORDS,
)  # fmt: skip
_FILE = gives(
    {"shape": ANYTHING, "sources": ANYTHING, "thumbnail": _MAYBE_WORDS},
    id=_ID, name=WORDS, kind=WORDS, use=word("slice", "print"), sha256=WORDS,
    size_bytes=whole(0), added_at=_WHEN, slicer=WORDS, warnings=listed(ANYTHING),
    plates=listed(_PLATE),
)  # fmt: skip
_RECORD = gives(
    {"thumb": _MAYBE_WORDS, "photo": _MAYBE_WORDS, "filaments": listed(ANYTHING)},
    id=_ID, job_id=_ID, attempt=whole(0), result=word(*RESULTS), name=WORDS, printer_id=WORDS,
    printer=WORDS, started_at=_MAYBE_WHEN, ended_at=_WHEN, took_s=or_null(number()),
    grams=or_null(number()), used_grams=or_null(number()), code=WORDS, reason=WORDS, text=WORDS,
    cleared_at=_MAYBE_WHEN, file_here=flag(),
)  # fmt: skip
_TALLY = {
    "prints": whole(0), "finished": whole(0), "failed": whole(0), "cancelled": whole(0),
    "not_started": whole(0), "success_rate": or_null(number(0, 1)), "hours": number(0),
    "grams": number(0), "unweighed": whole(0),
}  # fmt: skip
_CAMERA = gives(
    mode=WORDS, code=WORDS, text=WORDS, seq=whole(0), age_s=or_null(number()), failures=whole(0),
    retry_in_s=or_null(number()), kind=WORDS, fps=number(), frames=whole(0), restarts=whole(0),
    last_error=WORDS, last_error_at=_MAYBE_WHEN, held=whole(0), width=whole(0), height=whole(0),
)  # fmt: skip
_ALERT = gives(
    id=_ID, kind=WORDS, level=word("now", "soon", "info"), printer_id=WORDS, printer=WORDS,
    text=WORDS, code=ANYTHING, job_id=ANYTHING, since=_WHEN, resolved_at=_MAYBE_WHEN,
    acked_at=_MAYBE_WHEN, acked_by=WORDS, repeats=whole(0), photo=flag(), muted=flag(),
)  # fmt: skip
_TIMELAPSE = gives(
    id=_ID, printer_id=WORDS, printer=WORDS, camera_id=WORDS, origin=WORDS, job=WORDS,
    job_id=WORDS, state=WORDS, progress=or_null(number(0, 1)), frames=whole(0), gaps=whole(0),
    reason=WORDS, started_at=_WHEN, ended_at=_MAYBE_WHEN, result=WORDS, video=flag(),
    original=flag(), again=flag(), seconds=or_null(number()), bytes=or_null(whole()), error=WORDS,
)  # fmt: skip
_SLICING = gives(
    id=_ID, state=WORDS, percent=or_null(number()), text=WORDS, file_id=_ID, name=WORDS,
    plate=or_null(whole()), engine=WORDS, set=WORDS, machine=WORDS, process=WORDS,
    filaments=listed(WORDS), printer_id=_MAYBE_WORDS, result_file_id=_MAYBE_WORDS,
    job_id=_MAYBE_WORDS, error=or_null(REASON), warnings=listed(ANYTHING), created_at=_WHEN,
    ended_at=_MAYBE_WHEN,
)  # fmt: skip

COMPONENTS: Mapping[str, Schema] = {
    "Error": gives(
        {"ok": {"const": False}},
        error=gives(code=WORDS, message=WORDS, details={"type": "object"}),
    ),
    "Fault": gives(code=WORDS, text=WORDS, tier=WORDS, module=WORDS, help=WORDS),
    "Printer": _PRINTER,
    "Job": _JOB,
    "File": _FILE,
    "Record": _RECORD,
    "Tally": gives(**_TALLY),
    "CameraStatus": _CAMERA,
    "Alert": _ALERT,
    "Timelapse": _TIMELAPSE,
    "Slicing": _SLICING,
    "Accepted": gives({"fetch": ANYTHING}, ok={"const": True}, text=WORDS),
    "Results": gives(
        {"ok": flag()},
        results=listed(gives(printer_id=_ID, ok=flag(), code=WORDS, why=WORDS)),
    ),
    "Started": gives(job_id=_ID, file_id=_ID),
    "Done": gives(ok={"const": True}),
    "SendKey": gives(
        {"key": text(None, description="Shown this once.")},
        id=_ID, name=WORDS, created_at=_MAYBE_WHEN, last_used_at=_MAYBE_WHEN, source=WORDS,
    ),
    "ProfileSet": gives(
        id=_ID, name=WORDS, family=WORDS, source=WORDS, engines=listed(WORDS), presets=ANYTHING,
        fits=or_null(listed(_ID)), warnings=listed(ANYTHING),
    ),
    "Usual": gives(set=WORDS, machine=WORDS, process=WORDS, filament=WORDS),
    "OctoPrintFile": gives(
        name=WORDS, display=WORDS, path=WORDS, type=WORDS, origin=WORDS, size=whole(0),
        date=whole(), refs=gives(resource=WORDS),
    ),
    "Mute": gives(
        printer_id=_ID, until={"anyOf": [number(), word("print_end", "unmuted")]}, by=WORDS,
        since=_WHEN,
    ),
}  # fmt: skip
