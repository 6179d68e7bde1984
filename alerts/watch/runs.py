"""Which print runs on a printer: its beginning, and, of prints that are not the farm's, its end.

How the farm's own jobs end is the queue's word (ends.py); here their run is only closed.
"""

from __future__ import annotations

from math import inf

from alerts.model import Kind, Level
from alerts.watch.memory import CLOSED, Run
from alerts.watch.prints import SETTLE_S, follow, has_name, look
from alerts.watch.sight import Own, Sight
from alerts.watch.telling import Teller
from alerts.watch.words import duration, facts_of, name_of
from cameras.timelapse.prints import is_cancel
from printers.status import PrinterState

RECENT_S = 600.0
"""What began longer ago is the past: nobody is told (alerts 6, rule 8)."""
CANCEL_S = 30.0
"""An end so shortly after a sign of a stop is its effect."""
NAME_S = 5.0
"""A print without a name is told without one after so long: PrusaLink is asked for it."""
_KINDS = {
    "finished": Kind.FINISHED,
    "cancelled": Kind.CANCELLED,
    "failed": Kind.FAILED,
    "unknown": Kind.FAILED,
}


class Runs:
    """One printer's. Keeps ``teller.memory.run``."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._memory = teller.memory
        self._opened = -inf  # monotonic s
        self._stop = -inf  # monotonic s of the newest sign that somebody ends it
        self._ending: tuple[str, float] | None = None  # result, monotonic s

    @property
    def run(self) -> Run | None:
        return self._memory.run

    def see(self, sight: Sight) -> None:
        self._note_stop(sight)
        run = self.run
        if run is not None and run.own and (sight.own is None or sight.own.run != run.id):
            self.close()
        if sight.own is not None:
            self._see_own(sight, sight.own)
        elif sight.believable:
            self._see_other(sight)
        if self.run is not None and sight.believable:
            follow(self.run, sight.status, sight.now)
            self._name(self.run, sight)

    def stop_sent(self, mono: float) -> None:
        """Somebody stopped it from the farm: not every make shows that it was that."""
        self._stop = mono

    def close(self) -> Run | None:
        """It is over, and whoever knows how has told or will."""
        run, memory = self._memory.run, self._memory
        if run is not None:
            memory.run, self._ending = None, None
            memory.mark = run.mark
            memory.closed = [*memory.closed, run.id][-CLOSED:]
        return run

    def _note_stop(self, sight: Sight) -> None:
        if sight.believable and is_cancel(sight.status):
            self._stop = sight.mono

    # -- ours ----------------------------------------------------------------------------------

    def _see_own(self, sight: Sight, own: Own) -> None:
        """Nothing else is a print while one of ours holds the printer, in doubt too."""
        memory = self._memory
        if memory.run is not None and memory.run.id != own.run and own.has_begun:
            self.close()
        if memory.run is None and own.has_begun and own.run not in memory.closed:
            began = own.started_at if own.started_at is not None else sight.now
            run = Run(
                id=own.run, own=True, job_id=own.job_id, file=own.file, named=True,
                news=sight.now - began < RECENT_S,
            )  # fmt: skip
            self._open(run, sight)
            if run.news:
                self._tell_start(run, sight, own.seconds)

    # -- others' -------------------------------------------------------------------------------

    def _see_other(self, sight: Sight) -> None:
        run, status = self.run, sight.status
        if run is None:
            if status.state.has_job:
                self._open_other(sight)
            return
        seen = look(run, status, sight.now)
        if seen.other:
            self._replace(run, sight)
        elif seen.result:
            self._ends(run, seen.result, sight)
        else:
            self._ending = None

    def _open_other(self, sight: Sight) -> Run:
        memory, status = self._memory, sight.status
        percent = (status.job.percent if status.job else None) or 0
        young = status.state is PrinterState.PREPARING or percent <= 1
        run = Run(
            id=self._teller.nth(None, "print"),
            news=young or sight.now - memory.rest_at < RECENT_S,
        )
        self._open(run, sight)
        return run

    def _replace(self, run: Run, sight: Sight) -> None:
        """Another print without an end in between: the end was not seen."""
        watched = sight.now - self._memory.seen_at < RECENT_S
        before = run.file
        self.close()
        new = self._open_other(sight)
        new.news = new.news or watched
        follow(new, sight.status, sight.now)
        if new.news and new.file and new.file != before:
            new.told = True
            text = f"{self._teller.name} now prints {name_of(new.file)}, before {name_of(before)}."
            facts = {**facts_of(sight, new), "reason": before}
            self._teller.tell(Kind.FILE_CHANGED, text, run=new.id, facts=facts)

    def _open(self, run: Run, sight: Sight) -> None:
        run.since = run.photo_at = sight.now
        self._opened, self._ending = sight.mono, None
        self._memory.run = run

    def _name(self, run: Run, sight: Sight) -> None:
        """Told as soon as the name is certainly this print's."""
        prints = sight.status.state in (PrinterState.PRINTING, PrinterState.PAUSED)
        is_new = has_name(run) and run.mark != self._memory.mark
        late = sight.mono - self._opened >= NAME_S
        if not run.named and ((has_name(run) and (prints or is_new)) or (prints and late)):
            run.named = True
        if run.named and run.news and not run.told:
            self._tell_start(run, sight, None)

    def _tell_start(self, run: Run, sight: Sight, seconds: int | None) -> None:
        run.told = True
        job = sight.status.job
        minutes = job.remaining_min if job is not None else None
        takes = seconds if seconds is not None else (minutes or 0) * 60
        tail = f"; it takes about {duration(takes)}" if takes else ""
        whose = "" if run.own else " at the printer"
        text = f"{self._teller.name} began {name_of(run.file)}{whose}{tail}."
        facts = facts_of(sight, run) | ({"seconds": takes} if takes else {})
        self._teller.tell(Kind.STARTED, text, run=run.id, facts=facts)

    def _ends(self, run: Run, result: str, sight: Sight) -> None:
        if self._ending is None or self._ending[0] != result:
            self._ending = (result, sight.mono)
        since = self._ending[1]
        if result in ("failed", "unknown") and since - self._stop < CANCEL_S:
            result = "cancelled"
        if sight.mono - since < SETTLE_S[result]:
            return
        self.close()
        if run.named:  # else it was never seen at work: a calibration, or called off at once
            self._tell_end(run, result, sight)

    def _tell_end(self, run: Run, result: str, sight: Sight) -> None:
        name, took = name_of(run.file), sight.now - run.since
        printer = self._teller.name
        at = f" at {run.percent} %" if run.percent else ""
        text = {
            "finished": f"{printer} finished {name}.",
            "cancelled": f"{printer}: {name} was stopped{at}.",
            "failed": f"{printer}: {name} failed{at}.",
            "unknown": f"{printer} no longer shows {name}{at}. Nobody saw how it ended.",
        }[result]
        facts = facts_of(sight, run) | {"result": result}
        if result != "finished":
            facts |= {"percent": run.percent}
        if run.news:
            facts |= {"seconds": round(took)}
        fault = next((f for f in sight.status.faults if f.severity.blocks), None)
        if result == "failed" and fault is not None:
            text, facts = f"{text} {fault.text}", facts | {"reason": fault.text, "code": fault.code}
        level = Level.SOON if result == "unknown" else None
        self._teller.tell(_KINDS[result], text, run=run.id, level=level, facts=facts)
