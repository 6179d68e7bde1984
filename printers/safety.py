"""THE table: which command is allowed in which state, and why not.

Consulted by fleet.py on every path to a printer. See gates() for what the panel shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from printers.commands import Command, StartPrint
from printers.registry import Snapshot


@dataclass(frozen=True, slots=True)
class Verdict:
    """ok, or a code and the sentence the operator reads, on the button and in the refusal."""

    ok: bool
    code: str = ""
    why: str = ""


def verdict(command: Command, snapshot: Snapshot, monotonic_now: float) -> Verdict:
    """Whether ``command`` may go to the printer now."""
    raise NotImplementedError


def check(command: Command, snapshot: Snapshot, monotonic_now: float) -> None:
    """Raises Blocked (409) with the verdict's code and sentence."""
    raise NotImplementedError


def check_start(snapshot: Snapshot, command: StartPrint, monotonic_now: float) -> None:
    """The start's own rules: at rest, and held by exactly the job whose token it carries."""
    raise NotImplementedError


def gates(snapshot: Snapshot, monotonic_now: float) -> dict[str, Verdict]:
    """For every button of the panel: jog home extrude start pause resume stop temperature fan ..."""
    raise NotImplementedError
