"""The rules behind the table of safety.py: one small function per kind of act.

Allow-lists only: a state that is not named refuses. Every refusal is a sentence for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Blocked, FarmError, PrinterOffline
from printers.conditions import OpenJob
from printers.registry import Snapshot
from printers.status import Fault, Lock, PrinterState

S = PrinterState
REST = frozenset({S.IDLE, S.FINISHED, S.FAILED})
JOB = frozenset({S.PREPARING, S.PRINTING, S.PAUSED})
REPORTING = REST | JOB | {S.BUSY, S.FAULT}
EXTRUDE_MIN_C = 170


@dataclass(frozen=True, slots=True)
class Verdict:
    """ok, or a code and the sentence the operator reads, on the button and in the refusal."""

    ok: bool
    code: str = ""
    why: str = ""
    error: type[FarmError] = Blocked


OK = Verdict(ok=True)


@dataclass(frozen=True, slots=True)
class GateInputs:
    """All that a verdict may depend on. Hashable, so that gates are computed once per situation."""

    name: str
    state: PrinterState
    raw_state: str
    message: str
    stale: bool
    lock: Lock | None
    job_name: str
    job_id: str
    phase: str
    token: int
    stopping: bool
    file_left: str
    bed_clear: bool
    bed_why: str
    maintenance: bool
    maintenance_note: str
    homed: str
    hot: bool
    storage: str
    fault: Fault | None
    capabilities: frozenset[str]


FEED = "feed"
"""Code of the lock of a printer that another farm owns."""
_BEFORE_START = ("claimed", "uploading", "uploaded")


def inputs_of(snapshot: Snapshot, monotonic_now: float) -> GateInputs:
    """Reduce a snapshot to what the rules look at."""
    status, conditions = snapshot.status, snapshot.conditions
    job: OpenJob | None = conditions.job
    nozzle = status.heater("nozzle")
    return GateInputs(
        name=status.name,
        state=status.state,
        raw_state=status.raw_state,
        message=status.message or status.link.text,
        stale=status.state.is_connected and status.is_stale(monotonic_now),
        lock=status.lock,
        job_name=_job_name(snapshot),
        job_id=job.job_id if job else "",
        phase=job.phase if job else "",
        token=job.token if job else 0,
        stopping=conditions.stopping,
        file_left=conditions.file_left,
        bed_clear=conditions.bed_clear,
        bed_why=conditions.bed_why,
        maintenance=conditions.maintenance,
        maintenance_note=conditions.maintenance_note,
        homed=status.homed,
        hot=nozzle is not None and nozzle.current >= EXTRUDE_MIN_C,
        storage=status.storage,
        fault=next((f for f in status.faults if f.severity.blocks), None),
        capabilities=status.machine.capabilities,
    )


_ENDINGS = re.compile(r"(\.gcode\.3mf|\.b?gcode)$", re.IGNORECASE)


def _stem(name: str) -> str:
    return _ENDINGS.sub("", name) or name


def _job_name(snapshot: Snapshot) -> str:
    """As a person knows it: the farm's own file, else the printer's words; without its ending."""
    ours, shown = snapshot.conditions.job, snapshot.status.job
    if ours is not None and (shown is None or ours.phase not in _BEFORE_START):
        return _stem(ours.name)
    return _stem(shown.name) if shown is not None else ""


# -- what speaks against anything at all ------------------------------------------------------


def no_session(i: GateInputs) -> Verdict | None:
    if i.state is S.MISCONFIGURED:
        return Verdict(False, "misconfigured", f"{i.name} is misconfigured. {i.message}".strip())
    if i.state is S.AUTH:
        return Verdict(False, "auth", i.message or f"{i.name} refuses the farm's access code.")
    if i.state is S.IDENTITY:
        return Verdict(False, "identity", i.message or f"{i.name} shows another certificate.")
    if i.state is S.CONNECTING:
        return Verdict(
            False,
            "printer_connecting",
            f"{i.name} has not reported its state yet. Nothing is sent until it has.",
            PrinterOffline,
        )
    if i.state is S.OFFLINE:
        return Verdict(
            False, "printer_offline", i.message or f"{i.name} is offline.", PrinterOffline
        )
    if i.stale:
        return Verdict(
            False,
            "printer_stale",
            f"{i.name} has been silent for more than 15 s, so its state is not known.",
        )
    return None


def not_ours(i: GateInputs) -> Verdict | None:
    """Its bed, its queue and its commands are another farm's business."""
    return locked(i) if i.lock is not None and i.lock.code == FEED else None


def locked(i: GateInputs) -> Verdict | None:
    return Verdict(False, i.lock.code, i.lock.text) if i.lock else None


def busy_text(i: GateInputs) -> str:
    what = f" {i.job_name}" if i.job_name else ""
    words = {
        S.PRINTING: f"{i.name} is printing{what}.",
        S.PREPARING: f"{i.name} is preparing{what or ' a print'}.",
        S.PAUSED: f"{i.name} is paused in the middle of{what or ' a print'}.",
        S.BUSY: f"{i.name} is busy. Wait until it is done.",
        S.FAULT: f"{i.name} reports a fault: {i.fault.text if i.fault else 'see the printer'}",
        S.UNKNOWN: f"{i.name} reports a state the farm does not know ({i.raw_state or 'empty'}).",
    }
    return words.get(i.state, f"{i.name} is not doing that now.")


def wrong_state(i: GateInputs, tail: str = "") -> Verdict:
    code = {S.FAULT: "printer_fault", S.UNKNOWN: "printer_unknown"}.get(i.state, "printer_busy")
    return Verdict(False, code, f"{busy_text(i)} {tail}".strip())


def held(i: GateInputs) -> Verdict | None:
    """The farm itself holds the printer for a start that is under way or in doubt."""
    if not i.job_id:
        return None
    if i.phase == "needs_human":
        why = f"It is not certain whether {i.job_name} started on {i.name}. Answer that first."
        return Verdict(False, "start_uncertain", why)
    if i.phase in _BEFORE_START or i.phase == "starting":
        return Verdict(False, "printer_busy", f"{i.job_name} is being sent to {i.name}.")
    return None


# -- the rules, one per kind of act ------------------------------------------------------------

Rule = Callable[[GateInputs], Verdict]


def states(allowed: frozenset[PrinterState], tail: str = "") -> Rule:
    return lambda i: OK if i.state in allowed else wrong_state(i, tail)


def may_move(i: GateInputs) -> Verdict:
    if i.state not in REST:
        crash = "Moving the head now would crash into the part." if i.state in JOB else ""
        return wrong_state(i, crash)
    return held(i) or OK


def may_jog(i: GateInputs) -> Verdict:
    verdict = may_move(i)
    if verdict.ok and set("xyz") - set(i.homed):
        return Verdict(
            False, "not_homed", f"Home {i.name} first: it does not know where the head is."
        )
    return verdict


def may_extrude(i: GateInputs) -> Verdict:
    verdict = may_move(i)
    if verdict.ok and not i.hot:
        why = f"The nozzle of {i.name} is too cold. Heat it to {EXTRUDE_MIN_C} °C first."
        return Verdict(False, "nozzle_cold", why)
    return verdict


def may_change_filament(i: GateInputs) -> Verdict:
    if i.state not in REST | {S.PAUSED, S.FAULT}:
        return wrong_state(i)
    return held(i) or OK


def while_running(allowed: frozenset[PrinterState], nothing: str) -> Rule:
    def rule(i: GateInputs) -> Verdict:
        if i.stopping:
            return Verdict(False, "stopping", f"{i.name} was told to stop; waiting for its answer.")
        if i.state in allowed:
            return OK
        if i.state in REST:
            return Verdict(False, "no_job", f"{i.name} {nothing}")
        return wrong_state(i)

    return rule


def may_cool_down(i: GateInputs) -> Verdict:
    if i.state in JOB:
        return wrong_state(i, "Cooling down would ruin the print.")
    return (OK if i.state in REPORTING else wrong_state(i)) if not i.job_id else held(i) or OK


def may_start(i: GateInputs) -> Verdict:
    if i.state not in REST:
        return wrong_state(i)
    if refusal := held(i):
        return refusal
    if i.job_id:
        return Verdict(False, "printer_busy", f"{i.job_name} is still open on {i.name}.")
    if i.maintenance:
        note = f": {i.maintenance_note}" if i.maintenance_note else "."
        return Verdict(False, "maintenance", f"{i.name} is in maintenance{note}")
    if i.fault:
        return Verdict(False, "printer_fault", f"{i.name} reports a fault: {i.fault.text}")
    if not i.bed_clear:
        why = f" {i.bed_why}." if i.bed_why else ""
        return Verdict(
            False, "bed_not_clear", f"The bed of {i.name} is not marked clear.{why}".strip()
        )
    if i.file_left:
        return Verdict(False, "file_left", i.file_left)
    if i.storage in ("missing", "abnormal", "read_only"):
        return Verdict(
            False, "storage", f"{i.name} cannot store files. Check its memory card or USB stick."
        )
    return OK


def mark_clear(i: GateInputs) -> Verdict:
    if i.bed_clear:
        return Verdict(False, "already_clear", f"The bed of {i.name} is marked clear already.")
    if i.state in JOB or i.state in (S.BUSY, S.UNKNOWN):
        return wrong_state(i)
    if i.job_id:
        return held(i) or Verdict(False, "job_open", f"{i.job_name} is still open on {i.name}.")
    return OK


def always(_: GateInputs) -> Verdict:
    return OK


def may_connect(i: GateInputs) -> Verdict:
    """The print server's own line to the printer: never cut, nor opened anew, under a job."""
    if i.state in JOB | {S.BUSY}:
        return wrong_state(i, "Its connection stays as it is until then.")
    return held(i) or OK


def may_restart(i: GateInputs) -> Verdict:
    """Klipper's restarts end whatever runs; they are for a printer that has stopped."""
    if i.state in JOB | {S.BUSY}:
        return wrong_state(i, "A restart would end it.")
    return held(i) or OK


def may_reconnect(i: GateInputs) -> Verdict:
    """A weak printer that is still reading the file fails the start when its session ends."""
    if i.phase == "starting" and i.state in REPORTING | {S.UNKNOWN} and not i.stale:
        why = f"{i.name} is about to begin {i.job_name}. Wait until it is known whether it did."
        return Verdict(False, "start_open", why)
    return OK
