"""What a forecast asks the gates: for a while, and the rest between forecasts."""

from __future__ import annotations

from time import thread_time

from job_queue.job import Job
from job_queue.matching.match import Candidate, Fits, Reason
from job_queue.matching.verdicts import Asking

_NOT_JUDGED = Reason("not_judged", "Its file has not been looked at yet for this printer.")


class Judging:
    """The questions of one forecast. Processor time is counted, because on a busy machine the
    other one passes without anything being asked."""

    def __init__(self, gates: Asking) -> None:
        self._gates = gates
        self.unasked: list[tuple[Job, str]] = []  # jobs and printers there was no time for

    def fits(self, seconds: float) -> Fits:
        """What the gates say, for so much processor time; then only what they have said before."""
        gates, left = self._gates, seconds

        def answer(job: Job, printer: Candidate) -> Reason | None:
            nonlocal left
            if not printer.reports:
                return None
            known = gates.known(job, printer.printer_id, fresh=left > 0)
            if known is None and left > 0:
                began = thread_time()
                known = gates.answer(job, printer.printer_id)
                left -= thread_time() - began
            if known is None:
                self.unasked.append((job, printer.printer_id))
                return _NOT_JUDGED
            return known.reason

        return answer

    def ask_for(self, seconds: float) -> None:
        """So much of the rest that the next forecast finds its answers."""
        until = thread_time() + seconds
        while self.unasked and thread_time() < until:
            self._gates.answer(*self.unasked.pop())
