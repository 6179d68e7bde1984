"""The people of a rehearsal: they take parts off, say so, resume what paused, and answer doubts.

They are honest: a bed is called clear only when nothing lies on it, and a doubt is answered by what
the machine really did. But they act whenever the farm lets them, and sometimes when it does not.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.records import records, token_of
from bench.workshop import Json, NoAnswer, Printers, Server
from job_queue.starting.evidence import END_UNSEEN

BUTTONS = {
    "clear_fault": "clear-fault", "firmware_restart": "firmware-restart", "connect": "connect",
}  # fmt: skip
"""A capability and the action that puts a fault right."""


@dataclass
class Approval:
    """A person's word for a bed. ``ended``: when the print before it was really over."""

    printer_id: str
    at: float
    ended: float | None


@dataclass
class Diary:
    """What people have done, for the table and the audit."""

    approvals: list[Approval] = field(default_factory=list)
    unanswered: list[Approval] = field(default_factory=list)  # said, and the server died
    answers: Counter[str] = field(default_factory=Counter)  # outcomes of doubts
    refusals: Counter[str] = field(default_factory=Counter)
    helped: Counter[str] = field(default_factory=Counter)


class People:
    """``look_after`` once in a while; it never waits. ``delays_s``: from the end of a print until
    somebody comes to its bed."""

    def __init__(
        self,
        printers: Printers,
        server: Server,
        rng: random.Random,
        delays_s: tuple[float, float],
        *,
        in_a_hurry: float = 0.0,
    ) -> None:
        self.diary = Diary()
        self._printers = printers
        self._server = server
        self._rng = rng
        self._delays = delays_s
        self._in_a_hurry = in_a_hurry
        self._due: dict[str, float] = {}

    def look_after(self) -> None:
        """One round through the workshop. Raises NoAnswer when the server dies meanwhile."""
        status, answer = self._server.api("GET", "/api/status")
        if status != 200:
            return
        truth = self._printers.truth()
        for doc in answer["printers"]:
            self._mind(doc, truth[doc["id"]])
        if answer["farm"].get("trouble"):
            self.diary.helped["trouble acknowledged"] += 1
            self._server.api("POST", "/api/jobs/acknowledge", {})
        for job in answer["queue"]["jobs"]:
            if job["state"] == "held":
                self._once(job["id"], "released", lambda held=job["id"]: self._release(held))
        doubts = [job for job in answer["queue"]["jobs"] if job["state"] == "needs_human"]
        if doubts:
            self._answer(doubts, truth)

    # -- at the machines -------------------------------------------------------------------------

    def _mind(self, doc: Json, truth: Json) -> None:
        name = doc["id"]
        if truth["busy"]:
            self._due.pop(name, None)
            if doc["state"] == "paused":
                self._once(name, "resumed", lambda: self._printers.do(name, "resume"))
            return
        self._mend(doc)
        if doc["bed"]["clear"]:
            self._due.pop(name, None)
            return
        hurried = not truth["bed"] and self._rng.random() < self._in_a_hurry
        if doc["job"] is not None and doc["job"].get("job_id") and not hurried:
            return  # the farm still has something open there
        now = time.time()
        due = self._due.setdefault(name, now + self._rng.uniform(*self._delays))
        if now >= due or hurried:
            self._clear(name, truth)

    def _clear(self, name: str, truth: Json) -> None:
        """Take the part off first, then say so."""
        if truth["bed"]:
            self._printers.do(name, "clear_bed")
        prints = truth["prints"]
        word = Approval(name, time.time(), prints[-1]["ended"] if prints else None)
        try:
            status, answer = self._server.api("POST", f"/api/printers/{name}/mark-clear", {})
        except NoAnswer:
            self.diary.unanswered.append(word)
            raise
        if status == 202:
            self.diary.approvals.append(word)
            self._due.pop(name, None)
        else:
            self.diary.refusals[_code(answer)] += 1

    def _mend(self, doc: Json) -> None:
        """A fault keeps the farm away; somebody looks at the machine and puts it right."""
        name, state = doc["id"], doc["state"]
        if state == "fault" or doc["faults"]:
            self._once(name, "mended", lambda: self._put_right(doc))

    def _put_right(self, doc: Json) -> bool:
        """At the machine, then by the panel's button for this make."""
        name = doc["id"]
        if doc["kind"] == "bambu":
            self._printers.do(name, "clear_hms")
            self._printers.do(name, "set_print_error", n=0)
        else:
            self._printers.do(name, "recover")
        for cap in [cap for cap in BUTTONS if cap in doc["caps"]]:
            path = f"/api/printers/{name}/{BUTTONS[cap]}"
            self._server.api("POST", path, {})
        return True

    def _once(self, name: str, what: str, act: Any) -> None:
        """After a while, and not more often than that."""
        key, now = f"{name} {what}", time.time()
        due = self._due.setdefault(key, now + self._rng.uniform(*self._delays))
        if now >= due:
            del self._due[key]
            self.diary.helped[what] += bool(act())

    def _release(self, job_id: str) -> bool:
        """Whatever held it has been looked at."""
        return self._server.api("POST", f"/api/jobs/{job_id}/release", {})[0] == 200

    # -- at the dialog ---------------------------------------------------------------------------

    def _answer(self, doubts: list[Json], truth: Mapping[str, Json]) -> None:
        jobs = records(self._server.data).jobs
        for doc in doubts:
            job = jobs.get(doc["id"])
            if job is None or job.state.value != "needs_human":
                continue
            prints = truth[job.printer_id]["prints"]
            ours = [one for one in prints if token_of(one["file"]) == job.token]
            for outcome in _outcomes(ours, job.error.code if job.error else ""):
                body = {"outcome": outcome, "rev": job.rev}
                status, answer = self._server.api("POST", f"/api/jobs/{job.id}/resolve", body)
                if status == 200:
                    self.diary.answers[outcome] += 1
                    break
                self.diary.refusals[_code(answer)] += 1


def _outcomes(ours: list[Json], asked: str) -> tuple[str, ...]:
    """What is true; of several that are, the first that the farm takes. As the dialog has it: how a
    print ended is asked when nobody saw it, or when the farm will not have it that it prints."""
    if not ours:
        return ("not_started",)
    if ours[-1]["ended"] is None:
        return ("printing",)
    ended = "finished" if ours[-1]["how"] == "finished" else "failed"
    return (ended,) if asked == END_UNSEEN else ("printing", ended)


def _code(answer: Any) -> str:
    if isinstance(answer, dict):
        inner = answer.get("error", answer)
        return str(inner.get("code", "?")) if isinstance(inner, dict) else str(inner)
    return "?"
