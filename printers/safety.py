"""THE table: which command is allowed in which state, and why not.

Consulted by fleet.py on every path to a printer (HTTP, jobs, console G-code, alerts, bots); the
same sentences are in every snapshot (gates), so that a button is grey for the reason the server
would give. Unknown, stale and offline are never at rest and never safe to move. The rules
themselves are in rules.py, the ranges of values in limits.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from core.errors import Unusable
from printers import commands as c
from printers.limits import judge_values
from printers.registry import Snapshot
from printers.rules import (
    JOB,
    OK,
    REPORTING,
    REST,
    GateInputs,
    Rule,
    S,
    Verdict,
    always,
    held,
    inputs_of,
    locked,
    mark_clear,
    may_change_filament,
    may_connect,
    may_cool_down,
    may_extrude,
    may_jog,
    may_move,
    may_reconnect,
    may_restart,
    may_start,
    no_session,
    not_ours,
    states,
    while_running,
    wrong_state,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table."""

    rule: Rule
    capability: str = ""  # the printer must have it
    control: bool = True  # needs a printer that takes orders (no Lock)
    session: bool = True  # needs a live session


_ANY = states(REPORTING)
_SPEED = while_running(JOB, "is not printing, so there is no speed to set.")

TABLE: dict[str, Entry] = {
    "pause": Entry(while_running(frozenset({S.PRINTING, S.PREPARING}), "is not printing.")),
    "resume": Entry(while_running(frozenset({S.PAUSED}), "is not paused.")),
    "stop": Entry(while_running(JOB | {S.UNKNOWN}, "is not printing.")),
    "home": Entry(may_move, "home"),
    "jog": Entry(may_jog, "jog"),
    "extrude": Entry(may_extrude, "extrude"),
    "calibrate": Entry(may_move, "calibrate"),
    "load": Entry(may_change_filament, "load"),
    "unload": Entry(may_change_filament, "load"),
    "tray": Entry(states(REPORTING), "load", control=False),
    "temperature": Entry(_ANY),
    "cooldown": Entry(may_cool_down),
    "fan": Entry(_ANY),
    "light": Entry(states(REPORTING | {S.UNKNOWN}), "light", control=False),
    "speed": Entry(_SPEED),
    "gcode": Entry(_ANY, "gcode"),
    "clear-fault": Entry(states(REPORTING | {S.UNKNOWN}), "clear_fault"),
    "skip-objects": Entry(while_running(JOB, "is not printing."), "skip_objects"),
    # whatever the farm believes of the printer: what can still be tried is tried
    "emergency-stop": Entry(always, "emergency_stop", control=False, session=False),
    # with OctoPrint and Moonraker the printer can be away while its server answers
    "connect": Entry(may_connect, "connect", control=False, session=False),
    "firmware-restart": Entry(may_restart, "firmware_restart", control=False, session=False),
    "host-restart": Entry(may_restart, "host_restart", control=False, session=False),
    "start": Entry(may_start, "upload"),
    "mark-clear": Entry(mark_clear, control=False),
    "maintenance": Entry(always, control=False, session=False),
    "reconnect": Entry(may_reconnect, control=False, session=False),
    "trust": Entry(always, control=False, session=False),
}


OF_CONNECTION = frozenset({"reconnect", "trust"})
"""What concerns the way to a printer, not the printer: also for another farm's."""


def judge(name: str, i: GateInputs) -> Verdict:
    """The table's answer for one act by name. An act without a row is refused."""
    entry = TABLE.get(name)
    if entry is None:
        return Verdict(False, "unknown_command", f"The farm has no command {name!r}.", Unusable)
    if i.state is S.MISCONFIGURED and name != "maintenance":
        return no_session(i) or OK
    if name not in OF_CONNECTION and (refusal := not_ours(i)):
        return refusal
    if entry.session and (refusal := no_session(i)):
        return refusal
    if entry.capability and entry.capability not in i.capabilities:
        return Verdict(False, "not_supported", f"{i.name} cannot do that.", Unusable)
    if entry.control and (refusal := locked(i)):
        return refusal
    return entry.rule(i)


@lru_cache(maxsize=4096)
def _all_gates(i: GateInputs) -> dict[str, Verdict]:
    return {name: judge(name, i) for name in TABLE}


def gates(snapshot: Snapshot, monotonic_now: float) -> dict[str, Verdict]:
    """For every button of the panel. The same situation gives the same (shared) dict."""
    return _all_gates(inputs_of(snapshot, monotonic_now))


def verdict(command: c.Command, snapshot: Snapshot, monotonic_now: float) -> Verdict:
    """Whether ``command`` may go to the printer now. Raises BadRequest for unreadable G-code."""
    if isinstance(command, c.StartPrint):
        text = "A start goes through a job, which holds the printer and the bed's permission."
        return Verdict(False, "use_job", text)
    inputs = inputs_of(snapshot, monotonic_now)
    general = judge(command.name, inputs)
    return general if not general.ok else judge_values(command, snapshot, inputs)


def _raise_unless_ok(answer: Verdict, printer_id: str) -> None:
    if not answer.ok:
        raise answer.error(answer.why, code=answer.code, details={"printer_id": printer_id})


def check(command: c.Command, snapshot: Snapshot, monotonic_now: float) -> None:
    """Raises Blocked (409), Unusable (422) or PrinterOffline (503) with the verdict's words."""
    _raise_unless_ok(verdict(command, snapshot, monotonic_now), snapshot.status.printer_id)


def check_act(name: str, snapshot: Snapshot, monotonic_now: float) -> None:
    """As check, for acts that are no printer command: "start", "mark-clear", "maintenance"."""
    answer = judge(name, inputs_of(snapshot, monotonic_now))
    _raise_unless_ok(answer, snapshot.status.printer_id)


def check_files(snapshot: Snapshot, monotonic_now: float) -> None:
    """Raises Blocked while a start is open: weak printers cannot read a file and list others."""
    answer = held(inputs_of(snapshot, monotonic_now))
    if answer is not None:
        _raise_unless_ok(answer, snapshot.status.printer_id)


def check_start(snapshot: Snapshot, command: c.StartPrint, monotonic_now: float) -> None:
    """The very last look: at rest, live, and held by exactly the job whose token is sent.

    The bed's permission has been consumed by then (one approval, one start), so it is the open
    job in phase "starting" that carries it.
    """
    i = inputs_of(snapshot, monotonic_now)
    answer = no_session(i) or locked(i)
    if answer is None and i.state not in REST:
        answer = wrong_state(i)
    if answer is None and (i.phase != "starting" or i.token != command.token):
        text = f"{i.name} is not held by this start. Nothing was sent."
        answer = Verdict(False, "start_not_held", text)
    if answer is not None:
        _raise_unless_ok(answer, snapshot.status.printer_id)
